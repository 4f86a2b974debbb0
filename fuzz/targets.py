"""What is tried with a text, and what has to hold of every answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # what is read is what was written here

import msgspec

from dotlint.batch.options import RowOptions
from dotlint.batch.rows import Row, row_linter
from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.graph.builder import read
from dotlint.pipeline.compute import FAILED
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_file
from dotlint.report import as_json, concise, full, github, gitlab, junit, markdown, rich_report, sarif
from dotlint.report.outline import outline
from dotlint.server.diagnostics import diagnostics
from dotlint.server.findings import finding_infos
from dotlint.server.messages import Report
from dotlint.server.text import Text
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult

_DEGREES = "pp2ep2tp2sp2"
STRATEGY = Strategy.parse(_DEGREES)
_SYNTAX = Settings(selection=Selection(select=("E",)))
_GITHUB = re.compile(r"(?:::(?:error|warning|notice|debug|group|endgroup)[^\n]*|[^:\n][^\n]*|)\Z")
_LONE_CR = re.compile(r"\r(?!\n)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")


class BrokenPromiseError(AssertionError):
    """Something that has to hold does not."""


def _hold(promise: bool, what: str) -> None:
    if not promise:
        raise BrokenPromiseError(what)


def reading(data: bytes) -> None:
    """Reading loses nothing and its places are in the text."""
    source = Source.from_bytes(data, "fuzz.dot")
    _hold(source.to_bytes() == data, "the bytes come back")
    document = read(source)
    _hold(document.tree.text == source.text, "the tree has the text")
    for problem in document.problems:
        _hold(0 <= problem.start <= problem.end <= len(source.text), "a problem is inside the text")


def _linted(data: bytes, *, strategy: bool, preset: str = "strict") -> FileResult:
    settings = Settings(STRATEGY if strategy else None, "option" if strategy else None, Selection(preset=preset))
    result = lint_file(Source.from_bytes(data, "fuzz.dot"), settings)
    crash = next((f for f in result.findings if f.code == "X001"), None)
    _hold(crash is None, f"no rule crashes: {crash and crash.message} {crash and crash.note}")
    return result


def rules(data: bytes) -> None:
    """All rules with a strategy; the same text has the same findings."""
    result = _linted(data, strategy=True)
    length = len(Source.from_bytes(data, "x").text)
    for finding in result.findings:
        _hold(0 <= finding.start <= finding.end <= length, f"{finding.code} is inside the text")


def fixes(data: bytes) -> None:
    """Fixing twice is fixing once, and a fixed text has no new syntax error and no more errors of any other kind."""
    source = Source.from_bytes(data, "fuzz.dot")
    settings = Settings(STRATEGY, "option")
    first = lint_file(source, settings)
    failed = next((f.help for f in first.findings if f.help and FAILED in f.help), None)
    _hold(failed is None, f"every fix can be worked out: {failed}")
    problems = len(read(source).problems)
    for unsafe in (False, True):
        once = fix_text(source, settings, unsafe=unsafe)
        if not once.changed:
            _hold(once.text == source.text, "nothing changes without a fix")
            continue
        fixed = Source(once.text, "fuzz.dot", source.bom)
        again = fix_text(fixed, settings, unsafe=unsafe)
        _hold(again.text == once.text, "fixing twice is fixing once")
        after = len(read(fixed).problems)
        _hold(after <= problems, "a fix adds no syntax error")
        if not problems:
            new = _errors(lint_file(fixed, settings)) - _errors(first)
            _hold(not new, f"a fix adds no error: {dict(new)}")


def _errors(result: FileResult) -> Counter[str]:
    return Counter(f.code for f in result.findings if f.severity == "error" and not f.caused_by)


def repairs(data: bytes) -> None:
    """Fixes of syntax errors end, leave a text that reads better, and lose no byte of a comment that they keep."""
    source = Source.from_bytes(data, "fuzz.dot")
    before = Counter(problem.code for problem in read(source).problems)
    for unsafe in (False, True):
        once = fix_text(source, _SYNTAX, unsafe=unsafe)
        fixed = Source(once.text, "fuzz.dot", source.bom)
        after = Counter(problem.code for problem in read(fixed).problems)
        _hold(after.total() <= before.total(), "a repair adds no syntax error")
        _hold(once.changed == (once.text != source.text), "a change is told")
        if once.changed:
            _hold(after != before, "a repair repairs")
            _hold(fix_text(fixed, _SYNTAX, unsafe=unsafe).text == once.text, "repairing twice is repairing once")
        _hold(Source.from_bytes(once.data(), "x").text == once.text, "what is written is what was made")


def agreement(data: bytes) -> None:
    """JSON, SARIF, the diagnostics of an editor and a row of a table tell the same findings."""
    settings = Settings(STRATEGY, "option", Selection(preset="strict"))
    source = Source.from_bytes(data, "<row>")
    result = lint_file(source, settings)
    entry = json.loads(as_json.render([result]))["files"][0]
    told = [(one["code"], one["range"]["start"]["line"], one["severity"]) for one in entry["findings"]]
    lines = [json.loads(line) for line in as_json.render_lines([result]).splitlines()]
    _hold([line["fingerprint"] for line in lines] == [one["fingerprint"] for one in entry["findings"]], "JSON lines")
    places = sorted((f.code, *_position(result, at.start)) for f in result.findings for at in f.locations)
    log = json.loads(sarif.render([result], own_cards()))["runs"][0]["results"]
    regions = [(one["ruleId"], one["locations"][0]["physicalLocation"]["region"]) for one in log]
    _hold(sorted((c, r["startLine"], r["startColumn"]) for c, r in regions) == places, "SARIF has each location")
    text = Text(source.text, "utf-32")
    report = Report(finding_infos(result.findings))
    shown = diagnostics("file:///fuzz.dot", text, report, {})
    lines_differ = _LONE_CR.search(source.text) is not None  # it ends a line of an editor, but not of a compiler
    marks = sorted((d.code, 0 if lines_differ else d.range.start.line + 1) for d in shown)
    _hold(marks == [(code, 0 if lines_differ else line) for code, line, _ in places], "the editor")
    row = msgspec.msgpack.decode(_row_linter()(Row(data)))
    if entry.get("error") is None and row["error"] is None:
        found = [(one["code"], one["range"]["start"]["line"], one["severity"]) for one in row["findings"]]
        _hold(found == told, f"a row: {found} {told}")
        _hold(row["verdict"] == entry["verdict"], "the verdict of a row")


def _position(result: FileResult, offset: int) -> tuple[int, int]:
    at = result.source.position(offset)
    return at.line, at.column


@cache
def _row_linter() -> Callable[[Row], bytes]:
    return row_linter(RowOptions(strategy=(_DEGREES,), preset="strict"))


def reports(data: bytes) -> None:
    """Every report can be written and is what its format says."""
    result = _linted(data, strategy=len(data) % 2 == 0)
    json.loads(as_json.render([result])).keys()
    for line in as_json.render_lines([result]).splitlines():
        json.loads(line)
    _hold(json.loads(sarif.render([result], own_cards()))["version"] == "2.1.0", "SARIF 2.1.0")
    _hold(isinstance(json.loads(gitlab.render([result])), list), "a list for GitLab")
    ET.fromstring(junit.render([result]))  # noqa: S314
    for line in github.render([result]).splitlines():
        _hold(_GITHUB.match(line) is not None, f"a GitHub command or text: {line!r}")
    drawn = [outline(result)]
    for text in (
        rich_report.render(drawn, width=80, color=False),
        markdown.render(drawn),
        concise.render([result]),
        full.render([result], width=80, color=False),
    ):
        _hold(_CONTROL.search(text) is None, "nothing that a terminal obeys")


def rows(data: bytes) -> None:
    """A row with any bytes has a result and a fixed text, or a reason; dotlint itself does not fail on it."""
    values = msgspec.msgpack.decode(_fixing_row_linter()(Row(data)))
    _hold("dotlint itself" not in (values["error"] or ""), f"a row: {values['error']}")
    _hold(values["error"] is not None or isinstance(values["fixed"], bytes), "a row has a fixed text")


@cache
def _fixing_row_linter() -> Callable[[Row], bytes]:
    return row_linter(RowOptions(strategy=(_DEGREES,), fix="unsafe"))


def deployments(data: bytes) -> None:
    """Everything of a drawn deployment: its findings, its fixes, and that all surfaces agree."""
    rules(data)
    fixes(data)
    agreement(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (reading, rules, fixes, repairs, reports, agreement, rows, deployments)
}
