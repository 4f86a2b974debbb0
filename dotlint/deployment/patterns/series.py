"""Find the edges that enter the units of a series and that all units lack, so that no sibling shows them.

Layer i runs behind layer i-1, and the first layer behind a node outside, such as the embedding. If no norm has its
edge from the layer before, then the first layer and the residual adds show it: the embedding feeds the norm and the
add of the first layer, and the adds of the other layers are fed by the layer before. So what feeds an add there
*stands for* the embedding, and feeds the norm as well. The same holds, turned around, for the edges that leave a unit.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.missing_edge import MissingEdge
from dotlint.deployment.words import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.devices import Devices
    from dotlint.graph.model import Edge

Pair = tuple[int, int]
Key = tuple[object, ...]
Neighbors = dict[int, set[int]]

# What numbers the units of a series, and what its nodes have in common.
_LEVELS: tuple[tuple[Callable[[Reading], int | None], Callable[[Reading], Key]], ...] = (
    (lambda r: r.layer_index, lambda r: (r.phase, r.replica, r.micro_batch, r.step)),
    (lambda r: r.stage, lambda r: (r.phase, r.replica, r.micro_batch, r.step)),
    (lambda r: r.micro_batch, lambda r: (r.phase, r.replica, r.stage, r.layer_index, r.step)),
    (lambda r: r.step, lambda r: (r.phase, r.replica, r.stage, r.layer_index, r.micro_batch)),
)
_MOST_ROLES = 2  # the number in a family of names with more roles is a running number, which says nothing
_NO_WORK = {"io", "memory", "annotation"}


class _Slot(Struct, frozen=True):
    """Where a node is in its unit: its series, its kind, and its position among the nodes of that kind."""

    series: Key
    kind: Key
    position: int
    count: int


class _Units:
    """The nodes of one level by unit and slot; `forward` is whether units follow in the order of their numbers."""

    def __init__(
        self, number_of: Callable[[Reading], int | None], series_of: Callable[[Reading], Key], deployment: Deployment
    ) -> None:
        running = _running_numbers(deployment)
        found: dict[tuple[Key, Key, int], list[Reading]] = defaultdict(list)
        numbers: dict[Key, set[int]] = defaultdict(set)
        for reading in deployment.operators:
            number = number_of(reading)
            if number is not None and not reading.summary:
                family = reading.evidence.name.family
                if family in running:
                    family = parse_name(reading.evidence.title or "").family
                found[series_of(reading), (reading.role, family), number].append(reading)
                numbers[series_of(reading)].add(number)
        self.numbers = {series: sorted(some) for series, some in numbers.items()}
        self.unit: dict[int, int] = {}
        self.slot: dict[int, _Slot] = {}
        self.members: dict[_Slot, dict[int, Reading]] = defaultdict(dict)
        for (series, kind, number), some in found.items():
            for position, reading in enumerate(sorted(some, key=lambda r: r.evidence.name.numbers)):
                slot = _Slot(series, kind, position, len(some))
                self.unit[reading.node.index], self.slot[reading.node.index] = number, slot
                self.members[slot][number] = reading

    def outside_of(self, index: int, neighbors: Neighbors) -> set[int]:
        """Return the neighbors of a node that are not in its unit."""
        own = self.slot[index].series, self.unit[index]
        return {n for n in neighbors[index] if n not in self.slot or (self.slot[n].series, self.unit[n]) != own}

    def unlike(self, one: int, other: int, neighbors: Neighbors) -> set[int]:
        """Return the neighbors of a node that do not correspond to neighbors of the same node in another unit."""
        theirs = neighbors[other]
        slots = {self.slot[n] for n in theirs if n in self.slot and self.unit[n] == self.unit[other]}
        return {
            n
            for n in neighbors[one] - theirs
            if n not in self.slot or self.unit[n] != self.unit[one] or self.slot[n] not in slots
        }


def _running_numbers(deployment: Deployment) -> set[str]:
    roles: dict[str, set[object]] = defaultdict(set)
    for reading in deployment.operators:
        roles[reading.evidence.name.family].add(reading.role)
    return {family for family, some in roles.items() if len(some) > _MOST_ROLES}


def edges_into_units(
    deployment: Deployment, by_pair: Mapping[Pair, Edge], planned: Iterable[MissingEdge], devices: Devices
) -> list[MissingEdge]:
    """Return the edges that enter or leave the units of a series and that no sibling has."""
    pairs = {*by_pair, *((m.tail.node.index, m.head.node.index) for m in planned)}
    ins: Neighbors = defaultdict(set)
    outs: Neighbors = defaultdict(set)
    for tail, head in pairs:
        ins[head].add(tail)
        outs[tail].add(head)
    found: dict[Pair, MissingEdge] = {}
    for number_of, series_of in _LEVELS:
        units = _Units(number_of, series_of, deployment)
        for forward, neighbors in ((True, ins), (False, outs)):
            for near, node, outside, first in _Entries(deployment, units, neighbors, devices, forward).missing():
                pair, exemplar = ((near, node), (outside, first)) if forward else ((node, near), (first, outside))
                if pair not in pairs and exemplar in by_pair:
                    tail, head = deployment.readings[pair[0]], deployment.readings[pair[1]]
                    found.setdefault(pair, MissingEdge(tail, head, by_pair[exemplar]))
    return list(found.values())


class _Entries(Struct):
    """The nodes where edges enter the units of one level; or leave them, if not `forward`."""

    deployment: Deployment
    units: _Units
    neighbors: Neighbors
    devices: Devices
    forward: bool

    def missing(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield the node of the unit before, the node that lacks it, and both ends of the exemplar in the first unit."""
        for slot, members in self.units.members.items():
            order = self._order(slot.series)
            if len(members) < 2 or order[0] not in members:
                continue
            first = members[order[0]].node.index
            outside = self._outside(first)
            if not outside or any(self.neighbors[r.node.index] & outside for n, r in members.items() if n != order[0]):
                continue  # nodes outside that feed several units feed them on purpose
            for before, number in zip(order, order[1:], strict=False):
                if number in members and self._lacks(members[number], first):
                    for near in self._stand_ins(members[number].node.index, first, outside, before):
                        yield near, members[number].node.index, min(outside), first

    def _order(self, series: Key) -> list[int]:
        numbers = self.units.numbers[series]
        return numbers if self.forward else numbers[::-1]

    def _outside(self, first: int) -> set[int]:
        """Return what feeds a node of the first unit from outside; nothing if some of it is of another unit."""
        entering = self.units.outside_of(first, self.neighbors)
        return set() if any(index in self.units.slot for index in entering) else entering

    def _lacks(self, reading: Reading, first: int) -> bool:
        """Return whether a node has no neighbor, or is a residual add whose other input is missing."""
        own = self.neighbors[reading.node.index]
        if reading.kind in _NO_WORK:
            return False
        inner = not self.units.outside_of(reading.node.index, self.neighbors)
        one_of_two = self.forward and reading.is_role("residual") and len(own) == 1 < len(self.neighbors[first])
        return not own or (inner and one_of_two)

    def _stand_ins(self, node: int, first: int, outside: set[int], before: int) -> set[int]:
        """Return what feeds the unit where `outside` feeds the first one, if everything beside the node agrees."""
        slot, number = self.units.slot[node], self.units.unit[node]
        agreed: set[int] = set()
        for peer_slot, peers in self.units.members.items():
            start = peers.get(self._order(slot.series)[0])
            peer = peers.get(number)
            if peer_slot.series != slot.series or start is None or peer is None or start.node.index == first:
                continue
            if peer_slot.count == slot.count and peer_slot.position != slot.position:
                continue
            stand_ins = self.units.unlike(peer.node.index, start.node.index, self.neighbors)
            if self.units.unlike(start.node.index, peer.node.index, self.neighbors) != outside or not stand_ins:
                continue
            alike = self.devices.alike((peer.node.index, node), (start.node.index, first)) is not False
            if not alike or not self._of_unit(stand_ins, slot.series, before) or (agreed and stand_ins != agreed):
                return set()
            if len(stand_ins) < max(self._count(index) for index in stand_ins) and peer_slot.count != slot.count:
                return set()  # rank feeds rank, but which rank feeds this node is not known
            agreed = stand_ins
        return agreed

    def _count(self, index: int) -> int:
        return self.units.slot[index].count if index in self.units.slot else 1

    def _of_unit(self, nodes: set[int], series: Key, number: int) -> bool:
        """Return whether nodes are all of one kind and of one unit, or transfers from there."""
        if all(self.deployment.readings[index].transfers for index in nodes):
            return True
        slots = {index: self.units.slot.get(index) for index in nodes}
        return len({slot and slot.kind for slot in slots.values()}) == 1 and all(
            slot is not None and slot.series == series and self.units.unit[index] == number
            for index, slot in slots.items()
        )
