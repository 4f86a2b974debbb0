"""Grids: whether the degrees are over the same GPUs, and over all of those that a phase is started on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.fitting import degrees_that, divisors
from dotlint.strategy.replicas import replicated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan


def grids(plan: Plan) -> Iterator[Calculation]:
    """Yield calculations about the grids of ranks; none of an assumed phase, which shares those of another."""
    if plan.phase.assumed:
        return
    placement = plan.placement
    advice = "; ".join(placement.remedies)
    for problem in placement.problems:
        yield plan.fails("grid-mismatch", problem, advice)
    yield from _combinations(plan)
    yield from _world(plan)
    if not placement.problems and placement.expert_world is not None:
        text = f"the dense and the expert grid have {placement.world} GPUs each"
        yield plan.passes("grid-mismatch", text)


def _combinations(plan: Plan) -> Iterator[Calculation]:
    """Yield degrees that an engine does not take together."""
    degrees = plan.named
    if plan.engine.name == "vllm" and degrees.cp > 1 and degrees.dp > 1:
        text = f"prefill context parallelism with data parallelism is not supported: CP={degrees.cp}, DP={degrees.dp}"
        yield plan.fails("grid-mismatch", text, "cp1 or dp1 would fit")
    if plan.engine.name == "trtllm" and degrees.cp > 1:
        experts_divided = plan.facts.experts is not None and degrees.tp > 1
        if degrees.ep > 1 or degrees.etp > 1 or experts_divided:
            text = f"context parallelism (CP={degrees.cp}) does not support tensor or expert parallelism of experts"
            yield plan.fails("grid-mismatch", text, "cp1 would fit")


def _world(plan: Plan) -> Iterator[Calculation]:
    """Yield whether the degrees fill the number of GPUs that the phase is started on."""
    stated, size = plan.phase.declared_world, plan.placement.world
    if stated is None:
        return
    if stated == size:
        yield plan.passes("grid-mismatch", f"all {stated} GPUs are used")
    elif "dp" in plan.named.named or (stated % size == 0):
        one = plan.named.with_axis("dp", 1)
        more = replicated(one, stated, plan.phase.layout)
        advice = f"dp{more.dp} would fit" if more is not None else ""
        yield plan.fails("grid-mismatch", f"the degrees need {size} GPUs ({plan.named}), not {stated}", advice)
    else:
        formula = "·".join(a for a in plan.placement.dense.axes if plan.placement.dense.length(a) > 1).upper()
        text = f"{stated} GPUs are not divisible by {formula} = {size}, so no DP fills them"
        rest = size // plan.named.tp
        fitting = divisors(stated // rest, 64) if stated % rest == 0 else []
        sizes = [n for n in (stated - stated % size, stated - stated % size + size) if n]
        remedies = (degrees_that("TP", f"fit {stated} GPUs", fitting), f"GPUs that fit: {', '.join(map(str, sizes))}")
        yield plan.fails("grid-mismatch", text, "; ".join(filter(None, remedies)))
