"""Which GPUs a node is on that names none, to judge by its siblings; nothing where they do not agree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.edits.extrapolate import extrapolate
from dotlint.strategy.gpus import GpuSet, union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.model import Deployment, Reading

Numbers = tuple[int, ...]


class GpuGuess:
    """Knows who is whose sibling in one graph.

    There are five ways to tell a node's GPUs: it has all GPUs of its unit, as every sibling has of its own; it
    has those of a node beside it, as every sibling has; it has those at the place where its counterparts of
    other units have theirs; its siblings' ids count on in step with their names; it has what its siblings leave
    of the unit. Only what is true of every sibling counts, and the ways that apply have to agree.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._families: dict[tuple[str | None, str], list[Reading]] = defaultdict(list)
        self._by_numbers: dict[tuple[str | None, Numbers], list[Reading]] = defaultdict(list)
        for reading in deployment.operators:
            name = reading.evidence.name
            self._families[reading.phase, name.family].append(reading)
            self._by_numbers[reading.phase, name.numbers].append(reading)

    def of(self, reading: Reading, unit: GpuSet | None = None) -> GpuSet | None:
        """Give the GPUs, None where nobody can tell; `unit` are those of its unit, where they are known."""
        siblings = [
            r for r in self._families[reading.phase, reading.evidence.name.family] if r is not reading and r.own_gpus
        ]
        if not siblings:
            return None
        ways = (
            self._whole(reading, siblings),
            *self._beside(reading, siblings),
            self._opposite(reading),
            self._counted(reading, siblings),
            self._left(reading, siblings, unit),
        )
        found = {gpus for gpus in ways if gpus}
        return found.pop() if len(found) == 1 else None

    def unit_gpus(self, reading: Reading, *, aside: Iterable[Reading] = ()) -> GpuSet | None:
        """Give the GPUs of the node's stage: those that a header states, else all that its other nodes name."""
        unit = self.deployment.units.get(reading.phase or "", {}).get(-1 if reading.stage is None else reading.stage)
        if unit is None:
            return None
        unconnected = {r.node.index for r in aside} | {reading.node.index}
        named = [r.gpus for r in unit.operators if r.own_gpus and r.gpus and r.node.index not in unconnected]
        return unit.stated or (union(named) if named else None)

    def _whole(self, reading: Reading, siblings: list[Reading]) -> GpuSet | None:
        if len(siblings) > 1 and all(r.gpus == self.unit_gpus(r) for r in siblings):
            return self.unit_gpus(reading)
        return None

    def _beside(self, reading: Reading, siblings: list[Reading]) -> list[GpuSet]:
        """Give the GPUs of each family of which every sibling has a member of its own numbers and GPUs."""
        found: list[GpuSet] = []
        if len(siblings) < 2:
            return found
        for other in self._by_numbers[reading.phase, reading.evidence.name.numbers]:
            if other is reading or not other.own_gpus or not other.gpus:
                continue
            family = other.evidence.name.family
            if all(self._at(r, family) == r.gpus for r in siblings):
                found.append(other.gpus)
        return found

    def _at(self, reading: Reading, family: str) -> GpuSet | None:
        beside = self._by_numbers[reading.phase, reading.evidence.name.numbers]
        return next((r.gpus for r in beside if r.evidence.name.family == family and r.own_gpus), None)

    def _opposite(self, reading: Reading) -> GpuSet | None:
        """Go by the siblings at the same place in the row of their unit's."""
        own = self.unit_gpus(reading)
        if own is None or reading.stage is None:
            return None
        places: set[tuple[int, ...]] = set()
        rows: dict[int, list[Reading]] = defaultdict(list)
        for r in self._families[reading.phase, reading.evidence.name.family]:
            if r.stage is not None:
                rows[r.stage].append(r)
        row = rows.pop(reading.stage)
        at = row.index(reading)
        for other in rows.values():
            whole = self.unit_gpus(other[at]) if len(other) == len(row) else None
            gpus = other[at].gpus if whole else None
            if whole is None or gpus is None or not other[at].own_gpus or not gpus <= whole or len(whole) != len(own):
                continue
            ranks = {gpu: rank for rank, gpu in enumerate(whole)}
            places.add(tuple(ranks[gpu] for gpu in gpus))
        return own.pick(GpuSet.of(places.pop())) if len(places) == 1 else None

    def _left(self, reading: Reading, siblings: list[Reading], unit: GpuSet | None) -> GpuSet | None:
        """Take what the siblings leave of the unit, where each of them has as much."""
        whole = unit or self.unit_gpus(reading)
        beside = [r.gpus for r in siblings if (r.stage, r.layer) == (reading.stage, reading.layer) and r.gpus]
        if whole is None or not beside or sum(map(len, beside)) != len(union(beside)):
            return None
        left = whole - union(beside)
        return left if {len(gpus) for gpus in beside} == {len(left)} else None

    def _counted(self, reading: Reading, siblings: list[Reading]) -> GpuSet | None:
        samples = [(r.evidence.name.numbers, str(r.gpus)) for r in siblings]
        written = extrapolate(samples, reading.evidence.name.numbers) if len(samples) > 2 else None
        return GpuSet.parse(written) if written else None
