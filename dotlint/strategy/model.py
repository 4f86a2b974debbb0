"""Facts about the deployed model and how it is run, as far as the strategy file states them."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

Pool = Literal["unified", "disaggregated"]
"""Whether the phases of a deployment share their GPUs."""


MOST_LAYERS: Final = 1 << 12
"""The most layers of which each is looked at."""


class ModelFacts(Struct, frozen=True, repr_omit_defaults=True):
    """Facts that some rules need; None if unknown.

    `experts` are those of one MoE layer, without `redundant_experts`; `seq` is in tokens, `batch`, `micro_batch` and
    `global_batch` in sequences, `hidden` and other widths in elements; `stage_layers` is the number of layers of each
    stage, or of each chunk in the order of the layers; `gpu_memory` is in GiB.
    """

    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    hidden: int | None = None
    experts: int | None = None
    top_k: int | None = None
    batch: int | None = None
    seq: int | None = None
    head_dim: int | None = None
    ffn: int | None = None
    gated: bool | None = None
    moe_ffn: int | None = None
    shared_experts: int | None = None
    redundant_experts: int | None = None
    eplb: bool | None = None
    first_k_dense_replace: int | None = None
    moe_layer_freq: int | None = None
    decoder_sparse_step: int | None = None
    mlp_only_layers: tuple[int, ...] | None = None
    attention: str | None = None
    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    qk_nope_head_dim: int | None = None
    qk_rope_head_dim: int | None = None
    v_head_dim: int | None = None
    window: int | None = None
    layer_types: tuple[str, ...] | None = None
    mtp_layers: int | None = None
    vocab: int | None = None
    tied: bool | None = None
    quant_block: int | tuple[int, ...] | None = None
    dtype: str | None = None
    kv_dtype: str | None = None
    quantization: str | None = None
    micro_batch: int | None = None
    global_batch: int | None = None
    accumulation: int | None = None
    stage_layers: tuple[int, ...] | None = None
    first_stage_layers: int | None = None
    last_stage_layers: int | None = None
    overlap_p2p: bool | None = None
    distributed_optimizer: bool | None = None
    zero_stage: int | None = None
    recompute: str | None = None
    gpu: str | None = None
    gpu_memory: float | None = None
    utilization: float | None = None
    max_seqs: int | None = None
    max_len: int | None = None
    max_batched_tokens: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the known facts."""
        found = {name: getattr(self, name) for name in MODEL_FACTS}
        return {name: value for name, value in found.items() if value is not None}

    def with_own(self, own: ModelFacts | None) -> ModelFacts:
        """Return these facts with those of a phase, which override them."""
        return self if own is None else replace(self, **own.to_dict())

    def is_dense(self, layer: int) -> bool:
        """Return whether a 0-based layer of a model with experts has none (config.json of DeepSeek and Qwen)."""
        return (
            layer < (self.first_k_dense_replace or 0)
            or layer % (self.moe_layer_freq or 1) > 0
            or (layer + 1) % (self.decoder_sparse_step or 1) > 0
            or layer in (self.mlp_only_layers or ())
        )

    @property
    def is_latent(self) -> bool:
        """Whether attention caches one latent per token (MLA), which no rank can divide by heads."""
        return self.attention == "mla" or self.kv_lora_rank is not None

    @property
    def quant_blocks(self) -> tuple[int, ...]:
        """The sides of a block of quantized weights, output side first; empty if weights have no blocks."""
        if self.quant_block is None:
            return ()
        return (self.quant_block,) if isinstance(self.quant_block, int) else self.quant_block


MODEL_FACTS: Final[tuple[str, ...]] = ModelFacts.__struct_fields__
"""The names of the facts in a strategy file."""

PHASE_FACTS: Final = (
    "batch", "seq", "redundant_experts", "eplb", "dtype", "kv_dtype", "quantization", "micro_batch", "global_batch",
    "accumulation", "stage_layers", "first_stage_layers", "last_stage_layers", "overlap_p2p", "distributed_optimizer",
    "zero_stage", "recompute", "gpu", "gpu_memory", "utilization", "max_seqs", "max_len",
    "max_batched_tokens",
)  # fmt: skip
"""The facts that a phase can state for itself."""
