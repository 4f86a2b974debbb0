"""A report offers what `--fix` would write for the finding alone: its edits, or nothing with a reason."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import Settings, lint
from dotlint.pipeline.lint_file import lint_file
from dotlint.pipeline.preview import withdraw_refused
from dotlint.pipeline.trials import Trials
from dotlint.syntax.source import Source
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "dot"
CARDS = own_cards()
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def disagreements(source: Source, settings: Settings, most: int) -> Iterator[str]:
    """Return where the report disagrees with `--fix`, for up to `most` fixes per rule."""
    worked_out = attach_fixes(lint(source, settings)).findings
    offered = lint_file(source, settings).findings
    trials = Trials(settings)
    seen: Counter[str] = Counter()
    for before, after in zip(worked_out, offered, strict=True):
        if before.fix is None:
            assert after.fix is None
            continue
        seen[before.code] += 1
        if seen[before.code] > most:
            continue
        against = trials.objection(source, [before])
        reason = against.reason if against else None
        if (reason is None) != (after.fix is not None):
            yield f"{source.name}: {before.code} {before.message}: {reason}"
        elif reason is not None:
            assert after.fixable is None
            assert reason in (after.help or "")
        else:
            assert after.fix == before.fix


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.dot")), ids=lambda path: path.stem)
@pytest.mark.parametrize("strategy", [None, "pp4ep4tp2sp2", "pp2tp4"])
def test_reports_of_fixtures_match_fixing(path: Path, strategy: str | None) -> None:
    source = Source.from_bytes(path.read_bytes(), path.name)
    assert list(disagreements(source, settings_for(strategy=strategy), 2)) == []


@pytest.mark.parametrize("section", sorted({card.section for card in CARDS}))
def test_reports_of_examples_match_fixing(section: str) -> None:
    for card in CARDS:
        if card.section != section:
            continue
        for example in card.examples:
            if example.bad is None or example.toml:
                continue
            source = Source.from_bytes(example.bad.encode("utf-8", "surrogateescape"), example.filename)
            assert list(disagreements(source, settings_for(strategy=example.strategy), 2)) == [], card.code


def edges(stage: int, *, without: str = "") -> str:
    name = f"stage{stage}"
    chain = (f"  {name}_norm -> {name}_qkv\n", f"  {name}_qkv -> {name}_attn\n", f"  {name}_attn -> {name}_mlp\n")
    return "".join(edge for edge in chain if not without or without not in edge)


def pipeline(stages: int, links: str = "", *, without: str = "", more: str = "") -> str:
    titles = {"norm": "LayerNorm", "qkv": "QKV Projection", "attn": "Attention Compute", "mlp": "MLP"}
    nodes = "".join(
        f'  stage{s}_{op} [label="{title}\\nGPU: {2 * s}-{2 * s + 1}"]\n'
        for s in range(stages)
        for op, title in titles.items()
    )
    inner = "".join(edges(s, without=without) for s in range(stages))
    return f"digraph {{\n{nodes}{inner}{links or ''.join(f'  stage{s}_mlp -> stage{s + 1}_norm{chr(10)}' for s in range(stages - 1))}{more}}}\n"


SHARDS = "".join(
    f'  {op}_{i} [label="{title}\\nGPU: {i}"]\n'
    for op, title in (("qkv", "QKV"), ("attn", "Attention"))
    for i in (0, 1)
)
GATHER = f'digraph {{\n{SHARDS}  gather [label="Stage 0 All-Gather"]\n  qkv_0 -> attn_0 -> gather\n  qkv_1 -> attn_1 -> gather\n}}\n'
NORMS = (
    "digraph {{\n"
    + "".join(f'  norm_{i} [label="LayerNorm{{{i}}}"]\n' for i in range(3))
    + "  norm_0 -> norm_1 -> norm_2\n}}\n"
)
STATED = "\\nInput: [B=2, S=8]\\nOutput: [B=2, S=8]"
UNTRIED = [
    # edges within a stage, copied from another stage; the only stage; GPUs of one stage; dimensions; words
    ("S001", pipeline(3, without="stage1_attn"), None),
    ("S002", pipeline(1), "pp2tp2"),
    ("C005", re.sub(r"\b(qkv|attn|gather)", r"stage0_\1", GATHER), None),
    ("T001", NORMS.format(STATED, STATED, ""), None),
    ("C004", pipeline(2), "pp2tp2"),
]


@pytest.mark.parametrize(("code", "text", "strategy"), UNTRIED)
def test_certain_fixes_need_no_trial(
    code: str, text: str, strategy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(strategy=strategy)
    result = lint(Source.from_text(text), settings)
    assert list(disagreements(Source.from_text(text), settings, 5)) == []

    def tried(*_: object) -> None:
        raise AssertionError("the text was judged anew")

    monkeypatch.setattr("dotlint.pipeline.trials.lint", tried)
    withdraw_refused(attach_fixes(result), Trials(settings))
    offered = [finding for finding in result.findings if finding.code == code]
    assert offered
    assert all(finding.fix is not None for finding in offered)


TRIED = [
    # a single planned edge may close a cycle or belong to a fan-out; one between stages may connect them
    ("S001", pipeline(4, "  stage0_mlp -> stage1_norm\n  stage1_mlp -> stage2_norm\n"), None, None),
    ("S004", pipeline(2, " \n"), "pp2tp2", None),
    (
        "S004",
        pipeline(3, "  stage0_mlp -> stage1_norm\n", more="  stage2_mlp -> stage1_mlp\n"),
        "pp3tp2",
        "it would close a cycle",
    ),
    (
        "S004",
        pipeline(4, "  stage0_mlp -> stage1_norm\n", more="  stage2_attn -> stage1_mlp\n"),
        "pp4tp2",
        "it would close a cycle",
    ),
    ("S002", pipeline(2, more="  stage0_mlp -> stage0_attn\n"), "pp3tp2", None),
    ("S002", pipeline(1, more="  input -> stage0_mlp\n"), "pp2tp2", None),
    ("C005", GATHER, None, None),
]


@pytest.mark.parametrize(("code", "text", "strategy", "why"), TRIED)
def test_doubtful_fixes_match_fixing(code: str, text: str, strategy: str | None, why: str | None) -> None:
    source, settings = Source.from_text(text), settings_for(strategy=strategy)
    assert list(disagreements(source, settings, 5)) == []
    if why is not None:
        found = [f for f in lint_file(source, settings).findings if f.code == code]
        assert [finding.fix for finding in found if why in (finding.help or "")] == [None]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus does not lie beside the checkout")
@pytest.mark.parametrize("part", range(4))
def test_reports_of_the_corpus_match_fixing(part: int) -> None:
    small = [path for path in sorted(SHARED.glob("*.dot")) if path.stat().st_size < 60_000]
    for path in small[part::4]:
        assert list(disagreements(Source.from_bytes(path.read_bytes(), path.name), Settings(), 1)) == []


def test_a_fix_function_that_fails_loses_only_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("stage")

    monkeypatch.setattr("dotlint.checks.stages.missing.missing_stages.fix", fails)
    text = Path(FIXTURES / "moe_two_phases.dot").read_text(encoding="utf-8")
    result = lint(Source(text, "a.dot"), settings_for(strategy="pp8ep4tp2sp2"))
    found = [f for f in attach_fixes(result).findings if f.code == "S002"]
    assert found
    assert all(f.fix is None and "(KeyError: 'stage'), which is a bug in dotlint" in (f.help or "") for f in found)
