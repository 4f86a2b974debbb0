"""How the nodes of each value of a numbering relate to devices, edges and roles."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.numberings.axes import Numbering
    from dotlint.graph.model import Graph
    from dotlint.strategy.gpus import GpuSet

Devices = Literal["apart", "alike", "runs", "crossed"]
_PASSING = {"communication", "routing", None}
_MOST_PAIRS = 64


class Evidence(Struct):
    """What is true of a numbering.

    `devices` is how the values share devices: each has its own (`apart`), all have the same (`alike`), neighboring
    values share a set that others do not (`runs`), or anything else (`crossed`); None if fewer than two values have
    devices. `same`, `following`, `back` and `far` count edges between equal values, to the next one, back, and further
    on; `meets` counts the collectives and sums without the number that several values feed. `roles` are those of its
    operators, `alike` is whether most values have the same of them, `share` the part of all operators that it numbers.
    """

    values: tuple[int, ...]
    operators: int
    share: float
    contiguous: bool
    devices: Devices | None
    sets: Mapping[int, GpuSet]
    singles: bool
    same: int
    following: int
    back: int
    far: int
    meets: int
    roles: Counter[str | None]
    alike: bool
    per_value: float


def collect(graph: Graph, readings: Sequence[Reading], numberings: Sequence[Numbering]) -> list[Evidence]:
    """Return the evidence of every numbering, in one pass over nodes and edges for each."""
    operators = [r for r in readings if not r.annotation]
    deltas = _edge_steps(graph, readings, numberings)
    return [_evidence(readings, one, len(operators), *deltas[index]) for index, one in enumerate(numberings)]


def _edge_steps(
    graph: Graph, readings: Sequence[Reading], numberings: Sequence[Numbering]
) -> list[tuple[Counter[int], int]]:
    """Return for each numbering how often edges lead from a value to the one so many further on, and its meets.

    A node without the number is passed over: what feeds it is compared with what it feeds.
    """
    of_node: dict[int, dict[int, int]] = defaultdict(dict)
    for index, one in enumerate(numberings):
        # Values that are not drawn do not count: from layer 0 to layer 4 is one step if there is none between.
        ranks = {value: rank for rank, value in enumerate(sorted(set(one.values.values())))}
        for at, value in one.values.items():
            of_node[at][index] = ranks[value]
    steps: list[Counter[int]] = [Counter() for _ in numberings]
    meets = [0] * len(numberings)
    nothing: dict[int, int] = {}
    for tail_index, head_index in (*((e.tail.index, e.head.index) for e in graph.edges), *_through_transfers(readings)):
        tail, head = of_node.get(tail_index, nothing), of_node.get(head_index, nothing)
        for index, value in tail.items():
            other = head.get(index)
            if other is not None:
                steps[index][other - value] += 1
    for reading in readings:
        node = reading.node
        if reading.kind == "io" or not node.in_edges or len(node.in_edges) > _MOST_PAIRS:
            continue
        own = of_node.get(node.index, nothing)
        fed: dict[int, set[int]] = defaultdict(set)
        feeding: dict[int, set[int]] = defaultdict(set)
        for edges, into, tails in ((node.in_edges, fed, True), (node.out_edges[:_MOST_PAIRS], feeding, False)):
            for edge in edges:
                other_end = edge.tail if tails else edge.head
                for index, value in of_node.get(other_end.index, nothing).items():
                    if index not in own:
                        into[index].add(value)
        for index, values in fed.items():
            if len(values) > 1:
                meets[index] += reading.kind in _PASSING
            elif len(feeding.get(index, ())) == 1:
                steps[index][next(iter(feeding[index])) - next(iter(values))] += 1
    return list(zip(steps, meets, strict=True))


_TRANSFERS = ("send", "receive", "transfer")


def _through_transfers(readings: Sequence[Reading]) -> Iterator[tuple[int, int]]:
    """Yield what a send and the receive behind it connect."""
    for reading in readings:
        if not reading.is_role(*_TRANSFERS) or len(reading.node.out_edges) != 1 or len(reading.node.in_edges) != 1:
            continue
        other = readings[reading.node.out_edges[0].head.index]
        if other.is_role(*_TRANSFERS) and len(other.node.in_edges) == 1:
            tail = reading.node.in_edges[0].tail.index
            yield from ((tail, edge.head.index) for edge in other.node.out_edges[:_MOST_PAIRS])


def _evidence(readings: Sequence[Reading], one: Numbering, operators: int, steps: Counter[int], meets: int) -> Evidence:
    devices: dict[int, list[GpuSet]] = defaultdict(list)
    roles: dict[int, Counter[str | None]] = defaultdict(Counter)
    total: Counter[str | None] = Counter()
    number = 0
    for node, value in one.values.items():
        reading = readings[node]
        if reading.annotation:
            continue
        number += 1
        role = reading.role.name if reading.role else None
        roles[value][role] += 1
        total[role] += 1
        if reading.gpus and reading.kind not in {"communication", "io"}:
            devices[value].append(reading.gpus)
    values = tuple(sorted(roles))
    sets = {value: union(dict.fromkeys(devices[value])) for value in values if devices.get(value)}
    most = Counter(frozenset(r.keys()) for r in roles.values()).most_common(1)
    return Evidence(
        values=values,
        operators=number,
        share=number / max(1, operators),
        contiguous=bool(values) and values[-1] - values[0] + 1 == len(values) and values[0] < 2,
        devices=_devices(sets),
        sets=sets,
        singles=bool(sets) and all(len(gpus) == 1 for gpus in sets.values()),
        same=steps[0],
        following=steps[1],
        back=sum(n for step, n in steps.items() if step < 0),
        far=sum(n for step, n in steps.items() if step > 1),
        meets=meets,
        roles=total,
        alike=bool(most) and len(values) > 1 and 3 * most[0][1] >= 2 * len(values),
        per_value=number / max(1, len(values)),
    )


def _devices(sets: Mapping[int, GpuSet]) -> Devices | None:
    if len(sets) < 2:
        return None
    distinct = dict.fromkeys(sets.values())
    if len(distinct) == 1:
        return "alike"
    disjoint = sum(len(gpus) for gpus in distinct) == len(union(distinct))
    if len(distinct) == len(sets):
        if disjoint:
            return "apart"
        return "crossed"
    return "runs" if disjoint else "crossed"
