"""The DOT texts of a file: the file itself, or the blocks of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.engine.context import FileContext
    from dotlint.engine.result import FileResult
    from dotlint.syntax.source import Source


class DotText(Struct, frozen=True):
    """A text of DOT from `start` to `end` of a file, with its complete `result`, whose offsets are those of the text.

    `line` returns the line of the file for an offset of the text. `graphs` and `findings` count those before it.
    """

    result: FileResult
    line: Callable[[int], int]
    start: int
    end: int
    graphs: int = 0
    findings: int = 0

    @property
    def context(self) -> FileContext:
        """The parsed text."""
        assert self.result.context is not None
        return self.result.context


def dot_texts(result: FileResult, source: Source) -> Iterator[DotText]:
    """Yield the DOT texts of a file; `source` is its text."""
    if result.context is not None:
        yield DotText(result, lambda offset: source.position(offset).line, 0, len(source.text))
        return
    graphs = findings = 0
    for block in result.blocks:
        text = block.block.text

        def line(offset: int, at: Callable[[int], int] = text.source_offset) -> int:
            return source.position(at(offset)).line

        start, end = text.source_offset(0), text.source_offset(len(text))
        yield DotText(block.result, line, start, end, graphs, findings)
        graphs += block.result.facts.graphs
        findings += len(block.result.findings)
