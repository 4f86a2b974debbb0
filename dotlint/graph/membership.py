"""What the model works out about places and membership."""

# ruff: noqa: SLF001 - the model and what works it out are one thing

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence
    from re import Match

    from dotlint.graph.model import Edge, Node, Subgraph
    from dotlint.syntax.lexemes import Attribute
    from dotlint.syntax.statements import AttributedStatement

Span = tuple[int, int]
ByNode = tuple["list[Edge]", "array[int]"]
"""All edges, those of a node side by side, and by the node's index where they start (and those before end)."""


def by_node(edges: Sequence[Edge], ends: Sequence[int], nodes: int) -> ByNode:
    """Sort edges by the index of one of their ends, in order within it.

    Two flat arrays, since a list for each node takes as much room as all the rest of the node.
    """
    from array import array  # noqa: PLC0415 - reading alone needs none

    starts = array("q", bytes(8 * (nodes + 1)))
    for end in ends:
        starts[end + 1] += 1
    for index in range(nodes):
        starts[index + 1] += starts[index]
    return [edges[at] for at in sorted(range(len(ends)), key=ends.__getitem__)], starts


def span_of(match: Match[str], group: int) -> Span:
    """Start and end of a group in the real text.

    `match` may have been made on an edited copy that knows its origin.
    """
    start, end = match.span(group)
    to_source = getattr(match.string, "source_offset", None)
    return (start, end) if to_source is None else (to_source(start), to_source(end))


def members(subgraph: Subgraph) -> list[Node]:
    """Return the nodes of a subgraph and of those in it, in the order in which the graph made them."""
    if not subgraph.children:
        found = subgraph._direct.values()
    else:
        merged: dict[str, Node] = {}
        todo = [subgraph]
        while todo:
            one = todo.pop()
            merged.update(one._direct)
            todo.extend(one.children)
        found = merged.values()
    return sorted(found, key=lambda node: node.index)


def innermost(subgraphs: Iterable[Subgraph]) -> list[Subgraph]:
    """Leave out every subgraph that another one of them lies in."""
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
    """Return the last attribute of that name in the statements, None where no statement sets it."""
    for statement in reversed(statements):
        for attribute in reversed(statement.attributes):
            if attribute.name.value == name:
                return attribute
    return None
