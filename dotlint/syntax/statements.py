"""The statements of a body.

A statement that the lexer matched as a whole (`PlainNode`, `PlainEdge`) keeps the match, or only its offset; a
statement that was read token by token keeps its parts. Spans are computed when they are asked for. Statements are not
frozen and compare by identity, and a file may have millions of them.
"""

# ruff: noqa: ARG002 - subclasses ignore arguments

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, cast

from dotlint.syntax.lexemes import AttributeList, Id, Lexeme, NodeRef, attribute_values, plain_attributes, source_offset
from dotlint.syntax.terminals import PORT, statement_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from re import Match

    from dotlint.syntax.lexemes import Attribute

Span = tuple[int, int]
Kind = Literal["node", "edge", "defaults", "assignment", "subgraph"]


class Statement:
    """A statement of a body. `end` is after its `;` if it has one, `core_end` before it."""

    __slots__ = ()
    kind: ClassVar[Kind]
    start: int
    end: int
    core_end: int


class AttributedStatement(Statement):
    """A statement that may have attribute lists."""

    __slots__ = ()

    @property
    def lists(self) -> list[AttributeList]:
        """The attribute lists in order."""
        raise NotImplementedError

    @property
    def attributes(self) -> list[Attribute]:
        """The attributes in order, with their spans."""
        return [attribute for one in self.lists for attribute in one.attributes]

    def values(self) -> dict[str, str]:
        """Return name to value over all lists, as a new dict; the last value wins."""
        found: dict[str, str] = {}
        for one in self.lists:
            found.update(one.values())
        return found


class NodeStatement(AttributedStatement):
    """`a:p, b [...]`: one node or several."""

    __slots__ = ()
    kind = "node"

    @property
    def nodes(self) -> list[NodeRef]:
        """The nodes that it names."""
        raise NotImplementedError


