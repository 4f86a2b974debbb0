"""Which statement a place of the text belongs to, and what of it stays the same when it is laid out anew."""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

from dotlint.regex import regex
from dotlint.syntax.tree import Block

if TYPE_CHECKING:
    from dotlint.graph.model import Document

Span = tuple[int, int]

_TOKEN = regex(
    r"""(?P<gap>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|^\#[^\n]*+)|"(?:\\.|[^"\\])*+"|->|--|[^\s"/\-\[\]{};,=:]++|.""",
    re.DOTALL | re.MULTILINE,
)


def normal(text: str) -> str:
    """Give the tokens of a statement with one blank between them: no comments, no `;` at the end."""
    tokens = [match[0] for match in _TOKEN.finditer(text) if match["gap"] is None]
    while tokens and tokens[-1] in {";", ","}:
        tokens.pop()
    return " ".join(tokens)


class Statements:
    """The statements of a document by place; a block stands for its header, what it holds for itself."""

    def __init__(self, document: Document) -> None:
        self._source = document.source
        spans: list[Span] = [(graph.start, graph.statement.open.end) for graph in document.graphs]
        spans += [
            (statement.start, statement.open.end if isinstance(statement, Block) else statement.end)
            for statement in document.tree.statements()
        ]
        self._spans = sorted(spans)
        self._known = frozenset(spans)

    def at(self, offset: int) -> Span:
        """Give the statement that an offset lies in; outside all of them its line."""
        index = bisect_right(self._spans, offset, key=itemgetter(0)) - 1
        while index >= 0:
            start, end = self._spans[index]
            if offset < end:
                return start, end
            # Only a chain with blocks among its sides reaches past a statement that starts behind it.
            index = index - 1 if index and self._spans[index - 1][1] > offset else -1
        line = self._source.position(offset).line
        return self._source.line_start(line), self._source.line_start(line + 1)

    def normal_at(self, offset: int) -> str:
        """Give the normal form of the statement at an offset; outside all the line, comments too."""
        start, end = self.at(offset)
        text = self._source.text[start:end]
        inside = (start, end) in self._known
        return normal(text) if inside else " ".join(text.split())
