"""The position of each statement of a graph: its body, and its neighbors there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.syntax.tree import Block, GraphBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.graph.model import Edge, Graph, Node, Subgraph
    from dotlint.syntax.tree import Statement

Body = Block | GraphBlock


class Slot(Struct, eq=False):
    """The position of a statement: the `index`-th of a body."""

    statement: Statement
    body: Body
    index: int

    @property
    def before(self) -> Statement | None:
        """Return the statement before it in its body."""
        return self.body.body[self.index - 1] if self.index else None

    @property
    def after(self) -> Statement | None:
        """Return the statement after it in its body."""
        return self.body.body[self.index + 1] if self.index + 1 < len(self.body.body) else None


class StatementIndex:
    """The slots and edges of a graph's statements; sides of edges (`a -> {b c}`) do not count as bodies."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.subgraph_of = {id(block): subgraph for subgraph in graph.subgraphs for block in subgraph.statements}
        self._slots: dict[int, Slot] = {}
        todo: list[Body] = [graph.statement]
        while todo:
            body = todo.pop()
            for index, statement in enumerate(body.body):
                self._slots[id(statement)] = Slot(statement, body, index)
                if isinstance(statement, Block):
                    todo.append(statement)
        self._edges: dict[int, list[Edge]] = {}
        for edge in graph.edges:
            for statement in edge.statements:
                self._edges.setdefault(id(statement), []).append(edge)

    def slot(self, statement: Statement) -> Slot | None:
        """Return the slot of a statement; None if it is inside a side of an edge."""
        return self._slots.get(id(statement))

    def edges(self, statement: Statement) -> list[Edge]:
        """Return the edges that the statement itself draws."""
        return self._edges.get(id(statement), [])

    def body_at(self, offset: int) -> Body:
        """Return the innermost body that contains an offset."""
        found: Body = self.graph.statement
        for subgraph in self.graph.subgraphs:
            for block in subgraph.statements:
                if block.open.start < offset <= block.close.start and block.open.start > found.open.start:
                    found = block
        return found

    def around(self, body: Body) -> Iterator[Subgraph]:
        """Yield the subgraphs that nodes mentioned in the body become members of, innermost first."""
        inner = self.subgraph_of.get(id(body))
        if inner is not None:
            yield inner
            yield from inner.ancestors

    def may_join(self, body: Body, nodes: Iterable[Node]) -> bool:
        """Return whether a statement in the body can mention these nodes without adding one to a subgraph."""
        inner = self.subgraph_of.get(id(body))
        return inner is None or all(node.name in inner.nodes for node in nodes)
