"""Find nodes that sibling units have and a unit lacks, by the numbers in names.

A *unit* is a layer or a stage of a phase (or the whole phase, for nodes of neither). Within a unit, a family has a
set of coordinates (`families`). Two families with the same coordinates in a unit (`gpu#_layer#_attn_qkv` and
`gpu#_layer#_attn_gate` on GPUs 0 and 1) are partners: in another unit, the coordinates of one determine those of the
other (GPUs 2 and 3). So a name is derived from relations between families and not by counting on, which would fail
for global ranks.

Only units that are drawn alike are compared. A unit is drawn differently if it has nodes of its own that may
represent those it lacks (a summary, one `Attention block` for its parts, a dense MLP instead of experts), or if it
has less than two thirds of what the other has. What belongs to the ends of a model is ignored.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from itertools import product as grid
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.families import connected, families_of, level_of, unit_of
from dotlint.deployment.patterns.renumber import with_numbers
from dotlint.deployment.words import plain_words
from dotlint.strategy.degrees import AXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.families import CoordinateSet, Family, Level
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.coordinates import Coordinates

ENDS = frozenset({
    "input", "output", "embedding", "head", "sampling", "kv-cache", "kv-transfer", "legend", "broadcast",
    "send", "receive", "transfer",
})  # fmt: skip
_ATTENTION = {
    "qkv", "query", "key-projection", "value-projection", "scores", "softmax", "attention",
    "output-projection",
}  # fmt: skip
_FEED_FORWARD = {
    "mlp", "mlp-up", "mlp-down", "activation", "gate", "route", "expert", "dispatch", "combine", "aggregate",
    "all-to-all", "shared-expert",
}  # fmt: skip
_MOST = 64  # the most families compared with one
_EXPERTS = {"expert", "experts", "exp", "e", "ep"}
# Roles that the first or last unit may lack.
_BETWEEN = {None, "split", "gather", "all-gather", "sequence-split", "sequence-gather", "reduce-scatter"}


class MissingNode(Struct, frozen=True):
    """A node that does not exist: the `name` it would have, and the sibling that is its exemplar.

    `unit` is a layer as numbered in the file, a 0-based stage, or None for the whole phase. Of `units` similar units,
    `having` have the node.
    """

    name: str
    exemplar: Reading
    level: Level
    unit: int | None
    phase: str | None
    stage: int | None
    having: int
    units: int


def find_missing_nodes(deployment: Deployment) -> list[MissingNode]:
    """Return the nodes that siblings have and a unit lacks, ordered by phase, level and unit."""
    found: list[MissingNode] = []
    # If nodes have statements of their own, a node that only an edge names may be a typing error: no exemplar.
    declared = sum(1 for r in deployment.operators if r.node.declared)
    plain = 2 * declared <= len(deployment.operators)
    for phase in deployment.phases:
        inside = [r for r in deployment.operators if r.phase == phase and (plain or r.node.declared)]
        families: dict[str, list[Reading]] = defaultdict(list)
        for reading in inside:
            families[reading.evidence.name.family].append(reading)
        by_level: dict[Level, list[Family]] = {"layer": [], "stage": [], "phase": []}
        for members in families.values():
            level = level_of(members)
            if level is not None:
                by_level[level] += families_of(deployment, members, level)
        for level, some in by_level.items():
            found += _Comparison(deployment, phase, level, some, inside).run()
    return found


def _serves_ends(deployment: Deployment, family: Family) -> bool:
    """Return whether a collective joins only what an embedding or a head makes, so that it belongs to them."""
    tails = {e.tail.name for unit in family.members.values() for r in unit.values() for e in r.node.in_edges}
    return bool(tails) and all((r := deployment.by_name.get(t)) and r.is_role("embedding", "head") for t in tails)


def _is_final_norm(family: Family) -> bool:
    """Return whether a norm is named as the one after the last layer, which only the last unit has."""
    members = [r for unit in family.members.values() for r in unit.values()]
    return family.role == "norm" and all(
        {"final", "last"} & set(plain_words(f"{r.name} {r.evidence.title}").split()) for r in members
    )


class _Comparison:
    """The units of one level of a phase, and the families in them."""

    def __init__(
        self, deployment: Deployment, phase: str, level: Level, families: list[Family], inside: list[Reading]
    ) -> None:
        self.deployment, self.phase, self.level = deployment, phase, level
        self.families = [f for f in families if f.role not in ENDS and not _serves_ends(deployment, f)]
        self.units = sorted({unit for f in self.families for unit in f.members})
        self.families_in = {unit: {f.name for f in self.families if unit in f.members} for unit in self.units}
        self.summarized = self._summarized(inside)
        stages: dict[int, Counter[int | None]] = defaultdict(Counter)
        for f in families:
            for unit, members in f.members.items():
                stages[unit].update(r.stage for r in members.values())
        self.stages = {unit: counted.most_common(1)[0][0] for unit, counted in stages.items()}
        self.layers = {r.layer_index: r.layer for r in inside if r.layer_index is not None}
        self.by_name = {f.name: f for f in self.families}
        self.by_coordinates: dict[tuple[int, int, CoordinateSet], list[Family]] = defaultdict(list)
        for f in self.families:
            for unit in f.members:
                self.by_coordinates[unit, len(f.free), f.coordinate_set(unit)].append(f)

    def _summarized(self, inside: list[Reading]) -> set[int]:
        """Return units that a summary or a range of layers covers."""
        found: set[int] = set()
        for reading in inside:
            if self.level == "layer" and reading.evidence.layers:
                low, high = reading.evidence.layers
                found |= {unit for unit in self.units if low <= unit <= high}
            elif reading.summary:
                found |= {u for u in self.units if u == unit_of(reading, self.level) or self.level == "phase"}
        return found

    def run(self) -> Iterator[MissingNode]:
        """Yield missing nodes; those that end units may lack only if such a unit lacks something else too."""
        found: dict[int, list[tuple[Family, CoordinateSet]]] = defaultdict(list)
        plain: set[int] = set()
        for family in self.families:
            lacking = {unit: expected - family.coordinate_set(unit) for unit, expected in self._expected(family)}
            if not self._belongs_to_ends(family, set(lacking)):
                plain |= set(lacking)
            for unit, coordinate_set in lacking.items():
                found[unit].append((family, coordinate_set))
        for unit in sorted(plain):
            for family, coordinate_set in found[unit]:
                yield from self._missing_in_unit(family, unit, sorted(coordinate_set))

    def _expected(self, family: Family) -> Iterator[tuple[int, CoordinateSet]]:
        """Yield each unit that lacks members of the family, with all coordinates it should have."""
        partners = self._partners(family) if len(self.units) > 1 else []
        usual = self._usual(family)
        complete_sets = {frozenset(self.families_in[u]) for u in family.connected if u not in self.summarized}
        for unit in self.units:
            own = family.coordinate_set(unit)
            near, usually = usual.get(self.stages.get(unit)), usual.get("all")
            guesses = (near, usually, self._by_partners(partners, unit), self._within_unit(family, unit))
            expected = next(
                (coordinate_set for coordinate_set in guesses if coordinate_set and own < coordinate_set), None
            )
            if expected is not None and self._alike(family, unit, complete_sets, partly=bool(own)):
                yield unit, expected

    def _usual(self, family: Family) -> dict[int | str | None, CoordinateSet]:
        """Return the usual coordinates in the units of each stage, and in all; none where units disagree.

        At most half of the units may lack a part. A single unit is reliable only for experts, which every layer
        counts from the start, for a family without coordinates, or if another unit has a part of it.
        """
        counts: dict[int | str | None, Counter[CoordinateSet]] = defaultdict(Counter)
        for unit in family.members:
            counts[self.stages.get(unit)][family.coordinate_set(unit)] += 1
            counts["all"][family.coordinate_set(unit)] += 1
        found: dict[int | str | None, CoordinateSet] = {}
        for stage, counted in counts.items():
            coordinate_set, number = max(counted.items(), key=lambda item: (item[1], len(item[0])))
            agree = (
                number * 2 >= counted.total()
                and all(other <= coordinate_set for other in counted)
                and _regular(coordinate_set)
            )
            reliable = counted.total() > 1 or not family.free or family.words[0] in _EXPERTS
            if agree and reliable and (stage != "all" or self._local(family)):
                found[stage] = coordinate_set
        return found

    def _local(self, family: Family) -> bool:
        """Return whether coordinates mean the same in every unit, instead of counting through the whole model."""
        if not family.free or family.words[0] in _EXPERTS:
            return True
        sets = [family.coordinate_set(unit) for unit in family.members]
        return len(sets) > 1 and bool(frozenset.intersection(*sets))

    def _partners(self, family: Family) -> list[Family]:
        """Return families that have the same coordinates in some unit and never fewer."""
        alike = {
            f.name: f
            for u in family.members
            for f in self.by_coordinates[u, len(family.free), family.coordinate_set(u)][:_MOST]
        }
        return [
            f
            for f in alike.values()
            if f is not family and all(family.coordinate_set(u) <= f.coordinate_set(u) for u in family.members)
        ]

    def _by_partners(self, partners: list[Family], unit: int) -> CoordinateSet | None:
        """Return the coordinates on which all partners in a unit agree, if there are at least two."""
        counted = Counter(coordinate_set for p in partners if (coordinate_set := p.coordinate_set(unit)))
        if len(counted) != 1:
            return None
        coordinate_set, number = next(iter(counted.items()))
        return coordinate_set if number >= 2 else None

    def _within_unit(self, family: Family, unit: int) -> CoordinateSet | None:
        """Return the coordinates of all other families in the unit (ranks 0 to 7), if this family lacks a few.

        Two families with the same words suffice; with other words (`up_#`, `down_#`) three are needed.
        """
        own = family.coordinate_set(unit)
        if not family.free or len(own) < 3:
            return None
        if (hole := _missing_grid_point(own)) is not None:
            return own | {hole}
        if family.role is None or len(family.members) > 1:
            return None
        if len(self.by_coordinates[unit, len(family.free), own]) > 1:
            return None
        others = [f for f in self.families[:_MOST] if unit in f.members and not _on_other_axis(f, family)]
        candidates = [
            (p, f.words == family.words) for f in others if (p := _without_rank(f, unit, len(family.free))) is not None
        ]
        counted = Counter((p, same) for p, same in candidates if p > own)
        for (coordinate_set, same), number in counted.most_common(1):
            few = (len(coordinate_set) - len(own)) * 4 <= len(coordinate_set)
            if len({p for p, _ in counted}) == 1 and number >= (2 if same else 3) and few and _regular(coordinate_set):
                return coordinate_set
        return None

    def _alike(self, family: Family, unit: int, complete_sets: set[frozenset[str]], *, partly: bool) -> bool:
        """Return whether a unit is drawn like those with the family: much in common, and no substitute for it."""
        if unit in self.summarized:
            return False
        if partly:
            return True
        here = self.families_in[unit]
        best = max(
            complete_sets, key=lambda names: (len(names & here), -len(names), sorted(names)), default=frozenset()
        )
        if len(best) < len(here) or len(here & best) * 3 < len(best) * 2:
            return False
        return not any(self._stands_for(self.by_name[name], family) for name in here - best)

    def _stands_for(self, other: Family, family: Family) -> bool:
        one, two = other.role, family.role
        if one is None or one == two:
            return True
        return any(one in block and two in block for block in (_ATTENTION, _FEED_FORWARD))

    def _belongs_to_ends(self, family: Family, lacking: set[int]) -> bool:
        """Return whether only the first or last unit differs, in what may well differ there."""
        ends = {self.units[0], self.units[-1]}
        return (family.role in _BETWEEN or _is_final_norm(family)) and (lacking <= ends or set(family.members) <= ends)

    def _missing_in_unit(self, family: Family, unit: int, lacking: list[Coordinates]) -> Iterator[MissingNode]:
        if not family.connected:
            return
        wired = [r for r in family.members[next(iter(family.connected))].values() if connected(r)]
        exemplar = wired[0]
        units = len(self.units)
        having = len(family.connected) - (unit in family.connected) if units > 1 else 1
        if having == 1 and units > 1 and not any(r.node.in_edges and r.node.out_edges for r in wired):
            return  # a dead end that exists only once is itself the mistake
        stage = self.stages.get(unit)
        if self.level == "layer" and any(kind == "stage" for kind in family.fixed.values()) and stage is None:
            return
        for coordinates in lacking:
            name = self._name_of(family, exemplar, unit, stage, coordinates)
            if name not in self.deployment.by_name:
                number = None if self.level == "phase" else self._number(unit)
                yield MissingNode(name, exemplar, self.level, number, self.phase, stage, having, units)

    def _number(self, unit: int) -> int:
        """Return the number that the file gives to a layer; that of a stage or phase is the unit itself."""
        layer = self.layers.get(unit) if self.level == "layer" else None
        return unit if layer is None else layer

    def _name_of(
        self, family: Family, exemplar: Reading, unit: int, stage: int | None, coordinates: Coordinates
    ) -> str:
        values = list(exemplar.evidence.name.numbers)
        for i, level in family.fixed.items():
            values[i] = self.deployment.stage_number(stage or 0) if level == "stage" else self._number(unit)
        for i, value in zip(family.free, coordinates, strict=True):
            values[i] = value
        return with_numbers(exemplar.name, values)


def _on_other_axis(one: Family, two: Family) -> bool:
    """Return whether the numbers of two families are ranks of different axes by their words, as `cp1` and `ep1` are."""
    return any(a != b and a in AXES and b in AXES for a, b in zip(one.words, two.words, strict=False))


def _regular(coordinate_set: Iterable[Coordinates]) -> bool:
    """Return whether each coordinate has a constant step; otherwise the set is a sample of more."""
    for column in zip(*coordinate_set, strict=True):
        values = sorted(set(column))
        if len({two - one for one, two in pairwise(values)}) > 1:
            return False
    return True


def _without_rank(family: Family, unit: int, width: int) -> CoordinateSet | None:
    """Return the coordinates of a family; of a family with an additional rank, those without it if all ranks exist.

    An example is `qkv#_#` next to `ln#`.
    """
    own = family.coordinate_set(unit)
    if len(family.free) == width:
        return own
    if len(family.free) != width + 1:
        return None
    narrow, last = {coordinates[:-1] for coordinates in own}, {coordinates[-1] for coordinates in own}
    return frozenset(narrow) if len(narrow) * len(last) == len(own) else None


def _missing_grid_point(points: CoordinateSet) -> Coordinates | None:
    """Return the only point that a grid of two or more coordinates lacks (expert 2 of GPU 3), or None."""
    columns = [sorted(set(column)) for column in zip(*points, strict=True)]
    if len(columns) < 2 or len(points) < 7 or prod(map(len, columns)) != len(points) + 1:
        return None
    return next(coordinates for coordinates in grid(*columns) if coordinates not in points)
