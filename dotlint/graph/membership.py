"""Helpers of the model: spans, adjacency, and membership in subgraphs."""

# ruff: noqa: SLF001 - these helpers are part of the model

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence
    from re import Match

    from dotlint.syntax.lexemes import Attribute
    from dotlint.syntax.statements import AttributedStatement

Span = tuple[int, int]
Item = TypeVar("Item")


class _Node(Protocol):
    @property
    def index(self) -> int: ...


Member = TypeVar("Member", bound=_Node)


class _Block(Protocol[Member]):
    _direct: dict[str, Member]

    @property
    def children(self) -> Sequence[_Block[Member]]: ...


class _Nested(Protocol):
    @property
    def ancestors(self) -> Iterable[object]: ...


Inner = TypeVar("Inner", bound=_Nested)


def by_node(edges: Sequence[Item], ends: Sequence[int], nodes: int) -> tuple[list[Item], array[int]]:
    """Sort edges by the index of one of their ends, in order within it.

    Returns two flat arrays, because a list for each node would take as much memory as the rest of the node.
    """
    from array import array  # noqa: PLC0415 - not needed to parse a file

    starts = array("q", bytes(8 * (nodes + 1)))
    for end in ends:
        starts[end + 1] += 1
    for index in range(nodes):
        starts[index + 1] += starts[index]
    return [edges[at] for at in sorted(range(len(ends)), key=ends.__getitem__)], starts


def span_of(match: Match[str], group: int) -> Span:
    """Return the span of a group in the source text.

    `match` may be a match in an edited copy that maps its offsets back.
    """
    start, end = match.span(group)
    to_source = getattr(match.string, "source_offset", None)
    return (start, end) if to_source is None else (to_source(start), to_source(end))


def members(subgraph: _Block[Member]) -> list[Member]:
    """Return the nodes of a subgraph and of the subgraphs in it, in order of creation."""
    if not subgraph.children:
        found = subgraph._direct.values()
    else:
        merged: dict[str, Member] = {}
        todo: list[_Block[Member]] = [subgraph]
        while todo:
            one = todo.pop()
            merged.update(one._direct)
            todo.extend(one.children)
        found = merged.values()
    return sorted(found, key=lambda node: node.index)


def innermost(subgraphs: Iterable[Inner]) -> list[Inner]:
    """Return the subgraphs without those that contain another one of them."""
    listed = list(subgraphs)
    if len(listed) < 2:
        return listed
    around: set[int] = set()
    for subgraph in listed:
        for outer in subgraph.ancestors:
            if id(outer) in around:
                break
            around.add(id(outer))
    return [subgraph for subgraph in listed if id(subgraph) not in around]


def last_attribute(statements: Sequence[AttributedStatement], name: str) -> Attribute | None:
    """Return the last attribute of that name in the statements, or None."""
    for statement in reversed(statements):
        for attribute in reversed(statement.attributes):
            if attribute.name.value == name:
                return attribute
    return None
