"""How the nodes of each value of a numbering relate to devices, edges and roles."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING

from dotlint.deployment.numberings.decision import Evidence
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.numberings.decision import Devices, Numbering
    from dotlint.graph.model import Graph
    from dotlint.strategy.gpus import GpuSet

_Ends = list[tuple[int, int]]
"""The indexes of both ends of every edge."""
_LETTERS = {("f",), ("b",), ("w",)}
_PASSING = {"communication", "routing", None}


def collect(graph: Graph, readings: Sequence[Reading], numberings: Sequence[Numbering]) -> list[Evidence]:
    """Return the evidence of every numbering, in one pass over nodes and edges for each."""
    operators = sum(1 for r in readings if not r.annotation)
    ends = [_forward(readings, edge.tail.index, edge.head.index) for edge in graph.edges]
    found = [_evidence(readings, one, operators, *_steps_of(ends, readings, one.values)) for one in numberings]
    for one, evidence in zip(numberings, found, strict=True):
        if evidence.back and evidence.following and evidence.alike:
            rounds = (
                around
                for other, around in zip(numberings, found, strict=True)
                if other is not one and _counts_within(ends, readings, one, other)
            )
            if around := next(rounds, None):
                if len(evidence.roles) > 1:
                    evidence.back = 0
                if evidence.devices == "apart" and around.devices in {"alike", "crossed"}:
                    evidence.back, evidence.rounds, around.is_round = 0, True, True
    return found


def _forward(readings: Sequence[Reading], tail: int, head: int) -> tuple[int, int]:
    """Return the ends of an edge as the forward pass has them: the backward pass leads through the stages in reverse."""
    turned = readings[tail].direction == "backward" == readings[head].direction
    return (head, tail) if turned else (tail, head)


def _counts_within(ends: _Ends, readings: Sequence[Reading], one: Numbering, around: Numbering) -> bool:
    """Return whether a number starts again where another one goes on, as layers do that are counted in each stage."""
    both = {node: (around.values[node], number) for node, number in one.values.items() if node in around.values}
    if len(both) < len(one.values):
        return False
    order = {pair: index for index, pair in enumerate(sorted(set(both.values())))}
    if len(order) == len(set(one.values.values())):
        return False
    steps, _ = _steps_of(ends, readings, {node: order[pair] for node, pair in both.items()})
    astray = sum(number for step, number in steps.items() if step not in {0, 1})
    return steps[1] >= len(order) - 1 and astray * 20 <= steps[1]


def _steps_of(ends: _Ends, readings: Sequence[Reading], numbers: Mapping[int, int]) -> tuple[Counter[int], int]:
    # Values that are not drawn do not count: from layer 0 to layer 4 is one step if there is none between.
    ranks = {value: rank for rank, value in enumerate(sorted(set(numbers.values())))}
    if len(ranks) < 2:
        return Counter({0: sum(1 for tail, head in ends if tail in numbers and head in numbers)}), 0
    rank_of = {node: ranks[value] for node, value in numbers.items()}
    steps = Counter([rank_of[two] - rank_of[one] for one, two in ends if one in rank_of and two in rank_of])
    fed: dict[int, set[int]] = defaultdict(set)
    direct: dict[int, set[int]] = defaultdict(set)
    for one, two in ends:
        if one in rank_of and two not in rank_of:
            direct[two].add(rank_of[one])
    todo = deque(direct)
    for node, values in direct.items():
        fed[node] |= values
    while todo:
        node = todo.popleft()
        if len(fed[node]) != 1 or readings[node].kind == "io":
            continue
        for edge in readings[node].node.out_edges:
            head = edge.head.index
            if head not in numbers and not fed[node] <= fed[head]:
                fed[head] |= fed[node]
                todo.append(head)
    for node, values in fed.items():
        if len(values) == 1 and readings[node].kind != "io":
            (value,) = values
            reached = {rank_of[e.head.index] for e in readings[node].node.out_edges if e.head.index in rank_of}
            if len(reached) == 1:
                steps[reached.pop() - value] += 1
    meets = sum(1 for node, values in direct.items() if len(values) > 1 and readings[node].kind in _PASSING)
    return steps, meets


def _evidence(readings: Sequence[Reading], one: Numbering, operators: int, steps: Counter[int], meets: int) -> Evidence:
    computing: dict[int, list[GpuSet]] = defaultdict(list)
    moving: dict[int, list[GpuSet]] = defaultdict(list)
    roles: dict[int, set[str | None]] = defaultdict(set)
    total: Counter[str | None] = Counter()
    # Numbers of devices in names alone may be ranks of each stage.
    for node, value in one.values.items():
        reading = readings[node]
        if reading.annotation:
            continue
        role = reading.role.name if reading.role else None
        roles[value].add(role)
        total[role] += 1
        if reading.gpus and reading.kind != "io" and not _from_name(reading):
            (moving if reading.kind == "communication" else computing)[value].append(reading.gpus)
    devices = computing or moving  # a transfer may be on the devices of its other end too
    values = tuple(sorted(roles))
    sets = {value: union(dict.fromkeys(devices[value])) for value in values if devices.get(value)}
    most = Counter(map(frozenset, roles.values())).most_common(1)
    return Evidence(
        values=values,
        share=total.total() / max(1, operators),
        devices=_devices(sets),
        sets=sets,
        same=steps[0],
        following=steps[1],
        back=sum(n for step, n in steps.items() if step < 0),
        around=_leads_around(steps, len(values)),
        far=sum(n for step, n in steps.items() if step > 1),
        meets=meets,
        roles=total,
        directed=all(
            readings[node].direction is not None and readings[node].evidence.name.words[:1] in _LETTERS
            for node in one.values
        )
        and all(position == 0 for _, position in one.slots)
        and bool(one.slots),
        alike=bool(most) and len(values) > 1 and 3 * most[0][1] >= 2 * len(values),
    )


def _leads_around(steps: Mapping[int, int], values: int) -> bool:
    """Return whether as many edges lead from the last value to the first as from each value to the next: a ring."""
    wraps = steps.get(1 - values, 0)
    return values > 2 and wraps > 1 and wraps * (values - 1) >= steps.get(1, 0)


def _from_name(reading: Reading) -> bool:
    return reading.own_gpus and reading.evidence.gpus is None


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
