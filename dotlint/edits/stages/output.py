"""Write the missing output of a phase after the example of another phase."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.gpus_and_dims import read_tensors
from dotlint.edits.copying import respelled
from dotlint.edits.statement import id_text
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.deployment.shapes import Dims

_BREAK = regex(r"(\\[nlr]|\r?\n)")
_BRACKET = regex(r"\[[^\[\]]*\]")


def output_statement(text: str, deployment: Deployment, plan: StagePlan) -> str:
    """Return the statement that declares `plan.new_output`, without a semicolon.

    Attributes are copied from another phase's output, else from the phase's input. Dimensions are those that the
    phase's input states, if the other phase's output has the dimensions of its input; else they are omitted.
    """
    assert plan.new_output is not None
    other = _find_end(deployment, "output", lambda phase: phase != plan.phase)
    exemplar = other or _find_end(deployment, "input", lambda phase: phase == plan.phase)
    if exemplar is None or not exemplar.node.statements:
        return f'{id_text(plan.new_output)} [label="Output"]'
    statement = exemplar.node.statements[-1]
    if len(statement.nodes) != 1:
        return f'{id_text(plan.new_output)} [label="Output"]'
    written = text[statement.start : statement.core_end]
    label = next((a for a in statement.attributes if a.name.value == "label"), None)
    own = statement.nodes[0].id
    if (
        label is not None
        and label.value.html
        and (exemplar.evidence.tensors.inputs or exemplar.evidence.tensors.outputs)
    ):
        return f'{id_text(plan.new_output)} [label="Output"]'
    if label is not None:
        raw = _output_label(label.value.raw, deployment, plan, exemplar, as_output=other is not None)
        written = written[: label.value.start - statement.start] + raw + written[label.value.end - statement.start :]
    return respelled(own, plan.new_output) + written[own.end - statement.start :]


def _output_label(raw: str, deployment: Deployment, plan: StagePlan, exemplar: Reading, *, as_output: bool) -> str:
    own = _find_end(deployment, "input", lambda phase: phase == plan.phase)
    if not as_output:
        return re.sub(
            "input(?!:)",
            lambda m: "OUTPUT" if m[0].isupper() else "Output",
            raw,
            count=1,
            flags=re.IGNORECASE,
        )
    if plan.phase:
        raw = _in_phase(raw, exemplar, plan.phase)
    source = _find_end(deployment, "input", lambda phase: phase == exemplar.phase)
    stated_dims = exemplar.evidence.tensors.inputs + exemplar.evidence.tensors.outputs
    if not stated_dims:
        return raw
    stated = (
        own.evidence.tensors.outputs[0].text if own and source and _same_dimensions(own, source, stated_dims) else None
    )
    pieces = _BREAK.split(raw[1:-1])
    written = pieces[0]
    for brk, line in zip(pieces[1::2], pieces[2::2], strict=True):
        tensors = read_tensors([line.strip()])
        if not (tensors.inputs or tensors.outputs):
            written += brk + line
        elif stated is not None:
            written += brk + _BRACKET.sub(lambda _: f"[{stated}]", line)
    return f'"{written}"'


def _in_phase(raw: str, exemplar: Reading, phase: str) -> str:
    """Return a label that names the phase: in place of the exemplar's phase, else at the start."""
    first, words, last = (raw[0], raw[1:-1], raw[-1]) if raw[0] in '"<' else ('"', raw, '"')
    cases = {str.upper: exemplar.evidence.title.isupper(), str.lower: exemplar.evidence.title.islower()}
    write = next((case for case, fits in cases.items() if fits), str.capitalize)
    named = re.search(rf"(?<!(?-i:[A-Za-z])){re.escape(exemplar.phase or '')}(?!(?-i:[A-Za-z]))", words, re.IGNORECASE)
    if exemplar.phase and named:
        return f"{first}{words[: named.start()]}{write(phase)}{words[named.end() :]}{last}"
    return f"{first}{write(phase)} {words}{last}"


def _same_dimensions(own: Reading, source: Reading, stated_dims: tuple[Dims, ...]) -> bool:
    """Return whether the exemplar's output has the dimensions of its input, and the phase's input states some."""
    passed = source.evidence.tensors.outputs
    return bool(own.evidence.tensors.outputs) and bool(passed) and all(d.sizes == passed[0].sizes for d in stated_dims)


def _find_end(deployment: Deployment, role: str, phase: Callable[[str | None], bool]) -> Reading | None:
    return next((r for r in deployment.operators if r.is_role(role) and r.stage is None and phase(r.phase)), None)
