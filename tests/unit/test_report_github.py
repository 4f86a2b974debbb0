"""Annotations of GitHub Actions, parsed as the runner parses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cli.command import run

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


class Annotation(NamedTuple):
    kind: str
    properties: dict[str, str]
    text: str


def read(line: str) -> Annotation:
    """Parse a line as actions/runner does: properties end at the first `::` and are separated by commas."""
    match = COMMAND.fullmatch(line)
    assert match, line

    def plain(text: str) -> str:
        for written, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(written, char)
        return text

    pairs = (pair.split("=", 1) for pair in match[2].split(","))
    return Annotation(match[1], {key: plain(value) for key, value in pairs}, plain(match[3]))


def github(*argv: str) -> list[str]:
    return run("check", "--format", "github", *argv).out.splitlines()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def many(path: Path, errors: int, warnings: int) -> str:
    """Write a graph for each error, a cycle, and for each warning, an unknown shape."""
    shapes = [f"digraph {{ n [shape=boxx{n}] }}\n" for n in range(warnings)]
    path.write_text("digraph { a -> b -> a }\n" * errors + "".join(shapes), encoding="utf-8")
    return path.name


def test_an_annotation_names_file_location_and_rule(tmp_path: Path) -> None:
    (tmp_path / "a,b:c.dot").write_text("digraph {\n  a -- b\n}\n", encoding="utf-8")
    found = [read(line) for line in github("a,b:c.dot", "--select", "E013")]
    assert [a.kind for a in found] == ["error"]
    properties = found[0].properties
    assert properties["file"] == "a,b:c.dot"
    assert properties["title"] == "E013 wrong-edge-operator"
    assert {key: properties[key] for key in ("line", "endLine", "col", "endColumn")} == {
        "line": "2", "endLine": "2", "col": "5", "endColumn": "6",
    }  # fmt: skip
    assert "help: write `->`" in found[0].text


def test_errors_come_first_and_ten_of_a_kind_are_shown(tmp_path: Path) -> None:
    *lines, last = github(many(tmp_path / "a.dot", 12, 11), "--select", "G001,A004")
    kinds = [read(line).kind for line in lines]
    assert kinds == ["error"] * 10 + ["warning"] * 10
    assert last.startswith("dotlint: 2 more errors and 1 more warning not annotated")


def test_nothing_is_said_of_more_where_all_are_shown(tmp_path: Path) -> None:
    assert len(github(many(tmp_path / "a.dot", 10, 0), "--select", "G001")) == 10


def test_no_name_in_a_file_becomes_a_command(hostile: Path) -> None:
    lines = github(str(hostile), "--select", "A004")
    found = [read(line) for line in lines[:-1]]
    assert len(found) == 10
    assert lines[-1].startswith("dotlint: 3 more warnings")
    assert {annotation.kind for annotation in found} == {"warning"}
    assert {annotation.properties["title"] for annotation in found} == {"A004 unknown-shape"}
    for annotation in found:
        assert not any(line.lstrip().startswith("::") for line in annotation.text.splitlines())
        assert "\x1b" not in annotation.text
    assert any("%0A::warning::pwned" in annotation.text for annotation in found)


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    found = [read(line) for line in github("gone.dot", many(tmp_path / "a.dot", 1, 0))]
    assert (found[0].properties["file"], found[0].text) == ("gone.dot", "no such file")


def test_the_summary_has_a_table_and_is_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    github(str(hostile), "--select", "A004")
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n### dotlint\n\n13 warnings in 1 file.\n")
    rows = [line for line in text.splitlines() if line.startswith("| warning |")]
    assert len(rows) == 13
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row
        assert "<" not in re.sub(r"`[^`]*`|\\<", "", row)


def test_other_formats_write_no_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    many(tmp_path / "a.dot", 1, 1)
    run("check", "--format", "concise", "a.dot")
    assert not (tmp_path / "summary.md").exists()
