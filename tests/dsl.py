"""DOT texts of small deployments, and what rules find in them.

    text = digraph(*chain(3, "norm attn mlp", without=["l1_attn"]))
    (finding,) = find(text, "S003")
    assert finding.missing_nodes == ("l1_attn",)

A helper that only one test file needs belongs in that file.
"""

from __future__ import annotations

import itertools
import tomllib
from typing import TYPE_CHECKING, Final

from dotlint.edits.apply import apply_edits
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint import lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult
    from dotlint.pipeline.fixed import FixResult

TITLES: Final = {
    "norm": "LayerNorm",
    "qkv": "QKV Projection",
    "attn": "Attention Compute",
    "proj": "Output Projection",
    "mlp": "MLP",
    "gate": "Expert Gate",
}


def digraph(*statements: str) -> str:
    """A directed graph with a statement, or several, on each line."""
    return "digraph {\n" + "\n".join(statements) + "\n}\n"


def node(name: str, title: str, gpus: str = "", input_dims: str = "", output_dims: str = "", shape: str = "") -> str:
    """The statement of an operator; a line of its label that is empty is left out."""
    lines = {"Input: ": input_dims, "Output: ": output_dims, "GPU: ": gpus}
    label = "\\n".join([title, *(key + value for key, value in lines.items() if value)])
    return f'{name} [label="{label}"{f", shape={shape}" if shape else ""}];'


# A deployment whose only fault is a cycle.
CYCLE: Final = "digraph { norm_tp0 -> mlp_tp0 -> norm_tp0; input -> norm_tp0; mlp_tp0 -> output }\n"
ENDS: Final = (node("input", "Input"), node("output", "Output"))


def edges(*names: str) -> list[str]:
    """A path as one statement for each edge."""
    return [f"{tail} -> {head};" for tail, head in itertools.pairwise(names)]


def chain(
    number: int,
    operators: str,
    *,
    name: str = "l{n}_{op}",
    gpus: str = "0",
    dims: str = "",
    without: Collection[str] = (),
) -> list[str]:
    """Layers or stages, one after the other, from an input to an output.

    `operators` are keys of `TITLES`; `name` and `gpus` are templates with the number `n` and the operator `op`. `dims`
    are the dimensions of every input and output. `without` lists nodes that the path goes past, and edges that lack.
    """
    names = [(name.format(n=n, op=op), op, n) for n in range(number) for op in operators.split()]
    kept = [entry for entry in names if entry[0] not in without]
    return [
        node("input", "Input", output_dims=dims),
        *(node(each, TITLES[op], gpus.format(n=n, op=op), dims, dims) for each, op, n in kept),
        node("output", "Output", input_dims=dims),
        *(edge for edge in edges("input", *(entry[0] for entry in kept), "output") if edge[:-1] not in without),
    ]


def settings_for(codes: tuple[str, ...] = (), strategy: str | None = None) -> Settings:
    """Select these rules, or those that run by default.

    `strategy` is a strategy such as `pp2tp4`, or the TOML of a strategy file; an empty one is none.
    """
    selection = Selection(select=codes or None)
    if not strategy:
        return Settings(selection=selection)
    if '"' in strategy or "'" in strategy:  # `prefill=tp2;decode=tp4` is no TOML: it has no string
        return Settings(Strategy.from_table(tomllib.loads(strategy), where="test.toml"), "option", selection)
    return Settings(Strategy.parse(strategy), "option", selection)


def check_rules(text: str | bytes, *codes: str, strategy: str | None = None) -> FileResult:
    """Check a text with these rules, or categories of rules, and compute their fixes; a crash fails the test."""
    source = Source.from_bytes(text if isinstance(text, bytes) else text.encode(), "test.dot")
    result = attach_fixes(lint(source, settings_for((*codes, "X001") if codes else (), strategy)))
    assert not result.crashed, result.findings
    return result


def find(text: str | bytes, code: str, *codes: str, strategy: str | None = None) -> list[Finding]:
    """Give what these rules, or categories of rules, find in a text."""
    return [f for f in check_rules(text, code, *codes, strategy=strategy).findings if f.code.startswith((code, *codes))]


def apply_fixes(text: str, findings: Iterable[Finding]) -> str:
    """Write the edits of the fixes of these findings into the text."""
    return apply_edits(text, [edit for finding in findings if finding.fix for edit in finding.fix.edits])


def fix(text: str, code: str, strategy: str | None = None, *, unsafe: bool = True) -> FixResult:
    """Write the fixes of one rule as `--fix` does; a second time there is nothing to write."""
    settings = settings_for((code,), strategy)
    result = fix_text(text, settings, unsafe=unsafe)
    assert fix_text(result.text, settings, unsafe=unsafe).text == result.text
    return result


def fixed(text: str, code: str, strategy: str | None = None, *, unsafe: bool = True) -> str:
    """Give the text with the fixes of one rule; none of them is refused."""
    result = fix(text, code, strategy, unsafe=unsafe)
    assert result.refused == ()
    return result.text
