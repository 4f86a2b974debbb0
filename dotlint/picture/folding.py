"""Fold a graph for a picture: decide which nodes to draw as one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.words import parse_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from dotlint.deployment.model import Reading
    from dotlint.engine.context import GraphContext
    from dotlint.picture.boxes import Boxes
    from dotlint.picture.marks import Marked
    from dotlint.picture.model import FoldLevel

_MIN_SIBLINGS = 3  # with `only_problems`, fewer siblings are not folded
_MAX_OPENED = 160  # if more nodes are opened, their siblings are folded
FoldKey = tuple[object, ...]


def fold(
    context: GraphContext,
    marked: Marked,
    boxes: Boxes,
    level: FoldLevel,
    *,
    only_problems: bool,
    opened: frozenset[str] = frozenset(),
) -> dict[str, FoldKey]:
    """Return the key of each node that is drawn together with others, which have the same key.

    A key starts with `stage`, `layer` or `siblings`. Nodes with different findings are only drawn together if `level`
    is `stages`. `opened` nodes are only drawn together with siblings.
    """
    keys: dict[str, FoldKey] = {}
    readings = [r for r in context.deployment.readings if r.name not in boxes.headers]
    if only_problems:
        _fold_without_findings(keys, readings, marked.marked_nodes(), context.deployment.recognized)
    if level != "none":
        ends = _proposals(marked)
        rest = [r for r in readings if r.name not in keys]
        operators = _operator_numbers(rest) if level == "layers" else {}
        for reading in rest:
            if reading.name in opened and len(opened) <= _MAX_OPENED:
                continue
            apart = (_codes(marked, reading.name), *ends.get(reading.name, ()), *operators.get(reading.name, ()))
            keys[reading.name] = _key(reading, "siblings" if reading.name in opened else level, apart)
        for name in marked.planned:
            if name in opened and len(opened) <= _MAX_OPENED:
                continue
            box = boxes.of_node.get(name)
            keys[name] = ("siblings", "planned", box.id if box else "", parse_name(name).family)
    members: dict[FoldKey, int] = defaultdict(int)
    for key in keys.values():
        members[key] += 1
    return {name: key for name, key in keys.items() if members[key] > 1}


def _fold_without_findings(
    keys: dict[str, FoldKey], readings: Iterable[Reading], marked_nodes: set[str], recognized: bool
) -> None:
    """Fold stages without findings, layers without findings in the other stages, and the remaining siblings."""
    stages: dict[FoldKey, list[Reading]] = defaultdict(list)
    layers: dict[FoldKey, list[Reading]] = defaultdict(list)
    rest: dict[FoldKey, list[Reading]] = defaultdict(list)
    for reading in readings:
        if recognized and reading.stage is not None:
            stages["stage", reading.phase, reading.stage].append(reading)
        if recognized and reading.layer is not None:
            layers["layer", reading.phase, reading.stage, reading.layer].append(reading)
        family = reading.evidence.name.family
        rest["siblings", reading.phase, reading.stage, family, tuple(map(id, reading.node.subgraphs))].append(reading)
    for groups, least in ((stages, 2), (layers, 2), (rest, _MIN_SIBLINGS)):
        for key, members in groups.items():
            free = [r for r in members if r.name not in keys and r.name not in marked_nodes]
            whole = len(free) == len([r for r in members if r.name not in keys])
            if len(free) >= least and (whole or groups is rest):
                keys.update({r.name: key for r in free})


def _operator_numbers(readings: Iterable[Reading]) -> dict[str, tuple[int, ...]]:
    """Return the numbers in names that distinguish operators, such as `norm1` and `norm2` of a layer.

    Numbers of layers and ranks do not: ranks are on different GPUs, and there are more of them.
    """
    families: dict[tuple[str | None, int | None, str], list[Reading]] = defaultdict(list)
    for reading in readings:
        families[reading.phase, reading.stage, reading.evidence.name.family].append(reading)
    found: dict[str, tuple[int, ...]] = {}
    for members in families.values():
        numbers = [r.evidence.name.numbers for r in members]
        kept = [i for i in range(len(numbers[0])) if _distinguishes_operators(members, i)]
        found.update((r.name, tuple(n[i] for i in kept)) for r, n in zip(members, numbers, strict=True) if kept)
    return found


def _distinguishes_operators(members: list[Reading], position: int) -> bool:
    values = {r.evidence.name.numbers[position] for r in members}
    if not 1 < len(values) <= _MIN_SIBLINGS or any(r.evidence.name.numbers[position] == r.layer for r in members):
        return False
    gpus_of: dict[tuple[int, ...], set[str]] = defaultdict(set)
    for reading in members:
        numbers = reading.evidence.name.numbers
        gpus_of[numbers[:position] + numbers[position + 1 :]].add(str(reading.gpus))
    return all(len(gpus) == 1 for gpus in gpus_of.values())


def _key(reading: Reading, level: FoldLevel, apart: tuple[object, ...]) -> FoldKey:
    family = reading.evidence.name.family
    role = reading.role.name if reading.role else family
    if level == "stages":
        if reading.stage is not None:
            return ("stage", reading.phase, reading.stage)
        if reading.layer is not None:
            return ("layer", reading.phase, None, reading.layer)
        return ("siblings", reading.phase, role)
    if level == "layers":
        return ("siblings", reading.phase, reading.stage, family, *apart)
    return ("siblings", reading.phase, reading.stage, reading.layer, family, *apart)


def _codes(marked: Marked, name: str) -> tuple[str, ...]:
    return tuple(sorted({mark.code for mark in marked.nodes.get(name, ())}))


def _proposals(marked: Marked) -> Mapping[str, tuple[Hashable, ...]]:
    """Return the rules that propose an edge from or to each node, with the end that the node is."""
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for proposal in marked.proposals:
        for side, name in enumerate(proposal.pair):
            found[name].add((proposal.mark.code, side))
    return {name: tuple(sorted(ends)) for name, ends in found.items()}
