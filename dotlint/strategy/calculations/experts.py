"""Experts: how many a rank holds, and what else an engine requires where there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.fitting import degrees_that, divisors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan


def experts(plan: Plan) -> Iterator[Calculation]:
    """Yield calculations about the number of experts on each rank."""
    facts, ep = plan.facts, plan.named.ep
    extra = (facts.redundant_experts or 0) if plan.engine.redundant else 0
    balanced = bool(extra) or bool(facts.eplb)
    if plan.engine.name == "vllm" and balanced and ep == 1 and facts.experts is not None:
        text = "redundant experts need expert parallelism (--enable-expert-parallel)"
        size = plan.placement.stage_size
        yield plan.fails("experts", text, f"ep{size} would fit" if size > 1 else "")
    if plan.engine.name == "torchtitan" and plan.has_experts and ep < plan.named.tp:
        text = f"EP={ep} is less than TP={plan.named.tp}: experts need an EP of at least TP"
        fitting = [n for n in divisors(facts.experts or plan.placement.stage_size) if n >= plan.named.tp]
        yield plan.fails("experts", text, degrees_that("EP", "fit", fitting))
    if facts.experts is None or ep == 1:
        return
    total = facts.experts + extra
    things = f"experts ({extra} of them redundant)" if extra else "experts"
    if plan.engine.experts == "spread" and not balanced and total % ep:
        some, more = divmod(total, ep)
        if not some:
            text = f"{total} experts over EP={ep} leave {ep - more} ranks without an expert"
            yield plan.warns("experts", text, degrees_that("EP", f"divide {total} experts", divisors(total)))
            return
        text = f"{total} experts over EP={ep}: {some + 1} on the first {more} ranks, {some} on the others"
        yield plan.passes("experts", text)
        return
    advice = degrees_that("EP", f"divide {total} experts", divisors(total))
    if plan.engine.redundant and (extra or plan.engine.name):
        least = -facts.experts % ep
        fitting = [least, least + ep, least + 2 * ep]
        advice += f"; redundant_experts that fit EP={ep}: {', '.join(map(str, fitting))}"
    yield plan.divides("experts", total, things, ep, "EP", advice)


def expert_sequence(plan: Plan) -> Iterator[Calculation]:
    """Yield whether sequence parallelism goes with experts and tensor parallelism, as Megatron-LM wants it."""
    tp, ep = plan.named.tp, plan.named.ep
    if plan.engine.name != "megatron" or tp == 1 or not plan.has_experts:
        return
    if plan.named.sp > 1:
        yield plan.passes("expert-sequence", f"experts and TP={tp} with sequence parallelism")
        return
    what = f"EP={ep} and TP={tp}" if ep > 1 else f"experts and TP={tp}"
    text = f"{what} need sequence parallelism: Megatron-LM warns without it, and earlier versions refused it"
    yield plan.warns("expert-sequence", text, f"declare sp{tp} (--sequence-parallel)")
