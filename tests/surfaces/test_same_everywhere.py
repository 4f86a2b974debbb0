"""Command line, JSON, library, editor, page, processes and cache report the same findings and fixes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import dotlint
from dotlint.edits.apply import apply_edits
from dotlint.engine.finding import Edit
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import lint
from dotlint.server.analysis import do
from dotlint.server.messages import EditorOptions, Job, Report
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source
from tests.cli.command import run

FIXTURES = Path(__file__).parents[1] / "fixtures"
TITLES = {"norm": "LayerNorm", "qkv": "QKV Projection", "attn": "Attention Compute", "mlp": "MLP"}


def stages(number: int, links: str) -> str:
    """Return stages of one layer on two GPUs each, with the given links."""
    lines = [
        f'stage{s}_{op} [label="{title}\\nGPU: {2 * s}-{2 * s + 1}"]'
        for s in range(number)
        for op, title in TITLES.items()
    ]
    lines += [" -> ".join(f"stage{s}_{op}" for op in TITLES) for s in range(number)]
    return "\n  ".join(("digraph {", *lines, links)) + "\n}\n"


def example(code: str) -> str:
    return next(e.bad for card in own_cards() if card.code == code for e in card.examples if e.bad and e.fixed)


class Case(NamedTuple):
    text: str
    strategy: str | None
    refused: set[str]


CASES = {
    # with this back edge, the missing link would close a cycle
    "three_stages": Case(stages(3, "stage0_mlp -> stage1_norm\n  stage2_mlp -> stage1_mlp"), "pp3tp2", {"S004"}),
    "four_stages": Case(stages(4, "stage0_mlp -> stage1_norm\n  stage2_attn -> stage1_mlp"), "pp4tp2", {"S004"}),
    # stages and GPUs that contradict the strategy
    "gaps": Case((FIXTURES / "moe_ep4_ranks_gaps.dot").read_text("utf-8"), "pp2tp4", {"S002"}),
    "two_phases": Case((FIXTURES / "moe_two_phases.dot").read_text("utf-8"), "pp2tp4", {"S002"}),
    "gpus": Case(example("D001"), "pp3tp2", {"D001", "S002"}),
    "collective": Case(example("C005"), "pp3tp2", {"C005"}),
    # nothing is refused
    "syntax": Case("digraph {\n  a [colr=red]\n  a -> b\n", None, set()),
    "plain": Case((FIXTURES / "moe_ep4_ranks_gaps.dot").read_text("utf-8"), None, set()),
}
Told = tuple[str, str, int, str | None, str | None]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    found = CASES[request.param]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dotlint.picture.engines.engines", lambda _form: [])
    Path("a.dot").write_bytes(found.text.encode())
    Path("other.dot").write_text("digraph { a -> b }\n", encoding="utf-8")
    Path("dotlint.toml").write_text(f'strategy = "{found.strategy}"\n' if found.strategy else "", encoding="utf-8")
    return found


def changed(text: str, edits: list[dict[str, Any]]) -> str:
    return apply_edits(text, [Edit(one["start"], one["end"], one["text"]) for one in edits])


def reported(text: str, findings: list[dict[str, Any]]) -> list[Told]:
    """Reduce findings in JSON to what every surface has: rule, message, location and fixed text."""
    return [
        (
            one["code"],
            one["message"],
            one["range"]["start"]["offset"],
            one["fix"] and one["fix"]["applicability"],
            one["fix"] and changed(text, one["fix"]["edits"]),
        )
        for one in findings
    ]


def checked(text: str, *options: str) -> list[Told]:
    files = json.loads(run("check", "-f", "json", *options, "a.dot", "other.dot").out)["files"]
    assert [entry["path"] for entry in files] == ["a.dot", "other.dot"]
    return reported(text, files[0]["findings"])


@pytest.fixture
def expected(case: Case) -> list[Told]:
    """Return the findings of the command line in one process, without the cache."""
    return checked(case.text, "--no-cache", "--jobs", "1")


def test_fixes_are_refused_in_these_files(case: Case, expected: list[Told]) -> None:
    strategy = Strategy.parse(case.strategy) if case.strategy else None
    settings = Settings(strategy, "configuration" if case.strategy else None)
    computed = attach_fixes(lint(Source.from_text(case.text, "a.dot"), settings)).findings
    assert [one.code for one in computed] == [one[0] for one in expected]
    assert {a.code for a, b in zip(computed, expected, strict=True) if a.fix and b[3] is None} == case.refused


def test_lines_of_json(case: Case, expected: list[Told]) -> None:
    lines = [json.loads(line) for line in run("check", "-f", "jsonl", "--no-cache", "a.dot").out.splitlines()]
    assert reported(case.text, [line for line in lines if "code" in line]) == expected


def test_standard_input(case: Case, expected: list[Told]) -> None:
    out = run("check", "-f", "json", "--stdin-filename", "a.dot", "-", stdin=case.text.encode()).out
    assert reported(case.text, json.loads(out)["files"][0]["findings"]) == expected


def test_the_library(case: Case, expected: list[Told]) -> None:
    assert reported(case.text, dotlint.check(Path("a.dot"), config=True).to_dict()["findings"]) == expected


def test_processes_and_cache(case: Case, expected: list[Told]) -> None:
    assert checked(case.text, "--no-cache", "--jobs", "2") == expected
    for _ in range(2):
        assert checked(case.text, "--jobs", "1") == expected


def test_the_editor(case: Case, expected: list[Told]) -> None:
    sent: list[Any] = []
    do(Job("read", case.text, str(Path("a.dot").absolute()), EditorOptions()), sent.append)
    (report,) = (message for message in sent if isinstance(message, Report))
    assert [
        (
            one.code,
            one.message,
            one.start,
            one.fix and one.fix.applicability,
            one.fix and apply_edits(case.text, one.fix.edits),
        )
        for one in report.findings
    ] == expected


def test_actions_of_the_editor(case: Case, expected: list[Told], tmp_path: Path) -> None:
    pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")
    from tests.server.session import Session, applied, edits  # noqa: PLC0415 - needs pytest-lsp

    session = Session(tmp_path)
    uri = session.open("a.dot", case.text)
    actions = [action for one in session.diagnostics[uri] for action in session.actions(uri, one.range)]
    assert session.close() == 0
    fixes = [one for one in actions if one.edit is not None and "with a comment" not in one.title]
    assert {applied(case.text, edits(one.edit)) for one in fixes if one.edit} == {one[4] for one in expected if one[4]}
    preferred = {applied(case.text, edits(one.edit)) for one in fixes if one.edit and one.is_preferred}
    assert preferred == {one[4] for one in expected if one[3] == "safe"}


def test_the_page(expected: list[Told]) -> None:
    findings = dotlint.check(Path("a.dot"), config=True).findings
    page = run("check", "-f", "html", "a.dot").out
    entries = re.findall(r'<article class="entry.*?</header>', page, re.DOTALL)
    shown = {
        (code, *re.findall(r'<span class="badge (safe|unsafe)">', entry))
        for entry in entries
        for code in re.findall(r'<span class="rule">(.*?)</span>', entry)
    }
    own = [one for one, finding in zip(expected, findings, strict=True) if not finding.caused_by]
    assert {one for one in shown if len(one) == 2} == {(one[0], one[3]) for one in own if one[3]}
    assert {one[0] for one in shown} == {one[0] for one in expected}


def test_language_models(case: Case, expected: list[Told]) -> None:
    """The short form has the causes alone; the MCP server and `--format llm` share it."""
    pytest.importorskip("mcp", reason="the package mcp is not installed: pip install -e '.[test]'")
    from mcp import Client  # noqa: PLC0415 - needs the package mcp

    from docs.agent_examples import finished  # noqa: PLC0415
    from dotlint.mcp.server import make_server  # noqa: PLC0415

    async def answer() -> dict[str, Any]:
        async with Client(make_server((str(Path.cwd()),))) as client:
            result = await client.call_tool("check", {"path": "a.dot", "limit": 1000})
            assert result.structured_content is not None, result
            return dict(result.structured_content)

    found = finished(answer())
    findings = dotlint.check(Path("a.dot"), config=True).findings
    causes = [one for one, finding in zip(expected, findings, strict=True) if not finding.caused_by]
    starts = [0, *(match.end() for match in re.finditer("\n", case.text))]
    listed = {(one["code"], starts[one["line"] - 1] + one["column"] - 1, one.get("fix")) for one in found["findings"]}
    assert listed <= {(one[0], *one[2:4]) for one in causes}  # alike findings share an entry
    assert {(code, fix) for code, _, fix in listed} == {(one[0], one[3]) for one in causes}
    heads = re.findall(
        r"^([A-Z]\d{3}) .*?:\d+:\d+(?: \[(fix|unsafe fix)\])? ", run("check", "-f", "llm", "a.dot").out, re.MULTILINE
    )
    marks = {None: "", "safe": "fix", "unsafe": "unsafe fix"}
    assert set(heads) == {(one[0], marks[one[3]]) for one in causes}


def test_sarif(expected: list[Told]) -> None:
    (ran,) = json.loads(run("check", "-f", "sarif", "a.dot").out)["runs"]
    offered = [
        (result["ruleId"], [one["insertedContent"]["text"] for one in change["replacements"]])
        for result in ran["results"]
        for fix in result.get("fixes", ())
        for change in fix["artifactChanges"]
    ]
    assert Counter(code for code, _ in offered) == Counter(one[0] for one in expected if one[3])


def test_a_verdict_of_warnings_is_the_same_words_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.dot").write_text('digraph { input -> mlp_tp0 -> output; a [fillcolor=red]; b [color="#f80"] }')
    result = dotlint.check(Path("a.dot"), select=["A"])
    assert (result.verdict, {finding.severity for finding in result.findings}) == ("correct", {"warning"})
    told = [run("check", "--select", "A", "-f", form, "a.dot").out for form in ("report", "html", "markdown")]
    told += [str(result), result._repr_html_(), run("summary", "a.dot").out]
    assert all("no errors, 2 warnings" in text.lower() for text in told), told
    assert not any("✓ correct" in text.lower() for text in told)


def test_fixing(expected: list[Told]) -> None:
    """Fixes that are applied first were offered, refused ones were not; the rest is reported as for any file."""
    fixed = dotlint.fix(Path("a.dot"), unsafe=True, config=True)
    offered = {one[:3] for one in expected if one[3]}
    assert not {(one.finding.code, one.finding.message, one.finding.start.offset) for one in fixed.refused} & offered
    assert fixed.changed == bool(offered)
    Path("a.dot").write_bytes(fixed.text.encode())
    left = checked(fixed.text, "--no-cache")
    assert [one[:4] for one in left] == [
        (one.code, one.message, one.start.offset, one.fix and one.fix.applicability) for one in fixed.remaining
    ]
