"""Each location of a finding is suppressed, and known to the baseline, by itself."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dotlint.engine.baseline import entries, read_baseline, write_baseline
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.baseline import Baseline
    from dotlint.engine.result import FileResult

RULES = Selection(select=("A", "N", "T001", "G003", "G004", "V002", "X"))
LABEL = 'label="%s\\nGPU: 0-1"'
STATEMENTS = [
    "a [colour=red]", "b [colour=red, shape=elipse]", "a -> b", "b -> a", "a -> c", "c -> c", "d -> d", "a -> b [colour=red]",
    "node [shape=elipse]", "c [style=bolded]", "e [shape=boxx]", "f [shape=bax]", "subgraph cluster_x { }",
    "subgraph cluster_y { }", '"a{i}" [color=rde]', '"b{i}" -> c', "d [color=rde, fontcolor=grn]", "b [shape=box]",
    "subgraph s { label=x a }", "a, b [colour=red]", f"q1 [{LABEL % 'QKV projection'}]", f"q2 [{LABEL % 'QKV projection'}]",
    f"m1 [{LABEL % 'MLP'}]", "q1 -> m1", "1abc", "2abc", "e [color=#ff0000]", "{a b} -> c", "{m1 m2} -> c",
]  # fmt: skip
bodies = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=14)
Found = list[tuple[str, int, int]]


def checked(lines: list[str], baseline: Baseline | None = None) -> FileResult:
    text = "digraph g {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
    return lint(Source.from_text(text, str(Path("t.dot").absolute())), Settings(selection=RULES, baseline=baseline))


def located(result: FileResult) -> Found:
    """Rule, line and column of each location of each finding."""
    at = result.document.source.position
    every = [(f.code, at(location.start)) for f in result.findings for location in f.locations]
    return sorted((code, position.line, position.column) for code, position in every)


def baseline_of(result: FileResult) -> Baseline:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known.json"
        write_baseline(
            path, entries(result.document, result.path, result.findings, Path(result.path).parent, result.rules)
        )
        return replace(read_baseline(path), folder=Path(result.path).parent)


@given(bodies, st.data())
def test_a_comment_hides_one_location_and_nothing_else(lines: list[str], data: st.DataObject) -> None:
    before = located(checked(lines))
    # The comment after a `#` is swallowed with it, and the header is no statement of the body.
    candidates = sorted({(code, line) for code, line, _ in before if 1 < line < len(lines) + 2})
    candidates = [(code, line) for code, line in candidates if "#" not in lines[line - 2] and code[0] != "X"]
    if not candidates:
        return
    code, line = data.draw(st.sampled_from(candidates))
    changed = list(lines)
    changed[line - 2] += f" // dotlint: ignore[{code}]"
    assert located(checked(changed)) == [one for one in before if one[:2] != (code, line)]


@given(bodies)
def test_a_finding_starts_at_its_first_location(lines: list[str]) -> None:
    for finding in checked(lines).findings:
        assert (finding.start, finding.end) == (finding.locations[0].start, finding.locations[0].end)
        assert len({location.key for location in finding.locations}) == len(finding.locations)
        prints = [location.fingerprint for location in finding.locations]
        assert prints[0] == finding.fingerprint
        assert len(set(prints)) == len(prints)
        assert {location.node for location in finding.locations} - {None} <= set(finding.nodes)


@given(bodies)
def test_a_baseline_hides_all_of_its_own_file(lines: list[str]) -> None:
    result = checked(lines)
    known = checked(lines, baseline_of(result))
    assert known.findings == []
    assert known.outlived == ()
    assert len(known.baselined) == len(result.findings)


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("a{} [colour=red]", "z [colour=red]", "A001"),
        ("a{} [shape=elipse]", "z [shape=elipse]", "A004"),
        ('a{0} [label="LayerNorm\\nGPU: {0}"]\n  a{0} -> b{0}\n  a{0} -> b{0}', "a0 -> b0", "N004"),
        ("a{0} -> a{0}", "a9999 -> a9999", "N006"),
        ("subgraph cluster_{} {{ }}", "subgraph cluster_z { }", "N008"),
        ("a{} [color=rde]", "z [color=rde]", "A005"),
    ],
)
@given(number=st.integers(1, 9), at=st.integers(0, 9))
def test_one_more_location_is_the_only_new_one(number: int, at: int, kind: str, more: str, code: str) -> None:
    lines = [kind.format(index) for index in range(number)]
    baseline = baseline_of(checked(lines))
    lines.insert(min(at, number), more)
    result = checked(lines, baseline)
    new = [(finding.code, len(finding.locations)) for finding in result.findings if finding.code == code]
    assert new == [(code, 1)]
    assert result.outlived == ()
