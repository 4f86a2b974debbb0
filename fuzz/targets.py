"""What is tried with a text, and what has to hold of every answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # what is read is what was written here

from dotlint.engine.own_cards import own_cards
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.graph.builder import read
from dotlint.pipeline.compute import FAILED
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_file
from dotlint.report import as_json, concise, full, github, gitlab, junit, markdown, rich_report, sarif
from dotlint.report.outline import outline
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult

STRATEGY = Strategy.parse("pp2ep2tp2sp2")
_GITHUB = re.compile(r"(?:::(?:error|warning|notice|debug|group|endgroup)[^\n]*|[^:\n][^\n]*|)\Z")
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
    """Fixing twice is fixing once, and a fixed text has no new syntax error."""
    source = Source.from_bytes(data, "fuzz.dot")
    settings = Settings(STRATEGY, "option")
    failed = next((f.help for f in lint_file(source, settings).findings if f.help and FAILED in f.help), None)
    _hold(failed is None, f"every fix can be worked out: {failed}")
    for unsafe in (False, True):
        once = fix_text(source, settings, unsafe=unsafe)
        again = fix_text(Source(once.text, "fuzz.dot", source.bom), settings, unsafe=unsafe)
        _hold(again.text == once.text, "fixing twice is fixing once")
        before, after = (len(read(Source.from_text(t, "x")).problems) for t in (source.text, once.text))
        _hold(after <= before, "a fix adds no syntax error")


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


TARGETS: dict[str, Callable[[bytes], None]] = {"reading": reading, "rules": rules, "fixes": fixes, "reports": reports}
