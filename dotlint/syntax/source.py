"""The text of a file: decoding, and the way from offsets to lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Sequence

BOM = "\ufeff"


class Position(NamedTuple):
    """A place in the text: offset in code points from 0, line and column from 1; a line ends at LF only."""

    offset: int
    line: int
    column: int


class Source(Struct, frozen=True):
    """A file's text, decoded as UTF-8 with surrogate escapes.

    A leading byte order mark is not part of it; `bom` says whether there was one.
    """

    text: str
    name: str = "<text>"
    bom: bool = False
    _starts: list[int] = field(default_factory=list)  # of the lines, once somebody asks

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "<bytes>") -> Source:
        """Decode the bytes of a file; never fails, and `to_bytes` gives the same bytes back."""
        return cls.from_text(data.decode("utf-8", "surrogateescape"), name)

    @classmethod
    def from_text(cls, text: str, name: str = "<text>") -> Source:
        """Take a text that is decoded already."""
        return cls(text[1:], name, bom=True) if text.startswith(BOM) else cls(text, name)

    def with_text(self, text: str) -> Source:
        """Return another text of the same file; its lines are its own."""
        return Source(text, self.name, self.bom)

    def to_bytes(self) -> bytes:
        """Return the bytes the text was decoded from."""
        text = BOM + self.text if self.bom else self.text
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # lone surrogates that no decoder made, in a text given as such
            return text.encode("utf-8", "surrogatepass")

    def position(self, offset: int) -> Position:
        """Return line and column of an offset; one outside of the text is moved to its nearer end."""
        offset = min(max(offset, 0), len(self.text))
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Position(offset, line, offset - starts[line - 1] + 1)

    def line_start(self, line: int) -> int:
        """Return the offset where the 1-based line starts.

        The line after the last starts at the end of the text.
        """
        starts = self._line_starts()
        return starts[line - 1] if line <= len(starts) else len(self.text)

    def line_text(self, line: int) -> str:
        """Return the 1-based line without its LF (a CR before it stays); "" for a line that is not there."""
        if not 1 <= line <= len(self._line_starts()):
            return ""
        start, end = self.line_start(line), self.line_start(line + 1)
        return self.text[start:end].removesuffix("\n")

    @property
    def line_count(self) -> int:
        """The number of lines; what follows the last LF counts as one, even when it is empty."""
        return len(self._line_starts())

    def _line_starts(self) -> list[int]:
        # Made when first asked for: most files have no finding and need no lines.
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(match.end() for match in re.finditer("\n", self.text))
        return self._starts


class Edited(str):
    """A text made from a part of another by leaving out or putting in pieces.

    It knows where each place came from. `parent` is the other text, which may be an edited one too. `cuts`
    are ascending triples (offset here, offset in the parent, end in the parent) of the pieces; a piece that
    was put in stands where it was put.
    """

    __slots__ = ("cuts", "parent")
    cuts: list[tuple[int, int, int]]
    parent: str

    def local(self, offset: int) -> int:
        """Return the offset in the parent that an offset here stands for."""
        start, origin, limit = self.cuts[max(bisect_right(self.cuts, offset, key=itemgetter(0)) - 1, 0)]
        return min(origin + offset - start, limit)

    def origin(self, offset: int) -> int:
        """Return the offset in the real text that an offset here stands for."""
        offset = self.local(offset)
        return self.parent.origin(offset) if isinstance(self.parent, Edited) else offset


def edited(text: str, start: int, end: int, edits: Sequence[tuple[int, int, str]]) -> Edited:
    """Make `text[start:end]` with edits applied.

    They are (start, end, replacement), ascending and apart; offsets are those of `text`.
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
    """Return what Graphviz sees of a text: it reads lines as C strings, so a NUL hides the rest of its line.

    The line's LF is hidden too, and a line that starts with NUL ends the file. A text without NUL is
    given as it is.
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
