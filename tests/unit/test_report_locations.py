"""A finding with several locations: formats for programs list each location, those for people the finding once."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.cli.command import run

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "digraph {\n  a [colour=red]\n  b [colour=red]\n  c, d [colour=red]\n}\n"
LINES = [2, 3, 4]


def report(path: Path, form: str, *options: str) -> str:
    file = path / "g.dot"
    file.write_text(TEXT)
    return run("check", str(file), "--select", "A001", "--format", form, "--isolated", *options).out


def test_json_lists_range_and_node_of_each(tmp_path: Path) -> None:
    (finding,) = json.loads(report(tmp_path, "json"))["files"][0]["findings"]
    assert [one["range"]["start"]["line"] for one in finding["locations"]] == LINES
    assert [one["node"] for one in finding["locations"]] == ["a", "b", None]
    assert finding["locations"][0]["range"] == finding["range"]
    assert finding["nodes"] == ["a", "b", "c", "d"]


def test_concise_has_a_line_for_each(tmp_path: Path) -> None:
    *lines, last = report(tmp_path, "concise").splitlines()
    assert [int(line.split(":")[1]) for line in lines] == LINES
    assert last == "Found 1 problem in 1 file; 1 fixable with --fix"


def test_sarif_has_a_result_for_each_and_the_fix_once(tmp_path: Path) -> None:
    results = json.loads(report(tmp_path, "sarif"))["runs"][0]["results"]
    assert [one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results] == LINES
    assert [len(one["locations"]) for one in results] == [1, 1, 1]
    assert len({one["partialFingerprints"]["dotlintStatement/v1"] for one in results}) == len(LINES)
    assert ["fixes" in one for one in results] == [True, False, False]
    names = [[node["name"] for node in one["locations"][0]["logicalLocations"]] for one in results]
    assert names == [["a"], ["b"], ["a", "b", "c", "d"]]


def test_gitlab_has_an_entry_for_each(tmp_path: Path) -> None:
    entries = json.loads(report(tmp_path, "gitlab"))
    assert [entry["location"]["lines"]["begin"] for entry in entries] == LINES
    assert len({entry["fingerprint"] for entry in entries}) == len(LINES)


def test_github_annotates_each(tmp_path: Path) -> None:
    lines = report(tmp_path, "github").splitlines()
    assert [f"line={line}," in text for line, text in zip(LINES, lines, strict=True)] == [True] * len(LINES)


def test_statistics_count_each(tmp_path: Path) -> None:
    assert report(tmp_path, "report", "--statistics").startswith("3  A001 ")
    (row,) = json.loads(report(tmp_path, "json", "--statistics"))
    assert (row["locations"], row["findings"]) == (3, 1)


def test_junit_has_one_case(tmp_path: Path) -> None:
    assert len(list(ET.fromstring(report(tmp_path, "junit")).iter("testcase"))) == 1


@pytest.mark.parametrize("form", ["report", "full", "markdown"])
def test_reports_for_people_fold_them(tmp_path: Path, form: str) -> None:
    assert report(tmp_path, form).count("has no attribute") == 1
