"""The statements of a body.

What the lexer matched in one go (`PlainNode`, `PlainEdge`) keeps the match, or less; what was read token by token keeps
its parts. Places are worked out when they are asked for. Not frozen and compared by identity: a statement is the very
place it stands at, and a file may have millions.
"""

# ruff: noqa: ARG002 - the model and what works it out are one thing

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, cast

from dotlint.syntax.lexemes import AttributeList, Id, Lexeme, NodeRef, pairs, plain_attributes, real
from dotlint.syntax.terminals import PORT, statement_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from re import Match

    from dotlint.syntax.lexemes import Attribute

Span = tuple[int, int]
Kind = Literal["node", "edge", "defaults", "assignment", "subgraph"]


class Statement:
    """What stands in a body. `end` is after its `;` where it has one, `core_end` before."""

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
        """Its `[...]` in order."""
        raise NotImplementedError

    @property
    def attributes(self) -> list[Attribute]:
        """All its attributes in order, with their places."""
        return [attribute for one in self.lists for attribute in one.attributes]

    def values(self) -> dict[str, str]:
        """Name -> value over all its lists, the last value wins; a new dict."""
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
    """`a -> {b c} -> d [...]`: sides, and operators between them."""

    __slots__ = ()
    kind = "edge"

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The sides, at least two: nodes by comma, or a block."""
        raise NotImplementedError

    @property
    def operators(self) -> list[Span]:
        """The place of each `->` or `--`."""
        raise NotImplementedError

    def step_span(self, step: int) -> Span:
        """Start and end of the two sides around the `step`-th operator (from 0)."""
        tail, head = self.sides[step : step + 2]
        first = tail.start if isinstance(tail, Block) else tail[0].start
        return first, head.core_end if isinstance(head, Block) else head[-1].end

    def ports(self, step: int) -> tuple[str | None, str | None]:
        """Return the ports of a step whose sides are single nodes."""
        tail, head = self.sides[step : step + 2]
        assert not isinstance(tail, Block)
        assert not isinstance(head, Block)
        return tail[0].port, head[0].port


class PlainStatement(AttributedStatement):
    """A statement that was matched in one go: `match` has the groups of `terminals.statement_pattern`.

    Of a statement without attributes and ports only the place is kept, since most edges are like that and a
    match takes as much room as all the rest of an edge; it is matched again when asked for. `first` is the
    id, as spelled; the same ids of a file are one string.
    """

    __slots__ = ("_place", "_text", "first")
    _place: Match[str] | int
    _text: str
    first: str

    def __init__(self, place: Match[str] | int, text: str, first: str) -> None:
        self._place = place
        self._text = text
        self.first = first

    @property
    def match(self) -> Match[str]:
        """The match that found the statement."""
        place = self._place
        if not isinstance(place, int):
            return place
        match = statement_pattern("->").match(self._text, place)
        if match is None or (match.start(3) < 0) is (type(self) is PlainEdge):
            match = statement_pattern("--").match(self._text, place)
        return cast("Match[str]", match)

    @property
    def bare(self) -> bool:
        """Whether it has neither attributes nor ports."""
        return isinstance(self._place, int)

    @property
    def start(self) -> int:  # type: ignore[override]
        """Offset of the first id."""
        place = self._place
        return real(self._text, place if isinstance(place, int) else place.start(1))

    @property
    def end(self) -> int:  # type: ignore[override]
        """Offset after the statement and its `;`."""
        return real(self.match.string, self.match.end())

    @property
    def core_end(self) -> int:  # type: ignore[override]
        """Offset after the last thing that is not the `;`."""
        match = self.match
        return real(match.string, max(match.end(group) for group in (1, 2, 3, 4, 5)))

    @property
    def lists(self) -> list[AttributeList]:
        """Its `[...]` in order; several that follow each other count as one here."""
        if isinstance(self._place, int):
            return []
        match = self._place
        at, to = match.span(5)
        return [] if at < 0 else [AttributeList(match.string, match.string.index("[", at), to)]

    @property
    def attributes(self) -> list[Attribute]:
        """All its attributes in order, with their places."""
        if isinstance(self._place, int):
            return []
        at, to = self._place.span(5)
        return [] if at < 0 else plain_attributes(self._text, at, to)

    def values(self) -> dict[str, str]:
        """Name -> value, the last value wins; a new dict."""
        if isinstance(self._place, int):
            return {}
        at, to = self._place.span(5)
        return {} if at < 0 else pairs(self._text, at, to)

    def ref(self, group: int) -> NodeRef:
        """Return the node whose id is in `group` and whose port is in the next."""
        match = self.match
        text = match.string
        ports: tuple[Id, ...] = ()
        if match.start(group + 1) >= 0:
            ports = tuple(Id("ID", text, *port.span(1)) for port in PORT.finditer(text, *match.span(group + 1)))
        return NodeRef(Id("ID", text, *match.span(group)), ports)


class PlainNode(PlainStatement, NodeStatement):
    """`a [...];` matched in one go."""

    __slots__ = ()

    @property
    def nodes(self) -> list[NodeRef]:
        """The one node."""
        return [self.ref(1)]


class PlainEdge(PlainStatement, EdgeStatement):
    """`a -> b [...];` matched in one go; `second` is the other end's id, as spelled."""

    __slots__ = ("second",)
    second: str

    def __init__(self, place: Match[str] | int, text: str, first: str, second: str) -> None:
        self._place = place
        self._text = text
        self.first = first
        self.second = second

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The two ends."""
        return [[self.ref(1)], [self.ref(3)]]

    @property
    def operators(self) -> list[Span]:
        """The place of the operator."""
        match = self.match
        at = match.string.index("-", max(match.end(1), match.end(2)))
        return [(real(match.string, at), real(match.string, at + 2))]

    def step_span(self, step: int) -> Span:
        """Start and end of the two ends."""
        match = self.match
        return real(match.string, match.start(1)), real(match.string, max(match.end(3), match.end(4)))

    def ports(self, step: int) -> tuple[str | None, str | None]:
        """Return both ends' ports."""
        if isinstance(self._place, int) or (self._place.start(2) < 0 and self._place.start(4) < 0):
            return None, None
        return self.ref(1).port, self.ref(3).port


