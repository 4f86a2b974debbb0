"""The lossless tree of a DOT file: statements, ids, attributes and comments with their places in the text.

Nothing is copied out of the text until it is asked for. What the lexer matched in one go (`PlainNode`, `PlainEdge`, plain
attribute lists) keeps the match alone. Every `start` and `end` is an offset in the real text, even where the parser read
an edited copy of it (`dotlint.syntax.source.Edited`). Classes are not frozen and compare by identity: a statement is the
very place it stands at, and a file may have millions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from dotlint.syntax.source import Edited
from dotlint.syntax.terminals import ATTRIBUTE, BETWEEN, PORT, STRING, html_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Match

    from dotlint.syntax.problem import Problem
    from dotlint.syntax.source import Source

Span = tuple[int, int]
Kind = Literal["node", "edge", "defaults", "assignment", "subgraph"]

_STRING = re.compile(STRING)
_ESCAPE = re.compile(r'\\(["\\\n])')
_MEANING = {'"': '"', "\\": "\\\\", "\n": ""}


class Html(str):
    """The text of an HTML-like id or value; unequal to a plain string of the same text, as for Graphviz since 13.0."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Html) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return ~str.__hash__(self)


def decode(raw: str) -> str:
    r"""Give what an id means that is spelled `raw`: a name or number as it is, `"..."` and `<...>` (`Html`) without marks.

    Of the escapes only `\"` (a quote) and `\` before LF (nothing) mean something here; the others are kept as written.
    Pieces joined by `+` give one plain string, HTML pieces among them.
    """
    first = raw[0]
    if first == '"':
        if raw.find('"', 1, -1) < 0:
            return _unescape(raw[1:-1])
    elif first == "<":
        if html_end(raw, 0) == len(raw):
            return Html(raw[1:-1])
    else:
        return raw
    pieces: list[str] = []
    at = 0
    while at < len(raw):
        if raw[at] == '"':
            end = cast("Match[str]", _STRING.match(raw, at)).end()
            pieces.append(_unescape(raw[at + 1 : end - 1]))
        else:
            end = html_end(raw, at)
            pieces.append(raw[at + 1 : end - 1])
        at = cast("Match[str]", BETWEEN.match(raw, end)).end()
    return "".join(pieces)


def _unescape(text: str) -> str:
    if '\\"' not in text and "\\\n" not in text:
        return text
    return _ESCAPE.sub(lambda match: _MEANING[match[1]], text)


def real(text: str, offset: int) -> int:
    """Give the offset in the real text of an offset in the text that was parsed."""
    return text.origin(offset) if isinstance(text, Edited) else offset


def pairs(text: str, start: int, end: int) -> dict[str, str]:
    """Read plain attribute lists that are known to be well-formed; the last value wins."""
    found: dict[str, str] = {}
    for name, value in ATTRIBUTE.findall(text, start, end):
        if name[0] in '"<':
            name = decode(name)  # noqa: PLW2901
        found[name] = decode(value)
    return found


@dataclass(slots=True, eq=False)
class Lexeme:
    """A token, with its place in the text that was parsed; `start` and `end` give it in the real text."""

    type: str
    text: str = field(repr=False)
    at: int
    to: int

    @property
    def start(self) -> int:
        """Offset in the real text."""
        return real(self.text, self.at)

    @property
    def end(self) -> int:
        """Offset in the real text, exclusive."""
        return real(self.text, self.to)

    @property
    def raw(self) -> str:
        """The spelling."""
        return self.text[self.at : self.to]


@dataclass(slots=True, eq=False)
class Id(Lexeme):
    """An id as spelled (`raw`) and as meant (`value`: a `str`, or `Html`)."""

    @property
    def value(self) -> str:
        """What the id means: unquoted, joined, escapes as in the file."""
        return decode(self.raw)

    @property
    def html(self) -> bool:
        """Whether it is spelled `<...>` and is one piece."""
        return isinstance(self.value, Html)

    @property
    def quoted(self) -> bool:
        """Whether it is spelled with quotes."""
        return self.text.startswith('"', self.at)


@dataclass(slots=True, eq=False)
class Attribute:
    """`name=value` in an attribute list or as a statement of its own."""

    name: Id
    value: Id

    @property
    def start(self) -> int:
        """Offset of the name."""
        return self.name.start

    @property
    def end(self) -> int:
        """Offset after the value."""
        return self.value.end


