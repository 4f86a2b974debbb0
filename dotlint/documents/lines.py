"""The lines of a document, and blocks that are made of whole lines without what precedes the DOT on each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.documents.block import Block, assemble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.documents.block import Piece

_STRATEGY = re.compile(
    r"""(?<![\w-])strategy\s*[=:]\s*(?:"(?P<two>[^"\n]+)"|'(?P<one>[^'\n]+)'|(?P<bare>[^\s,}\]]+))"""
)


class Line(Struct, frozen=True):
    """A line: its offset in the document and its text, without the line end."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """The offset after the text."""
        return self.start + len(self.text)

    def after(self, prefix: int) -> Line:
        """Return the rest of the line after `prefix` characters."""
        return Line(self.start + prefix, self.text[prefix:])


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text; only LF ends a line."""
    found: list[Line] = []
    at = 0
    for line in text.split("\n"):
        found.append(Line(at, line))
        at += len(line) + 1
    return found


def without_indent(lines: Iterable[Line], width: int) -> list[Line]:
    """Return the lines without up to `width` columns of white space at their start; a tab ends at a column of eight."""
    return [line.after(_indent_within(line.text, width)) for line in lines]


def _indent_within(text: str, width: int) -> int:
    column = 0
    for at, char in enumerate(text):
        column = column + 1 if char == " " else (column // 8 + 1) * 8 if char == "\t" else width + 1
        if column > width:
            return at
    return len(text)


def indent_of(text: str) -> int:
    """Return the number of columns of white space at the start of a line."""
    blank = text[: len(text) - len(text.lstrip(" \t"))]
    return len(blank.expandtabs(8))


def block_of(document: str, lines: Sequence[Line], *, before: Iterable[Piece] = (), after: str = "") -> Block | None:
    """Return the block made of lines; None if all are blank.

    `before` are pieces that precede them, and `after` is text that the document implies behind them.
    """
    while lines and not lines[-1].text.strip():
        lines = lines[:-1]
    if not lines:
        return None
    pieces: list[Piece] = [*before]
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        pieces.append((line.start, line.end, None))
        if following is not None:
            pieces.append((line.end, following.start, "\n"))
    if after:
        pieces.append((lines[-1].end, lines[-1].end, after))
    return Block(assemble(document, pieces))


def strategy_pieces(line: Line) -> list[Piece]:
    """Return the comment that declares the strategy which a line states, as in `dot strategy=pp4tp2`."""
    found = _STRATEGY.search(line.text)
    if found is None:
        return []
    start, end = (line.start + at for at in found.span(found.lastgroup or 0))
    return [(start, start, "// dotlint: strategy="), (start, end, None), (end, end, "\n")]
