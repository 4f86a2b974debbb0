"""Widths: how TP divides feed-forward layers, and whether shards hold whole blocks of quantized weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.fitting import degrees_that, divisors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan

_WIDEST: Final = 256  # the largest TP that a message suggests


def widths(plan: Plan) -> Iterator[Calculation]:
    """Yield calculations about the feed-forward width of dense layers and of experts."""
    if not plan.engine.widths:
        return
    facts, tp = plan.facts, plan.named.tp
    # SGLang's dense layers may use all ranks of a stage or one, by --moe-dense-tp-size.
    dense = facts.ffn if plan.engine.name != "sglang" or plan.named.dp * plan.named.cp * plan.named.dpa == 1 else None
    if dense is not None:
        yield from _width(plan, dense, "feed-forward width", tp, "TP")
    if facts.moe_ffn is not None:
        yield from _width(plan, facts.moe_ffn, "expert width", plan.expert_tp, _expert_axes(plan))


def _expert_axes(plan: Plan) -> str:
    if plan.engine.name == "vllm":
        named = [axis.upper() for axis in ("tp", "cp", "dp") if plan.named.get(axis) > 1]
        return "·".join(named) or "TP"
    return "ETP"


def _width(plan: Plan, width: int, what: str, by: int, axes: str) -> Iterator[Calculation]:
    blocks = plan.facts.quant_blocks if plan.engine.blocks else ()
    fitting = [n for n in divisors(width, _WIDEST) if all(width // n % block == 0 for block in blocks)]
    goal = f"divide {width}" + (f" into blocks of {'x'.join(map(str, blocks))}" if blocks else "")
    advice = degrees_that(axes, goal, fitting)
    if blocks and what.startswith("expert") and by > 1:
        advice = "; ".join(filter(None, (advice, "expert parallelism keeps each expert whole")))
    if width % by:
        yield plan.fails("widths", f"the {what} {width} is not divisible by {axes}={by}", advice)
        return
    share = width // by
    over = f"{width} over {axes}={by} is {share}" if by > 1 else f"{width}"
    broken = next((block for block in blocks if share % block), None)
    if broken is not None:
        text = f"the {what} {over}, which is not divisible by the quantization block of {broken}"
        yield plan.fails("widths", text, advice, source="blocks")
    elif by > 1 or blocks:
        whole = f", {share // blocks[0]} blocks of {blocks[0]}" if blocks else ""
        yield plan.passes("widths", f"{what} {over}{whole}")
