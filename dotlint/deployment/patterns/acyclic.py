"""Drop the proposed edges that would close a cycle, one by one."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from dotlint.deployment.back_edges import back_edges
from dotlint.deployment.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.deployment.model import Deployment
    from dotlint.deployment.patterns.missing_edge import MissingEdge
    from dotlint.deployment.wiring import Pair

_BUDGET = 2_000_000  # search steps for one graph


def without_cycles(deployment: Deployment, missing: list[MissingEdge]) -> list[MissingEdge]:
    """Return the proposals without those that would close a cycle, the first of several being kept.

    Edges that lead back on purpose close none, and where the exemplar is on a cycle, the pattern has one.
    """
    graph = deployment.graph
    if not missing:
        return missing
    planned = Wiring(graph, [m.pair for m in missing])
    if not planned.cyclic():
        return missing
    stated = back_edges(graph)
    back = {(edge.tail.name, edge.head.name) for edge in graph.edges if edge.index in stated}
    forward = Wiring(graph)
    before = {name: i for i, cycle in enumerate(forward.cycles()) for name in cycle.members}
    for tail, head in back:
        forward.outs[tail] = [name for name in forward.outs[tail] if name != head]
    on_cycle = {name for cycle in planned.cycles() for name in cycle.members}
    kept: list[MissingEdge] = []
    doubtful: list[MissingEdge] = []
    for m in missing:
        (kept if not on_cycle.issuperset(m.pair) else doubtful).append(m)
    for m in kept:
        forward.outs[m.tail.name].append(m.head.name)
    budget = _BUDGET
    cyclic = {m.pair for m in doubtful if _in_one(before, m.pair)} | _of_cyclic_pattern(deployment, doubtful, before)
    for m in doubtful:
        tail, head = m.pair
        if m.pair not in cyclic:
            steps, closes = _reaches(forward.outs, head, tail, budget)
            budget -= steps
            if closes:
                continue
        forward.outs[tail].append(head)
        kept.append(m)
    return kept


def _in_one(cycles: Mapping[str, int], pair: Pair) -> bool:
    """Return whether both nodes are on the same cycles."""
    return pair[0] in cycles and cycles[pair[0]] == cycles.get(pair[1])


def _of_cyclic_pattern(deployment: Deployment, missing: list[MissingEdge], before: Mapping[str, int]) -> set[Pair]:
    """Return the proposals whose exemplar is on a cycle, if they only repeat that cycle in another unit."""
    found = {m.pair for m in missing if _in_one(before, (m.exemplar.tail.name, m.exemplar.head.name))}
    if not found:
        return found
    largest = max(Counter(before.values()).values())
    large = {
        name
        for cycle in Wiring(deployment.graph, found).cycles()
        if len(cycle.members) > largest
        for name in cycle.members
    }
    return {pair for pair in found if not large.issuperset(pair)}


def _reaches(outs: Mapping[str, list[str]], start: str, goal: str, budget: int) -> tuple[int, bool]:
    """Return the number of search steps, and whether a path leads to the goal or the budget is spent."""
    if start == goal:
        return 0, True
    seen, queue, steps = {start}, deque([start]), 0
    while queue:
        for name in outs[queue.popleft()]:
            steps += 1
            if name == goal or steps > budget:
                return steps, True
            if name not in seen:
                seen.add(name)
                queue.append(name)
    return steps, False
