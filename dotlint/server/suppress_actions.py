"""Comments that suppress a finding, as edits of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.engine.finding import Edit
from dotlint.engine.own_cards import by_code
from dotlint.graph.builder import read
from dotlint.suppressions.directives import read_suppressions
from dotlint.suppressions.scope import Lines
from dotlint.syntax.tokens import tokens
from dotlint.syntax.tree import Comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding, Location
    from dotlint.graph.document import Document
    from dotlint.server.references import Mentions
    from dotlint.suppressions.directives import Directive

_MOST_LINES: Final = 60
_MOST_TEXT: Final = 20_000
_MOST_TRIED: Final = 20
_MOST_TO_TRY: Final = 100_000
_MOST_LOCATIONS: Final = 2000  # of a file that get an edit of their own
Edits = tuple[list[Edit | None], Edit | None]


def suppressions(
    document: Document, findings: Sequence[Finding], cards: Sequence[Card], mentions: Mentions
) -> list[Edits]:
    """Return for each finding the edits that suppress it, one for each location and one for the whole file.

    None if no comment can. A comment that applies to the location already gets the rule added.
    """
    if not findings:
        return []
    directives, rules = read_suppressions(document, cards).directives, by_code(cards)
    lines = Lines(document)
    tried = _Tried(document, cards)
    known: dict[tuple[str, int], Edit | None] = {}

    def edit_at(finding: Finding, location: Location) -> Edit | None:
        key = finding.code, location.start
        if key not in known and len(known) < _MOST_LOCATIONS:
            here = _merged(directives, finding, location, "ignore") or _new(
                document, lines, finding, location, mentions
            )
            here = here if here is None or not document.problems or tried.holds(here, finding, location) else None
            known[key] = here
        return known.get(key)

    found: list[Edits] = []
    for finding in findings:
        if rules[finding.code].suppressible == "never":
            found.append(([None for _ in finding.locations], None))
            continue
        everywhere = _merged(directives, finding, finding.locations[0], "ignore-file")
        here = [edit_at(finding, location) for location in finding.locations]
        found.append((here, everywhere or _first_line(document, finding)))
    return found


class _Tried:
    """Comments tried out: where part of a text could not be read, a comment may be part of that, or make another."""

    def __init__(self, document: Document, cards: Sequence[Card]) -> None:
        self._document = document
        self._cards = cards
        self._directives: dict[int, Sequence[Directive]] = {}  # by the place of the comment

    def holds(self, edit: Edit, finding: Finding, location: Location) -> bool:
        """Return whether the comment would take effect; false where there is too much to try out."""
        text = self._document.text
        if edit.start not in self._directives:
            if len(self._directives) == _MOST_TRIED or len(text) > _MOST_TO_TRY:
                return False
            mended = self._document.source.with_text(text[: edit.start] + edit.text + text[edit.end :])
            self._directives[edit.start] = read_suppressions(read(mended), self._cards).directives
        moved = replace(location, start=location.start + (len(edit.text) if edit.start < location.start else 0))
        return any(one.verb == "ignore" and one.reaches(finding, moved) for one in self._directives[edit.start])


def _merged(directives: Sequence[Directive], finding: Finding, location: Location, verb: str) -> Edit | None:
    for directive in directives:
        if directive.verb == verb and directive.words is not None and directive.reaches(finding, location):
            at = directive.brackets[1] - 1
            return Edit(at, at, f", {finding.code}")
    return None


def _first_line(document: Document, finding: Finding) -> Edit:
    end = "\r\n" if document.source.line_text(1).endswith("\r") else "\n"
    return Edit(0, 0, f"// dotlint: ignore-file[{finding.code}]{end}")


def _new(document: Document, lines: Lines, finding: Finding, location: Location, mentions: Mentions) -> Edit | None:
    """Find the first line of the location's statement that a comment can be put behind, and put it there."""
    source = document.source
    first = source.position(location.start).line
    covered = _tokens_over_lines(document.text, mentions.statement_before(location.start), location.start)
    for line in range(first, min(first + _MOST_LINES, source.line_count + 1)):
        end = source.line_start(line) + len(source.line_text(line).removesuffix("\r"))
        if end < location.start or any(start < end < stop for start, stop in covered):
            continue
        on_lines, spans = lines.covered(Comment("//", end, end))
        if finding.section == "syntax":
            spans = [*spans, *on_lines]
        if any(start <= location.start < stop for start, stop in spans):
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
