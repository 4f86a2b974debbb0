"""The lossless tree of a DOT file: graphs, statements and comments with their places in the text.

Nothing is copied out of the text until it is asked for. Every `start` and `end` is an offset in the real text, even
where the parser read an edited copy of it (`dotlint.syntax.source.Edited`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.syntax.lexemes import Attribute, AttributeList, Html, Id, Lexeme, NodeRef, decode
from dotlint.syntax.statements import (
    Assignment,
    AttributedStatement,
    Block,
    Chain,
    Defaults,
    EdgeStatement,
    FineStatement,
    NodeList,
    NodeStatement,
    PlainEdge,
    PlainNode,
    PlainStatement,
    Statement,
    blocks,
    within,
)
from dotlint.syntax.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.problem import Problem
    from dotlint.syntax.source import Source

__all__ = [
    "Assignment",
    "Attribute",
    "AttributeList",
    "AttributedStatement",
    "Block",
    "Chain",
    "Comment",
    "Defaults",
    "EdgeStatement",
    "FineStatement",
    "GraphBlock",
    "Html",
    "Id",
    "Lexeme",
    "NodeList",
    "NodeRef",
    "NodeStatement",
    "PlainEdge",
    "PlainNode",
    "PlainStatement",
    "Statement",
    "Tree",
    "blocks",
    "decode",
    "within",
]

Span = tuple[int, int]


class GraphBlock(Struct, eq=False):
    """`strict digraph id {...}`.

    Where the braces are missing, `open` and `close` are empty lexemes at their place.
    """

    strict: Lexeme | None
    keyword: Lexeme
    id: Id | None
    open: Lexeme
    body: list[Statement]
    close: Lexeme

    @property
    def directed(self) -> bool:
        """Whether it is a digraph."""
        return self.keyword.type == "DIGRAPH"

    @property
    def start(self) -> int:
        """Offset where the header starts."""
        return (self.strict or self.keyword).start

    @property
    def end(self) -> int:
        """Offset after the closing brace."""
        return self.close.end

    @property
    def header(self) -> Span:
        """Start and end of the header, without the brace."""
        return self.start, (self.id or self.keyword).end


class Comment(Struct, frozen=True):
    """A comment: `kind` is how it opens (`//`, `#` or `/*`); `end` is before the LF, or after the `*/`."""

    kind: Literal["//", "#", "/*"]
    start: int
    end: int


class Tree(Struct, eq=False):
    """Everything that was read of a source, and what is wrong with it."""

    source: Source
    graphs: list[GraphBlock] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The source's text."""
        return self.source.text

    def statements(self) -> Iterator[Statement]:
        """Yield every statement of every body, outer before inner, in the order of the text."""
        return within([graph.body for graph in self.graphs])

    def tokens(self) -> Iterator[Lexeme]:
        """Yield every token, blanks and comments too: the `raw` of all of them joined is the text."""
        return tokens(self.source.text)
