"""Weights, gradients and optimizer states: bytes on a rank."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.strategy.memory.element_sizes import DEFAULT_DTYPE, element_size, weight_size
from dotlint.strategy.memory.lacking import LackingFactsError

if TYPE_CHECKING:
    from dotlint.strategy.calculations.calculation import Plan
    from dotlint.strategy.memory.parameters import Parameters
    from dotlint.strategy.model import ModelFacts


class States(Struct, frozen=True):
    """Bytes of weights, of their gradients, and of the states of the optimizer."""

    weights: int
    gradients: int
    optimizer: int


def serving_weights(facts: ModelFacts, parameters: Parameters) -> int:
    """Return the bytes of the weights that a rank serves."""
    matrices, others = weight_size(facts, quantized=True), weight_size(facts, quantized=False)
    # Checkpoints in MXFP4 quantize only the experts (gpt-oss).
    dense = others if (facts.quantization or "").lower() == "mxfp4" and parameters.experts else matrices
    return ceil(parameters.matrices * dense + parameters.experts * matrices + parameters.others * others)


def training_states(plan: Plan, parameters: Parameters) -> States:
    """Return the bytes that training keeps of the parameters of a rank.

    A parameter takes 18 bytes in Megatron-LM (2 for the weight, 4 for the gradient, 12 for the optimizer), or
    6 + 12 / (DP · CP) with the distributed optimizer, where experts have 6 + 12 / EDP
    (megatron/training/theoretical_memory_usage.py). ZeRO takes 16; stages 1 to 3 divide the optimizer, the gradients
    and the weights by the replicas (Rajbhandari et al. 2020, arXiv 1910.02054).
    """
    ranks = plan.named.dp * plan.named.cp * (plan.named.sp if plan.phase.layout.flavor != "megatron" else 1)
    dense = _per_parameter(plan, ranks)
    expert = _per_parameter(plan, max(1, plan.degrees.edp))
    others = parameters.matrices + parameters.others
    return States(
        ceil(others * dense[0] + parameters.experts * expert[0]),
        ceil(others * dense[1] + parameters.experts * expert[1]),
        ceil(others * dense[2] + parameters.experts * expert[2]),
    )


def _per_parameter(plan: Plan, replicas: int) -> tuple[float, float, float]:
    """Return the bytes of the weight, gradient and states of one parameter that is on so many replicas."""
    facts, engine = plan.facts, plan.engine.name
    size = element_size(facts.dtype or DEFAULT_DTYPE, "dtype")
    if facts.zero_stage is not None or engine == "deepspeed":
        stage = facts.zero_stage or 0
        master = 12 if size < 4 else 8  # a copy in FP32, and two moments
        return (
            size / (replicas if stage > 2 else 1),
            size / (replicas if stage > 1 else 1),
            master / (replicas if stage > 0 else 1),
        )
    if facts.distributed_optimizer is None and engine != "megatron":
        raise LackingFactsError("`zero_stage` or `distributed_optimizer`")
    shared = replicas if facts.distributed_optimizer else 1
    return size, 4, (12 if size < 4 else 8) / shared
