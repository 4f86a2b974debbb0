"""All calculations of a plan: heads, experts, tokens, layers, widths, batches, grids, as its engine requires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.calculations.batches import batches
from dotlint.strategy.calculations.calculation import Calculation, Plan, plan_of
from dotlint.strategy.calculations.experts import expert_sequence, experts
from dotlint.strategy.calculations.grids import grids
from dotlint.strategy.calculations.heads import heads
from dotlint.strategy.calculations.layers import layers
from dotlint.strategy.calculations.tokens import decode_context, sequence
from dotlint.strategy.calculations.widths import widths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.strategy.model import ModelFacts
    from dotlint.strategy.phase import Phase

__all__ = ["Calculation", "arithmetic"]

_ALL: Final[tuple[Callable[[Plan], Iterator[Calculation]], ...]] = (
    heads, decode_context, experts, expert_sequence, sequence, layers, widths, batches, grids,
)  # fmt: skip


def arithmetic(phase: Phase, model: ModelFacts) -> tuple[Calculation, ...]:
    """Return all calculations that the known facts allow, check by check; unknown facts are left out."""
    plan = plan_of(phase, model)
    return tuple(each for calculate in _ALL for each in calculate(plan))
