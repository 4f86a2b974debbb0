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
    """The shapes of a tensor; `through` are the operators without dimensions that it passes unchanged, from `source`.

    `written` is whether a label states that this is what the operator gives or takes.
    """

    shapes: tuple[Dims, ...]
    written: bool
    source: Reading | None = None
    through: tuple[Reading, ...] = ()


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
        at = reading.node.index
        if at not in self._given:
            self._given[at] = None  # so that a cycle ends
            self._given[at] = self._find_given(reading)
        return self._given[at]

    def _find_given(self, reading: Reading) -> Stated | None:
        tensors = reading.evidence.tensors
        if reading.summary or repeated(reading):
            return None
        if tensors.outputs:
            return Stated(tensors.outputs, written=True, source=reading)
        keeps = self.keeps(reading)
        if tensors.bare and not tensors.inputs:
            return Stated(tensors.bare, written=False, source=reading) if len(tensors.bare) == 1 else None
        if tensors.bare or tensors.inputs or not keeps or not reading.node.statements:
            return None
        tails = {e.tail.index: self.deployment.readings[e.tail.index] for e in reading.node.in_edges}
        found = [self.given(tail) for tail in tails.values()]
        one = found[0] if found else None
        if one is None or any(other is None or other.shapes != one.shapes for other in found):
            return None
        return Stated(one.shapes, written=False, source=one.source, through=(*one.through, reading))

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
        rule = shape_rule(self.deployment, reading)
        return rule.changes == "nothing" or rule.passes
