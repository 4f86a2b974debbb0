"""Edges that go past a missing node, turned to it: `a -> c` becomes `b -> c` where `b` is written after `a`."""

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
    """Give for each edge that is had by turning another one the edit that turns it.

    An edge goes past new nodes where it joins what they stand between, and no edge of the siblings does. Raises
    `NotCertain` where it is not clear which end is to be turned.
    """
    past = _past(siblings, planned)
    edges = {pair for one in planned for pair, _ in one.edges}
    between: dict[str, list[Edge]] = defaultdict(list)
    for edge in past:
        tail, head = edge.tail.name, edge.head.name
        found = [one.name for one in planned if (tail, one.name) in edges and (one.name, head) in edges]
        between[found[0] if len(found) == 1 else ""].append(edge)
    why = NotCertain("")
    for at in (0, 1):
        try:
            turned: dict[Pair, Edit] = {}
            for name, some in between.items():
                linked = _linked(siblings.text, some[0], name) if name and len(some) == 1 else {}
                turned.update(
                    linked or _turned(some, past, edges, {name} if name else {one.name for one in planned}, at)
                )
        except NotCertain as reason:
            why = why if at else reason
            continue
        places = {edit.start: edit for edit in turned.values()}
        if all(places[edit.start] == edit for edit in turned.values()):
            return turned
        why = NotCertain("one statement goes past several nodes that are missing")
    raise why


def _linked(text: str, edge: Edge, name: str) -> dict[Pair, Edit]:
    """Put a new node into the chain whose step goes past it; empty where the edge is no step of a chain of nodes."""
    sides = edge.statement.sides
    if len(edge.statements) > 1 or len(sides) < 3 or not all(isinstance(s, list) and len(s) == 1 for s in sides):
        return {}
    tail = sides[edge.step]
    assert isinstance(tail, list)
    start, end = edge.statement.operators[edge.step]
    edit = Edit(tail[0].end, tail[0].end, f" {text[start:end]} {respelled(tail[0].id, name)}")
    return {(edge.tail.name, name): edit, (name, edge.head.name): edit}


def _turned(some: Sequence[Edge], past: Sequence[Edge], edges: set[Pair], new: set[str], at: int) -> dict[Pair, Edit]:
    """Turn the edges that go past the `new` nodes, all at one end: `at` where it may be either."""
    tails, heads = {e.tail.name for e in some}, {e.head.name for e in some}
    if len(tails) > 1 and len(heads) > 1:
        raise NotCertain(f"`{some[0].tail.name} -> {some[0].head.name}` and others go past what is missing")
    if len(tails) != len(heads):
        at = 0 if len(tails) == 1 else 1
    found: dict[Pair, Edit] = {}
    for edge in some:
        ends = edge.tail.name, edge.head.name
        pair = next((p for p in edges if p[1 - at] == ends[1 - at] and p[at] in new and p not in found), None)
        old = _end(edge, past, at)
        if pair is None or old is None:
            raise NotCertain(f"`{ends[0]} -> {ends[1]}` goes past what is missing")
        found[pair] = Edit(old.start, old.end, respelled(old, pair[at]))
    return found


def _end(edge: Edge, past: Sequence[Edge], at: int) -> Id | None:
    """Give the id that turns the edge where it is replaced, and none that does not go past the missing node too."""
    sides = edge.statement.sides
    if len(edge.statements) > 1 or len(sides) != 2:
        return None
    side = sides[at]
    name = (edge.tail, edge.head)[at].name
    named = [r for r in (references(side) if isinstance(side, Block) else side) if r.id.value == name]
    drawn = [e for e in edge.graph.edges if edge.statement in e.statements and (e.tail, e.head)[at].name == name]
    if len(named) != 1 or named[0].ports or any(e not in past for e in drawn):
        return None
    return named[0].id


def _past(siblings: Siblings, planned: Sequence[PlannedNode]) -> list[Edge]:
    new = {one.name for one in planned}
    before: dict[str, set[str]] = defaultdict(set)  # what feeds the new nodes, and what feeds their siblings so
    after: dict[str, set[str]] = defaultdict(set)
    for one in planned:
        for (tail, head), shown in one.edges:
            if tail not in new:
                before[tail].add(shown.tail.name)
            if head not in new:
                after[head].add(shown.head.name)
    found: list[Edge] = []
    for name, shown_tails in before.items():
        for edge in siblings.by_name[name].node.out_edges:
            shown_heads = after.get(edge.head.name, set())
            usual = any(
                counterpart.head.name in shown_heads
                for tail in shown_tails
                for counterpart in siblings.by_name[tail].node.out_edges
            )
            if edge.head.name in after and not usual:
                found.append(edge)
    return found
