"""A source line with the span that a finding is about, cut to the width of a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.text.display import visible

if TYPE_CHECKING:
    from dotlint.engine.facts import SourceLines

_TAB = "    "


class Frame(Struct, frozen=True):
    """A line of the source, and the columns of a span in it: 0-based code points, `last` exclusive."""

    line: int
    text: str
    first: int
    last: int

    @property
    def whole(self) -> bool:
        """Whether the span is everything that the line has."""
        return self.last - self.first >= len(self.text.strip().rstrip(";,").rstrip())


def frame_of(source: SourceLines, start: int, end: int) -> Frame:
    """Return the line at `start`; a span of several lines is marked to the end of the first one."""
    position = source.position(start)
    text = source.line_text(position.line).removesuffix("\r")
    first = min(position.column - 1, len(text))
    final = source.position(end)
    last = final.column - 1 if final.line == position.line else len(text)
    return Frame(position.line, text, first, max(last, first + 1))


def window(frame: Frame, room: int) -> tuple[str, int, int]:
    """Cut a line to `room` columns around its span; return the text, and the start and end column of the span in it."""
    line, first, last = frame.text, frame.first, frame.last
    cut_left = 0
    if _columns(line[: min(last, len(line))]) > room or _columns(line) > room:
        cut_left = max(0, first - room // 3) if _columns(line[:first]) > room // 2 else 0
    head = "…" if cut_left else ""
    text = head + _expand(line[cut_left:])
    under_from = len(head) + _columns(line[cut_left:first])
    under_to = under_from + _columns(line[first:last] or " ")
    if _width(text) > room:
        while _width(text) > room - 1:
            text = text[: max(1, len(text) - max(1, (_width(text) - room) // 2))]
        text += "…"
        under_to = min(under_to, room)
    return text, under_from, max(under_to, under_from + 1)


def _expand(text: str) -> str:
    return visible(text).replace("\t", _TAB)


def _columns(text: str) -> int:
    return _width(_expand(text))


def _width(text: str) -> int:
    """Return the terminal columns of a printable text: two for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
