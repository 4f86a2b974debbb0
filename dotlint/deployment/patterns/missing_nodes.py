"""Nodes that sibling units have and a unit lacks, by the numbers in names.

A *unit* is a layer or a stage of one phase (or the whole phase, for nodes of neither). Within a unit a
family of names shows a set of *places* (`families`). Two families that show the same places in one unit
(`gpu#_layer#_attn_qkv` and `gpu#_layer#_attn_gate` on GPUs 0 and 1) are partners: in another unit the one
says where the other has to be (GPUs 2 and 3). So a name is learnt from relations between families and not
by counting on, which global ranks would defeat.

Only units that are drawn alike are compared. A unit that has nodes of its own which may stand for those it
lacks (a summary, one `Attention block` for its parts, a dense MLP instead of experts), or that shows less
than two thirds of what the other shows, is drawn otherwise and says nothing. What belongs to the ends of a
model is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from itertools import product as grid
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.families import connected, families_of, level_of, unit_of
from dotlint.deployment.patterns.renumber import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.families import Family, Level, Places
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.coordinates import Coordinates

_ENDS = {
    "input", "output", "embedding", "head", "sampling", "kv-cache", "kv-transfer", "legend", "broadcast",
    "send", "receive", "transfer",
}  # fmt: skip
_ATTENTION = {
    "qkv", "query", "key-projection", "value-projection", "scores", "softmax", "attention",
    "output-projection",
}  # fmt: skip
_FEED_FORWARD = {
    "mlp", "mlp-up", "mlp-down", "activation", "gate", "route", "expert", "dispatch", "combine", "aggregate",
    "all-to-all",
}  # fmt: skip
_MOST = 64  # families that one is compared with
_EXPERTS = {"expert", "experts", "exp", "e", "ep"}
# Roles that a first or a last unit may well do without.
_BETWEEN = {None, "split", "gather", "all-gather", "sequence-split", "sequence-gather", "reduce-scatter"}


class Absence(Struct, frozen=True):
    """A node that is not there: the `name` it would have, the sibling that shows it, and its place.

    `unit` is a layer as the file counts, a 0-based stage, or None for the whole phase. Of `units` alike
    `having` have it.
    """

    name: str
    exemplar: Reading
    level: Level
    unit: int | None
    phase: str | None
    stage: int | None
    having: int
    units: int


def absences(deployment: Deployment) -> list[Absence]:
    """List the nodes that siblings have and a unit lacks, in the order of phases, levels and units."""
    found: list[Absence] = []
    # Where nodes have statements of their own, one that only an edge names may be a slip, and teaches nothing.
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


class _Comparison:
    """The units of one level of a phase, and the families that they show."""

    def __init__(
        self, deployment: Deployment, phase: str, level: Level, families: list[Family], inside: list[Reading]
    ) -> None:
        self.deployment, self.phase, self.level = deployment, phase, level
        self.families = [f for f in families if f.role not in _ENDS]
        self.units = sorted({unit for f in self.families for unit in f.members})
        self.shown = {unit: {f.name for f in self.families if unit in f.members} for unit in self.units}
        self.summarised = self._summarised(inside)
        stages: dict[int, Counter[int | None]] = defaultdict(Counter)
        for f in families:
            for unit, members in f.members.items():
                stages[unit].update(r.stage for r in members.values())
        self.stages = {unit: counted.most_common(1)[0][0] for unit, counted in stages.items()}
        self.by_name = {f.name: f for f in self.families}
        self.by_places: dict[tuple[int, int, Places], list[Family]] = defaultdict(list)
        for f in self.families:
            for unit in f.members:
                self.by_places[unit, len(f.free), f.places(unit)].append(f)

    def _summarised(self, inside: list[Reading]) -> set[int]:
        """Units that some summary or some range of layers speaks of."""
        found: set[int] = set()
        for reading in inside:
            if self.level == "layer" and reading.evidence.layers:
                low, high = reading.evidence.layers
                found |= {unit for unit in self.units if low <= unit <= high}
            elif reading.summary:
                found |= {u for u in self.units if u == unit_of(reading, self.level) or self.level == "phase"}
        return found

    def run(self) -> Iterator[Absence]:
        """Yield what is lacking; what ends may do without only where such a unit lacks something else too."""
        found: dict[int, list[tuple[Family, Places]]] = defaultdict(list)
        plain: set[int] = set()
        for family in self.families:
            lacking = {unit: expected - family.places(unit) for unit, expected in self._expected(family)}
            if not self._belongs_to_ends(family, set(lacking)):
                plain |= set(lacking)
            for unit, places in lacking.items():
                found[unit].append((family, places))
        for unit in sorted(plain):
            for family, places in found[unit]:
                yield from self._named(family, unit, sorted(places))

    def _expected(self, family: Family) -> Iterator[tuple[int, Places]]:
        """Yield each unit that lacks something of the family with all that it should have."""
        partners = self._partners(family) if len(self.units) > 1 else []
        usual = self._usual(family)
        taught = {frozenset(self.shown[u]) for u in family.connected if u not in self.summarised}
        for unit in self.units:
            shown = family.places(unit)
            near, usually = usual.get(self.stages.get(unit)), usual.get("all")
            guesses = (near, usually, self._by_partners(partners, unit), self._beside(family, unit))
            expected = next((places for places in guesses if places and shown < places), None)
            if expected is not None and self._alike(family, unit, taught, partly=bool(shown)):
                yield unit, expected

    def _usual(self, family: Family) -> dict[int | str | None, Places]:
        """Return the places that the units of each stage show, and those of all; nothing where they disagree.

        The units that lack a part may be no more than half. One unit alone is believed only of experts,
        which every layer counts anew, of a family that has no places, or where another unit shows a part of
        it.
        """
        counts: dict[int | str | None, Counter[Places]] = defaultdict(Counter)
        for unit in family.members:
            counts[self.stages.get(unit)][family.places(unit)] += 1
            counts["all"][family.places(unit)] += 1
        found: dict[int | str | None, Places] = {}
        for stage, counted in counts.items():
            places, number = max(counted.items(), key=lambda item: (item[1], len(item[0])))
            agree = number * 2 >= counted.total() and all(other <= places for other in counted) and _regular(places)
            told = counted.total() > 1 or not family.free or family.words[0] in _EXPERTS
            if agree and told and (stage != "all" or self._local(family)):
                found[stage] = places
        return found

    def _local(self, family: Family) -> bool:
        """Return whether places mean the same in every unit: ranks are not counted through the whole model."""
        if not family.free or family.words[0] in _EXPERTS:
            return True
        shown = [family.places(unit) for unit in family.members]
        return len(shown) > 1 and bool(frozenset.intersection(*shown))

    def _partners(self, family: Family) -> list[Family]:
        """Families that show the same places somewhere, and never fewer."""
        alike = {
            f.name: f for u in family.members for f in self.by_places[u, len(family.free), family.places(u)][:_MOST]
        }
        return [
            f
            for f in alike.values()
            if f is not family and all(family.places(u) <= f.places(u) for u in family.members)
        ]

    def _by_partners(self, partners: list[Family], unit: int) -> Places | None:
        """Where at least two partners are in a unit, and all that are agree on the places."""
        said = Counter(places for p in partners if (places := p.places(unit)))
        if len(said) != 1:
            return None
        places, number = next(iter(said.items()))
        return places if number >= 2 else None

    def _beside(self, family: Family, unit: int) -> Places | None:
        """Within one unit: the places that all other families show (ranks 0 to 7), this one save a few.

        Families of the same words are believed where two agree; those of other words (`up_#`, `down_#`)
        from three on.
        """
        shown = family.places(unit)
        if not family.free or len(shown) < 3 or family.role is None:
            return None
        if (hole := _hole(shown)) is not None:
            return shown | {hole}
        if len(family.members) > 1:
            return None
        if len(self.by_places[unit, len(family.free), shown]) > 1:
            return None
        others = [f for f in self.families[:_MOST] if unit in f.members]
        said = [(p, f.words == family.words) for f in others if (p := _narrowed(f, unit, len(family.free))) is not None]
        counted = Counter((p, same) for p, same in said if p > shown)
        for (places, same), number in counted.most_common(1):
            few = (len(places) - len(shown)) * 4 <= len(places)
            if len({p for p, _ in counted}) == 1 and number >= (2 if same else 3) and few and _regular(places):
                return places
        return None

    def _alike(self, family: Family, unit: int, taught: set[frozenset[str]], *, partly: bool) -> bool:
        """Return whether a unit is drawn as those that have the family: much in common, no stand-in for it."""
        if unit in self.summarised:
            return False
        if partly:
            return True
        here = self.shown[unit]
        best = max(taught, key=lambda names: len(names & here), default=frozenset())
        if len(best) < len(here) or len(here & best) * 3 < len(best) * 2:
            return False
        return not any(self._stands_for(self.by_name[name], family) for name in here - best)

    def _stands_for(self, other: Family, family: Family) -> bool:
        one, two = other.role, family.role
        if one is None or one == two:
            return True
        return any(one in block and two in block for block in (_ATTENTION, _FEED_FORWARD))

    def _belongs_to_ends(self, family: Family, lacking: set[int]) -> bool:
        """Return whether only the first or last unit differs, in what may well be different there."""
        ends = {self.units[0], self.units[-1]}
        return family.role in _BETWEEN and (lacking <= ends or set(family.members) <= ends)

    def _named(self, family: Family, unit: int, lacking: list[Coordinates]) -> Iterator[Absence]:
        if not family.connected:
            return
        wired = [r for r in family.members[next(iter(family.connected))].values() if connected(r)]
        exemplar = wired[0]
        units = len(self.units)
        having = len(family.connected) - (unit in family.connected) if units > 1 else 1
        if having == 1 and units > 1 and not any(r.node.in_edges and r.node.out_edges for r in wired):
            return  # a dead end of which there is but one is the mistake itself
        stage = self.stages.get(unit)
        if self.level == "layer" and any(kind == "stage" for kind in family.fixed.values()) and stage is None:
            return
        for place in lacking:
            name = self._spelled(family, exemplar, unit, stage, place)
            if name not in self.deployment.by_name:
                number = None if self.level == "phase" else unit
                yield Absence(name, exemplar, self.level, number, self.phase, stage, having, units)

    def _spelled(self, family: Family, exemplar: Reading, unit: int, stage: int | None, place: Coordinates) -> str:
        values = list(exemplar.evidence.name.numbers)
        for i, level in family.fixed.items():
            values[i] = self.deployment.stage_number(stage or 0) if level == "stage" else unit
        for i, value in zip(family.free, place, strict=True):
            values[i] = value
        return spelled(exemplar.name, values)


def _regular(places: Iterable[Coordinates]) -> bool:
    """Return whether each coordinate takes values at one step: anything else is a sample of more."""
    for column in zip(*places, strict=True):
        values = sorted(set(column))
        if len({two - one for one, two in pairwise(values)}) > 1:
            return False
    return True


def _narrowed(family: Family, unit: int, width: int) -> Places | None:
    """Return the places that a family shows; of one with a rank besides (`qkv#_#` beside `ln#`), where all ranks are there, without it."""
    shown = family.places(unit)
    if len(family.free) == width:
        return shown
    if len(family.free) != width + 1:
        return None
    narrow, last = {place[:-1] for place in shown}, {place[-1] for place in shown}
    return frozenset(narrow) if len(narrow) * len(last) == len(shown) else None


def _hole(shown: Places) -> Coordinates | None:
    """Return the one place that a grid of two or more coordinates lacks (expert 2 of GPU 3), else None."""
    columns = [sorted(set(column)) for column in zip(*shown, strict=True)]
    if len(columns) < 2 or len(shown) < 7 or prod(map(len, columns)) != len(shown) + 1:
        return None
    return next(place for place in grid(*columns) if place not in shown)