@dataclass(slots=True, eq=False)
class AttributeList:
    """One `[...]`. A plain one is read again when its attributes are asked for; else they are kept in `given`."""

    text: str = field(repr=False)
    at: int
    to: int
    given: list[Attribute] | None = None

    @property
    def start(self) -> int:
        """Offset of the `[`."""
        return real(self.text, self.at)

    @property
    def end(self) -> int:
        """Offset after the `]`."""
        return real(self.text, self.to)

    @property
    def attributes(self) -> list[Attribute]:
        """The attributes in order."""
        return plain_attributes(self.text, self.at, self.to) if self.given is None else self.given

    def values(self) -> dict[str, str]:
        """Name -> value, the last value wins."""
        if self.given is None:
            return pairs(self.text, self.at, self.to)
        return {attribute.name.value: attribute.value.value for attribute in self.given}


def plain_attributes(text: str, start: int, end: int) -> list[Attribute]:
    """Read the places of plain attribute lists that are known to be well-formed."""
    return [
        Attribute(Id("ID", text, *match.span(1)), Id("ID", text, *match.span(2)))
        for match in ATTRIBUTE.finditer(text, start, end)
    ]


@dataclass(slots=True, eq=False)
class NodeRef:
    """A node as a statement names it, with its port and compass ids."""

    id: Id
    ports: tuple[Id, ...] = ()

    @property
    def port(self) -> str | None:
        """`port` or `port:compass`, else None."""
        return ":".join([port.value for port in self.ports]) if self.ports else None

    @property
    def start(self) -> int:
        """Offset of the id."""
        return self.id.start

    @property
    def end(self) -> int:
        """Offset after the id and its ports."""
        return (self.ports[-1] if self.ports else self.id).end


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
        """Give the ports of a step whose sides are single nodes."""
        tail, head = self.sides[step : step + 2]
        assert not isinstance(tail, Block)
        assert not isinstance(head, Block)
        return tail[0].port, head[0].port


class _Plain(AttributedStatement):
    """A statement that was matched in one go; the groups are those of `terminals.statement_pattern`."""

    __slots__ = ("match",)
    match: Match[str]

    def __init__(self, match: Match[str]) -> None:
        self.match = match

    @property
    def start(self) -> int:  # type: ignore[override]
        """Offset of the first id."""
        return real(self.match.string, self.match.start(1))

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
        match = self.match
        at, to = match.span(5)
        return [] if at < 0 else [AttributeList(match.string, match.string.index("[", at), to)]

    @property
    def attributes(self) -> list[Attribute]:
        """All its attributes in order, with their places."""
        at, to = self.match.span(5)
        return [] if at < 0 else plain_attributes(self.match.string, at, to)

    def values(self) -> dict[str, str]:
        """Name -> value, the last value wins; a new dict."""
        at, to = self.match.span(5)
        return {} if at < 0 else pairs(self.match.string, at, to)

    def ref(self, group: int) -> NodeRef:
        """Give the node whose id is in `group` and whose port is in the next."""
        match = self.match
        text = match.string
        ports: tuple[Id, ...] = ()
        if match.start(group + 1) >= 0:
            ports = tuple(Id("ID", text, *port.span(1)) for port in PORT.finditer(text, *match.span(group + 1)))
        return NodeRef(Id("ID", text, *match.span(group)), ports)


class PlainNode(_Plain, NodeStatement):
    """`a [...];` matched in one go."""

    __slots__ = ()

    @property
    def nodes(self) -> list[NodeRef]:
        """The one node."""
        return [self.ref(1)]


class PlainEdge(_Plain, EdgeStatement):
    """`a -> b [...];` matched in one go."""

    __slots__ = ()

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

    def step_span(self, step: int) -> Span:  # noqa: ARG002
        """Start and end of the two ends."""
        match = self.match
        return real(match.string, match.start(1)), real(match.string, max(match.end(3), match.end(4)))

    def ports(self, step: int) -> tuple[str | None, str | None]:  # noqa: ARG002
        """Give both ends' ports."""
        if self.match.start(2) < 0 and self.match.start(4) < 0:
            return None, None
        return self.ref(1).port, self.ref(3).port


