"""What operators give and take, followed through operators that state no dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.stated_dims import repeated
from dotlint.deployment.tensors.shape_rules import declared_symbols, shape_rule

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.shape_features import Symbols
    from dotlint.strategy import Strategy


class Stated(Struct, frozen=True):
    """The shapes of a tensor that `source` gives, or that an operator without dimensions passes unchanged from `before`.

    `written` is whether a label states that this is what the operator gives or takes.
    """

    shapes: tuple[Dims, ...]
    written: bool
    source: Reading | None = None
    before: Stated | None = None
    passed: Reading | None = None

    @property
    def through(self) -> tuple[Reading, ...]:
        """The operators without dimensions that the tensor passes unchanged, from its source on."""
        found: list[Reading] = []
        one: Stated | None = self
        while one is not None and one.passed is not None:
            found.append(one.passed)
            one = one.before
        return tuple(found[::-1])


class ShapeReader(Struct):
    """Follows the shapes of a deployment through operators that state none."""

    deployment: Deployment
    strategy: Strategy | None
    _symbols: dict[str | None, Symbols] = field(default_factory=dict)
    _given: dict[int, Stated | None] = field(default_factory=dict)

    def symbols(self, reading: Reading) -> Symbols:
        """Return the symbols whose values are declared for the phase of an operator."""
        if reading.phase not in self._symbols:
            self._symbols[reading.phase] = declared_symbols(self.strategy, reading)
        return self._symbols[reading.phase]

    def given(self, reading: Reading) -> Stated | None:
        """Return what an operator gives: its Output, its only shape, or what it preserves; None if not known."""
        waiting = [(reading, False)]
        while waiting:
            one, ready = waiting.pop()
            if ready:
                self._given[one.node.index] = self._find_given(one)
            elif one.node.index not in self._given:
                self._given[one.node.index] = None  # so that a cycle ends
                waiting += [(one, True), *((tail, False) for tail in self._passed_from(one))]
        return self._given[reading.node.index]

    def _passed_from(self, reading: Reading) -> list[Reading]:
        """Return the producers whose tensor an operator without dimensions passes unchanged, the last one first."""
        if reading.states_dims or reading.summary or not reading.node.statements or not self.keeps(reading):
            return []
        tails = {e.tail.index: self.deployment.readings[e.tail.index] for e in reversed(reading.node.in_edges)}
        return list(tails.values())

    def _find_given(self, reading: Reading) -> Stated | None:
        tensors = reading.evidence.tensors
        if reading.summary or repeated(reading):
            return None
        if tensors.outputs:
            return Stated(tensors.outputs, written=True, source=reading)
        if tensors.bare and not tensors.inputs:
            return Stated(tensors.bare, written=False, source=reading) if len(tensors.bare) == 1 else None
        found = [self._given[tail.node.index] for tail in self._passed_from(reading)]
        one = found[-1] if found else None
        if one is None or any(other is None or other.shapes != one.shapes for other in found):
            return None
        return Stated(one.shapes, written=False, source=one.source, before=one, passed=reading)

    def taken(self, reading: Reading) -> Stated | None:
        """Return what an operator takes: its Input, or its only shape if it preserves that; None if not known."""
        tensors = reading.evidence.tensors
        if reading.summary or repeated(reading):
            return None
        if tensors.inputs:
            return Stated(tensors.inputs, written=True)
        if len(tensors.bare) == 1 and not tensors.outputs and (self.keeps(reading) or reading.is_role("attention")):
            return Stated(tensors.bare, written=False)
        return None

    def keeps(self, reading: Reading) -> bool:
        """Return whether the operator gives the tensor that it takes."""
        return shape_rule(self.deployment, reading).keeps
