"""Strategies that cannot be drawn, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.drawing.ranks import replica_count
from dotlint.errors import DotlintError
from dotlint.strategy.arithmetic import arithmetic
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.phase import Phase
    from dotlint.strategy.phases import Strategy

MOST_STAGES: Final = 1024
"""More pipeline stages, chunks included, cannot be read in any picture."""


class DrawingError(DotlintError):
    """A strategy that means no graph."""


def check_drawable(strategy: Strategy) -> None:
    """Raise `DrawingError` with the first reason why a strategy cannot be drawn."""
    for phase in strategy.phases:
        for reason in _reasons(phase):
            name = f"phase {one_line(phase.name)}" if phase.name else "the strategy"
            raise DrawingError(f"{name} cannot be drawn: {reason}")


def _reasons(phase: Phase) -> Iterator[str]:
    facts = phase.facts
    if phase.name and not phase.name.isidentifier():
        yield "its name must be a word, such as prefill"
    yield from (each.message for each in arithmetic(phase, facts) if each.refuses)
    degrees = phase.degrees
    if degrees.sp > 1 and phase.layout.flavor == "megatron" and phase.attention_tp == 1:
        yield f"SP={degrees.sp} divides tokens among tensor ranks, but data-parallel attention has none: leave out sp"
    if phase.name == "decode" and degrees.sp > 1 and phase.layout.flavor == "megatron":
        yield f"decode processes one token per step, which SP={degrees.sp} cannot divide: leave out sp"
    ranks = phase.attention_tp * degrees.sp * degrees.cp
    if phase.name == "decode" and facts.heads is not None and facts.heads % ranks and degrees.sp * degrees.cp > 1:
        yield (
            f"the ranks of SP={degrees.sp} and CP={degrees.cp} each merge a part of the heads, "
            f"and {facts.heads} heads are not divisible by {ranks}"
        )
    replicas = replica_count(phase)
    if replicas > 1 and facts.batch is not None and facts.batch % replicas:
        yield f"a batch of {facts.batch} is not divisible among {replicas} data-parallel replicas"
    if degrees.pp * degrees.vpp > MOST_STAGES:
        yield f"it has {degrees.pp * degrees.vpp} stages, and at most {MOST_STAGES} are drawn"
