"""Exchange two successive nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.edits.copying import respelled
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.statement import references
from dotlint.engine.finding import Edit
from dotlint.syntax.tree import Block

if TYPE_CHECKING:
    from collections.abc import Collection

    from dotlint.graph.model import Node
    from dotlint.syntax.tree import Id


def swapped(node: Node, behind: Node, before: Collection[int]) -> list[Edit]:
    """Return the edits that exchange a node and the one `behind` it, which takes the edges from the nodes `before`.

    `x -> node -> behind -> y` and `a -> node` become `x -> node` and `a -> behind -> node -> y`, where `before` has
    the index of `a`. Raises `NotCertain` if a chain would have to be taken apart.
    """
    new_names: dict[tuple[int, int], tuple[Id, set[str]]] = {}
    edges = {e.index: e for e in (*node.in_edges, *node.out_edges, *behind.out_edges)}
    for edge in edges.values():
        tail, head = edge.tail.name, edge.head.name
        if edge.tail is node and edge.head is behind:
            tail, head = head, tail
        elif edge.head is node and edge.tail.index in before:
            head = behind.name
        elif edge.tail is behind:
            tail = node.name
        sides = edge.statement.sides[edge.step : edge.step + 2]
        for side, old, new in zip(sides, (edge.tail, edge.head), (tail, head), strict=True):
            found = [r for r in (references(side) if isinstance(side, Block) else side) if r.id.value == old.name]
            if len(found) != 1 or len(edge.statements) > 1:
                raise NotCertain(f"`{edge.tail.name} -> {edge.head.name}` is drawn several times")
            new_names.setdefault((found[0].id.start, found[0].id.end), (found[0].id, set()))[1].add(new)
    if any(len(names) > 1 for _, names in new_names.values()):
        raise NotCertain(f"one chain leads to `{node.name}` and goes on behind it")
    renamed = ((old, names.pop()) for old, names in new_names.values())
    return [Edit(old.start, old.end, respelled(old, name)) for old, name in renamed if name != old.value]
