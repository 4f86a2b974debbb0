"""Find the edges that enter the units of a series and that all units lack, so that no sibling shows them.

Layer i runs behind layer i-1, and the first layer behind a node outside, such as the embedding. If no norm has its
edge from the layer before, then the first layer and the residual adds show it: the embedding feeds the norm and the
add of the first layer, and the adds of the other layers are fed by the layer before. So what feeds an add there
*stands for* the embedding, and feeds the norm as well. The same holds, turned around, for the edges that leave a unit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise, product
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.patterns.missing_edge import MissingEdge
from dotlint.deployment.patterns.slots import Key, Neighbors, Slot, Units, running_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.devices import Devices
    from dotlint.graph.model import Edge

Pair = tuple[int, int]

# What numbers the units of a series, what its nodes have in common, and whether such units always follow one another.
_LEVELS: tuple[tuple[Callable[[Reading], int | None], Callable[[Reading], Key], bool], ...] = (
    (lambda r: r.layer_index, lambda r: (r.phase, r.replica, r.micro_batch, r.step), True),
    (lambda r: r.stage, lambda r: (r.phase, r.replica, r.micro_batch, r.step), False),
    (lambda r: r.micro_batch, lambda r: (r.phase, r.replica, r.stage, r.layer_index, r.step), False),
    (lambda r: r.step, lambda r: (r.phase, r.replica, r.stage, r.layer_index, r.micro_batch), False),
)
_NO_WORK = {"io", "memory", "annotation"}


def edges_between_units(
    deployment: Deployment, by_pair: Mapping[Pair, Edge], planned: Iterable[MissingEdge], devices: Devices
) -> list[MissingEdge]:
    """Return the edges that enter or leave the units of a series and that no sibling has."""
    pairs = {*by_pair, *((m.tail.node.index, m.head.node.index) for m in planned)}
    found: dict[Pair, MissingEdge] = {}
    ins: Neighbors = defaultdict(set)
    outs: Neighbors = defaultdict(set)
    for tail, head in pairs:
        ins[head].add(tail)
        outs[tail].add(head)
    for units, ordered in deployment.derived(_levels) * 2:  # an edge to the next unit may show which are missing
        entries = _Entries(deployment, units, ins, outs, devices, forward=True)
        exits = _Entries(deployment, units, outs, ins, devices, forward=False)
        edges = [((near, node), (outside, first)) for near, node, outside, first in entries.missing()]
        edges += [((node, near), (first, outside)) for near, node, outside, first in exits.missing()]
        if ordered:
            edges += _links(entries, exits, pairs)
        for pair, exemplar in edges:
            if pair not in pairs and exemplar in by_pair:
                tail, head = pair
                found[pair] = MissingEdge(deployment.readings[tail], deployment.readings[head], by_pair[exemplar])
                pairs.add(pair)
                ins[head].add(tail)
                outs[tail].add(head)
    return list(found.values())


def _levels(deployment: Deployment) -> list[tuple[Units, bool]]:
    """Return the levels at which units follow one another, and whether such units always do."""
    running = running_numbers(deployment)
    levels = [(Units(number_of, series_of, deployment, running), ordered) for number_of, series_of, ordered in _LEVELS]
    return [(units, ordered) for units, ordered in levels if any(len(some) > 1 for some in units.numbers.values())]


def _links(entries: _Entries, exits: _Entries, pairs: Iterable[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Yield the edges between units that none has, each with the exemplar, which enters the first unit."""
    units = entries.units
    linked = {
        units.slot[tail].series
        for tail, head in pairs
        if tail in units.slot and head in units.slot and units.unit[tail] != units.unit[head]
    }
    for series, numbers in units.numbers.items():
        if series in linked or len(numbers) < 2 or numbers[-1] - numbers[0] >= len(numbers):
            continue
        heads, tails = entries.open_slots(series), exits.open_slots(series)
        whole = tails and len({slot.kind for slot in tails}) == 1 and len(tails) == tails[0].count
        if not heads or not whole or 1 not in (len(heads), len(tails)):
            continue
        outside = min(entries.outside(heads[0], numbers[0]))
        for one, two in pairwise(numbers):
            for tail, head in product(tails, heads):
                pair = units.members[tail][one].node.index, units.members[head][two].node.index
                yield pair, (outside, units.members[head][numbers[0]].node.index)


