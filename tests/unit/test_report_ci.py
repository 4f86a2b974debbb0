"""The GitLab and JUnit formats, the statistics and the links."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.pipeline.lint_file import lint_path
from dotlint.report import full, links, rich_report
from dotlint.report.outline import outline
from tests.cli.command import run

MISTAKES = "digraph {\n  a [shape=boxx]\n  a -- b\n}\n" + "digraph { a -> b -> a }\n" * 2


def check(*argv: str) -> str:
    return run("check", *argv).out


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.dot").write_text(MISTAKES, encoding="utf-8")
    (tmp_path / "clean.dot").write_text("digraph { a -> b }\n", encoding="utf-8")


def test_gitlab_has_what_code_quality_asks_for(hostile: Path) -> None:
    text = check("--format", "gitlab", "./sub/a.dot", str(hostile), "gone.dot")
    assert text.isascii()
    entries = json.loads(text)
    assert {e["location"]["path"] for e in entries} == {"sub/a.dot", "hostile.dot", "gone.dot"}
    assert len({e["fingerprint"] for e in entries}) == len(entries)
    for entry in entries:
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["lines"]["begin"] >= 1
        assert entry["description"].isprintable()
    by_rule = {e["check_name"]: e for e in entries}
    assert by_rule["E013 wrong-edge-operator"]["severity"] == "major"
    assert by_rule["A004 unknown-shape"]["severity"] == "minor"
    assert by_rule["dotlint"]["severity"] == "blocker"


def test_gitlab_of_a_clean_file_is_an_empty_list() -> None:
    assert json.loads(check("--format", "gitlab", "clean.dot")) == []


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


# The messages of reviewdog's rdf.proto; a field that it does not know ends the run there.
_POSITION = _object({"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}})
_RANGE = _object({"start": _POSITION, "end": _POSITION})
_LOCATION = _object({"path": {"type": "string"}}, {"range": _RANGE})
_SEVERITY = {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]}
_TEXT = {"type": "string"}
RDJSON = _object(
    {
        "source": _object({"name": _TEXT}, {"url": _TEXT}),
        "severity": _SEVERITY,
        "diagnostics": {
            "type": "array",
            "items": _object(
                {"message": _TEXT, "location": _LOCATION, "severity": _SEVERITY},
                {
                    "code": _object({"value": _TEXT}, {"url": _TEXT}),
                    "suggestions": {"type": "array", "items": _object({"range": _RANGE, "text": _TEXT})},
                    "related_locations": {"type": "array", "items": _object({"message": _TEXT, "location": _LOCATION})},
                },
            ),
        },
    }
)


def test_rdjson_follows_its_schema_and_counts_bytes(hostile: Path) -> None:
    Path("wide.dot").write_text("digraph {\n  é [label=é]; b [shape=elipse] é -> b\n}\n", encoding="utf-8")
    text = check("--format", "rdjson", "./sub/a.dot", str(hostile), "gone.dot", "wide.dot")
    assert text.isascii()
    found = json.loads(text)
    jsonschema.validate(found, RDJSON)
    assert {d["location"]["path"] for d in found["diagnostics"]} == {"sub/a.dot", "hostile.dot", "gone.dot", "wide.dot"}
    (wide,) = (d for d in found["diagnostics"] if d["location"]["path"] == "wide.dot")
    span = {"start": {"line": 2, "column": 27}, "end": {"line": 2, "column": 33}}
    assert wide["location"]["range"] == span
    assert wide["suggestions"] == [{"range": span, "text": "ellipse"}]
    piped = run("check", "-", "--stdin-filename", "wide.dot", "-f", "rdjson", stdin=Path("wide.dot").read_bytes()).out
    assert json.loads(piped)["diagnostics"] == [wide]


def test_checkstyle_has_the_elements_that_readers_know(hostile: Path) -> None:
    top = ET.fromstring(check("--format", "checkstyle", "sub/a.dot", str(hostile), "gone.dot", "clean.dot"))
    assert (top.tag, set(top.attrib)) == ("checkstyle", {"version"})
    assert [file.attrib["name"] for file in top] == ["sub/a.dot", "hostile.dot", "gone.dot", "clean.dot"]
    assert {(file.tag, *file.attrib) for file in top} == {("file", "name")}
    errors = list(top.iter("error"))
    for error in errors:
        assert set(error.attrib) == {"line", "column", "severity", "message", "source"}
        assert error.attrib["severity"] in {"error", "warning", "info", "ignore"}
        assert int(error.attrib["line"]) >= 1
        assert error.attrib["message"].isprintable()
    assert {"dotlint.A004", "dotlint.unreadable"} < {error.attrib["source"] for error in errors}
    *lines, _ = check("-f", "concise", "sub/a.dot").splitlines()
    assert [f"sub/a.dot:{e.attrib['line']}:{e.attrib['column']}" for e in top[0]] == [
        line.rsplit(": ", 2)[0].partition(": ")[0] for line in lines
    ]


def suites(*argv: str) -> ET.Element:
    return ET.fromstring(check("--format", "junit", *argv))


def test_junit_counts_and_outcomes_agree(hostile: Path) -> None:
    top = suites("sub/a.dot", "clean.dot", "gone.dot", str(hostile))
    for suite in [top, *top]:
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        for outcome in ("failure", "error", "skipped"):
            key = outcome + "s" if outcome != "skipped" else outcome
            assert int(suite.attrib[key]) == sum(1 for case in cases if case.find(outcome) is not None)
    clean = next(suite for suite in top if suite.attrib["name"] == "clean.dot")
    assert (clean.attrib["tests"], clean.attrib["failures"]) == ("1", "0")
    gone = next(suite for suite in top if suite.attrib["name"] == "gone.dot")
    error = gone.find("testcase/error")
    assert error is not None
    assert error.attrib["message"] == "no such file"


def test_junit_fails_what_the_exit_status_fails() -> None:
    def failed(*options: str) -> set[str]:
        top = suites("sub/a.dot", "--select", "E013,A004", *options)
        return {case.attrib["name"].split()[0] for case in top.iter("testcase") if case.find("failure") is not None}

    assert failed() == {"E013", "A004"}
    assert failed("--fail-on", "error") == {"E013"}


def test_junit_skips_follow_on_findings() -> None:
    fixture = Path(__file__).parents[1] / "fixtures" / "moe_two_phases.dot"
    top = suites(str(fixture), "--strategy", "pp4ep4tp2sp2")
    skipped = [case.find("skipped") for case in top.iter("testcase")]
    messages = [element.attrib["message"] for element in skipped if element is not None]
    assert messages
    assert all(message.startswith("fixed by S") for message in messages)


def test_statistics_count_rules() -> None:
    text = check("--statistics", "--select", "G001,A004", "sub/a.dot", "clean.dot")
    assert text.splitlines() == ["2  G001 [ ] cycle (1 file)", "1  A004 [*] unknown-shape (1 file)"]
    rows = json.loads(check("--statistics", "--format", "json", "--select", "A004", "sub/a.dot"))
    assert rows == [
        {"code": "A004", "name": "unknown-shape", "locations": 1, "findings": 1, "files": 1, "safe_fixes": 1}
    ]


def test_without_a_site_no_rule_has_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOTLINT_SITE", raising=False)
    assert links.page("E013", "wrong-edge-operator") is None
    monkeypatch.setenv("DOTLINT_SITE", "no address")
    assert links.page("E013", "wrong-edge-operator") is None


def test_only_own_rules_have_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTLINT_SITE", "https://docs.example/dotlint/")
    assert links.page("E013", "wrong-edge-operator") == "https://docs.example/dotlint/rules/E013/"
    assert links.page("OWN001", "of-a-user") is None
    monkeypatch.setenv("DOTLINT_SITE", "file:///home/me/site")
    assert links.page("E013", "wrong-edge-operator") == "file:///home/me/site/rules/E013/index.html"
    assert links.page("E013", "another-name") is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM_PROGRAM": "vscode"}, True),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"VTE_VERSION": "6003"}, True),
        ({"VTE_VERSION": "4205"}, False),
        ({"WT_SESSION": "x"}, True),
        ({"WT_SESSION": "x", "CI": "true"}, False),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x"}, False),
        ({"FORCE_HYPERLINK": "1"}, True),
        ({"TERM_PROGRAM": "vscode", "FORCE_HYPERLINK": "0"}, False),
    ],
)
def test_links_go_to_terminals_that_are_known_to_show_them(environment: dict[str, str], *, expected: bool) -> None:
    assert links.supported(environment) is expected


def test_reports_link_codes_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTLINT_SITE", "https://docs.example")
    result = lint_path("sub/a.dot", Settings(cards=own_cards()))
    address = links.page("A004", "unknown-shape")
    assert address is not None
    for enabled in (True, False):
        full_text = full.render([result], width=100, color=True, links=enabled)
        report = rich_report.render([outline(result, links=enabled)], width=100, color=True)
        for text in (full_text, report):
            assert (address in text) is enabled
            assert ("\x1b]8;" in text) is enabled
            assert "A004" in text
