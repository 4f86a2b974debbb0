"""The nodes and ids that statements spell."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement, blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.syntax.tree import AttributedStatement, Id, NodeRef, Statement, Tree


def node_refs(statement: Statement) -> Iterable[NodeRef]:
    """Return the nodes that a statement itself names, without those in blocks inside it."""
    if isinstance(statement, NodeStatement):
        return statement.nodes
    if isinstance(statement, EdgeStatement):
        return (ref for side in statement.sides if not isinstance(side, Block) for ref in side)
    return ()


def ids_of(statement: Statement) -> Iterator[Id]:
    """Yield every id that a statement itself spells: nodes, ports, subgraphs, attributes and their values."""
    for ref in node_refs(statement):
        yield ref.id
        yield from ref.ports
    for block in blocks(statement):
        if block.id is not None:
            yield block.id
    for attribute in cast("AttributedStatement", statement).attributes:
        yield attribute.name
        yield attribute.value


def ids(tree: Tree) -> Iterator[Id]:
    """Yield every id of a file: graphs, nodes, ports, subgraphs, attributes and their values."""
    for graph in tree.graphs:
        if graph.id is not None:
            yield graph.id
    for statement in tree.statements():
        yield from ids_of(statement)
