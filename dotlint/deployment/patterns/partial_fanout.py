"""Find fan-outs and fan-ins that connect to only one member of a sibling group.

A loop that writes `gate -> expert_{i}` after its end, instead of in its body, connects the gate only to the last
expert. The result is a group of siblings with similar outputs, of which one has an input and the others have none.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.families import RANKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Pair, Wiring

_BUDGET = 300_000  # search steps for distinguishing chains from fan-outs, per graph
_ENDS = {"input", "embedding", "kv-cache", "kv-transfer", "output", "head", "sampling"}


class SiblingGroup(Struct, frozen=True):
    """Nodes of one unit and one family, ordered by the numbers that distinguish them.

    If several numbers do, `across` has the same nodes ordered by the last number first. `parallel` is whether the
    numbers certainly count ranks or experts, which do not feed one another in turn.
    """

    members: tuple[Reading, ...]
    parallel: bool
    across: SiblingGroup | None = None

    @property
    def names(self) -> frozenset[str]:
        """The names of the members."""
        return frozenset(r.name for r in self.members)


class PartialFanout(Struct, frozen=True):
    """A fan-out or fan-in that connects to one of several siblings: the existing edges, and the missing ones.

    `last` is whether it is the last sibling of each block, as a loop variable would leave it.
    """

    outward: bool
    last: bool
    unconnected: tuple[Reading, ...]
    present: tuple[Pair, ...]
    missing: tuple[Pair, ...]


def sibling_groups(deployment: Deployment) -> list[SiblingGroup]:
    """Group operators by phase, stage, layer and family; the number of `ln1` counts as part of the name."""
    found: dict[tuple[object, ...], list[tuple[tuple[int, ...], Reading]]] = {}
    parallel: dict[tuple[object, ...], bool] = {}
    layers = _layer_positions(deployment)
    for reading in deployment.operators:
        name = reading.evidence.name
        if reading.summary or not name.numbers:
            continue
        free: list[int] = []
        kept: list[tuple[int, int]] = []
        ranks = False
        for i, (word, number) in enumerate(zip(name.words, name.numbers, strict=True)):
            if word in RANKS or not (name.glued[i] or i in layers.get((reading.phase, name.family), ())):
                free.append(number)
                ranks = ranks or word in RANKS
            else:
                kept.append((i, number))
        role = reading.role.name if reading.role else None
        key: tuple[object, ...] = (reading.phase, reading.stage, reading.layer, role, name.family, tuple(kept))
        found.setdefault(key, []).append((tuple(free), reading))
        parallel[key] = ranks or reading.layer is not None
    groups = []
    for key, members in found.items():
        coordinates = [numbers for numbers, _ in members]
        if len(members) > 1 and len(set(coordinates)) == len(coordinates):
            ordered = tuple(r for _, r in sorted(members, key=lambda member: member[0]))
            across = None
            if len(coordinates[0]) > 1:
                by_last = sorted(members, key=lambda member: member[0][::-1])
                across = SiblingGroup(tuple(r for _, r in by_last), parallel[key])
            groups.append(SiblingGroup(ordered, parallel[key], across))
    return groups


def _layer_positions(deployment: Deployment) -> dict[tuple[str | None, str], set[int]]:
    """Return for each family the positions of its layer number: equal to the layer in all of its names."""
    found: dict[tuple[str | None, str], set[int]] = {}
    for reading in deployment.operators:
        name = reading.evidence.name
        same = {i for i, number in enumerate(name.numbers) if number == reading.layer}
        key = reading.phase, name.family
        found[key] = found[key] & same if key in found else same
    return found


def find_partial_fanouts(deployment: Deployment, groups: Sequence[SiblingGroup], wiring: Wiring) -> list[PartialFanout]:
    """Return the fan-outs and fan-ins that connect only to the first or the last sibling of each block."""
    sizes = {name: len(group.members) for group in groups for name in group.names}
    found: list[PartialFanout] = []
    budget = _BUDGET
    for group in groups:
        for outward in (True, False):
            near, far = (wiring.ins, wiring.outs) if outward else (wiring.outs, wiring.ins)
            orders = (group, group.across) if group.across is not None else (group,)
            fans = (_fan(deployment, order, near, far, sizes, outward=outward) for order in orders)
            fan = next((each for each in fans if each is not None), None)
            if fan is None:
                continue
            paths = _Paths(deployment, {pair[outward] for pair in fan.present}, far, near)
            others = {r.name for r in fan.unconnected}
            spent, others = paths.beside(others, budget, parallel=group.parallel)
            budget -= spent
            if others:
                found.append(_only(fan, others))
    return found


def _fan(
    deployment: Deployment,
    group: SiblingGroup,
    near: Mapping[str, list[str]],
    far: Mapping[str, list[str]],
    sizes: Mapping[str, int],
    *,
    outward: bool,
) -> PartialFanout | None:
    members = group.members
    if any(r.role is None or not far[r.name] for r in members):
        return None
    wired = [i for i, r in enumerate(members) if near[r.name]]
    blocks = len(wired)
    if not blocks or len(members) % blocks or len(members) < 2 * blocks:
        return None
    size = len(members) // blocks
    if {i % size for i in wired} not in ({0}, {size - 1}) or len({i // size for i in wired}) != blocks:
        return None
    hubs = [set(near[members[i].name]) for i in wired]
    if any(len(hub) != 1 for hub in hubs) or set.union(*hubs) & group.names:
        return None
    names = [hub.pop() for hub in hubs]
    readings = [deployment.by_name[name] for name in names]
    if len(set(names)) != blocks or any(r.annotation or r.summary or r.phase != members[0].phase for r in readings):
        return None
    if any(r.is_role(*_ENDS) for r in members) and not all(r.is_role(*_ENDS) for r in readings):
        return None  # an input needs no producer, unless it is a part of another
    # Hubs are of one kind and all used; otherwise each has a partner of its own.
    if len({r.evidence.name.family for r in readings}) > 1 or sizes.get(names[0], 1) != blocks:
        return None
    present, missing, unconnected = [], [], []
    for i, hub in zip(wired, names, strict=True):
        present.append((hub, members[i].name) if outward else (members[i].name, hub))
        for other in members[i // size * size : (i // size + 1) * size]:
            if other is not members[i]:
                unconnected.append(other)
                missing.append((hub, other.name) if outward else (other.name, hub))
    return PartialFanout(outward, {i % size for i in wired} != {0}, tuple(unconnected), tuple(present), tuple(missing))


def _only(fan: PartialFanout, names: set[str]) -> PartialFanout:
    """Return the fan without the other siblings."""
    return replace(
        fan,
        unconnected=tuple(r for r in fan.unconnected if r.name in names),
        missing=tuple(pair for pair in fan.missing if not names.isdisjoint(pair)),
    )


class _Paths:
    """The paths from the connected siblings away from the hub.

    Paths of siblings that work beside each other meet in a node that they enter from nodes of one family, as the
    shards enter their sum. Paths of layers meet where one of them feeds the next, which has other producers too.
    """

    def __init__(
        self,
        deployment: Deployment,
        starts: set[str],
        along: Mapping[str, list[str]],
        against: Mapping[str, list[str]],
    ) -> None:
        self._deployment = deployment
        self._along, self._against = along, against
        self._entered: dict[str, set[str]] = {name: set() for name in starts}

    def beside(self, others: set[str], budget: int, *, parallel: bool) -> tuple[int, set[str]]:
        """Return the number of search steps, and the siblings that work beside the connected ones.

        Unless they are `parallel`, their paths have to show it. If the budget is exceeded, there are none.
        """
        steps = self._enter(budget)
        if steps > budget:
            return steps, set()
        outside = {name for name in others if name not in self._entered}
        if parallel:
            return steps, outside
        entries = [
            before
            for name, families in self._entered.items()
            for before in self._against[name]
            if before not in self._entered and self._family(before) in families
        ]
        seen, queue = set(entries), deque(entries)
        while queue and steps <= budget:
            for before in self._against[queue.popleft()]:
                steps += 1
                if before not in seen and before not in self._entered:
                    seen.add(before)
                    queue.append(before)
        return steps, outside & seen if steps <= budget else set()

    def _enter(self, budget: int) -> int:
        queue, steps = deque(self._entered), 0
        while queue and steps <= budget:
            name = queue.popleft()
            for after in self._along[name]:
                steps += 1
                if after not in self._entered:
                    self._entered[after] = set()
                    queue.append(after)
                self._entered[after].add(self._family(name))
        return steps

    def _family(self, name: str) -> str:
        return self._deployment.by_name[name].evidence.name.family
