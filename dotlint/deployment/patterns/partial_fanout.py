"""Sibling groups within a unit, and fans that reach one member of a group only.

A loop that writes `gate -> expert_{i}` after its end, instead of in its body, joins the gate to the last
expert and to no other. What is left: a group of siblings that all feed on alike, of which one is fed and
the rest are not.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.families import RANKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Pair, Wiring

_BUDGET = 300_000  # steps spent on telling a chain from a fan, for a whole graph
_SOURCES = {"input", "embedding", "kv-cache", "kv-transfer", "output", "head", "sampling"}


class Siblings(Struct, frozen=True):
    """Nodes of one unit and one family of names, in the order of the numbers that tell them apart.

    Where several numbers do, `across` has the same nodes in the order of the last of them. `parallel` is true
    where those numbers are known to count ranks or experts, which do not feed each other in turn.
    """

    members: tuple[Reading, ...]
    parallel: bool
    across: Siblings | None = None

    @property
    def names(self) -> frozenset[str]:
        """The names of the members."""
        return frozenset(r.name for r in self.members)


class OneArmed(Struct, frozen=True):
    """A fan that reaches one of several siblings: the edges that are there, and those that are not.

    `last` is true where it is the last of each block, as a loop variable leaves it behind.
    """

    outward: bool
    last: bool
    left_out: tuple[Reading, ...]
    present: tuple[Pair, ...]
    missing: tuple[Pair, ...]


def sibling_groups(deployment: Deployment) -> list[Siblings]:
    """Group operators by phase, stage, layer and family of names; the number of `ln1` is part of its name."""
    found: dict[tuple[object, ...], list[tuple[tuple[int, ...], Reading]]] = {}
    parallel: dict[tuple[object, ...], bool] = {}
    layers = _layer_places(deployment)
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
        places = [place for place, _ in members]
        if len(members) > 1 and len(set(places)) == len(places):
            ordered = tuple(r for _, r in sorted(members, key=lambda member: member[0]))
            across = None
            if len(places[0]) > 1:
                turned = sorted(members, key=lambda member: member[0][::-1])
                across = Siblings(tuple(r for _, r in turned), parallel[key])
            groups.append(Siblings(ordered, parallel[key], across))
    return groups


def _layer_places(deployment: Deployment) -> dict[tuple[str | None, str], set[int]]:
    """Say for each family which of its numbers is the layer: in each of its names, not only in that of rank 0 in layer 0."""
    found: dict[tuple[str | None, str], set[int]] = {}
    for reading in deployment.operators:
        name = reading.evidence.name
        same = {i for i, number in enumerate(name.numbers) if number == reading.layer}
        key = reading.phase, name.family
        found[key] = found[key] & same if key in found else same
    return found


def one_armed(deployment: Deployment, groups: Sequence[Siblings], wiring: Wiring) -> list[OneArmed]:
    """List the fans, out and in, that reach the first or the last sibling of each block and no other."""
    sizes = {name: len(group.members) for group in groups for name in group.names}
    found: list[OneArmed] = []
    budget = _BUDGET
    for group in groups:
        for outward in (True, False):
            near, far = (wiring.ins, wiring.outs) if outward else (wiring.outs, wiring.ins)
            orders = (group, group.across) if group.across is not None else (group,)
            fans = (_fan(deployment, order, near, far, sizes, outward=outward) for order in orders)
            fan = next((each for each in fans if each is not None), None)
            if fan is None:
                continue
            if not group.parallel:
                hubs = {tail if outward else head for tail, head in fan.present}
                spent, chain = _reaches([r.name for r in fan.left_out], hubs, far, budget)
                budget -= spent
                if chain:
                    continue
            found.append(fan)
    return found


def _fan(
    deployment: Deployment,
    group: Siblings,
    near: Mapping[str, list[str]],
    far: Mapping[str, list[str]],
    sizes: Mapping[str, int],
    *,
    outward: bool,
) -> OneArmed | None:
    members = group.members
    if any(r.role is None or r.role.name in _SOURCES or not far[r.name] for r in members):
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
    # Hubs are of one kind and all used: others would each have a partner of their own.
    if len({r.evidence.name.family for r in readings}) > 1 or sizes.get(names[0], 1) != blocks:
        return None
    present, missing, left = [], [], []
    for i, hub in zip(wired, names, strict=True):
        present.append((hub, members[i].name) if outward else (members[i].name, hub))
        for other in members[i // size * size : (i // size + 1) * size]:
            if other is not members[i]:
                left.append(other)
                missing.append((hub, other.name) if outward else (other.name, hub))
    return OneArmed(outward, {i % size for i in wired} != {0}, tuple(left), tuple(present), tuple(missing))


def _reaches(starts: list[str], goals: set[str], along: Mapping[str, list[str]], budget: int) -> tuple[int, bool]:
    """Count the steps of a search and say whether it came from `starts` to a goal, or ran out of budget."""
    seen, queue, steps = set(starts), deque(starts), 0
    while queue:
        for name in along[queue.popleft()]:
            steps += 1
            if name in goals or steps > budget:
                return steps, True
            if name not in seen:
                seen.add(name)
                queue.append(name)
    return steps, False
