"""The nodes of units that follow one another, by unit and slot.

A slot is where a node is in its unit: nodes of different units with the same slot correspond.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dotlint.deployment.model import Deployment, Reading

Key = tuple[object, ...]
Neighbors = dict[int, set[int]]
_MOST_ROLES = 2  # the number in a family of names with more roles is a running number without meaning


class Slot(Struct, frozen=True):
    """Where a node is in its unit: its series, its kind, and its position among the nodes of that kind."""

    series: Key
    kind: Key
    position: int
    count: int


class Units:
    """The nodes of one level by unit and slot; `forward` is whether units follow in the order of their numbers."""

    def __init__(
        self,
        number_of: Callable[[Reading], int | None],
        series_of: Callable[[Reading], Key],
        deployment: Deployment,
        running: Collection[str],
    ) -> None:
        found: dict[tuple[Key, Key, int], list[Reading]] = defaultdict(list)
        numbers: dict[Key, set[int]] = defaultdict(set)
        for reading in deployment.operators:
            number = number_of(reading)
            if number is not None and not reading.summary:
                family = reading.evidence.name.family
                if family in running:
                    family = parse_name(reading.evidence.title or "").family
                series = series_of(reading)
                found[series, (reading.role, family), number].append(reading)
                numbers[series].add(number)
        self.numbers = {series: sorted(some) for series, some in numbers.items()}
        self.unit: dict[int, int] = {}
        self.slot: dict[int, Slot] = {}
        self.members: dict[Slot, dict[int, Reading]] = defaultdict(dict)
        for (series, kind, number), some in found.items():
            for position, reading in enumerate(sorted(some, key=lambda r: r.evidence.name.numbers)):
                slot = Slot(series, kind, position, len(some))
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


def running_numbers(deployment: Deployment) -> set[str]:
    """Return the families of names whose number is a running number without meaning."""
    roles: dict[str, set[object]] = defaultdict(set)
    for reading in deployment.operators:
        roles[reading.evidence.name.family].add(reading.role)
    return {family for family, some in roles.items() if len(some) > _MOST_ROLES}
