"""What an engine does silently, or calls by other names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Plan

_VOCABULARY_MULTIPLE: Final = 128  # Megatron-LM's --make-vocab-size-divisible-by


def notes(plan: Plan) -> Iterator[str]:
    """Yield remarks on a plan that is possible."""
    degrees, facts = plan.named, plan.facts
    if plan.phase.declared_world == plan.placement.world and degrees.dp > 1:
        yield f"dp{degrees.dp} fills the {plan.placement.world} GPUs"
    if plan.engine.name == "megatron" and facts.vocab is not None:
        by = _VOCABULARY_MULTIPLE * degrees.tp
        padded = -(-facts.vocab // by) * by
        if padded != facts.vocab:
            yield f"Megatron-LM pads the vocabulary of {facts.vocab} to {padded}, a multiple of 128·TP"
    if plan.engine.name == "megatron" and degrees.vpp > 1 and degrees.pp == 2 and facts.overlap_p2p is None:
        yield "VPP with PP=2 needs overlapped sends and receives, Megatron-LM's default"
    if degrees.dpa > 1:
        yield (
            f"DPA shares the GPUs of TP and adds none: attention has TP/DPA = {degrees.tp}/{degrees.dpa} = "
            f"{plan.attention_tp} ranks"
        )
    if plan.engine.name == "sglang" and degrees.dp * degrees.cp > 1 and degrees.dpa == 1:
        whole = degrees.tp * degrees.dp * degrees.cp
        options = f"--dp {degrees.dp} --enable-dp-attention" if degrees.dp > 1 else ""
        options += f" --attn-cp-size {degrees.cp}" if degrees.cp > 1 else ""
        yield (
            "TP is that of attention, and DP and CP multiply the GPUs: in SGLang this is "
            f"--tp {whole} {options.strip()}"
        )
        if degrees.dp > 1 and degrees.tp % degrees.dp == 0:
            inner = degrees.tp // degrees.dp
            yield (
                f"SGLang's --tp {degrees.tp} --dp {degrees.dp} --enable-dp-attention is tp{inner}dp{degrees.dp} or "
                f"tp{degrees.tp}dpa{degrees.dp}, on {degrees.tp * degrees.pp} GPUs"
            )
    if plan.engine.name == "sglang" and degrees.dpa > 1:
        yield f"in SGLang this is --tp {degrees.tp} --dp {degrees.dpa} --enable-dp-attention"
    if plan.engine.name == "trtllm" and max(degrees.dp, degrees.dpa) > 1:
        yield "in TensorRT-LLM this is enable_attention_dp: attention is replicated on the ranks of TP"
