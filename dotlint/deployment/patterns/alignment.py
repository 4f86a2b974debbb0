"""Which edge of a whole stage each missing edge of another stage corresponds to.

When a stage has several of a kind.

A pattern is learnt from the first edge that shows it; a stage of four layers has four edges of each kind, and
a reader wants the third layer's compared with the third layer's.
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
Unit = tuple[str | None, int]


def align_exemplars(deployment: Deployment, missing: Sequence[tuple[Reading, Reading, Edge]]) -> dict[Pair, Edge]:
    """Return for missing edges, by the indices of their ends, a better exemplar than the one that each has.

    The edges of a kind inside a stage, those that are there and those that are missing, are paired in the
    order of their numbers with the edges of the kind inside the exemplars' stage, where there are as many.
    """
    groups: dict[tuple[Unit, Unit], list[tuple[Reading, Reading, Edge]]] = defaultdict(list)
    for tail, head, edge in missing:
        own, taught = _unit(tail, head), _unit(*_ends(deployment, edge))
        if own is not None and taught is not None and own != taught:
            groups[own, taught].append((tail, head, edge))
    units = {unit for pair in groups for unit in pair}
    present: dict[tuple[Unit, Kind], list[Edge]] = defaultdict(list)
    for edge in deployment.graph.edges if units else ():
        tail, head = _ends(deployment, edge)
        unit = _unit(tail, head)
        if unit in units:
            present[unit, _kind(tail, head)].append(edge)
    found: dict[Pair, Edge] = {}
    for (own, taught), wanted in groups.items():
        kinds: dict[Kind, list[Pair]] = defaultdict(list)
        for tail, head, _ in wanted:
            kinds[_kind(tail, head)].append((tail.node.index, head.node.index))
        for kind, pairs in kinds.items():
            there = [(edge.tail.index, edge.head.index) for edge in present[own, kind]]
            models = {(edge.tail.index, edge.head.index): edge for edge in present[taught, kind]}
            all_own, all_taught = _ordered(deployment, {*pairs, *there}), _ordered(deployment, models)
            if len(all_own) == len(all_taught) > 1:
                matched = dict(zip(all_own, all_taught, strict=True))
                found.update({pair: models[matched[pair]] for pair in pairs})
    return found


def _ends(deployment: Deployment, edge: Edge) -> tuple[Reading, Reading]:
    return deployment.readings[edge.tail.index], deployment.readings[edge.head.index]


def _unit(tail: Reading, head: Reading) -> Unit | None:
    if tail.stage is None or (tail.phase, tail.stage) != (head.phase, head.stage):
        return None
    return tail.phase, tail.stage


def _kind(tail: Reading, head: Reading) -> Kind:
    return tail.evidence.name.family, head.evidence.name.family


def _ordered(deployment: Deployment, pairs: Iterable[Pair]) -> list[Pair]:
    readings = deployment.readings
    return sorted(pairs, key=lambda p: (readings[p[0]].evidence.name.numbers, readings[p[1]].evidence.name.numbers))
