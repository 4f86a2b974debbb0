"""The text of an open document, and the way between dotlint's offsets and an editor's positions.

dotlint counts code points of the whole text, a leading byte order mark left out. An editor counts lines, which end at
LF, CR LF or CR, and in a line units of the encoding that was agreed on: UTF-16 unless it offered another.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final, Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
Place = tuple[int, int]
"""Line and character as the protocol has them, both from 0."""

_ENDS: Final = re.compile(r"\r\n|\r|\n")
BOM: Final = "\ufeff"


class Text:
    """A text that does not change; a change makes another one."""

    __slots__ = ("_starts", "encoding", "shift", "text")

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self.shift = 1 if text.startswith(BOM) else 0  # what dotlint's offsets lack
        self._starts: list[int] | None = None

    @property
    def body(self) -> str:
        """The text that dotlint's offsets count in."""
        return self.text[self.shift :] if self.shift else self.text

    @property
    def starts(self) -> list[int]:
        """The offset in the whole text at which each line starts."""
        if self._starts is None:
            if "\r" in self.text:
                self._starts = [0, *(match.end() for match in _ENDS.finditer(self.text))]
            else:
                lengths = accumulate(map(len, self.text.split("\n")))
                self._starts = [0, *(length + line for line, length in enumerate(lengths, 1))][:-1]
        return self._starts

    def place(self, offset: int) -> Place:
        """Give the position of one of dotlint's offsets; one outside of the text is moved to its nearer end."""
        at = min(max(offset + self.shift, 0), len(self.text))
        line = bisect_right(self.starts, at) - 1
        before = self.text[self.starts[line] : at]
        if before.endswith("\r") and self.text.startswith("\n", at):
            before = before[:-1]  # between CR and LF an editor knows no place
        return line, self._units(before)

    def offset(self, place: Place) -> int:
        """Give dotlint's offset of a position; one behind the end of its line means the end of the line."""
        return max(self._at(place) - self.shift, 0)

    def line_end(self, line: int) -> Place:
        """Give the position behind the last character of a line."""
        start, end = self._content(line)
        return line, self._units(self.text[start:end])

    def changed(self, start: Place, end: Place, new: str) -> Text:
        """Give the text with the part between two positions replaced."""
        first, last = self._at(start), self._at(end)
        return Text(self.text[:first] + new + self.text[max(first, last) :], self.encoding)

    def _at(self, place: Place) -> int:
        line, character = place
        if line < 0 or character < 0:
            return 0 if line < 0 else self._content(line)[0]
        if line >= len(self.starts):
            return len(self.text)
        start, end = self._content(line)
        if self.encoding == "utf-32" or character == 0:
            return min(start + character, end)
        content = self.text[start:end]
        if content.isascii():
            return min(start + character, end)
        for at, char in enumerate(content, start):
            character -= self._units(char)
            if character < 0:  # in the midst of this one: an editor never asks for that
                return at
        return end

    def _content(self, line: int) -> tuple[int, int]:
        """Give start and end of a line without what ends it; a line past the last is empty and at the end."""
        starts, text = self.starts, self.text
        if line >= len(starts):
            return len(text), len(text)
        end = starts[line + 1] if line + 1 < len(starts) else len(text)
        while end > starts[line] and text[end - 1] in "\r\n":
            end -= 1
        return starts[line], end

    def _units(self, part: str) -> int:
        if self.encoding == "utf-32" or part.isascii():
            return len(part)
        if self.encoding == "utf-8":
            return len(part.encode("utf-8", "surrogatepass"))
        return len(part) + sum(char > "\uffff" for char in part)


def carried(old: str, new: str, offset: int) -> int | None:
    """Give the place in `old` that an offset in `new` stands for; None where the text around it was changed.

    Whatever lies between the first and the last difference counts as changed.
    """
    same = alike(old, new)
    if offset <= same:
        return offset
    behind = len(new) - offset
    return len(old) - behind if behind <= _alike_at_end(old, new, min(len(old), len(new)) - same) else None


def alike(one: str, other: str) -> int:
    """Count the code points that two texts start with alike; by halving, since slices compare quickly."""
    low, high = 0, min(len(one), len(other))
    if one is other:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _alike_at_end(one: str, other: str, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
