"""Comments that suppress a finding, as edits of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.engine.card import by_code
from dotlint.engine.finding import Edit
from dotlint.graph.builder import read
from dotlint.suppressions.directives import read_suppressions
from dotlint.suppressions.scope import Lines
from dotlint.syntax.tokens import tokens
from dotlint.syntax.tree import Comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding
    from dotlint.graph.document import Document
    from dotlint.server.references import Mentions
    from dotlint.suppressions.directives import Directive

_MOST_LINES: Final = 60
_MOST_TEXT: Final = 20_000
_MOST_TRIED: Final = 20
_MOST_TO_TRY: Final = 100_000
Pair = tuple[Edit | None, Edit | None]


def suppressions(
    document: Document, findings: Sequence[Finding], cards: Sequence[Card], mentions: Mentions
) -> list[Pair]:
    """Give for each finding the edit that suppresses it where it stands, and the one for the whole file.

    None where no comment can. A comment that speaks for the place already gets the rule added.
    """
    if not findings:
        return []
    directives, rules = read_suppressions(document, cards).directives, by_code(cards)
    lines = Lines(document)
    tried = _Tried(document, cards)
    found: dict[tuple[str, int], Pair] = {}
    for finding in findings:
        key = finding.code, finding.start
        if rules[finding.code].suppressible == "never":
            found[key] = None, None
        elif key not in found:
            here = _merged(directives, finding, "ignore") or _new(document, lines, finding, mentions)
            here = here if here is None or not document.problems or tried.holds(here, finding) else None
            everywhere = _merged(directives, finding, "ignore-file") or _first_line(document, finding)
            found[key] = here, everywhere
    return [found[finding.code, finding.start] for finding in findings]


class _Tried:
    """Comments tried out: where part of a text could not be read, a comment may be part of that, or make another."""

    def __init__(self, document: Document, cards: Sequence[Card]) -> None:
        self._document = document
        self._cards = cards
        self._directives: dict[int, Sequence[Directive]] = {}  # by the place of the comment

    def holds(self, edit: Edit, finding: Finding) -> bool:
        """Whether the comment would be heard; false where there is too much to try out."""
        text = self._document.text
        if edit.start not in self._directives:
            if len(self._directives) == _MOST_TRIED or len(text) > _MOST_TO_TRY:
                return False
            mended = self._document.source.with_text(text[: edit.start] + edit.text + text[edit.end :])
            self._directives[edit.start] = read_suppressions(read(mended), self._cards).directives
        moved = replace(finding, start=finding.start + (len(edit.text) if edit.start < finding.start else 0))
        return any(one.verb == "ignore" and one.reaches(moved) for one in self._directives[edit.start])


def _merged(directives: Sequence[Directive], finding: Finding, verb: str) -> Edit | None:
    for directive in directives:
        if directive.verb == verb and directive.words is not None and directive.reaches(finding):
            at = directive.brackets[1] - 1
            return Edit(at, at, f", {finding.code}")
    return None


def _first_line(document: Document, finding: Finding) -> Edit:
    end = "\r\n" if document.source.line_text(1).endswith("\r") else "\n"
    return Edit(0, 0, f"// dotlint: ignore-file[{finding.code}]{end}")


def _new(document: Document, lines: Lines, finding: Finding, mentions: Mentions) -> Edit | None:
    """Find the first line of the finding's statement that a comment can be put behind, and put it there."""
    source = document.source
    first = source.position(finding.start).line
    covered = _tokens_over_lines(document.text, mentions.statement_before(finding.start), finding.start)
    for line in range(first, min(first + _MOST_LINES, source.line_count + 1)):
        end = source.line_start(line) + len(source.line_text(line).removesuffix("\r"))
        if end < finding.start or any(start < end < stop for start, stop in covered):
            continue
        on_lines, spans = lines.spoken_for(Comment("//", end, end))
        if finding.section == "syntax":
            spans = [*spans, *on_lines]
        if any(start <= finding.start < stop for start, stop in spans):
            return Edit(end, end, f"  // dotlint: ignore[{finding.code}]")
    return None


def _tokens_over_lines(text: str, since: int, until: int) -> list[tuple[int, int]]:
    """Give the places of strings, markup and comments that go over line ends: no comment fits in there."""
    since = since if until - since < _MOST_TEXT else until
    found = []
    for token in tokens(text[since : until + _MOST_TEXT]):
        if token.type != "BLANK" and "\n" in token.raw:
            found.append((since + token.at, since + token.to))
    return found
