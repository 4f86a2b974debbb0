"""Heads: how many query and key-value heads a rank of attention holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.fitting import degrees_that, divisors
from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan


def heads(plan: Plan) -> Iterator[Calculation]:
    """Yield calculations about heads: TP shards attention by heads, and so does the SP of Ulysses.

    Ulysses exchanges heads for tokens (Jacobs et al. 2023), so its SP divides the heads of each TP shard again.
    """
    tp, sp, count = plan.attention_tp, plan.named.sp, plan.facts.heads
    axes = "TP" if tp == plan.named.tp else "attention TP"
    if tp > 1 and count is not None:
        yield plan.divides("heads", count, "heads", tp, axes, _fitting(plan, axes))
    if tp > 1 and plan.facts.is_latent:
        yield plan.passes("heads", f"latent attention over {axes}={tp}: every rank holds the one latent of a token")
    elif tp > 1:
        yield from _key_value_heads(plan, tp, axes)
    preset = PRESETS.get(plan.engine.name)
    flavor = plan.phase.layout.sp or (preset.sp if preset is not None else None)
    if flavor == "ulysses" and count is not None and sp > 1 and count % tp == 0:
        fitting = degrees_that("SP", f"divide {count // tp} heads", divisors(count // tp))
        yield plan.divides("heads", count, "heads", tp * sp, f"{axes}·SP" if tp > 1 else "SP", fitting)


def _key_value_heads(plan: Plan, tp: int, axes: str) -> Iterator[Calculation]:
    count = plan.facts.kv_heads
    if count is None or plan.engine.kv_heads == "any" or (count == plan.facts.heads and count % tp):
        return  # one for each head: the calculation of heads fails already
    if count % tp == 0:
        yield plan.passes("heads", f"{count} key-value heads over {axes}={tp}: {count // tp} each")
    elif plan.engine.kv_heads == "divide":
        yield plan.divides("heads", count, "key-value heads", tp, axes, _fitting(plan, axes))
    elif tp % count == 0:
        yield plan.passes("heads", f"{count} key-value heads over {axes}={tp}: each on {tp // count} shards")
    else:
        text = f"{count} key-value heads are neither a multiple nor a divisor of {axes}={tp}"
        yield plan.fails("heads", text, _fitting(plan, axes))


def _fitting(plan: Plan, axes: str) -> str:
    """Return which TP would fit all heads that are known, such as "TP that divide 52 heads: 1, 2, 4, 13, 26, 52"."""
    count, kv = plan.facts.heads, None if plan.facts.is_latent else plan.facts.kv_heads
    rule = plan.engine.kv_heads
    if count is None and kv is None:
        return ""
    if kv is None or kv == count or rule == "any":
        return "" if count is None else degrees_that(axes, f"divide {count} heads", divisors(count))
    candidates = divisors(count) if count is not None else range(1, kv + 1)
    fitting = [tp for tp in candidates if kv % tp == 0 or (rule == "repeat" and tp % kv == 0)]
    if count is None:
        return degrees_that(axes, f"divide {kv} key-value heads", fitting)
    if list(candidates) == fitting:
        return degrees_that(axes, f"divide {count} heads", fitting)
    verb = "divide" if rule == "divide" else "fit"
    return degrees_that(axes, f"{verb} {count} heads and {kv} key-value heads", fitting)
