"""Groups of nodes that divide one operator: tensor shards of attention, groups of experts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring
    from dotlint.strategy.gpus import GpuSet

SHARDED = ("qkv", "query", "key-projection", "value-projection", "attention", "scores", "softmax", "output-projection")


class Group(Struct, frozen=True):
    """The nodes that together are one operator of a unit: of one stage, layer, role and family."""

    phase: str | None
    stage: int | None
    layer: int | None
    role: str
    members: tuple[Reading, ...]

    @property
    def gpu_sets(self) -> list[GpuSet]:
        """The distinct GPU sets of the members, in order, without members that have no GPUs."""
        return list(dict.fromkeys(r.gpus for r in self.members if r.gpus))

    @property
    def placed(self) -> bool:
        """Whether every member itself states its GPUs."""
        return all(r.gpus and r.own_gpus for r in self.members)

    @property
    def disjoint(self) -> bool:
        """Whether the distinct GPU sets share no GPU."""
        sets = self.gpu_sets
        return sum(len(s) for s in sets) == len(union(sets))


def within_stage(deployment: Deployment, wiring: Wiring, reading: Reading) -> bool:
    """Return whether a collective connects only operators of its own stage and its GPUs."""
    tails = [deployment.by_name[name] for name in wiring.ins[reading.name] if name in deployment.by_name]
    if not tails or any((r.phase, r.stage) != (reading.phase, reading.stage) for r in tails):
        return False
    placed = [r.gpus for r in tails if r.gpus]
    return reading.gpus is None or not placed or reading.gpus <= union(placed)


def unplaced(deployment: Deployment) -> set[tuple[str | None, str, str]]:
    """Return phase, family and role of nodes without a stage; counts per stage may be too low for these."""
    return {
        (r.phase, r.evidence.name.family, r.role.name if r.role else "")
        for r in deployment.operators
        if r.stage is None
    }


def may_be_short(group: Group, short: set[tuple[str | None, str, str]]) -> bool:
    """Return whether some nodes of `unplaced` may belong to a group of a stage."""
    family = group.members[0].evidence.name.family
    return group.stage is not None and any((group.phase, family, role) in short for role in (group.role, ""))


def replicas(members: Sequence[Reading]) -> list[list[Reading]]:
    """Group nodes by the data-parallel replica in their names."""
    found: dict[tuple[int, ...], list[Reading]] = defaultdict(list)
    for reading in members:
        name = reading.evidence.name
        replica = tuple(n for word, n in zip(name.words, name.numbers, strict=True) if word in {"dp", "replica"})
        found[replica].append(reading)
    return list(found.values())


def groups(deployment: Deployment, *roles: str) -> list[Group]:
    """Group the operators of these roles, in document order; nodes without stage and layer form groups too."""
    found: dict[tuple[object, ...], list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        if reading.role is not None and reading.role.name in roles and not reading.summary:
            family = reading.evidence.name.family
            found[reading.phase, reading.stage, reading.layer, reading.role.name, family].append(reading)
    return [
        Group(r[0].phase, r[0].stage, r[0].layer, r[0].role.name if r[0].role else "", tuple(r))
        for members in found.values()
        for r in _by_layer(members)
    ]


def parts_of_groups(found: Sequence[Group]) -> set[int]:
    """Return the indexes of groups that are parts of one group.

    The members of such a group share numbers (`qkv3_1`, `qkv3_2`) that the members of a group of another stage share
    too.
    """
    families: dict[tuple[str | None, str], list[int]] = defaultdict(list)
    for index, group in enumerate(found):
        families[group.phase, group.members[0].evidence.name.family].append(index)
    parted: set[int] = set()
    for indices in families.values():
        seen: dict[tuple[tuple[int, int], ...], int] = {}
        for index in indices:
            columns = zip(*(r.evidence.name.numbers for r in found[index].members), strict=True)
            shared = tuple((i, column[0]) for i, column in enumerate(columns) if len(set(column)) == 1)
            other = seen.setdefault(shared, index)
            if shared and other != index and found[other].stage != found[index].stage:
                parted |= {other, index}
    return parted


def _by_layer(members: list[Reading]) -> list[list[Reading]]:
    """Separate nodes of several unnamed layers, by the number that distinguishes nodes on the same GPUs.

    If two numbers vary and no layer is known, one of them is the layer: for each of its values every GPU set occurs
    at most once. If that is true of none or several numbers, the nodes are not separated.
    """
    if members[0].layer is not None or not all(r.own_gpus for r in members):
        return [members]
    numbers = [r.evidence.name.numbers for r in members]
    varying = [i for i, values in enumerate(zip(*numbers, strict=True)) if len(set(values)) > 1]
    if len(varying) < 2:
        return [members]
    fitting: list[list[list[Reading]]] = []
    for position in varying:
        parts: dict[int, list[Reading]] = defaultdict(list)
        for reading in members:
            parts[reading.evidence.name.numbers[position]].append(reading)
        if all(len({r.gpus for r in some}) == len(some) for some in parts.values()) and len(parts) < len(members):
            fitting.append(list(parts.values()))
    return fitting[0] if len(fitting) == 1 else [members]


def _in_sequence(deployment: Deployment, group: Group) -> bool:
    """Return whether a path leads from the first member to another one, as from layer to layer."""
    others = {reading.node.index for reading in group.members[1:]}
    graph = deployment.graph
    seen = {group.members[0].node.index}
    todo = [group.members[0].node]
    while todo:
        for edge in graph.successors(todo.pop()):
            if edge.head.index in others:
                return True
            if edge.head.index not in seen:
                seen.add(edge.head.index)
                todo.append(edge.head)
    return False


def one_layer_each(deployment: Deployment, group: Group) -> bool:
    """Return whether a group is certainly one operator of one layer.

    Either it has a layer, or at most one number varies among its members and is not a layer: the members are on
    different GPUs or, if they state none, no path leads from one to another.
    """
    if group.layer is not None:
        return True
    held = [r.experts for r in group.members if r.experts]
    if len(set(held)) < len(held):
        return False
    if len(group.members) > 1:
        if group.placed and len(group.gpu_sets) < len(group.members) and group.role != "expert":
            return False
        if not group.placed and _in_sequence(deployment, group):
            return False
    numbers = [r.evidence.name.numbers for r in group.members]
    varying = sum(1 for values in zip(*numbers, strict=True) if len(set(values)) > 1)
    return varying <= 1 and bool(numbers[0])
