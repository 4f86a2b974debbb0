"""Edits that insert suppression comments."""

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
    from collections.abc import Iterator, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding, Location
    from dotlint.graph.document import Document
    from dotlint.server.references import Mentions
    from dotlint.suppressions.directives import Directive

_MOST_LINES: Final = 60
_MOST_TEXT: Final = 20_000
_MOST_TRIALS: Final = 20
_MOST_TRIAL_TEXT: Final = 100_000
_MOST_LOCATIONS: Final = 2000  # of a file have an edit
Edits = tuple[list[Edit | None], Edit | None]


def suppressions(
    document: Document, findings: Sequence[Finding], cards: Sequence[Card], mentions: Mentions, reason: str = ""
) -> list[Edits]:
    """Return for each finding the edits that suppress it: one for each location, and one for the whole file.

    An edit is None if no comment can suppress the finding there. If a suppression already applies to the location, the
    edit adds the rule to it; a new comment on a statement ends with the `reason`.
    """
    if not findings:
        return []
    directives, rules = read_suppressions(document, cards).directives, by_code(cards)
    lines = Lines(document)
    trials = _Trials(document, cards)
    known: dict[tuple[str, int], Edit | None] = {}

    def edit_at(finding: Finding, location: Location) -> Edit | None:
        key = finding.code, location.start
        if key not in known and len(known) < _MOST_LOCATIONS:
            edit = _extended(directives, finding, location, "ignore") or _new_comment(
                document, lines, finding, location, mentions, reason
            )
            if edit is not None and document.problems and not trials.takes_effect(edit, finding, location):
                edit = None
            known[key] = edit
        return known.get(key)

    found: list[Edits] = []
    for finding in findings:
        if rules[finding.code].suppressible == "never":
            found.append(([None for _ in finding.locations], None))
            continue
        everywhere = _extended(directives, finding, finding.locations[0], "ignore-file")
        here = [edit_at(finding, location) for location in finding.locations]
        found.append((here, everywhere or _file_comment(document, finding)))
    return found


class _Trials:
    """Trials of comments in an incomplete text, where a comment may be in an unparsed part or cause another one."""

    def __init__(self, document: Document, cards: Sequence[Card]) -> None:
        self._document = document
        self._cards = cards
        self._directives: dict[int, Sequence[Directive]] = {}  # by the offset of the comment

    def takes_effect(self, edit: Edit, finding: Finding, location: Location) -> bool:
        """Return whether the comment would take effect; false if trying it out would take too long."""
        text = self._document.text
        if edit.start not in self._directives:
            if len(self._directives) == _MOST_TRIALS or len(text) > _MOST_TRIAL_TEXT:
                return False
            changed = self._document.source.with_text(text[: edit.start] + edit.text + text[edit.end :])
            self._directives[edit.start] = read_suppressions(read(changed), self._cards).directives
        moved = replace(location, start=location.start + (len(edit.text) if edit.start < location.start else 0))
        return any(one.verb == "ignore" and one.reaches(finding, moved) for one in self._directives[edit.start])


def _extended(directives: Sequence[Directive], finding: Finding, location: Location, verb: str) -> Edit | None:
    for directive in directives:
        if directive.verb == verb and directive.words is not None and directive.reaches(finding, location):
            at = directive.brackets[1] - 1
            return Edit(at, at, f", {finding.code}")
    return None


def _file_comment(document: Document, finding: Finding) -> Edit:
    end = "\r\n" if document.source.line_text(1).endswith("\r") else "\n"
    return Edit(0, 0, f"// dotlint: ignore-file[{finding.code}]{end}")


def _new_comment(
    document: Document, lines: Lines, finding: Finding, location: Location, mentions: Mentions, reason: str
) -> Edit | None:
    """Return the edit that adds a comment to the first line of the location's statement that can have one."""
    source = document.source
    first = source.position(location.start).line
    covered = _covering_spans(document.text, mentions.statement_before(location.start), location.start)
    start, stop = next(covered)
    for line in range(first, min(first + _MOST_LINES, source.line_count + 1)):
        end = source.line_start(line) + len(source.line_text(line).removesuffix("\r"))
        while stop <= end:
            start, stop = next(covered)
        if end < location.start or start < end:
            continue
        on_lines, spans = lines.covered(Comment("//", end, end))
        if finding.section == "syntax":
            spans = [*spans, *on_lines]
        if any(start <= location.start < stop for start, stop in spans):
            return Edit(end, end, f"  // dotlint: ignore[{finding.code}] {reason}".rstrip())
    return None


def _covering_spans(text: str, since: int, until: int) -> Iterator[tuple[int, int]]:
    """Yield a span for each token, and one after all others; inside a span no comment is possible.

    A token of one line has an empty span at its end. Tokens are read as far as the caller needs them, since the end of a
    line is mostly a few tokens away.
    """
    since = since if until - since < _MOST_TEXT else until
    for token in tokens(text[since : until + _MOST_TEXT]):
        if token.type != "BLANK":
            yield since + (token.at if "\n" in token.raw else token.to), since + token.to
    yield len(text) + 1, len(text) + 2
