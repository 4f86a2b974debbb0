"""Families of names by unit: which numbers of a name say what unit a node is in, and which where in it.

The *place* of a node are the numbers that are left when those of its unit are gone: ranks, experts, a
second index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.deployment.patterns.coordinates import Coordinates
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading

Level = Literal["layer", "stage", "phase"]
Places = frozenset[Coordinates]

_TEMPLATE = regex(r"[{}$%]")
# Words before a number that counts ranks or experts, and never a layer or a second operator of the same kind.
RANKS = {
    "gpu", "gpus", "device", "d", "r", "tp", "ep", "dp", "sp", "cp", "rank", "shard", "head", "hg",
    "expert", "experts", "exp", "e", "mb",
}  # fmt: skip


class Family(Struct):
    """The members of one family of names at one level, by unit and place.

    `free` are the numbers of a name that make up a place, with the `words` before them; `fixed` are those
    that say which unit it is. `role` is what all members are, else None; `connected` has the units (in
    order) in which an edge touches one.
    """

    name: str
    free: tuple[int, ...]
    words: tuple[str, ...]
    fixed: dict[int, Level]
    members: dict[int, dict[Coordinates, Reading]] = field(default_factory=dict)
    shown: dict[int, Places] = field(default_factory=dict)
    role: str | None = None
    connected: dict[int, None] = field(default_factory=dict)

    def places(self, unit: int) -> Places:
        """Return the places that it shows in a unit."""
        if unit not in self.shown:
            self.shown[unit] = frozenset(self.members.get(unit, ()))
        return self.shown[unit]

    def settle(self) -> Family:
        """Work out which units show a member that an edge touches, once all members are known."""
        self.connected = {u: None for u, members in self.members.items() if any(connected(r) for r in members.values())}
        return self


def level_of(members: list[Reading]) -> Level | None:
    """Say by what a family's members fall into units; None where only some of them say so."""
    if any(r.summary for r in members) or _TEMPLATE.search(members[0].name):
        return None
    for level, numbers in (("layer", [r.layer for r in members]), ("stage", [r.stage for r in members])):
        known = sum(n is not None for n in numbers)
        if known:
            return ("layer" if level == "layer" else "stage") if known == len(numbers) else None
    return "phase"


def unit_of(reading: Reading, level: Level) -> int:
    """Return the number of a node's unit: its layer as the file counts, 0-based stage, or 0 for the phase."""
    number = reading.layer if level == "layer" else reading.stage if level == "stage" else 0
    return 0 if number is None else number


def families_of(deployment: Deployment, members: list[Reading], level: Level) -> list[Family]:
    """Tell the numbers that say which unit a member is in from those that say where in it.

    There are no families where names collide. A number that belongs to the operator (`ln1` and `ln2`) makes
    families of its own.
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
        and not _counts_on(members, i, level)
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
        place = tuple(numbers[i] for i in free)
        if place in inside:
            return []
        inside[place] = reading
    return [family.settle() for family in found.values()]


def _counts_on(members: list[Reading], place: int, level: Level) -> bool:
    """Return whether a number counts through the units, as that of a layer does: several units, and no value in two of them."""
    seen: dict[int, int] = {}
    for reading in members:
        unit = unit_of(reading, level)
        if seen.setdefault(reading.evidence.name.numbers[place], unit) != unit:
            return False
    return len(set(seen.values())) > 1


def connected(reading: Reading) -> bool:
    """Return whether an edge touches the node."""
    return bool(reading.node.in_edges or reading.node.out_edges)