@dataclass(slots=True, eq=False)
class _Fine(AttributedStatement):
    """A statement that was read token by token; `at`, `core_to` and `to` are offsets in the text that was parsed."""

    text: str = field(repr=False)
    at: int
    core_to: int
    to: int
    given: list[AttributeList]

    @property
    def start(self) -> int:  # type: ignore[override]
        """Offset where it starts."""
        return real(self.text, self.at)

    @property
    def end(self) -> int:  # type: ignore[override]
        """Offset after it and its `;`."""
        return real(self.text, self.to)

    @property
    def core_end(self) -> int:  # type: ignore[override]
        """Offset after the last thing that is not the `;`."""
        return real(self.text, self.core_to)

    @property
    def lists(self) -> list[AttributeList]:
        """Its `[...]` in order."""
        return self.given


@dataclass(slots=True, eq=False)
class NodeList(_Fine, NodeStatement):
    """A node statement that was read token by token."""

    named: list[NodeRef]

    @property
    def nodes(self) -> list[NodeRef]:
        """The nodes that it names."""
        return self.named


@dataclass(slots=True, eq=False)
class Chain(_Fine, EdgeStatement):
    """An edge statement that was read token by token."""

    parts: list[list[NodeRef] | Block]
    arrows: list[Lexeme]

    @property
    def sides(self) -> list[list[NodeRef] | Block]:
        """The sides in order."""
        return self.parts

    @property
    def operators(self) -> list[Span]:
        """The place of each operator."""
        return [(arrow.start, arrow.end) for arrow in self.arrows]


@dataclass(slots=True, eq=False)
class Defaults(_Fine):
    """`node [...]`, `edge [...]`, `graph [...]`; `macro` is the id of `node x=[...]`, which Graphviz reads past."""

    kind: ClassVar[Kind] = "defaults"
    keyword: Lexeme
    macro: Id | None = None

    @property
    def target(self) -> str:
        """`graph`, `node` or `edge`."""
        return self.keyword.raw.lower()


@dataclass(slots=True, eq=False)
class Assignment(_Fine):
    """`name=value` in a body: a graph attribute."""

    kind: ClassVar[Kind] = "assignment"
    attribute: Attribute

    @property
    def attributes(self) -> list[Attribute]:
        """The one attribute."""
        return [self.attribute]

    def values(self) -> dict[str, str]:
        """Its name and value."""
        return {self.attribute.name.value: self.attribute.value.value}


@dataclass(slots=True, eq=False)
class Block(_Fine):
    """`subgraph id {...}` or `{...}`: a statement, or a side of an edge statement (then it has no lists and no `;`)."""

    kind: ClassVar[Kind] = "subgraph"
    keyword: Lexeme | None
    id: Id | None
    open: Lexeme
    body: list[Statement] = field(repr=False)
    close: Lexeme


@dataclass(slots=True, eq=False)
class GraphBlock:
    """`strict digraph id {...}`. Where the braces are missing, `open` and `close` are empty lexemes at their place."""

    strict: Lexeme | None
    keyword: Lexeme
    id: Id | None
    open: Lexeme
    body: list[Statement] = field(repr=False)
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


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: `kind` is how it opens (`//`, `#` or `/*`); `end` is before the LF, or after the `*/`."""

    kind: Literal["//", "#", "/*"]
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Tree:
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
        """Give every statement of every body, outer before inner, in the order of the text."""
        bodies = [iter(graph.body) for graph in reversed(self.graphs)]
        while bodies:
            for statement in bodies[-1]:
                yield statement
                inner = blocks(statement)
                if inner:
                    bodies.extend(iter(block.body) for block in reversed(inner))
                    break
            else:
                bodies.pop()

    def tokens(self) -> Iterator[Lexeme]:
        """Give every token of the text, blanks and comments too, so that the `raw` of all joined is the text."""
        from dotlint.syntax.tokens import tokens  # noqa: PLC0415  # the lexer knows the tree, not the other way round

        return tokens(self.source.text)


def blocks(statement: Statement) -> list[Block]:
    """Give the blocks right inside a statement: itself, or the sides of an edge."""
    if isinstance(statement, Block):
        return [statement]
    if isinstance(statement, Chain):
        return [side for side in statement.parts if isinstance(side, Block)]
    return []
