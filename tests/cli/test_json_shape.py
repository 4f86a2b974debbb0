"""The keys and types of the JSON report: a key that is renamed, removed or of another type fails here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from tests.cli.command import run
from tests.golden import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object with exactly these keys."""


class Position(Shape):
    offset: int
    line: int
    column: int


class Range(Shape):
    start: Position
    end: Position


class Location(Shape):
    node: str | None
    range: Range


class Related(Shape):
    message: str
    range: Range


class Edit(Shape):
    start: int
    end: int
    text: str


class Fix(Shape):
    applicability: Literal["safe", "unsafe"]
    title: str
    edits: list[Edit]


class Finding(Shape):
    code: str
    name: str
    severity: Literal["error", "warning", "info"]
    message: str
    range: Range
    locations: list[Location]
    nodes: list[str]
    missing_edges: list[tuple[str, str]]
    missing_nodes: list[str]
    planned_edges: list[tuple[str, str]]
    related: list[Related]
    graph: int
    caused_by: list[int]
    unit: str | None
    about: dict[str, str | int] | None
    help: str | None
    note: str | None
    fixable: Literal["safe", "unsafe"] | None
    fix: Fix | None
    fingerprint: str
    path: list[str] | UnsetType = UNSET
    other_file: str | UnsetType = UNSET


class Line(Finding):
    """A line of JSON Lines: a finding with the path of its file."""

    path: str  # type: ignore[assignment]  # of a finding it is a list


class Phase(Shape):
    name: str
    degrees: dict[str, int]
    gpus: int
    assumed: bool


class Strategy(Shape):
    source: str
    phases: list[Phase]


class Graph(Shape):
    nodes: int
    edges: int
    directed: bool
    graphs: int


class Holds(Shape):
    section: str
    subject: str
    text: str


class Undecided(Shape):
    section: str
    subject: str
    needs: str


class Deployment(Shape):
    phase: str
    file: str | None
    here: bool
    problem: str | None


class Flow(Shape):
    edges: int
    followed: int
    not_followed: dict[str, int]


class File(Shape):
    path: str
    verdict: str
    strategy: Strategy | None
    graph: Graph
    flow: Flow | None
    findings: list[Finding]
    holds: list[Holds]
    undecided: list[Undecided]
    deployment: list[Deployment]
    suppressed: int
    baselined: int


class Unreadable(Shape):
    path: str
    verdict: str
    error: str
    strategy: None
    graph: None
    flow: None
    findings: list[Finding]


class Summary(Shape):
    files: int
    errors: int
    warnings: int
    infos: int
    consequences: int
    fixable: int


class Report(Shape):
    dotlint: str
    files: list[File]
    summary: Summary


class UnreadableReport(Shape):
    dotlint: str
    files: list[Unreadable]
    summary: Summary


@pytest.mark.parametrize(
    ("fixture", "strategy"),
    [("moe_two_phases.dot", "pp4ep4tp2sp2"), ("moe_ep4_ranks_gaps.dot", "ep4"), ("overview.dot", "pp2")],
)
def test_json_has_these_keys_and_types(fixture: str, strategy: str) -> None:
    out = run("check", str(FIXTURES / fixture), "--isolated", "-s", strategy, "-f", "json").out
    assert msgspec.json.decode(out, type=Report).summary.files == 1


def test_json_of_a_cycle_has_its_path() -> None:
    out = run("check", "-", "--isolated", "-f", "json", "--select", "cycle", stdin=b"digraph { a -> b -> a }").out
    findings = msgspec.json.decode(out, type=Report).files[0].findings
    assert [finding.path for finding in findings if finding.path is not UNSET] == [["a", "b", "a"]]


def test_json_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    out = run("check", str(tmp_path / "missing.dot"), "--isolated", "-f", "json").out
    (file,) = msgspec.json.decode(out, type=UnreadableReport).files
    assert file.verdict == "unreadable"


def test_json_lines_are_findings_with_a_path() -> None:
    out = run("check", "-", "--isolated", "-f", "jsonl", stdin=b"digraph { a [shpae=box]; a -> b }").out
    lines = [msgspec.json.decode(line, type=Line) for line in out.splitlines()]
    assert {line.path for line in lines} == {"<stdin>"}


class Compared(Shape):
    path: str
    missing: bool
    nodes: int
    edges: int
    stages: int
    gpus: int


class ComparedItem(Shape):
    before: list[str] | None
    after: list[str] | None
    unit: dict[str, str | int]
    edges: int


class ComparedDifference(Shape):
    section: Literal[
        "graphs", "strategy", "stages", "operators", "communication", "nodes", "devices", "shapes", "labels", "edges",
        "clusters", "attributes",
    ]  # fmt: skip
    change: Literal["added", "removed", "changed"]
    what: str
    field: str | None
    before: str | None
    after: str | None
    count: int
    undecided: bool
    items: list[ComparedItem]


class ComparedStill(Shape):
    before: Finding
    after: Finding


class ComparedFindings(Shape):
    fixed: list[Finding]
    new: list[Finding]
    still: list[ComparedStill]


class ComparedAlike(Shape):
    before: list[str]
    after: list[str]


class ComparedGraph(Shape):
    pairs: list[tuple[str, str]]
    alike: list[ComparedAlike]


class ComparedLayout(Shape):
    attributes: int
    comments: int
    renamed: int
    reworded: int
    reordered: bool
    clusters: int
    headers: int
    formatting: bool


class Comparison(Shape):
    dotlint: str
    before: Compared
    after: Compared
    deployments: bool
    differ: bool
    differences: list[ComparedDifference]
    findings: ComparedFindings
    matching: list[ComparedGraph]
    layout: ComparedLayout
    notes: list[str]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("diff_before.dot", "diff_after.dot"),
        ("overview.dot", "build_dependencies.dot"),
        ("overview.dot", "overview.dot"),
    ],
)
def test_json_of_a_comparison(before: str, after: str) -> None:
    out = run("diff", str(FIXTURES / before), str(FIXTURES / after), "--isolated", "-f", "json").out
    found = msgspec.json.decode(out, type=Comparison)
    assert found.differ == (before != after) == bool(found.differences)
