"""The text of an open document, and the conversion between offsets and the editor's positions.

An offset counts code points from the start of the text, without a leading byte order mark. A position has a line, which
ends with LF, CR LF or CR, and a character in code units of the negotiated encoding, by default UTF-16.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final, Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
TextPosition = tuple[int, int]
"""Line and character of the protocol, both from 0."""

_ENDS: Final = re.compile(r"\r\n|\r|\n")
BOM: Final = "\ufeff"


class Text:
    """An immutable text; a change returns a new one."""

    __slots__ = ("_starts", "encoding", "shift", "text")

    def __init__(self, text: str, encoding: Encoding = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self.shift = 1 if text.startswith(BOM) else 0  # the byte order mark, which offsets do not count
        self._starts: list[int] | None = None

    @property
    def body(self) -> str:
        """The text that offsets refer to."""
        return self.text[self.shift :] if self.shift else self.text

    @property
    def starts(self) -> list[int]:
        """The index in `text` at which each line starts."""
        if self._starts is None:
            if "\r" in self.text:
                self._starts = [0, *(match.end() for match in _ENDS.finditer(self.text))]
            else:
                lengths = accumulate(map(len, self.text.split("\n")))
                self._starts = [0, *(length + line for line, length in enumerate(lengths, 1))][:-1]
        return self._starts

    def position(self, offset: int) -> TextPosition:
        """Return the position of an offset; an offset outside of the text is clamped."""
        at = min(max(offset + self.shift, 0), len(self.text))
        line = bisect_right(self.starts, at) - 1
        before = self.text[self.starts[line] : at]
        if before.endswith("\r") and self.text.startswith("\n", at):
            before = before[:-1]  # the protocol has no position between CR and LF
        return line, self._units(before)

    def offset(self, position: TextPosition) -> int:
        """Return the offset of a position; a character beyond the line end is the line end."""
        return max(self._index(position) - self.shift, 0)

    def line_end(self, line: int) -> TextPosition:
        """Return the position after the last character of a line."""
        start, end = self._line_bounds(line)
        return line, self._units(self.text[start:end])

    def changed(self, start: TextPosition, end: TextPosition, new: str) -> Text:
        """Return the text with the part between two positions replaced."""
        first, last = self._index(start), self._index(end)
        return Text(self.text[:first] + new + self.text[max(first, last) :], self.encoding)

    def _index(self, position: TextPosition) -> int:
        line, character = position
        if line < 0 or character < 0:
            return 0 if line < 0 else self._line_bounds(line)[0]
        if line >= len(self.starts):
            return len(self.text)
        start, end = self._line_bounds(line)
        if self.encoding == "utf-32" or character == 0:
            return min(start + character, end)
        content = self.text[start:end]
        if content.isascii():
            return min(start + character, end)
        for at, char in enumerate(content, start):
            character -= self._units(char)
            if character < 0:  # inside a surrogate pair or byte sequence
                return at
        return end

    def _line_bounds(self, line: int) -> tuple[int, int]:
        """Return start and end of a line without its line ending; a line after the last is empty and at the end."""
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


def offset_before_change(old: str, new: str, offset: int) -> int | None:
    """Return the offset in `old` for an offset in `new`; None if the text there was changed.

    The part between the first and the last difference counts as changed.
    """
    same = common_prefix(old, new)
    if offset <= same:
        return offset
    behind = len(new) - offset
    return len(old) - behind if behind <= common_suffix(old, new, min(len(old), len(new)) - same) else None


def common_prefix(one: str, other: str) -> int:
    """Return the length of the common prefix of two texts; binary search, since slices compare quickly."""
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


def common_suffix(one: str, other: str, most: int) -> int:
    """Return the length of the common suffix of two texts, which is at most `most`."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
