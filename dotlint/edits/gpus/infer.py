"""Infer the GPUs of a node from its siblings; no result if they disagree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.edits.extrapolate import extrapolate
from dotlint.strategy.gpus import GpuSet, disjoint, union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.model import Deployment, Reading

Numbers = tuple[int, ...]


class GpuInference:
    """Infers GPUs in one graph from families of operators.

    There are five methods: the node has all GPUs of its unit, as every sibling has; it has the GPUs of another node
    with the same numbers, as every sibling has; it has the same position within its unit's GPUs as corresponding
    nodes of other units; its GPUs are extrapolated from the numbers in the names; it has the GPUs of the unit that
    its siblings do not use. Each method must hold for every sibling, and all methods that apply must agree.
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
        """Return the GPUs, or None if they cannot be inferred; `unit` holds those of its unit, if known."""
        siblings = [
            r for r in self._families[reading.phase, reading.evidence.name.family] if r is not reading and r.own_gpus
        ]
        if not siblings:
            return None
        candidates = (
            self._whole_unit(reading, siblings),
            *self._of_same_numbers(reading, siblings),
            self._by_position(reading),
            self._extrapolated(reading, siblings),
            self._remaining(reading, siblings, unit),
        )
        found = {gpus for gpus in candidates if gpus}
        return found.pop() if len(found) == 1 else None

    def unit_gpus(self, reading: Reading, *, aside: Iterable[Reading] = ()) -> GpuSet | None:
        """Return the GPUs of the node's stage: those that a header states, else those of its other nodes."""
        unit = self.deployment.units.get(reading.phase or "", {}).get(-1 if reading.stage is None else reading.stage)
        if unit is None:
            return None
        unconnected = {r.node.index for r in aside} | {reading.node.index}
        named = [r.gpus for r in unit.operators if r.own_gpus and r.gpus and r.node.index not in unconnected]
        return unit.stated or (union(named) if named else None)

    def _whole_unit(self, reading: Reading, siblings: list[Reading]) -> GpuSet | None:
        if len(siblings) > 1 and all(r.gpus == self.unit_gpus(r) for r in siblings):
            return self.unit_gpus(reading)
        return None

    def _of_same_numbers(self, reading: Reading, siblings: list[Reading]) -> list[GpuSet]:
        """Return the GPUs of nodes with the same numbers, in families that share their GPUs with every sibling."""
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

    def _by_position(self, reading: Reading) -> GpuSet | None:
        """Return the GPUs at the position that the siblings with the same index in other units have."""
        own = self.unit_gpus(reading)
        if own is None or reading.stage is None:
            return None
        positions: set[tuple[int, ...]] = set()
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
            positions.add(tuple(ranks[gpu] for gpu in gpus))
        return own.pick(GpuSet.of(positions.pop())) if len(positions) == 1 else None

    def _remaining(self, reading: Reading, siblings: list[Reading], unit: GpuSet | None) -> GpuSet | None:
        """Return the GPUs of the unit that the siblings do not use, if each has the same number."""
        whole = unit or self.unit_gpus(reading)
        beside = [r.gpus for r in siblings if (r.stage, r.layer) == (reading.stage, reading.layer) and r.gpus]
        if whole is None or not beside or not disjoint(beside):
            return None
        remaining = whole - union(beside)
        return remaining if {len(gpus) for gpus in beside} == {len(remaining)} else None

    def _extrapolated(self, reading: Reading, siblings: list[Reading]) -> GpuSet | None:
        samples = [(r.evidence.name.numbers, str(r.gpus)) for r in siblings]
        text = extrapolate(samples, reading.evidence.name.numbers) if len(samples) > 2 else None
        return GpuSet.parse(text) if text else None
