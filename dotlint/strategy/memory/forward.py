"""Activations of serving: the largest layer of a forward pass and the logits, bytes on a rank."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from dotlint.strategy.memory.element_sizes import DEFAULT_DTYPE, element_size
from dotlint.strategy.memory.kv_cache import sequences_on_rank
from dotlint.strategy.memory.lacking import LackingFactsError, needed
from dotlint.strategy.memory.parameters import attention_width, has_experts, matrices_of_mlp, moe_width

if TYPE_CHECKING:
    from dotlint.strategy.calculations.calculation import Plan
    from dotlint.strategy.memory.stage import Stage


def forward_activations(plan: Plan, stage: Stage) -> int:
    """Return the bytes of a forward pass: a buffer is used again by the next layer, so that one layer counts.

    For n tokens: the residual stream and the layer's input (2nh), and the larger of attention (queries, keys, values
    and output) and feed-forward (as many values as it has matrices, for each expert of a token); on the last stage
    the logits of one token for each sequence, in FP32.
    """
    facts, tp = plan.facts, plan.named.tp
    (hidden,) = needed(facts, "hidden")
    tokens = _tokens(plan) / (plan.named.cp * (plan.named.sp if plan.phase.layout.flavor != "megatron" else 1))
    size = element_size(facts.dtype or DEFAULT_DTYPE, "dtype")
    widths = [attention_width(facts) / plan.attention_tp]
    widths += [_feed_forward(plan, experts=each) / tp for each in {has_experts(facts, n) for n in stage.layers}]
    found = tokens * (2 * hidden + max(widths)) * size
    if stage.last:
        sequences, (vocab,) = sequences_on_rank(plan), needed(facts, "vocab")
        found += 4 * vocab * (sequences or 1)
    return ceil(found)


def _feed_forward(plan: Plan, *, experts: bool) -> int:
    facts = plan.facts
    if not experts:
        return matrices_of_mlp(facts) * needed(facts, "ffn")[0]
    (top_k,) = needed(facts, "top_k")
    return matrices_of_mlp(facts) * moe_width(facts) * (top_k + (facts.shared_experts or 0))


def _tokens(plan: Plan) -> int:
    """Return the tokens of a forward pass: as stated, or in a phase of decode one for each sequence."""
    if plan.facts.max_batched_tokens is not None:
        return plan.facts.max_batched_tokens
    sequences = sequences_on_rank(plan)
    if plan.phase.name == "decode" and sequences is not None:
        return sequences * (1 + (plan.facts.mtp_layers or 0))
    raise LackingFactsError("`max_batched_tokens`")
