"""Insert statements beside existing ones in the style of the file: indentation, line endings and semicolons."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.finding import Edit
from dotlint.text.lines import line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.syntax.tree import Comment, Statement

# What may follow a statement on its line: a separate `;`, and a comment, which may end on a later line.
_REST = regex(r"[ \t]*(?:;[ \t]*)?(?://[^\n\r]*|/\*.*?\*/[ \t]*)?(?=\r?\n|\r?\Z)", re.DOTALL)
_INDENT = regex(r"[ \t]*")


class Style(Struct, frozen=True):
    """How a body is written: `indent` before a statement, `newline` between two, and `end` (`;` or "") after each.

    `lines` is false if several statements share a line.
    """

    indent: str
    newline: str
    end: str
    lines: bool


def newline_at(text: str, offset: int) -> str:
    """Return the line ending in use at `offset`, CR LF or LF; LF for a text of one line."""
    at = text.find("\n", offset)
    if at < 0:
        at = text.rfind("\n", 0, offset)
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def style_of(text: str, statement: Statement) -> Style:
    """Return the style in which a statement is written."""
    start = line_start(text, statement.start)
    indent = _INDENT.match(text, start)
    assert indent is not None
    alone = indent.end() == statement.start and _REST.match(text, statement.end) is not None
    end = ";" if text[statement.core_end : statement.end].endswith(";") else ""
    return Style(indent[0], newline_at(text, statement.end), end, alone)


def head_start(text: str, statement: Statement, comments: Sequence[Comment]) -> int:
    """Return the start of a statement including the comments directly above it, without an empty line between.

    If the statement is the first on its line, that is the start of a line. `comments` are the file's, in order.
    """
    start = line_start(text, statement.start)
    if text[start : statement.start].strip(" \t"):
        return statement.start
    index = bisect_left(comments, start, key=lambda comment: comment.start)
    while index:
        index -= 1
        comment = comments[index]
        first = line_start(text, comment.start)
        if text[comment.end : start].rstrip(" \t\r") != "\n" or text[first : comment.start].strip(" \t"):
            break
        start = first
    return start


def tail_end(text: str, offset: int) -> int | None:
    """Return the end of the line if only a comment follows `offset` on it, else None."""
    rest = _REST.match(text, offset)
    return rest.end() if rest else None


def insert_after(text: str, offset: int, written: Sequence[str], style: Style) -> Edit:
    """Return the insertion of statements after the one that ends at `offset`."""
    at = tail_end(text, offset) if style.lines else None
    if at is None:
        return Edit(offset, offset, "".join(f" {one}{style.end}" for one in written))
    return Edit(at, at, "".join(f"{style.newline}{style.indent}{one}{style.end}" for one in written))


def insert_before(
    text: str, statement: Statement, written: Sequence[str], style: Style, comments: Sequence[Comment]
) -> Edit:
    """Return the insertion of statements before another one, above the comments that belong to it."""
    at = head_start(text, statement, comments)
    if at == line_start(text, at) and style.lines:
        return Edit(at, at, "".join(f"{style.indent}{one}{style.end}{style.newline}" for one in written))
    at = statement.start
    return Edit(at, at, "".join(f"{one}{style.end} " for one in written))
