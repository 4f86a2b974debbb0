"""Compare the devices of the two ends of an edge with those of its exemplar."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from dotlint.deployment.words import plain_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Reading
    from dotlint.strategy.gpus import GpuSet

Pair = tuple[int, int]
Relation = Literal["same", "inside", "around", "overlapping", "apart"]


def relation_of(one: GpuSet, two: GpuSet) -> Relation:
    """Return how the first set of devices lies to the second."""
    if one == two:
        return "same"
    common = one & two
    if not common:
        return "apart"
    return "inside" if common == one else "around" if common == two else "overlapping"


def _reads_memory(reading: Reading) -> bool:
    """Return whether a node is a cross-attention, which takes keys and values from outside its series of layers."""
    if not reading.is_role("attention"):
        return False
    return "cross" in plain_words(reading.evidence.title or reading.name).split()


class Devices:
    """Where all nodes are, by node index: their devices, stages and layers, and the families of their names."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._gpus = [reading.gpus for reading in readings]
        self._families = [reading.evidence.name.family for reading in readings]
        self._sizes = Counter(self._families)
        self._units = [(reading.phase, reading.stage, reading.layer) for reading in readings]
        self._from_outside = [_reads_memory(reading) for reading in readings]
        self._known: dict[Pair, Relation | None] = {}

    def relation(self, pair: Pair) -> Relation | None:
        """Return how the devices of the first node lie to those of the second; None if a node states none."""
        if pair not in self._known:
            one, two = self._gpus[pair[0]], self._gpus[pair[1]]
            self._known[pair] = relation_of(one, two) if one and two else None
        return self._known[pair]

    def alike(self, pair: Pair, exemplar: Pair) -> bool | None:
        """Return whether the devices of two nodes are related like those of the exemplar; None if that is unknown."""
        own, other = self.relation(pair), self.relation(exemplar)
        return None if own is None or other is None else own == other

    def akin(self, one: int, two: int) -> bool:
        """Return whether two nodes may be siblings: of one family by name, or of none, and not of successive units."""
        family, other = self._families[one], self._families[two]
        return (family == other or 1 in (self._sizes[family], self._sizes[other])) and not self.in_series(one, two)

    def kind(self, index: int) -> tuple[object, ...]:
        """Return what decides which nodes are akin to a node."""
        return self._families[index], self._units[index]

    def apart(self, one: int, two: int) -> bool:
        """Return whether two nodes are certainly on different devices."""
        return self.relation((one, two)) == "apart"

    def in_series(self, one: int, two: int) -> bool:
        """Return whether two nodes are of different layers or stages, which follow one another.

        The cross-attentions of all layers take the same keys and values.
        """
        if self._from_outside[one] and self._from_outside[two]:
            return False
        (phase, *own), (other_phase, *other) = self._units[one], self._units[two]
        return phase == other_phase and any(
            None not in (number, like) and number != like for number, like in zip(own, other, strict=True)
        )
