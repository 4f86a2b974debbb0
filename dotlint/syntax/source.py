"""The text of a file: decoding, and conversion of offsets to lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from dotlint.text.display import short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BOM = "\ufeff"


class Position(NamedTuple):
    """A position in the text: 0-based offset in code points, 1-based line and column; only LF ends a line."""

    offset: int
    line: int
    column: int


class Source(Struct, frozen=True):
    """The text of a file, decoded as UTF-8 with surrogate escapes.

    A leading byte order mark is not part of the text; `bom` is whether there was one.
    """

    text: str
    name: str = "<text>"
    bom: bool = False
    _starts: list[int] = field(default_factory=list)  # offsets of the lines, computed at first use

    def __repr__(self) -> str:
        return f"Source({short_repr(self.name)}, {len(self.text)} characters)"

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "<bytes>") -> Source:
        """Decode the bytes of a file; never fails, and `to_bytes` returns the same bytes."""
        return cls.from_text(data.decode("utf-8", "surrogateescape"), name)

    @classmethod
    def from_text(cls, text: str, name: str = "<text>") -> Source:
        """Create a source from decoded text."""
        return cls(text[1:], name, bom=True) if text.startswith(BOM) else cls(text, name)

    def with_text(self, text: str) -> Source:
        """Return a source of the same file with another text."""
        return Source(text, self.name, self.bom)

    def to_bytes(self) -> bytes:
        """Return the bytes that the text was decoded from."""
        text = BOM + self.text if self.bom else self.text
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # lone surrogates that did not come from decoding bytes
            return text.encode("utf-8", "surrogatepass")

    def position(self, offset: int) -> Position:
        """Return line and column of an offset; offsets outside of the text are clamped."""
        offset = min(max(offset, 0), len(self.text))
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Position(offset, line, offset - starts[line - 1] + 1)

    @property
    def is_ascii(self) -> bool:
        """Whether each character of the text is one byte."""
        return self.text.isascii()

    def byte_column(self, offset: int) -> int:
        """Return the column of an offset in bytes of UTF-8, from 1."""
        at = self.position(offset)
        before = self.text[at.offset - at.column + 1 : at.offset]
        return at.column if before.isascii() else len(before.encode("utf-8", "surrogatepass")) + 1

    def line_hashes(self, lines: Iterable[int]) -> dict[int, str]:
        """Return the hashes by which GitHub recognizes lines, counted from 1."""
        from dotlint.text.line_hashes import line_hashes  # noqa: PLC0415 - a file without findings needs none

        return line_hashes(self.to_bytes(), lines)

    def line_start(self, line: int) -> int:
        """Return the offset of a 1-based line.

        The line after the last one starts at the end of the text.
        """
        starts = self._line_starts()
        return starts[line - 1] if line <= len(starts) else len(self.text)

    def line_text(self, line: int) -> str:
        """Return a 1-based line without its LF (a CR before it is kept); "" if there is no such line."""
        if not 1 <= line <= len(self._line_starts()):
            return ""
        start, end = self.line_start(line), self.line_start(line + 1)
        return self.text[start:end].removesuffix("\n")

    @property
    def line_count(self) -> int:
        """The number of lines; the text after the last LF counts as a line even if it is empty."""
        return len(self._line_starts())

    def _line_starts(self) -> list[int]:
        # Computed at first use: most files have no finding and need no lines.
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(match.end() for match in re.finditer("\n", self.text))
        return self._starts


class Edited(str):
    """A copy of a part of another text (`parent`) with pieces removed or inserted, which can map its offsets back.

    `parent` may be an edited text too. `cuts` are ascending triples (offset here, offset in the parent, end in the
    parent), one for each piece; an inserted piece maps to the position where it was inserted.
    """

    __slots__ = ("cuts", "parent")
    cuts: list[tuple[int, int, int]]
    parent: str

    def parent_offset(self, offset: int) -> int:
        """Return the offset in the parent of an offset in this text."""
        start, origin, limit = self.cuts[max(bisect_right(self.cuts, offset, key=itemgetter(0)) - 1, 0)]
        return min(origin + offset - start, limit)

    def source_offset(self, offset: int) -> int:
        """Return the offset in the source text of an offset in this text."""
        offset = self.parent_offset(offset)
        return self.parent.source_offset(offset) if isinstance(self.parent, Edited) else offset


def edited(text: str, start: int, end: int, edits: Sequence[tuple[int, int, str]]) -> Edited:
    """Return `text[start:end]` with edits applied.

    Edits are (start, end, replacement) with offsets in `text`, ascending and not overlapping.
    """
    pieces: list[str] = []
    cuts: list[tuple[int, int, int]] = []
    length, at = 0, start
    for first, last, replacement in (*edits, (end, end, "")):
        if first > at or last == end:
            cuts.append((length, at, first))
            pieces.append(text[at:first])
            length += first - at
        if replacement:
            cuts.append((length, first, last))
            pieces.append(replacement)
            length += len(replacement)
        at = last
    made = Edited("".join(pieces))
    made.cuts, made.parent = cuts, text
    return made


def visible(text: str) -> str:
    """Return the part of a text that Graphviz reads: it reads lines as C strings, so a NUL hides the rest of its line.

    The LF of that line is hidden too, and a line that starts with NUL ends the file. A text without NUL is returned
    unchanged.
    """
    first = text.find("\0")
    if first < 0:
        return text
    hidden: list[tuple[int, int, str]] = []
    while first >= 0:
        if first == 0 or text[first - 1] == "\n":
            hidden.append((first, len(text), ""))
            break
        stop = text.find("\n", first)
        after = len(text) if stop < 0 else stop + 1
        hidden.append((first, after, ""))
        if text.startswith("\0", after):
            hidden[-1] = (first, len(text), "")
            break
        first = text.find("\0", after)
    return edited(text, 0, len(text), hidden)