class EdgeStatement(AttributedStatement):
    """`a -> {b c} -> d [...]`: sides, and the operators between them."""

    __slots__ = ()
    kind = "edge"

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The sides, at least two: nodes separated by commas, or a block."""
        raise NotImplementedError

    @property
    def operators(self) -> list[Span]:
        """The span of each `->` or `--`."""
        raise NotImplementedError

    @property
    def bare(self) -> bool:
        """Whether it is known to have neither attributes nor ports."""
        return False

    def step_span(self, step: int) -> Span:
        """Return the span of the two sides around an operator; `step` is its 0-based index."""
        tail, head = self.sides[step : step + 2]
        first = tail.start if isinstance(tail, Block) else tail[0].start
        return first, head.core_end if isinstance(head, Block) else head[-1].end

    def ports(self, step: int) -> tuple[str | None, str | None]:
        """Return the ports of the two sides around an operator; both sides are single nodes."""
        tail, head = self.sides[step : step + 2]
        assert not isinstance(tail, Block)
        assert not isinstance(head, Block)
        return tail[0].port, head[0].port


class PlainStatement(AttributedStatement):
    """A statement that was matched as a whole; `match` has the groups of `terminals.statement_pattern`.

    For a statement without attributes and ports only the offset is kept and matched again on demand: most edges are
    like that, and a match takes as much memory as the rest of an edge. `first` is the spelling of the first id; equal
    spellings in a file are one string.
    """

    __slots__ = ("_match_or_start", "_text", "first")
    _match_or_start: Match[str] | int
    _text: str
    first: str

    def __init__(self, match_or_start: Match[str] | int, text: str, first: str) -> None:
        self._match_or_start = match_or_start
        self._text = text
        self.first = first

    @property
    def match(self) -> Match[str]:
        """The match of the statement."""
        match_or_start = self._match_or_start
        if not isinstance(match_or_start, int):
            return match_or_start
        match = statement_pattern("->").match(self._text, match_or_start)
        if match is None or (match.start(3) < 0) is (type(self) is PlainEdge):
            match = statement_pattern("--").match(self._text, match_or_start)
        return cast("Match[str]", match)

    @property
    def bare(self) -> bool:
        """Whether it has neither attributes nor ports."""
        return isinstance(self._match_or_start, int)

    @property
    def start(self) -> int:  # type: ignore[override]
        """The offset of the first id."""
        match_or_start = self._match_or_start
        return source_offset(self._text, match_or_start if isinstance(match_or_start, int) else match_or_start.start(1))

    @property
    def end(self) -> int:  # type: ignore[override]
        """The offset after the statement and its `;`."""
        return source_offset(self.match.string, self.match.end())

    @property
    def core_end(self) -> int:  # type: ignore[override]
        """The offset after the statement, before its `;`."""
        match = self.match
        return source_offset(match.string, max(match.end(group) for group in (1, 2, 3, 4, 5)))

    @property
    def lists(self) -> list[AttributeList]:
        """The attribute lists in order; consecutive lists count as one here."""
        if isinstance(self._match_or_start, int):
            return []
        match = self._match_or_start
        at, to = match.span(5)
        return [] if at < 0 else [AttributeList(match.string, match.string.index("[", at), to)]

    @property
    def attributes(self) -> list[Attribute]:
        """The attributes in order, with their spans."""
        if isinstance(self._match_or_start, int):
            return []
        at, to = self._match_or_start.span(5)
        return [] if at < 0 else plain_attributes(self._text, at, to)

    def values(self) -> dict[str, str]:
        """Return name to value as a new dict; the last value wins."""
        if isinstance(self._match_or_start, int):
            return {}
        at, to = self._match_or_start.span(5)
        return {} if at < 0 else attribute_values(self._text, at, to)

    def ref(self, group: int) -> NodeRef:
        """Return the node whose id is in `group` and whose port is in the next group."""
        match = self.match
        text = match.string
        ports: tuple[Id, ...] = ()
        if match.start(group + 1) >= 0:
            ports = tuple(Id("ID", text, *port.span(1)) for port in PORT.finditer(text, *match.span(group + 1)))
        return NodeRef(Id("ID", text, *match.span(group)), ports)


class PlainNode(PlainStatement, NodeStatement):
    """`a [...];`, matched as a whole."""

    __slots__ = ()

    @property
    def nodes(self) -> list[NodeRef]:
        """The node."""
        return [self.ref(1)]


class PlainEdge(PlainStatement, EdgeStatement):
    """`a -> b [...];`, matched as a whole; `second` is the spelling of the id of the head."""

    __slots__ = ("second",)
    second: str

    def __init__(self, match_or_start: Match[str] | int, text: str, first: str, second: str) -> None:
        self._match_or_start = match_or_start
        self._text = text
        self.first = first
        self.second = second

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The tail and the head."""
        return [[self.ref(1)], [self.ref(3)]]

    @property
    def operators(self) -> list[Span]:
        """The span of the operator."""
        match = self.match
        at = match.string.index("-", max(match.end(1), match.end(2)))
        return [(source_offset(match.string, at), source_offset(match.string, at + 2))]

    def step_span(self, step: int) -> Span:
        """Return the span of both ends."""
        match = self.match
        return source_offset(match.string, match.start(1)), source_offset(match.string, max(match.end(3), match.end(4)))

    def ports(self, step: int) -> tuple[str | None, str | None]:
        """Return the ports of both ends."""
        if isinstance(self._match_or_start, int) or (
            self._match_or_start.start(2) < 0 and self._match_or_start.start(4) < 0
        ):
            return None, None
        return self.ref(1).port, self.ref(3).port


class TokenStatement(AttributedStatement):
    """A statement that was read token by token: its attribute lists, first and last part, and its `;`."""

    __slots__ = ("attribute_lists", "first", "last", "semicolon")

    def __init__(
        self, attribute_lists: list[AttributeList], first: Lexeme, last: Lexeme | AttributeList | Block
    ) -> None:
        self.attribute_lists = attribute_lists
        self.first = first
        self.last = last
        self.semicolon: Lexeme | None = None

    @property
    def start(self) -> int:  # type: ignore[override]
        """The offset of the first part."""
        return self.first.start

    @property
    def end(self) -> int:  # type: ignore[override]
        """The offset after the statement and its `;`."""
        return self.core_end if self.semicolon is None else self.semicolon.end

    @property
    def core_end(self) -> int:  # type: ignore[override]
        """The offset after the statement, before its `;`."""
        return self.last.end

    @property
    def lists(self) -> list[AttributeList]:
        """The attribute lists in order."""
        return self.attribute_lists


