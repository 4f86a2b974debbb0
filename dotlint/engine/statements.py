"""Find the statement at an offset, and its normal form, which does not depend on formatting."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from dotlint.syntax.tree import Block, Chain, blocks
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph
    from dotlint.syntax.tree import Statement

Span = tuple[int, int]

_TOKEN = regex(
    r"""(?P<gap>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|^\#[^\n]*+)|"(?:\\.|[^"\\])*+"|->|--|[^\s"/\-\[\]{};,=:]++|.""",
    re.DOTALL | re.MULTILINE,
)


def normal(text: str) -> str:
    """Return the tokens of a statement with single blanks between them, without comments and the final `;`."""
    tokens = [match[0] for match in _TOKEN.finditer(text) if match["gap"] is None]
    while tokens and tokens[-1] in {";", ","}:
        tokens.pop()
    return " ".join(tokens)


def _span(one: Graph | Statement) -> Span:
    opened = one if isinstance(one, Block) else getattr(one, "statement", None)
    return one.start, one.end if opened is None else opened.open.end


class Statements:
    """The statements of a document by offset; of a block only the header counts as its statement."""

    def __init__(self, document: Document) -> None:
        self._source = document.source
        # Only starts are used here: the end of a statement is computed when first used, which is slow.
        found: list[Graph | Statement] = [*document.graphs, *document.tree.statements()]
        starts = [one.start for one in found]
        order = sorted(range(len(found)), key=starts.__getitem__)
        self._found = [found[index] for index in order]
        self._starts = [starts[index] for index in order]

    def at(self, offset: int) -> Span:
        """Return the span of the statement at an offset; if there is none, of the line."""
        return self._at(offset) or self._line(offset)

    def _at(self, offset: int) -> Span | None:
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        # A statement can start with a block, at the same offset: the longer one counts.
        first = bisect_left(self._starts, self._starts[index], 0, index + 1)
        start, end = max(_span(one) for one in self._found[first : index + 1])
        return (start, end) if offset < end else self._chain_around(offset)

    def _chain_around(self, offset: int) -> Span | None:
        """Return the innermost chain around an offset; chains with blocks as sides can be nested."""
        index = bisect_right(self._chains, offset, key=itemgetter(0)) - 1
        while index >= 0:
            start, end, around = self._chains[index]
            if offset < end:
                return start, end
            index = around
        return None

    @cached_property
    def _chains(self) -> list[tuple[int, int, int]]:
        """The chains with blocks as sides: start, end, and the index of the enclosing chain or -1."""
        found: list[tuple[int, int, int]] = []
        around: list[int] = []
        for one in self._found:
            if isinstance(one, Chain) and blocks(one):
                while around and found[around[-1]][1] <= one.start:
                    around.pop()
                found.append((one.start, one.end, around[-1] if around else -1))
                around.append(len(found) - 1)
        return found

    def _line(self, offset: int) -> Span:
        line = self._source.position(offset).line
        return self._source.line_start(line), self._source.line_start(line + 1)

    def normal_at(self, offset: int) -> str:
        """Return the normal form of the statement at an offset; if there is none, the line with single blanks."""
        span = self._at(offset)
        start, end = span or self._line(offset)
        if (start, end) not in self._normal:  # thousands of findings may be in one statement
            text = self._source.text[start:end]
            self._normal[start, end] = normal(text) if span else " ".join(text.split())
        return self._normal[start, end]

    @cached_property
    def _normal(self) -> dict[Span, str]:
        return {}