class FineStatement(AttributedStatement):
    """A statement that was read token by token: its lists, first and last part, and its `;`."""

    __slots__ = ("first", "given", "last", "semicolon")

    def __init__(self, given: list[AttributeList], first: Lexeme, last: Lexeme | AttributeList | Block) -> None:
        self.given = given
        self.first = first
        self.last = last
        self.semicolon: Lexeme | None = None

    @property
    def start(self) -> int:  # type: ignore[override]
        """Offset where it starts."""
        return self.first.start

    @property
    def end(self) -> int:  # type: ignore[override]
        """Offset after it and its `;`."""
        return self.core_end if self.semicolon is None else self.semicolon.end

    @property
    def core_end(self) -> int:  # type: ignore[override]
        """Offset after the last thing that is not the `;`."""
        return self.last.end

    @property
    def lists(self) -> list[AttributeList]:
        """Its `[...]` in order."""
        return self.given


class NodeList(FineStatement, NodeStatement):
    """A node statement that was read token by token."""

    __slots__ = ("named",)

    def __init__(
        self,
        given: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        named: list[NodeRef],
    ) -> None:
        super().__init__(given, first, last)
        self.named = named

    @property
    def nodes(self) -> list[NodeRef]:
        """The nodes that it names."""
        return self.named


class Chain(FineStatement, EdgeStatement):
    """An edge statement that was read token by token."""

    __slots__ = ("arrows", "parts")

    def __init__(
        self,
        given: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        parts: list[list[NodeRef] | Block],
        arrows: list[int],
    ) -> None:
        super().__init__(given, first, last)
        self.parts = parts
        self.arrows = arrows

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The sides in order."""
        return self.parts

    @property
    def operators(self) -> list[Span]:
        """The place of each operator."""
        text = self.first.text
        return [(real(text, at), real(text, at + 2)) for at in self.arrows]


class Defaults(FineStatement):
    """`node [...]`, `edge [...]`, `graph [...]`.

    `macro` is the id of `node x=[...]`, which Graphviz reads past.
    """

    __slots__ = ("macro",)
    kind: ClassVar[Kind] = "defaults"

    def __init__(
        self,
        given: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        macro: Id | None,
    ) -> None:
        super().__init__(given, first, last)
        self.macro = macro

    @property
    def target(self) -> str:
        """`graph`, `node` or `edge`."""
        return self.first.raw.lower()


class Assignment(FineStatement):
    """`name=value` in a body: a graph attribute."""

    __slots__ = ("attribute",)
    kind: ClassVar[Kind] = "assignment"

    def __init__(
        self,
        given: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        attribute: Attribute,
    ) -> None:
        super().__init__(given, first, last)
        self.attribute = attribute

    @property
    def attributes(self) -> list[Attribute]:
        """The one attribute."""
        return [self.attribute]

    def values(self) -> dict[str, str]:
        """Its name and value."""
        return {self.attribute.name.value: self.attribute.value.value}


class Block(FineStatement):
    """`subgraph id {...}` or `{...}`.

    A statement, or a side of an edge statement (then it has no lists and no `;`).
    """

    __slots__ = ("body", "close", "id", "keyword", "open")
    kind: ClassVar[Kind] = "subgraph"

    def __init__(
        self,
        given: list[AttributeList],
        first: Lexeme,
        last: Lexeme | AttributeList | Block,
        keyword: Lexeme | None,
        id: Id | None,  # noqa: A002 - what it is called
        open: Lexeme,  # noqa: A002 - likewise
        body: list[Statement],
        close: Lexeme,
    ) -> None:
        super().__init__(given, first, last)
        self.keyword = keyword
        self.id = id
        self.open = open
        self.body = body
        self.close = close


def within(bodies: Sequence[list[Statement]]) -> Iterator[Statement]:
    """Yield every statement of bodies and of the blocks in them, outer before inner, in the order of the text."""
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
    """Return the blocks right inside a statement: itself, or the sides of an edge."""
    if isinstance(statement, Block):
        return [statement]
    if isinstance(statement, Chain):
        return [side for side in statement.parts if isinstance(side, Block)]
    return []
