"""M: whether what a phase holds fits into the memory of its GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Holds, Undecided
from dotlint.strategy.calculations.calculation import plan_of
from dotlint.strategy.memory.budget import memory_is_stated, memory_of
from dotlint.strategy.memory.fits import fits
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.finding import Outcome

_SUBJECT: Final = "memory of each GPU"


def memory_that_fits(file: FileContext, card: Card) -> Iterator[Outcome]:
    """Report phases whose weights, or weights with what a run needs, do not fit."""
    strategy = file.strategy
    if strategy is None or not file.is_deployment:
        return
    start, end = file.document.graphs[0].header
    stated = [phase for phase in strategy.phases if memory_is_stated(phase, strategy.model)]
    if not stated:
        sizes = "" if strategy.model.layers and strategy.model.hidden else ", and the sizes of the model,"
        needs = f"`gpu` or `gpu_memory`{sizes}"
        yield Undecided(card.section, _SUBJECT, f"declare {needs} under [model] in a strategy file")
    for phase in stated:
        plan = plan_of(phase, strategy.model)
        memory = memory_of(plan)
        prefix = f"{phase.name}: " if phase.name and len(strategy.phases) > 1 else ""
        found = list(fits(plan, memory))
        for one in found:
            if one.holds:
                yield Holds(card.section, _SUBJECT, f"{prefix}{one.text}")
                continue
            outcome = "with-cache-and-activations" if one.warning else None
            about = phase_unit(phase.name)
            yield card.finding(f"{prefix}{one.text}", start, end, outcome=outcome, about=about, help=one.advice)
        if not found and memory is not None:
            needs = listed(list(memory.lacking), 12) if memory.lacking else "`stage_layers`"
            yield Undecided(card.section, _SUBJECT, f"{prefix}declare {needs} under [model] in a strategy file")
