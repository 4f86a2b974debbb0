"""The KV cache: bytes of a token, of a sequence, and of all sequences on a rank."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from dotlint.strategy.memory.element_sizes import cache_element_size
from dotlint.strategy.memory.lacking import LackingFactsError, needed
from dotlint.strategy.memory.parameters import attention_kind, head_dim, kv_heads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.strategy.calculations.calculation import Plan
    from dotlint.strategy.memory.stage import Stage
    from dotlint.strategy.model import ModelFacts


def token_bytes(facts: ModelFacts, *, ranks: int = 1) -> float:
    """Return the bytes of a token in one layer, on one of the `ranks` that divide the heads.

    Grouped heads: 2 · max(1, g / t) · d elements, copies where there are fewer heads than ranks. Latent attention:
    c + dr elements on every rank (DeepSeek-V2, arXiv 2405.04434).
    """
    size = cache_element_size(facts)
    if facts.is_latent:
        latent, rope = needed(facts, "kv_lora_rank", "qk_rope_head_dim")
        return (latent + rope) * size
    return 2 * kv_heads(facts, ranks) * head_dim(facts) * size


def token_of_stage(plan: Plan, stage: Stage) -> int:
    """Return the bytes that a further token of a sequence takes on a rank, windows not yet being full."""
    return ceil(len(_cached(plan.facts, stage.layers)) * _on_rank(plan))


def sequence_of_stage(plan: Plan, stage: Stage, tokens: int) -> int:
    """Return the bytes of a sequence of so many tokens on a rank: windowed layers keep only their window."""
    facts = plan.facts
    kept = sum(min(tokens, window) if window else tokens for window in _cached(facts, stage.layers))
    return ceil(kept * _on_rank(plan))


def _on_rank(plan: Plan) -> float:
    """Return the bytes of a token in one layer on a rank; DCP and CP divide the tokens, Ulysses the heads."""
    degrees, flavor = plan.named, plan.phase.layout.flavor
    ranks = plan.attention_tp * (degrees.sp if flavor == "ulysses" else 1)
    parts = degrees.dcp * degrees.cp * (degrees.sp if flavor == "ring" else 1)
    return token_bytes(plan.facts, ranks=ranks) / parts


def _cached(facts: ModelFacts, layers: Iterable[int]) -> list[int]:
    """Return the window of each layer, 0 for one without."""
    return [needed(facts, "window")[0] if attention_kind(facts, index) == "window" else 0 for index in layers]


def sequences_on_rank(plan: Plan) -> int | None:
    """Return how many sequences a rank has at the same time; None if that is not stated.

    `batch`, the sequences of the phase, is divided by the replicas, and so is `max_seqs`, except in vLLM and
    TensorRT-LLM, where every replica takes that many.
    """
    facts, replicas = plan.facts, plan.named.dp * plan.named.dpa
    if facts.max_seqs is not None:
        return facts.max_seqs if plan.engine.name in {"vllm", "trtllm"} else -(-facts.max_seqs // replicas)
    return -(-facts.batch // replicas) if facts.batch is not None else None


def sequence_length(facts: ModelFacts) -> int:
    """Return the tokens of the longest sequence. Raises `LackingFactsError` if neither `max_len` nor `seq` is stated."""
    length = facts.max_len if facts.max_len is not None else facts.seq
    if length is None:
        raise LackingFactsError("`max_len`")
    return length
