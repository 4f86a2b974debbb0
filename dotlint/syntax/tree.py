"""The lossless tree of a DOT file: graphs, statements and comments with their spans.

Nothing is copied out of the text until it is asked for. Every `start` and `end` is an offset in the source text, even
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
    DefaultsStatement,
    EdgeStatement,
    NodeList,
    NodeStatement,
    PlainEdge,
    PlainNode,
    PlainStatement,
    Statement,
    TokenStatement,
    blocks,
    walk_statements,
)
from dotlint.syntax.tokens import tokens
from dotlint.text.display import short_repr

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
    "DefaultsStatement",
    "EdgeStatement",
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
    "TokenStatement",
    "Tree",
    "blocks",
    "decode",
    "walk_statements",
]

Span = tuple[int, int]


class GraphBlock(Struct, eq=False):
    """`strict digraph id {...}`.

    Where a brace is missing, `open` or `close` is an empty lexeme at its position.
    """

    strict: Lexeme | None
    keyword: Lexeme
    id: Id | None
    open: Lexeme
    body: list[Statement]
    close: Lexeme

    def __repr__(self) -> str:
        return f"GraphBlock({short_repr(self.id.raw if self.id else None)}, {len(self.body)} statements)"

    @property
    def directed(self) -> bool:
        """Whether it is a digraph."""
        return self.keyword.type == "DIGRAPH"

    @property
    def start(self) -> int:
        """The offset of the header."""
        return (self.strict or self.keyword).start

    @property
    def end(self) -> int:
        """The offset after the closing brace."""
        return self.close.end

    @property
    def header(self) -> Span:
        """The span of the header, without the brace."""
        return self.start, (self.id or self.keyword).end


class Comment(Struct, frozen=True):
    """A comment: `kind` is how it opens (`//`, `#` or `/*`); `end` is before the LF, or after the `*/`."""

    kind: Literal["//", "#", "/*"]
    start: int
    end: int


class Tree(Struct, eq=False):
    """The result of parsing a source, and its syntax problems."""

    source: Source
    graphs: list[GraphBlock] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Tree({self.source!r}, {len(self.graphs)} graphs, {len(self.problems)} problems)"

    @property
    def text(self) -> str:
        """The source's text."""
        return self.source.text

    def statements(self) -> Iterator[Statement]:
        """Yield every statement of every body, outer before inner, in document order."""
        return walk_statements([graph.body for graph in self.graphs])

    def tokens(self) -> Iterator[Lexeme]:
        """Yield every token, including blanks and comments; their `raw` spellings concatenated are the text."""
        return tokens(self.source.text)
