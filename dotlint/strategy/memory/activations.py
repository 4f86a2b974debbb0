"""Activations that training keeps for the backward pass: bytes on a rank."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from dotlint.strategy.memory.lacking import LackingFactsError, needed
from dotlint.strategy.memory.parameters import attention_width, has_experts, moe_width

if TYPE_CHECKING:
    from dotlint.strategy.calculations.calculation import Plan
    from dotlint.strategy.memory.stage import Stage
    from dotlint.strategy.model import ModelFacts


def training_activations(plan: Plan, stage: Stage) -> int:
    """Return the bytes of the activations of all micro batches that a stage has in flight.

    Korthikanti et al. 2022 (arXiv 2205.05198), Table 2, and megatron/training/theoretical_memory_usage.py for what
    the embeddings (8sb + sbh) and the output (4sbh (1 + V / h)) add. The number of micro batches in flight is that of
    1F1B, interleaved if there are virtual stages.
    """
    facts = plan.facts
    hidden, batch = needed(facts, "hidden", "micro_batch")
    tokens = _tokens(plan) * batch
    kinds = Counter(has_experts(facts, index) for index in stage.layers)
    one = sum(layer_activations(plan, experts=experts) * number for experts, number in kinds.items())
    flying = micro_batches_in_flight(plan, stage)
    ranks = plan.named.tp if _is_sequence_parallel(plan) else 1
    found = one * flying
    if stage.first:
        found += tokens * (8 + hidden) * flying / ranks
    if stage.last:
        (vocab,) = needed(facts, "vocab")
        found += 4 * tokens * hidden * (1 / ranks + vocab / hidden / plan.named.tp)
    return ceil(found)


def layer_activations(plan: Plan, *, experts: bool = False) -> float:
    """Return the bytes of one layer and micro batch.

    With s tokens, b sequences and t ranks: sbh (10 + 24 / t + 5as / (ht)); Megatron's sequence parallelism also
    divides the 10; recomputing attention (or flash attention) leaves out 5as / (ht); full recomputation keeps 2sbh.
    24 is 8 for attention with as many key-value heads as heads and 16 for a feed-forward layer of width 4h: the terms
    below are for any widths.
    """
    facts, tp = plan.facts, plan.named.tp
    hidden, batch = needed(facts, "hidden", "micro_batch")
    if facts.recompute is None:
        raise LackingFactsError("`recompute`")
    length = _tokens(plan)
    sharded = tp if _is_sequence_parallel(plan) else 1
    if facts.recompute == "full":
        return 2 * length * batch * hidden / sharded
    whole, divided = _attention(facts)
    found = length * batch * ((10 * hidden + whole) / sharded + (divided + _feed_forward(facts, experts=experts)) / tp)
    if facts.recompute == "none":
        heads, seq = needed(facts, "heads", "seq")
        found += 5 * heads * length * seq * batch / tp
    return found


def _attention(facts: ModelFacts) -> tuple[int, int]:
    """Return the bytes of queries, keys, values and the output for each token: whole on a rank, and divided."""
    latents = (
        sum(needed(facts, "kv_lora_rank", "qk_rope_head_dim")) + (facts.q_lora_rank or 0) if facts.is_latent else 0
    )
    return 2 * latents, 2 * attention_width(facts)


def _feed_forward(facts: ModelFacts, *, experts: bool) -> int:
    """Return the bytes of the intermediate values for each token, tokens being balanced over experts."""
    each = 4 if facts.gated is False else 6
    if not experts:
        return each * needed(facts, "ffn")[0]
    (top_k,) = needed(facts, "top_k")
    return each * moe_width(facts) * (top_k + (facts.shared_experts or 0))


def micro_batches_in_flight(plan: Plan, stage: Stage) -> float:
    """Return how many micro batches of all its layers a stage keeps: PP on the first stage, 1 on the last.

    With m virtual stages, the first stage keeps 1 + (p - 1) / (pm) times as much as without. Never more than there
    are, if the global batch is known.
    """
    facts, degrees = plan.facts, plan.named
    p, m = stage.count, degrees.vpp
    chunks = (p - stage.index) if m == 1 else 2 * (p - 1 - stage.index) + (m - 1) * p + 1
    if facts.accumulation is not None:
        return min(chunks, facts.accumulation * m) / m
    if facts.global_batch is not None and facts.micro_batch is not None:
        there = max(1, facts.global_batch // (facts.micro_batch * degrees.dp))
        return min(chunks, there * m) / m
    return chunks / m


def _tokens(plan: Plan) -> float:
    """Return the tokens of a sequence on a rank: context parallelism, Ulysses and ring attention divide it."""
    (seq,) = needed(plan.facts, "seq")
    own = plan.named.sp if plan.phase.layout.flavor != "megatron" else 1
    return seq / (plan.named.cp * own)


def _is_sequence_parallel(plan: Plan) -> bool:
    return plan.phase.layout.flavor == "megatron" and plan.named.sp > 1
