"""Whether phases share GPUs as the kind of their pool requires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.calculations.calculation import Calculation
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.strategy.model import Pool
    from dotlint.strategy.phase import Phase


def misplaced(phase: Phase, before: Iterable[Phase], pool: Pool | None) -> Calculation | None:
    """Return what is wrong with the GPUs of a phase, given those of the phases before it."""
    before = [other for other in before if has_global_ids(other)]
    if pool is None or not before or not has_global_ids(phase):
        return None
    others = ", ".join(other.name for other in before)
    shared = phase.gpus & union(other.gpus for other in before)
    if shared and pool == "disaggregated":
        text = f"{phase.name} is disaggregated, but shares GPUs {shared.short()} with {others}"
        return Calculation("pool", holds=False, text=text, advice="give each phase its own GPUs")
    if not shared and pool == "unified":
        text = f"the pool is declared unified, but {phase.name} shares no GPUs with {others}"
        advice = "place the phases on the same GPUs, or declare the pool disaggregated"
        return Calculation("pool", holds=False, text=text, advice=advice)
    return None


def has_global_ids(phase: Phase) -> bool:
    """Return whether the phase's GPU ids are global; a phase in a file of its own without GPUs counts from 0."""
    return phase.own_gpus or phase.file is None
