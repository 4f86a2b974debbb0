"""The statements of a graph, those within its blocks among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dotlint.syntax.tree import Block, EdgeStatement, NodeStatement, blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.engine.context import FileContext
    from dotlint.syntax.tree import AttributedStatement, Id, NodeRef, Statement


def walk(body: list[Statement]) -> Iterator[Statement]:
    """Yield every statement of a body and of the blocks in it, in no order that means anything."""
    todo = [body]
    while todo:
        for statement in todo.pop():
            yield statement
            todo.extend(block.body for block in blocks(statement))


def refs(statement: Statement) -> Iterable[NodeRef]:
    """Return the nodes that a statement itself names, not those in blocks within it."""
    if isinstance(statement, NodeStatement):
        return statement.nodes
    if isinstance(statement, EdgeStatement):
        return (ref for side in statement.sides if not isinstance(side, Block) for ref in side)
    return ()


def ids_of(statement: Statement) -> Iterator[Id]:
    """Yield every id that a statement itself spells: nodes, ports, subgraphs, attributes and their values."""
    for ref in refs(statement):
        yield ref.id
        yield from ref.ports
    for block in blocks(statement):
        if block.id is not None:
            yield block.id
    for attribute in cast("AttributedStatement", statement).attributes:
        yield attribute.name
        yield attribute.value


def ids(file: FileContext) -> Iterator[Id]:
    """Every id of a file: nodes, ports, attributes and their values, subgraphs, graphs."""
    for graph in file.document.tree.graphs:
        if graph.id is not None:
            yield graph.id
    for statement in file.document.tree.statements():
        yield from ids_of(statement)
