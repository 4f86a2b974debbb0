"""Data parallelism that follows from a number of GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.degrees import MOST_GPUS, Degrees
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet

if TYPE_CHECKING:
    from dotlint.strategy.layout import Layout
    from dotlint.strategy.spec import PhaseSpec

_NUMBERS: Final = {2: "two", 3: "three", 4: "four"}


def with_replicas(spec: PhaseSpec, layout: Layout) -> Degrees:
    """Return the degrees with the DP that makes the declared world; unchanged if none does, or if DP is named."""
    if spec.world is None or "dp" in spec.degrees.named:
        return spec.degrees
    return replicated(spec.degrees, spec.world, layout) or spec.degrees


def replicated(degrees: Degrees, gpus: int, layout: Layout) -> Degrees | None:
    """Return the degrees with as many times more replicas as fill that number of GPUs; None if none do."""
    size = layout.world(degrees)
    if gpus % size or gpus > MOST_GPUS:
        return None
    if gpus == size:
        return degrees
    more = degrees.with_axis("dp", degrees.dp * (gpus // size))
    try:
        return more if layout.world(more) == gpus else None
    except StrategyError:  # the declared order lacks dp
        return None


def misfit(label: str, degrees: Degrees, gpus: GpuSet, size: int, layout: Layout) -> StrategyError:
    """Return the error for a phase that declares other than the `size` GPUs that it needs."""
    first = gpus.first if gpus.contiguous and len(gpus) > 1 else 0
    ids = str(GpuSet.span(first, size))
    needs = f"{label} needs {size} GPUs ({degrees})"
    if len(gpus) == 1:
        what = f"@{gpus} is a single GPU id, not a count"
    else:
        what = f"{gpus.short()} is {len(gpus)} GPUs"
    more = replicated(degrees, len(gpus), layout) if len(gpus) > 1 else None
    if more is not None:
        remedy = f"{len(gpus)} GPUs are {_NUMBERS.get(more.dp, str(more.dp))} replicas: dp{more.dp}"
        return StrategyError(f"{needs}, but {what}; {remedy}", text=str(gpus), suggestion=str(more))
    return StrategyError(f"{needs}, but {what}: write {ids}", text=str(gpus), suggestion=ids)
