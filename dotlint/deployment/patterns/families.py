"""Families of nodes that differ only in numbers, indexed by these numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.coordinates import Coordinates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Pair = tuple[int, int]


class FamilyMember(Struct, frozen=True):
    """A node as one way of naming sees it: its family, its coordinates, and the word for each of them."""

    family: str
    coordinates: Coordinates
    words: tuple[str, ...]


Tails = dict[tuple[Coordinates, Coordinates], tuple[int, Coordinates]]


def select(coordinates: Coordinates, positions: Coordinates) -> Coordinates:
    """Return the coordinates at these positions."""
    return tuple([coordinates[position] for position in positions])


class Degrees(Struct):
    """How many edges lead to and from each node; `turned` is whether the edges are turned around.

    `following` are the heads of all edges by tail, of those too that are not counted.
    """

    ins: Counter[int]
    outs: Counter[int]
    following: dict[int, list[int]]
    turned: bool = False


def following(edges: Iterable[Pair]) -> dict[int, list[int]]:
    """Return the heads of each tail, in the order of the edges."""
    found: dict[int, list[int]] = defaultdict(list)
    for tail, head in edges:
        found[tail].append(head)
    return found


class FamilyIndex:
    """The nodes of a family, indexed by coordinates; a node that shares all its coordinates with another is no end."""

    __slots__ = (
        "_by_kept",
        "_by_linked",
        "_distinguishing",
        "_fewest",
        "_groups",
        "_idle",
        "_rows",
        "_wired",
        "members",
        "single",
        "words",
    )

    def __init__(self, items: Sequence[FamilyMember], members: list[int]) -> None:
        self.members = members
        self.words = items[members[0]].words
        by_coordinates: dict[Coordinates, list[int]] = defaultdict(list)
        for index in members:
            by_coordinates[items[index].coordinates].append(index)
        self.single = {coordinates: found[0] for coordinates, found in by_coordinates.items() if len(found) == 1}
        # A family may have edges to thousands of others, so indexes by coordinates are cached.
        self._distinguishing: dict[frozenset[int], Coordinates] = {}
        self._by_kept: dict[Coordinates, dict[Coordinates, int]] = {}
        self._by_linked: dict[tuple[Coordinates, Coordinates], Tails] = {}
        self._groups: dict[Coordinates, set[Coordinates]] = {}
        self._fewest: dict[bool, int] = {}
        self._idle: dict[bool, list[Coordinates]] = {}
        self._wired: dict[tuple[Coordinates, bool], list[set[int]]] = {}
        self._rows: dict[tuple[Coordinates, bool], list[dict[Coordinates, set[Coordinates]]]] = {}

    def idle(self, degrees: Degrees) -> list[Coordinates]:
        """Return the coordinates of the nodes that no edge leads from."""
        if degrees.turned not in self._idle:
            self._idle[degrees.turned] = [c for c, index in self.single.items() if not degrees.outs[index]]
        return self._idle[degrees.turned]

    def regular(self, usual: int, degrees: Degrees) -> bool:
        """Return whether every node that may be an end has at least the usual number of edges, so that none lacks one."""
        if degrees.turned not in self._fewest:
            self._fewest[degrees.turned] = min(map(degrees.outs.__getitem__, self.single.values()), default=1)
        return 0 < usual <= self._fewest[degrees.turned]

    def by(self, kept: Coordinates) -> dict[Coordinates, int]:
        """Return the nodes by these of their coordinates."""
        if kept not in self._by_kept:
            self._by_kept[kept] = {select(c, kept): index for c, index in self.single.items()}
        return self._by_kept[kept]

    def by_group(self, linked: Coordinates, free: Coordinates) -> Tails:
        """Return the nodes with their coordinates, by linked and by free coordinates."""
        if (linked, free) not in self._by_linked:
            self._by_linked[linked, free] = {
                (select(c, linked), select(c, free)): (index, c) for c, index in self.single.items()
            }
        return self._by_linked[linked, free]

    def groups(self, items: Sequence[FamilyMember], linked: Coordinates) -> set[Coordinates]:
        """Return every group of its nodes, including nodes that cannot be distinguished."""
        if linked not in self._groups:
            self._groups[linked] = {select(items[index].coordinates, linked) for index in self.members}
        return self._groups[linked]

    def rows(self, free: Coordinates, degrees: Degrees) -> list[dict[Coordinates, set[Coordinates]]]:
        """Return, for each free coordinate, the wired nodes that differ only in it, by the other free coordinates."""
        key = free, degrees.turned
        if key not in self._rows:
            rows: list[dict[Coordinates, set[Coordinates]]] = [defaultdict(set) for _ in free]
            for coordinates, index in self.single.items():
                if degrees.outs[index]:
                    own = select(coordinates, free)
                    for position, row in enumerate(rows):
                        row[own[:position] + own[position + 1 :]].add(own)
            self._rows[key] = rows
        return self._rows[key]

    def wired(self, free: Coordinates, degrees: Degrees) -> list[set[int]]:
        """Return, for each free coordinate, its values in wired nodes."""
        key = free, degrees.turned
        if key not in self._wired:
            found = [select(coordinates, free) for coordinates, index in self.single.items() if degrees.outs[index]]
            self._wired[key] = [set(column) for column in zip(*found, strict=True)] if found else [set() for _ in free]
        return self._wired[key]

    def distinguishing(self, needed: frozenset[int]) -> Coordinates:
        """Return coordinates that distinguish the nodes, including those in `needed`.

        A number that the others determine (the rank of an expert, the first layer of a stage) carries no information.
        """
        if needed not in self._distinguishing:
            self._distinguishing[needed] = self._find_distinguishing(needed)
        return self._distinguishing[needed]

    def _find_distinguishing(self, needed: frozenset[int]) -> Coordinates:
        kept = list(range(len(self.words)))
        for j in reversed(range(len(self.words))):
            if j in needed:
                continue
            rest = [i for i in kept if i != j]
            if len({tuple(c[i] for i in rest) for c in self.single}) == len(self.single):
                kept = rest
        return tuple(kept)
