"""Families of nodes by unit: which numbers of a name identify the unit, and which the position within it.

A family is a set of nodes whose names differ only in numbers. The *coordinates* of a node are the numbers that remain
without those of its unit: ranks, experts, a second index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.deployment.patterns.coordinates import Coordinates
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading

Level = Literal["layer", "stage", "phase"]
CoordinateSet = frozenset[Coordinates]

_PLACEHOLDER = regex(r"[{}$%]")
# Words before numbers that count ranks or experts, never layers or further operators of the same kind.
RANKS = {
    "gpu", "gpus", "device", "d", "r", "tp", "ep", "dp", "sp", "cp", "rank", "shard", "head", "hg",
    "expert", "experts", "exp", "e", "mb",
}  # fmt: skip


class Family(Struct):
    """The members of a family at one level, by unit and coordinates.

    `free` are the positions of the numbers that are coordinates, `words` the words before them; `fixed` maps the
    positions of the other numbers to what they count. `role` is the common role of all members, or None; `connected`
    are the units, in order, in which a member has an edge.
    """

    name: str
    free: tuple[int, ...]
    words: tuple[str, ...]
    fixed: dict[int, Level]
    members: dict[int, dict[Coordinates, Reading]] = field(default_factory=dict)
    _sets: dict[int, CoordinateSet] = field(default_factory=dict)
    role: str | None = None
    connected: dict[int, None] = field(default_factory=dict)

    def coordinate_set(self, unit: int) -> CoordinateSet:
        """Return the coordinates of its members in a unit."""
        if unit not in self._sets:
            self._sets[unit] = frozenset(self.members.get(unit, ()))
        return self._sets[unit]

    def find_connected(self) -> Family:
        """Determine the units in which a member has an edge; called once all members are known."""
        self.connected = {u: None for u, members in self.members.items() if any(connected(r) for r in members.values())}
        return self


def level_of(members: list[Reading]) -> Level | None:
    """Return the kind of unit that divides the members; None if only some of them state it."""
    if any(r.summary for r in members) or _PLACEHOLDER.search(members[0].name):
        return None
    for level, numbers in (("layer", [r.layer for r in members]), ("stage", [r.stage for r in members])):
        known = sum(n is not None for n in numbers)
        if known:
            return ("layer" if level == "layer" else "stage") if known == len(numbers) else None
    return "phase"


def unit_of(reading: Reading, level: Level) -> int:
    """Return the number of the unit of a node: its layer counted through all stages, 0-based stage, or 0 for the phase."""
    number = reading.layer_index if level == "layer" else reading.stage if level == "stage" else 0
    return 0 if number is None else number


def families_of(deployment: Deployment, members: list[Reading], level: Level) -> list[Family]:
    """Separate the numbers that identify the unit of a member from its coordinates.

    Returns no families if coordinates collide. A number that belongs to the operator (`ln1` and `ln2`) separates
    families.
    """
    name = members[0].evidence.name
    fixed: dict[int, Level] = {}
    for i, word in enumerate(name.words):
        column = [r.evidence.name.numbers[i] for r in members]
        if word in RANKS and len(set(column)) < 2:
            continue
        if level == "layer" and column == [r.layer for r in members]:
            fixed[i] = "layer"
        elif all(
            r.stage is not None and deployment.stage_number(r.stage) == n for r, n in zip(members, column, strict=True)
        ):
            fixed[i] = "stage"
    free = [i for i in range(len(name.words)) if i not in fixed]
    ordinal = [
        i
        for i in free
        if name.glued[i]
        and name.words[i] not in RANKS
        and len({r.evidence.name.numbers[i] for r in members}) < 5
        and not _continues_through_units(members, i, level)
    ]
    if len(ordinal) == len(free) and level == "phase":
        ordinal = []
    free = [i for i in free if i not in ordinal]
    found: dict[Coordinates, Family] = {}
    for reading in members:
        numbers = reading.evidence.name.numbers
        which = tuple(numbers[i] for i in ordinal)
        family = found.get(which)
        if family is None:
            family = found[which] = Family(
                f"{name.family} {which}", tuple(free), tuple(name.words[i] for i in free), fixed
            )
            family.role = reading.role.name if reading.role else None
        elif family.role != (reading.role.name if reading.role else None):
            family.role = None
        inside = family.members.setdefault(unit_of(reading, level), {})
        coordinates = tuple(numbers[i] for i in free)
        if coordinates in inside:
            return []
        inside[coordinates] = reading
    return [family.find_connected() for family in found.values()]


def _continues_through_units(members: list[Reading], position: int, level: Level) -> bool:
    """Return whether a number continues through the units, as that of a layer does: no value occurs in two units."""
    seen: dict[int, int] = {}
    for reading in members:
        unit = unit_of(reading, level)
        if seen.setdefault(reading.evidence.name.numbers[position], unit) != unit:
            return False
    return len(set(seen.values())) > 1


def connected(reading: Reading) -> bool:
    """Return whether the node has an edge."""
    return bool(reading.node.in_edges or reading.node.out_edges)
