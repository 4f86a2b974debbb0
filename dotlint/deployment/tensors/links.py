"""How the nodes of one operator feed those of another."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.tensors.model import Inflow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dotlint.deployment.tensors.model import Link, Operator
    from dotlint.graph.model import Edge


def grouped_edges(
    operators: Iterable[Operator], by_node: Mapping[int, Operator], without: Collection[int]
) -> tuple[dict[int, list[Inflow]], dict[int, list[Operator]]]:
    """Return the inflows and the consumers of each operator, by its index; the edges `without` are left out."""
    at = {r.node.index: position for operator in operators for position, r in enumerate(operator.members)}
    inflows: dict[int, list[Inflow]] = {}
    outs: dict[int, list[Operator]] = defaultdict(list)
    for head in operators:
        pairs: dict[int, list[tuple[int, int]]] = defaultdict(list)
        edges: dict[int, list[Edge]] = defaultdict(list)
        tails: dict[int, Operator] = {}
        for position, reading in enumerate(head.members):
            for edge in reading.node.in_edges:
                tail = by_node.get(edge.tail.index)
                if tail is None or tail is head or edge.index in without:
                    continue
                tails[tail.index] = tail
                pairs[tail.index].append((at[edge.tail.index], position))
                edges[tail.index].append(edge)
        inflows[head.index] = [Inflow(t, _link(t, head, pairs[i]), edges[i]) for i, t in tails.items()]
        head.sources = list(tails.values())
        for tail in tails.values():
            outs[tail.index].append(head)
    return inflows, outs


def _link(tail: Operator, head: Operator, pairs: Iterable[tuple[int, int]]) -> Link:
    """Return how an operator feeds another; `pairs` are the positions of members that an edge connects."""
    found = set(pairs)
    tails, heads = {one for one, _ in found}, {two for _, two in found}
    if not tail.grouped and not head.grouped:
        return "one"
    if not head.grouped:
        return "all" if len(tails) == len(tail.members) else "some"
    if not tail.grouped:
        return "fan" if len(heads) == len(head.members) else "part"
    if tail.axis is not head.axis or len(tails) < len(tail.members) or len(heads) < len(head.members):
        return "other"
    own = {(one, two) for one, two in found if _same_rank(tail, one, head, two)}
    if len(found) == len(own):
        return "aligned"
    takes = Counter(two for _, two in found)
    return "blocks" if all(1 < number < len(tails) for number in takes.values()) else "exchange"


def _same_rank(tail: Operator, one: int, head: Operator, two: int) -> bool:
    left, right = tail.members[one], head.members[two]
    if left.gpus and right.gpus and left.own_gpus and right.own_gpus:
        return left.gpus == right.gpus
    return one == two
