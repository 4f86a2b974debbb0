"""How many ranks divide each part of a layer, by the degrees and the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.strategy.calculations.calculation import Plan


class Division(Struct, frozen=True):
    """Into how many parts each kind of weight is divided: `experts` are those of a rank, None for all of them."""

    attention: int = 1
    dense: int = 1
    expert: int = 1
    experts: int | None = None


def division_of(plan: Plan) -> Division:
    """Return the division of a plan.

    Attention data parallelism divides the heads by fewer ranks. Redundant experts take room on the ranks of EP; ranks
    that hold one expert more than others are counted.
    """
    facts, ep = plan.facts, max(1, plan.degrees.ep)
    total = (facts.experts or 0) + ((facts.redundant_experts or 0) if plan.engine.redundant else 0)
    if plan.engine.name == "vllm" and plan.named.ep > 1:
        ep = plan.placement.stage_size
    held = -(-total // ep) if facts.experts is not None else None
    return Division(plan.attention_tp, _dense(plan), _expert(plan), held)


def _dense(plan: Plan) -> int:
    """Return the ranks that divide dense and shared feed-forward layers; SGLang uses all those of --tp."""
    if plan.engine.name == "sglang":
        return plan.named.tp * plan.named.dp * plan.named.cp if plan.named.dp * plan.named.cp > 1 else plan.named.tp
    return plan.named.tp


def _expert(plan: Plan) -> int:
    """Return the ranks that divide one expert; without expert parallelism, every engine divides experts by TP."""
    if not plan.named.named & {"ep", "etp"} and not plan.engine.name:
        return plan.named.tp
    return max(1, plan.expert_tp)
