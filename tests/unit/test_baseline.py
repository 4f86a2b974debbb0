"""The baseline: known findings stay known when they move, and what takes their place is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from dotlint.engine.baseline import BaselineError, entries, read_baseline, relative, write_baseline
from dotlint.engine.result import FileResult, Settings
from dotlint.engine.select import Selection
from dotlint.engine.statements import normal
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from pathlib import Path

RULES = Selection(select=("N006", "N004"))
CYCLES = Selection(select=("G001",))


def checked(text: str, path: Path, baseline: Path | None = None, rules: Selection = RULES) -> FileResult:
    known = read_baseline(baseline) if baseline else None
    return lint(Source.from_text(text, str(path)), Settings(selection=rules, baseline=known))


@pytest.fixture
def noted(tmp_path: Path) -> tuple[Path, Path]:
    """A baseline of `a -> a` and `b -> b` in a file, and that file's path."""
    path, baseline = tmp_path / "graphs" / "g.dot", tmp_path / "known.json"
    result = checked("digraph {\n  a -> a\n  b -> b [color=red]\n}\n", path)
    assert write_baseline(baseline, entries(result.document, str(path), result.findings, tmp_path, result.rules)) == 2
    return path, baseline


@pytest.mark.parametrize(
    "text",
    [
        "digraph {\n  a -> a\n  b -> b [color=red]\n}\n",
        "digraph {\n  // more lines\n\n  c\n  b -> b [color=red]\n  a -> a\n}\n",
        "digraph {\n  b->b[ color = red ]; a\n ->\n a /* here */ ;\n}\n",
        "digraph {\n  subgraph s { a -> a }\n  b -> b [color=red]\n}\n",
    ],
)
def test_what_moves_or_is_laid_out_anew_stays_known(noted: tuple[Path, Path], text: str) -> None:
    result = checked(text, *noted)
    assert result.findings == []
    assert len(result.baselined) == 2
    assert result.outlived == ()


def test_what_takes_the_place_of_another_is_told(noted: tuple[Path, Path]) -> None:
    result = checked("digraph {\n  a -> a\n  c -> c [color=red]\n}\n", *noted)
    assert [f.nodes for f in result.findings] == [("c",)]
    assert [entry.rule for entry in result.outlived] == ["N006"]


def test_a_second_one_of_the_same_text_is_told(noted: tuple[Path, Path]) -> None:
    path, baseline = noted
    result = checked("digraph {\n  a -> a\n  b -> b [color=red]\n}\ndigraph {\n  a -> a\n}\n", path, baseline)
    assert [(f.code, f.graph) for f in result.findings] == [("N006", 1)]


def test_another_file_is_told(noted: tuple[Path, Path]) -> None:
    path, baseline = noted
    assert len(checked("digraph {\n  a -> a\n}\n", path.with_name("h.dot"), baseline).findings) == 1


def test_the_baseline_may_move_with_its_project(noted: tuple[Path, Path], tmp_path: Path) -> None:
    _, baseline = noted
    elsewhere = tmp_path / "clone"
    elsewhere.mkdir()
    moved = elsewhere / "known.json"
    moved.write_bytes(baseline.read_bytes())
    result = checked("digraph {\n  a -> a\n}\n", elsewhere / "graphs" / "g.dot", moved)
    assert result.findings == []


def test_a_finding_of_several_nodes_is_known_while_it_shrinks_and_told_when_it_grows(tmp_path: Path) -> None:
    path, baseline = tmp_path / "g.dot", tmp_path / "known.json"
    first = checked("digraph {\n  a -> b\n  b -> c\n  c -> a\n  c -> b\n}\n", path, rules=CYCLES)
    write_baseline(baseline, entries(first.document, str(path), first.findings, tmp_path, first.rules))
    assert checked("digraph {\n  b -> c\n  c -> b\n  a -> b\n}\n", path, baseline, CYCLES).findings == []
    grown = checked(
        "digraph {\n  a -> b\n  b -> c\n  c -> a\n  c -> b\n  c -> d\n  d -> a\n}\n", path, baseline, CYCLES
    )
    assert [f.code for f in grown.findings] == ["G001"]


COLOURS = Selection(select=("A001",))


