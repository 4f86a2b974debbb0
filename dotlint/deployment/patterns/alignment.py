"""Align missing edges with the corresponding edges of a complete stage.

A pattern takes the first matching edge as exemplar. But a stage of four layers has four edges of each kind, and a
reader wants the edge of the third layer compared with that of the third layer.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Edge

Pair = tuple[int, int]
Kind = tuple[str, str]
StageKey = tuple[str | None, int]


def align_exemplars(deployment: Deployment, missing: Sequence[tuple[Reading, Reading, Edge]]) -> dict[Pair, Edge]:
    """Return better exemplars for missing edges, keyed by the node indexes of their ends.

    The edges of a kind inside a stage, present and missing, are paired in the order of their numbers with the edges
    of the kind in the stage of the exemplars, if there are equally many.
    """
    groups: dict[tuple[StageKey, StageKey], list[tuple[Reading, Reading, Edge]]] = defaultdict(list)
    for tail, head, edge in missing:
        own, exemplar_unit = _unit_of_edge(tail, head), _unit_of_edge(*_readings_of_ends(deployment, edge))
        if own is not None and exemplar_unit is not None and own != exemplar_unit:
            groups[own, exemplar_unit].append((tail, head, edge))
    units = {unit for pair in groups for unit in pair}
    present: dict[tuple[StageKey, Kind], list[Edge]] = defaultdict(list)
    for edge in deployment.graph.edges if units else ():
        tail, head = _readings_of_ends(deployment, edge)
        unit = _unit_of_edge(tail, head)
        if unit in units:
            present[unit, _families_of_ends(tail, head)].append(edge)
    found: dict[Pair, Edge] = {}
    for (own, exemplar_unit), missing_here in groups.items():
        kinds: dict[Kind, list[Pair]] = defaultdict(list)
        for tail, head, _ in missing_here:
            kinds[_families_of_ends(tail, head)].append((tail.node.index, head.node.index))
        for kind, pairs in kinds.items():
            there = [(edge.tail.index, edge.head.index) for edge in present[own, kind]]
            exemplars = {(edge.tail.index, edge.head.index): edge for edge in present[exemplar_unit, kind]}
            all_own, all_exemplars = (
                _in_number_order(deployment, {*pairs, *there}),
                _in_number_order(deployment, exemplars),
            )
            if len(all_own) == len(all_exemplars) > 1:
                matched = dict(zip(all_own, all_exemplars, strict=True))
                found.update({pair: exemplars[matched[pair]] for pair in pairs})
    return found


def _readings_of_ends(deployment: Deployment, edge: Edge) -> tuple[Reading, Reading]:
    return deployment.readings[edge.tail.index], deployment.readings[edge.head.index]


def _unit_of_edge(tail: Reading, head: Reading) -> StageKey | None:
    if tail.stage is None or (tail.phase, tail.stage) != (head.phase, head.stage):
        return None
    return tail.phase, tail.stage


def _families_of_ends(tail: Reading, head: Reading) -> Kind:
    return tail.evidence.name.family, head.evidence.name.family


def _in_number_order(deployment: Deployment, pairs: Iterable[Pair]) -> list[Pair]:
    readings = deployment.readings
    return sorted(pairs, key=lambda p: (readings[p[0]].evidence.name.numbers, readings[p[1]].evidence.name.numbers))