class _Entries(Struct):
    """The nodes where edges enter the units of one level; or leave them, if not `forward`."""

    deployment: Deployment
    units: Units
    neighbors: Neighbors
    opposite: Neighbors
    devices: Devices
    forward: bool
    _shared: dict[Slot, set[int]] = field(default_factory=dict)

    def missing(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield the node of the unit before, the node that lacks it, and both ends of the exemplar in the first unit."""
        for slot, members in self.units.members.items():
            order = self._order(slot.series)
            if len(members) < 2 or order[0] not in members:
                continue
            first = members[order[0]].node.index
            outside = self.outside(slot, order[0])
            if not outside:
                continue
            for before, number in pairwise(order):
                if number in members and self._lacks(members[number], first):
                    for near in self._stand_ins(members[number].node.index, first, outside, before):
                        yield near, members[number].node.index, min(outside), first

    def open_slots(self, series: Key) -> list[Slot]:
        """Return the slots where only the first unit is entered from outside; none if units differ in other slots too."""
        order = self._order(series)
        found: list[Slot] = []
        for slot, members in self.units.members.items():
            if slot.series != series or order[0] not in members:
                continue
            own = self._own(members[order[0]].node.index)
            lacking = [n for n in order[1:] if n in members and not self._own(members[n].node.index)]
            if not own or not lacking:
                continue
            if lacking != order[1:] or own != self.outside(slot, order[0]) or not _works(members[order[0]]):
                return []
            found.append(slot)
        outside = {frozenset(self.outside(slot, order[0])) for slot in found}
        return found if len(outside) == 1 else []

    def outside(self, slot: Slot, number: int) -> set[int]:
        """Return what feeds a node from outside the series; nothing if another unit feeds it."""
        index = self.units.members[slot][number].node.index
        entering = self._own(index) & self.units.outside_of(index, self.neighbors)
        return set() if any(other in self.units.slot for other in entering) else entering

    def _own(self, index: int) -> set[int]:
        """Return the neighbors of a node without those that feed several units on purpose, such as a mask."""
        slot = self.units.slot[index]
        if slot not in self._shared:
            every = Counter(n for r in self.units.members[slot].values() for n in self.neighbors[r.node.index])
            self._shared[slot] = {n for n, count in every.items() if count > 1 and n not in self.units.slot}
        return self.neighbors[index] - self._shared[slot]

    def _order(self, series: Key) -> list[int]:
        numbers = self.units.numbers[series]
        return numbers if self.forward else numbers[::-1]

    def _lacks(self, reading: Reading, first: int) -> bool:
        """Return whether a node has no neighbor, or is a residual add whose other input is missing."""
        own = self._own(reading.node.index)
        inner = not own & self.units.outside_of(reading.node.index, self.neighbors)
        one_of_two = self.forward and reading.is_role("residual") and len(own) == 1 < len(self._own(first))
        return _works(reading) and (not own or (inner and one_of_two))

    def _stand_ins(self, node: int, first: int, outside: set[int], before: int) -> set[int]:
        """Return what feeds the unit where `outside` feeds the first one, if everything beside the node agrees."""
        slot, number = self.units.slot[node], self.units.unit[node]
        agreed: set[int] = set()
        for start in sorted(self.opposite[min(outside)] & self.units.slot.keys() - {first}):
            peer_slot = self.units.slot[start]
            reading = self.units.members[peer_slot].get(number)
            if peer_slot.series != slot.series or self.units.unit[start] != self.units.unit[first] or reading is None:
                continue
            if peer_slot.count == slot.count and peer_slot.position != slot.position:
                continue
            peer = reading.node.index
            stand_ins = self.units.unlike(peer, start, self.neighbors)
            if self.units.unlike(start, peer, self.neighbors) != outside or not stand_ins:
                continue
            alike = self.devices.alike((peer, node), (start, first)) is not False
            if not alike or not self._of_unit(stand_ins, slot.series, before) or (agreed and stand_ins != agreed):
                return set()
            agreed = stand_ins
        return agreed

    def _of_unit(self, nodes: set[int], series: Key, number: int) -> bool:
        """Return whether nodes are all of one kind and of one unit, or transfers from there."""
        if all(self.deployment.readings[index].transfers for index in nodes):
            return True
        slots = {index: self.units.slot.get(index) for index in nodes}
        return len({slot and slot.kind for slot in slots.values()}) == 1 and all(
            slot is not None and slot.series == series and self.units.unit[index] == number
            for index, slot in slots.items()
        )


def _works(reading: Reading) -> bool:
    """Return whether a node certainly needs an input and has an output that is used."""
    return reading.kind is not None and reading.kind not in _NO_WORK
