"""The report for people: its last line, its order, its steps, and what a terminal can follow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotlint.engine.finding import Finding
from dotlint.engine.result import Settings
from dotlint.pipeline.lint_file import lint_path
from dotlint.report import markdown, rich_report
from dotlint.report.outline import outline
from tests.cli.command import run
from tests.dsl import CYCLE

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXTURES = Path(__file__).parent.parent / "fixtures"
CLEAN = "digraph { a -> b }\n"
MISSPELLED = "digraph {\n  a [shape=elipse]\n  a -> b\n}\n"
MANY = (str(FIXTURES / "moe_two_phases.dot"), "-s", "pp4ep4tp2sp2")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def last(files: dict[str, str], *options: str) -> str:
    for name, text in files.items():
        Path(name).write_text(text)
    lines = run("check", *files, "--isolated", *options).out.splitlines()
    return lines[-1] if lines else ""


@pytest.mark.parametrize("form", ["report", "full", "concise"])
@pytest.mark.parametrize(
    ("files", "options", "line"),
    [
        ({"a.dot": MISSPELLED}, (), "Found 1 problem in 1 file; 1 fixable with --fix"),
        ({"a.dot": MISSPELLED, "b.dot": CLEAN}, (), "Found 1 problem in 1 of 2 files; 1 fixable with --fix"),
        ({"a.dot": MISSPELLED, "b.dot": CLEAN}, ("-q",), "Found 1 problem in 1 of 2 files; 1 fixable with --fix"),
        ({"a.dot": MISSPELLED, "b.dot": CYCLE}, (), "Found 2 problems (1 error) in 2 files; 1 fixable with --fix"),
        ({"a.dot": MISSPELLED}, ("--fix",), "Fixed 1 problem (A004); found no more problems in 1 file"),
        ({"a.dot": CLEAN, "b.dot": "\0\1\2"}, (), "Found no problems in 1 file; 1 file could not be read"),
        ({"a.dot": "\0\1\2"}, (), "1 file could not be read"),
        ({"a.dot": CLEAN}, ("-q",), ""),
    ],
)
def test_the_last_line_counts(files: dict[str, str], options: Sequence[str], line: str, form: str) -> None:
    assert last(files, "-f", form, *options) == line


def test_the_last_line_counts_what_is_hidden_apart() -> None:
    suppressed = MISSPELLED.replace("]", "] // dotlint: ignore[A004]")
    assert last({"a.dot": suppressed}) == "Found no problems in 1 file; 1 suppressed"
    last({"a.dot": MISSPELLED}, "--write-baseline", "known.json")
    assert last({"a.dot": MISSPELLED}, "--baseline", "known.json") == "Found no problems in 1 file; 1 in the baseline"


def test_follow_on_findings_are_no_problems_of_their_own() -> None:
    out = " ".join(run("check", *MANY, "--isolated").out.split())
    assert "Found 9 problems (4 errors) in 1 file; 3 fixable with --fix, 2 more with --unsafe-fixes" in out


def test_full_puts_causes_before_what_follows_from_them() -> None:
    out = run("check", *MANY, "--isolated", "-f", "full").out
    seen: set[tuple[str, str]] = set()
    for part in out.split("\n\n"):
        causes = re.findall(r"([A-Z]\d{3}) at line (\d+)", part.partition("= fixed by")[2])
        assert seen.issuperset(causes)
        head = re.match(r"\w+\[([A-Z]\d{3})\].*\n.*:(\d+):\d+\n", part)
        if head:
            seen.add((head[1], head[2]))


def test_three_findings_of_a_deployment_fit_a_terminal() -> None:
    """80 columns and 25 lines, with the path, the steps, the command and what was skipped."""
    Path("a.dot").write_bytes((FIXTURES / "report" / "three_findings.dot").read_bytes())
    out = run("check", "a.dot", "--isolated").out
    assert len(out.splitlines()) <= 25
    assert all(word in out for word in ("Passed", "Skipped", "Required modifications", "--fix", "Found 3 problems"))


def test_full_wraps_prose_and_cuts_no_edge_to_paste() -> None:
    out = run("check", *MANY, "--isolated", "-f", "full").out
    prose = [line for line in out.splitlines() if re.match(r"\w+\[|\s+= (note|help|nodes)", line)]
    assert prose
    assert all(len(line) <= 80 for line in prose)
    assert '"pre2 router" -> "pre2 experts 0" [style=dashed, color=gray40]\n' in out


def test_a_graph_that_is_no_deployment_hears_nothing_of_deployments() -> None:
    Path("a.dot").write_text("digraph {\n  a -> b [lable=x]\n  b -> a:q\n  c [shape=boxx color=rde]\n}\n")
    words = re.compile(r"deployment|strateg|stage|dimension|tensor|phase|GPU|operator|\bsection \d", re.IGNORECASE)
    for form in ("report", "markdown", "full", "concise"):
        assert not words.search(run("check", "a.dot", "--isolated", "-f", form).out)


def test_no_message_is_repeated_and_no_word_is_lost_to_the_width() -> None:
    wide = run("check", *MANY, "--isolated").out
    messages = [" ".join(m.split()) for m in re.findall(r"(?s)(?:error|warning|info)(?: \(\w+ fix\))?: (.{40})", wide)]
    assert len(messages) == len(set(messages)) == 7
    flat = " ".join(wide.split())
    assert all(flat.count(message) == 1 for message in messages)


def test_locations_are_links_where_a_terminal_has_them() -> None:
    Path("a.dot").write_text(MISSPELLED)
    result = lint_path("a.dot", Settings())
    assert "\x1b]8" not in rich_report.render([outline(result)], width=80, color=True)
    linked = rich_report.render([outline(lint_path(MANY[0], Settings()), links=True)], width=80, color=True)
    assert f"{Path(MANY[0]).absolute().as_uri()}#" in linked


def test_a_step_that_needs_the_message_has_the_name_of_the_rule() -> None:
    Path("a.dot").write_text("digraph {\n  a -> b:q\n  b [shape=ellipse]\n  a [shape=boxx]\n}\n")
    out = " ".join(run("check", "a.dot", "--isolated").out.split())
    assert "1. Write `box` (A004)" in out
    assert "2. Port not in record: a node of shape" in out


def test_follow_on_findings_with_all_kinds_of_messages_are_one_line_each_rule() -> None:
    Path("a.dot").write_text(MISSPELLED)
    result = lint_path("a.dot", Settings())
    messages = ("`a` has no consumer", "`b1` of stage 1 has no consumer", "2 of layers 1-3 have no consumer")
    cause = Finding("S001", "missing-stage-edge", "error", "an edge is missing", 0, 1, "connections", nodes=("a",))
    result.findings = [
        cause,
        *(
            Finding("G004", "no-consumer", "error", text, 0, 1, "connectivity", nodes=(f"n{i}",), caused_by=(0,))
            for i, text in enumerate(messages)
        ),
    ]
    for text in (rich_report.render([outline(result)], width=80, color=False), markdown.render([outline(result)])):
        flat = text.replace("`", "")
        assert flat.count("G004") == 1
        assert "no consumer: n{0..2} (fixed by S001)" in flat