class NodeList(TokenStatement, NodeStatement):
    """A node statement that was read token by token."""

    __slots__ = ("named",)

    def __init__(
        self,
        attribute_lists: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        named: list[NodeRef],
    ) -> None:
        super().__init__(attribute_lists, first, last)
        self.named = named

    @property
    def nodes(self) -> list[NodeRef]:
        """The nodes that it names."""
        return self.named


class Chain(TokenStatement, EdgeStatement):
    """An edge statement that was read token by token."""

    __slots__ = ("arrows", "parts")

    def __init__(
        self,
        attribute_lists: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        parts: list[list[NodeRef] | Block],
        arrows: list[int],
    ) -> None:
        super().__init__(attribute_lists, first, last)
        self.parts = parts
        self.arrows = arrows

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The sides in order."""
        return self.parts

    @property
    def operators(self) -> list[Span]:
        """The span of each operator."""
        text = self.first.text
        return [(source_offset(text, at), source_offset(text, at + 2)) for at in self.arrows]


class DefaultsStatement(TokenStatement):
    """`node [...]`, `edge [...]` or `graph [...]`.

    `macro` is the id in `node x=[...]`, which Graphviz ignores.
    """

    __slots__ = ("macro",)
    kind: ClassVar[Kind] = "defaults"

    def __init__(
        self,
        attribute_lists: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        macro: Id | None,
    ) -> None:
        super().__init__(attribute_lists, first, last)
        self.macro = macro

    @property
    def target(self) -> str:
        """`graph`, `node` or `edge`."""
        return self.first.raw.lower()


class Assignment(TokenStatement):
    """`name=value` in a body: a graph attribute."""

    __slots__ = ("attribute",)
    kind: ClassVar[Kind] = "assignment"

    def __init__(
        self,
        attribute_lists: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        attribute: Attribute,
    ) -> None:
        super().__init__(attribute_lists, first, last)
        self.attribute = attribute

    @property
    def attributes(self) -> list[Attribute]:
        """The attribute."""
        return [self.attribute]

    def values(self) -> dict[str, str]:
        """Return its name and value."""
        return {self.attribute.name.value: self.attribute.value.value}


class Block(TokenStatement):
    """`subgraph id {...}` or `{...}`.

    It is a statement, or a side of an edge statement (then it has no lists and no `;`).
    """

    __slots__ = ("body", "close", "id", "keyword", "open")
    kind: ClassVar[Kind] = "subgraph"

    def __init__(
        self,
        attribute_lists: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        keyword: Lexeme | None,
        id: Id | None,  # noqa: A002 - the name in the grammar
        open: Lexeme,  # noqa: A002 - the name in the grammar
        body: list[Statement],
        close: Lexeme,
    ) -> None:
        super().__init__(attribute_lists, first, last)
        self.keyword = keyword
        self.id = id
        self.open = open
        self.body = body
        self.close = close


def walk_statements(bodies: Sequence[list[Statement]]) -> Iterator[Statement]:
    """Yield every statement of the bodies and of the blocks in them, outer before inner, in document order."""
    todo = [iter(body) for body in reversed(bodies)]
    while todo:
        for statement in todo[-1]:
            yield statement
            inner = blocks(statement)
            if inner:
                todo.extend(iter(block.body) for block in reversed(inner))
                break
        else:
            todo.pop()


def blocks(statement: Statement) -> list[Block]:
    """Return the blocks directly inside a statement: the block itself, or the sides of an edge."""
    if isinstance(statement, Block):
        return [statement]
    if isinstance(statement, Chain):
        return [side for side in statement.parts if isinstance(side, Block)]
    return []
