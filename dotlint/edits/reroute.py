"""Reroute edges that bypass a planned node: `a -> c` becomes `b -> c` if `b` is added after `a`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.edits.copying import respelled
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.statement import references
from dotlint.engine.finding import Edit
from dotlint.syntax.tree import Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.edits.planned_nodes import Pair, PlannedNode, Siblings
    from dotlint.graph.model import Edge
    from dotlint.syntax.tree import Id


def reroute(siblings: Siblings, planned: Sequence[PlannedNode]) -> dict[Pair, Edit]:
    """Return, for each planned edge that results from rerouting an existing one, the edit that reroutes it.

    An edge bypasses planned nodes if it connects the nodes before and after them, and no edge of their siblings does
    the same. Raises `NotCertain` if it is ambiguous which end to reroute.
    """
    bypassing = _bypassing_edges(siblings, planned)
    edges = {pair for one in planned for pair, _ in one.edges}
    between: dict[str, list[Edge]] = defaultdict(list)
    for edge in bypassing:
        tail, head = edge.tail.name, edge.head.name
        found = [one.name for one in planned if (tail, one.name) in edges and (one.name, head) in edges]
        between[found[0] if len(found) == 1 else ""].append(edge)
    why = NotCertain("")
    for at in (0, 1):
        try:
            rerouted: dict[Pair, Edit] = {}
            for name, some in between.items():
                inserted = _inserted_in_chain(siblings.text, some[0], name) if name and len(some) == 1 else {}
                rerouted.update(
                    inserted
                    or _rerouted_ends(some, bypassing, edges, {name} if name else {one.name for one in planned}, at)
                )
        except NotCertain as reason:
            why = why if at else reason
            continue
        by_start = {edit.start: edit for edit in rerouted.values()}
        if all(by_start[edit.start] == edit for edit in rerouted.values()):
            return rerouted
        why = NotCertain("one statement bypasses several missing nodes")
    raise why


def _inserted_in_chain(text: str, edge: Edge, name: str) -> dict[Pair, Edit]:
    """Return the edit that inserts a node into the chain that bypasses it; empty if the edge is not in a chain."""
    sides = edge.statement.sides
    if len(edge.statements) > 1 or len(sides) < 3 or not all(isinstance(s, list) and len(s) == 1 for s in sides):
        return {}
    tail = sides[edge.step]
    assert isinstance(tail, list)
    start, end = edge.statement.operators[edge.step]
    edit = Edit(tail[0].end, tail[0].end, f" {text[start:end]} {respelled(tail[0].id, name)}")
    return {(edge.tail.name, name): edit, (name, edge.head.name): edit}


def _rerouted_ends(
    some: Sequence[Edge], bypassing: Sequence[Edge], edges: set[Pair], new: set[str], at: int
) -> dict[Pair, Edit]:
    """Return the edits that reroute one end of all edges that bypass the `new` nodes; end `at` if both are possible."""
    tails, heads = {e.tail.name for e in some}, {e.head.name for e in some}
    if len(tails) > 1 and len(heads) > 1:
        raise NotCertain(f"`{some[0].tail.name} -> {some[0].head.name}` and other edges bypass missing nodes")
    if len(tails) != len(heads):
        at = 0 if len(tails) == 1 else 1
    found: dict[Pair, Edit] = {}
    for edge in some:
        ends = edge.tail.name, edge.head.name
        pair = next((p for p in edges if p[1 - at] == ends[1 - at] and p[at] in new and p not in found), None)
        old = _replaceable_id(edge, bypassing, at)
        if pair is None or old is None:
            raise NotCertain(f"`{ends[0]} -> {ends[1]}` bypasses missing nodes")
        found[pair] = Edit(old.start, old.end, respelled(old, pair[at]))
    return found


def _replaceable_id(edge: Edge, bypassing: Sequence[Edge], at: int) -> Id | None:
    """Return the id to replace to reroute the edge; None if that would reroute edges that bypass nothing."""
    sides = edge.statement.sides
    if len(edge.statements) > 1 or len(sides) != 2:
        return None
    side = sides[at]
    name = (edge.tail, edge.head)[at].name
    named = [r for r in (references(side) if isinstance(side, Block) else side) if r.id.value == name]
    drawn = [e for e in edge.graph.edges if edge.statement in e.statements and (e.tail, e.head)[at].name == name]
    if len(named) != 1 or named[0].ports or any(e not in bypassing for e in drawn):
        return None
    return named[0].id


def _bypassing_edges(siblings: Siblings, planned: Sequence[PlannedNode]) -> list[Edge]:
    new = {one.name for one in planned}
    before: dict[str, set[str]] = defaultdict(set)  # each node before a planned one, and its exemplars
    after: dict[str, set[str]] = defaultdict(set)
    for one in planned:
        for (tail, head), exemplar in one.edges:
            if tail not in new:
                before[tail].add(exemplar.tail.name)
            if head not in new:
                after[head].add(exemplar.head.name)
    found: list[Edge] = []
    for name, exemplar_tails in before.items():
        for edge in siblings.by_name[name].node.out_edges:
            exemplar_heads = after.get(edge.head.name, set())
            usual = any(
                sibling_edge.head.name in exemplar_heads
                for tail in exemplar_tails
                for sibling_edge in siblings.by_name[tail].node.out_edges
            )
            if edge.head.name in after and not usual:
                found.append(edge)
    return found
