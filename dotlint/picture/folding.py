"""Which nodes of a graph a picture draws as one: what is fine, siblings, layers, or whole stages."""

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
    from dotlint.picture.model import Level

_ALONE = 3  # fewer siblings than this are drawn one by one where only problems are asked for
_OPENED = 160  # more opened nodes than this are drawn with siblings as one
Key = tuple[object, ...]


def fold(
    context: GraphContext,
    marked: Marked,
    boxes: Boxes,
    level: Level,
    *,
    only_problems: bool,
    opened: frozenset[str] = frozenset(),
) -> dict[str, Key]:
    """Return the nodes that are drawn together a common key; who has none, or shares it with nobody, is drawn alone.

    Keys start with what the nodes are together: `stage`, `layer` or `siblings`. Nodes with other findings are
    never drawn together, but for the level `stages`. Of `opened` nodes at most siblings are.
    """
    keys: dict[str, Key] = {}
    readings = [r for r in context.deployment.readings if r.name not in boxes.headers]
    if only_problems:
        _fold_fine(keys, readings, marked.troubled(), context.deployment.recognized)
    if level != "none":
        ends = _ends(marked)
        rest = [r for r in readings if r.name not in keys]
        operators = _operators(rest) if level == "layers" else {}
        for reading in rest:
            if reading.name in opened and len(opened) <= _OPENED:
                continue
            apart = (_codes(marked, reading.name), *ends.get(reading.name, ()), *operators.get(reading.name, ()))
            keys[reading.name] = _key(reading, "siblings" if reading.name in opened else level, apart)
        for name in marked.planned:
            if name in opened and len(opened) <= _OPENED:
                continue
            box = boxes.of_node.get(name)
            keys[name] = ("siblings", "planned", box.id if box else "", parse_name(name).family)
    members: dict[Key, int] = defaultdict(int)
    for key in keys.values():
        members[key] += 1
    return {name: key for name, key in keys.items() if members[key] > 1}


def _fold_fine(keys: dict[str, Key], readings: Iterable[Reading], troubled: set[str], recognized: bool) -> None:
    """Fold stages without a finding, in the others layers without one, and siblings that are neither's."""
    stages: dict[Key, list[Reading]] = defaultdict(list)
    layers: dict[Key, list[Reading]] = defaultdict(list)
    rest: dict[Key, list[Reading]] = defaultdict(list)
    for reading in readings:
        if recognized and reading.stage is not None:
            stages["stage", reading.phase, reading.stage].append(reading)
        if recognized and reading.layer is not None:
            layers["layer", reading.phase, reading.stage, reading.layer].append(reading)
        family = reading.evidence.name.family
        rest["siblings", reading.phase, reading.stage, family, tuple(map(id, reading.node.subgraphs))].append(reading)
    for groups, least in ((stages, 2), (layers, 2), (rest, _ALONE)):
        for key, members in groups.items():
            free = [r for r in members if r.name not in keys and r.name not in troubled]
            whole = len(free) == len([r for r in members if r.name not in keys])
            if len(free) >= least and (whole or groups is rest):
                keys.update({r.name: key for r in free})


def _operators(readings: Iterable[Reading]) -> dict[str, tuple[int, ...]]:
    """Return the numbers in names that tell operators apart and neither layers nor ranks: `norm1` and `norm2` of a layer.

    Ranks are on GPUs of their own, and there are more of them.
    """
    families: dict[tuple[str | None, int | None, str], list[Reading]] = defaultdict(list)
    for reading in readings:
        families[reading.phase, reading.stage, reading.evidence.name.family].append(reading)
    found: dict[str, tuple[int, ...]] = {}
    for members in families.values():
        numbers = [r.evidence.name.numbers for r in members]
        kept = [i for i in range(len(numbers[0])) if _tells_operators(members, i)]
        found.update((r.name, tuple(n[i] for i in kept)) for r, n in zip(members, numbers, strict=True) if kept)
    return found


def _tells_operators(members: list[Reading], place: int) -> bool:
    values = {r.evidence.name.numbers[place] for r in members}
    if not 1 < len(values) <= _ALONE or any(r.evidence.name.numbers[place] == r.layer for r in members):
        return False
    beside: dict[tuple[int, ...], set[str]] = defaultdict(set)
    for reading in members:
        numbers = reading.evidence.name.numbers
        beside[numbers[:place] + numbers[place + 1 :]].add(str(reading.gpus))
    return all(len(gpus) == 1 for gpus in beside.values())


def _key(reading: Reading, level: Level, apart: tuple[object, ...]) -> Key:
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


def _ends(marked: Marked) -> Mapping[str, tuple[Hashable, ...]]:
    """Say of every node which rules propose an edge from it and to it."""
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for proposal in marked.proposals:
        for side, name in enumerate(proposal.pair):
            found[name].add((proposal.mark.code, side))
    return {name: tuple(sorted(ends)) for name, ends in found.items()}
