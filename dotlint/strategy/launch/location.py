"""Where a launch option is written, and the errors that point at it."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - a field of a struct

from msgspec import Struct

from dotlint.strategy.error import StrategyError, error_at


class Source(Struct, frozen=True):
    """A text with launch options; `name` is that of its file, "" for an argument of the command line.

    If a script writes it, `script` is the source of that, and `offsets` has the offset of each character there.
    """

    name: str
    text: str
    script: Source | None = None
    offsets: Sequence[int] = ()

    def at(self, start: int, end: int) -> SourceSpan:
        """Return the location of `text[start:end]`."""
        if self.script is not None and self.offsets:
            last = len(self.offsets) - 1
            return self.script.at(self.offsets[min(start, last)], self.offsets[min(max(start, end - 1), last)] + 1)
        return SourceSpan(self, start, max(end, start + 1))

    def spread(self, offsets: Sequence[int]) -> SourceSpan:
        """Return the location of characters with these offsets, which an escape or a continuation can separate."""
        return self.at(offsets[0], offsets[-1] + 1) if offsets else self.at(0, 1)


class SourceSpan(Struct, frozen=True):
    """A span of a source, in code points."""

    source: Source
    start: int
    end: int

    def __str__(self) -> str:
        line, column, _ = self._line()
        return f"{self.source.name}:{line}:{column}" if self.source.name else f"column {self.start + 1}"

    def mistake(self, what: str, remedy: str = "", suggestion: str | None = None) -> StrategyError:
        """Return the error for a mistake here: with file, line and column, or the column in the argument."""
        length = self.end - self.start
        if not self.source.name:
            return error_at(what, self.source.text, self.start, length=length, remedy=remedy, suggestion=suggestion)
        _, column, line = self._line()
        message = f"{self}: {what}{f': {remedy}' if remedy else ''}"
        return StrategyError(message, text=line, position=column - 1, length=length, suggestion=suggestion)

    def _line(self) -> tuple[int, int, str]:
        """Return the line and column, from 1, and the text of the line."""
        text = self.source.text
        begin = text.rfind("\n", 0, self.start) + 1
        end = text.find("\n", self.start)
        return text.count("\n", 0, self.start) + 1, self.start - begin + 1, text[begin : None if end < 0 else end]