@pytest.mark.parametrize("old", [False, True])
def test_only_a_new_location_is_reported(tmp_path: Path, *, old: bool) -> None:
    """Also with a baseline as 0.1.0 wrote it, without locations."""
    path, baseline = tmp_path / "g.dot", tmp_path / "known.json"
    first = checked("digraph {\n  a [colour=red]\n  b [colour=red]\n}\n", path, rules=COLOURS)
    write_baseline(baseline, entries(first.document, str(path), first.findings, tmp_path, first.rules))
    if old:
        table = json.loads(baseline.read_text())
        for entry in table["findings"]:
            del entry["locations"]
        baseline.write_text(json.dumps(table))
    text = "digraph {\n  b [colour=red]\n  c [colour=red]\n  a [colour=red]\n  d [colour=red]\n}\n"
    grown = checked(text, path, baseline, COLOURS)
    (finding,) = grown.findings
    assert finding.nodes == ("c", "d")
    assert finding.message.endswith("set on 2 nodes")
    assert [f.nodes for f in grown.baselined] == [("b", "a")]
    assert grown.outlived == ()
    for less in ("digraph {\n  b [colour=red]\n}\n", first.document.text):
        assert checked(less, path, baseline, COLOURS).findings == []


def test_an_entry_of_0_1_0_knows_the_finding_it_was_written_for(tmp_path: Path) -> None:
    """It has the first statement of a duplicate edge only; the others are known with it."""
    path, baseline = tmp_path / "g.dot", tmp_path / "known.json"
    text = "digraph {\n  a1 -> b1\n  a2 -> b2\n  a1 -> b1\n  a2 -> b2\n}\n"
    first = checked(text, path)
    assert [len(f.locations) for f in first.findings] == [2]
    written = entries(first.document, str(path), first.findings, tmp_path, first.rules)
    write_baseline(baseline, [replace(entry, locations=()) for entry in written])
    assert "locations" not in baseline.read_text()
    assert checked(text, path, baseline).findings == []


def test_the_file_is_the_same_whatever_order_findings_come_in(tmp_path: Path) -> None:
    result = checked("digraph {\n  b -> b\n  a -> a\n}\n", tmp_path / "g.dot")
    found = entries(result.document, str(tmp_path / "g.dot"), result.findings, tmp_path, result.rules)
    write_baseline(tmp_path / "one.json", found)
    write_baseline(tmp_path / "two.json", reversed(found))
    text = (tmp_path / "one.json").read_text()
    assert text == (tmp_path / "two.json").read_text()
    assert [entry["statement"] for entry in json.loads(text)["findings"]] == ["a -> a", "b -> b"]
    assert not re.search(r'"(line|count|column)"', text)


def test_bytes_that_are_no_text_survive(tmp_path: Path) -> None:
    path, baseline = tmp_path / "g.dot", tmp_path / "known.json"
    data = b'digraph { "\xff\xfe" -> "\xff\xfe" }'
    result = lint(Source.from_bytes(data, str(path)), Settings(selection=RULES))
    write_baseline(baseline, entries(result.document, str(path), result.findings, tmp_path, result.rules))
    known = Settings(selection=RULES, baseline=read_baseline(baseline))
    assert lint(Source.from_bytes(data, str(path)), known).findings == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not a baseline: it is not valid JSON"),
        ("[]", 'it must have "version": 1'),
        ('{"version": 2, "findings": []}', 'it must have "version": 1'),
        ('{"version": 1, "findings": [{"rule": "N006"}]}', "an entry has no"),
        ('{"version": 1, "findings": [3]}', "an entry has no"),
        ('{"version": 1, "findings": [{"rule": "N006", "path": "a", "statements": []}]}', "an entry has no"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(BaselineError, match=re.escape(told)):
        read_baseline(path)


def test_a_missing_baseline_names_the_nearest_file(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text("{}")
    with pytest.raises(BaselineError, match=r"did you mean `.*known\.json`"):
        read_baseline(tmp_path / "knwon.json")


def test_normal_form_knows_strings_from_comments() -> None:
    assert normal('a  [label = "x // y",\n shape=box ] ; // gone') == 'a [ label = "x // y" , shape = box ]'
    assert normal("a->b/* c */->d;") == "a -> b -> d"


def test_paths_are_relative_to_the_baseline(tmp_path: Path) -> None:
    assert relative(str(tmp_path / "a" / "g.dot"), tmp_path) == "a/g.dot"
    assert relative(str(tmp_path / "g.dot"), tmp_path / "lint") == "../g.dot"
    assert relative("<stdin>", tmp_path) == "<stdin>"
