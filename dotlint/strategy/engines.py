"""What each engine requires of a plan, as data: one row for each, which all calculations read.

The facts are those of the engines' sources and documents in November 2026; `sources` names where each is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct, field

from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping


class Engine(Struct, frozen=True):
    """The requirements of one engine; the defaults are those of a layout without an engine.

    `name` is that of the preset. `kv_heads`: TP divides them or is a multiple of them (`repeat`), must divide them
    (`divide`), or nothing is known (`any`). `experts`: every rank has as many (`equal`), or the first ranks one more
    (`spread`). `redundant`: whether redundant experts count. `layers`: stages have as many (`equal`) or differ (`any`).
    `tokens`: CP divides a sequence in `parts` times CP parts; 0 if any length will do. `widths`: whether TP divides
    feed-forward widths equally; `blocks`: whether shards hold whole blocks of quantized weights. `batch`: whether the
    global batch is a multiple of micro batch · DP (`multiple`), or the product with the accumulation (`product`).
    """

    name: str = ""
    kv_heads: Literal["repeat", "divide", "any"] = "repeat"
    experts: Literal["equal", "spread"] = "equal"
    redundant: bool = True
    layers: Literal["equal", "any"] = "any"
    empty_stages: bool = False
    parts: int = 1
    widths: bool = True
    blocks: bool = False
    batch: Literal["any", "multiple", "product"] = "any"
    asks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name for people, "" without an engine."""
        return PRESETS[self.name].title if self.name else ""

    def source(self, check: str) -> str:
        """Return the engine and where it requires this, such as "vLLM: vllm/config/model.py"; "" without an engine."""
        stated = self.sources.get(check)
        return f"{self.title}: {stated}" if stated else self.title


_TRAINING: Final[Mapping[str, tuple[str, ...]]] = {"batch": ("global_batch",), "widths": ("ffn",)}
_SERVING: Final[Mapping[str, tuple[str, ...]]] = {"widths": ("ffn",)}

_ENGINES: Final = (
    Engine(
        "megatron",
        redundant=False,
        layers="equal",
        empty_stages=True,
        parts=2,
        batch="multiple",
        asks=_TRAINING,
        sources={
            "heads": "megatron/core/transformer/transformer_config.py",
            "experts": "megatron/core/transformer/moe/moe_layer.py",
            "expert-sequence": "megatron/core/model_parallel_config.py",
            "layers": "megatron/core/transformer/transformer_config.py",
            "sequence": "megatron/core/utils.py, get_batch_on_this_cp_rank",
            "widths": "megatron/core/tensor_parallel/layers.py",
            "batch": "megatron/core/num_microbatches_calculator.py",
            "interleaved-batch": "megatron/core/pipeline_parallel/schedules.py",
            "grid-mismatch": "megatron/core/parallel_state.py",
        },
    ),
    Engine(
        "vllm",
        experts="spread",
        parts=0,
        blocks=True,
        asks=_SERVING,
        sources={
            "heads": "vllm/config/model.py, verify_with_parallel_config",
            "experts": "vllm/config/parallel.py, EPLB",
            "layers": "vllm/distributed/utils.py, VLLM_PP_LAYER_PARTITION",
            "decode-context": "vllm/config/model.py, verify_with_parallel_config",
            "widths": "vllm/model_executor/layers/linear.py",
            "blocks": "vllm/model_executor/layers/quantization/fp8.py",
            "grid-mismatch": "vllm/config/parallel.py",
        },
    ),
    Engine(
        "sglang",
        parts=0,
        blocks=True,
        asks=_SERVING,
        sources={
            "heads": "sglang/srt/layers/dp_attention.py",
            "experts": "--ep-num-redundant-experts in sglang/srt/server_args.py",
            "layers": "sglang/srt/distributed/utils.py, SGLANG_PP_LAYER_PARTITION",
            "decode-context": "--dcp-size in sglang/srt/server_args.py",
            "widths": "sglang/srt/layers/linear.py",
            "blocks": "sglang/srt/layers/quantization/fp8.py",
            "grid-mismatch": "sglang/srt/server_args.py",
        },
    ),
    Engine(
        "trtllm",
        parts=0,
        blocks=True,
        asks=_SERVING,
        sources={
            "heads": "tensorrt_llm/mapping.py",
            "experts": "tensorrt_llm/mapping.py, ep_experts",
            "layers": "tensorrt_llm/mapping.py, pp_layers",
            "widths": "tensorrt_llm/mapping.py",
            "blocks": "tensorrt_llm/mapping.py",
            "grid-mismatch": "tensorrt_llm/mapping.py",
        },
    ),
    Engine(
        "torchtitan",
        kv_heads="divide",
        redundant=False,
        parts=2,
        widths=False,
        batch="multiple",
        asks={"batch": ("global_batch",)},
        sources={
            "heads": "tensor parallelism without copies of heads",
            "experts": "pytorch/torchtitan#4794",
            "layers": "torchtitan/distributed/pipeline_parallel.py",
            "sequence": "torchtitan/trainer.py",
            "batch": "torchtitan/trainer.py",
            "grid-mismatch": "torchtitan/distributed/parallel_dims.py",
        },
    ),
    Engine(
        "deepspeed",
        kv_heads="any",
        redundant=False,
        widths=False,
        batch="product",
        asks={"batch": ("global_batch",)},
        sources={
            "heads": "deepspeed/sequence/layer.py, deepspeed/module_inject/auto_tp.py",
            "experts": "deepspeed/moe/layer.py",
            "sequence": "deepspeed/sequence/layer.py",
            "batch": "deepspeed.ai/docs/config-json, train_batch_size",
            "grid-mismatch": "deepspeed/utils/groups.py",
        },
    ),
    Engine(
        "huggingface",
        kv_heads="divide",
        redundant=False,
        widths=False,
        sources={
            "heads": "transformers/distributed/tensor_parallel.py",
            "experts": "transformers/distributed/expert_parallel.py",
            "grid-mismatch": "transformers/distributed/configuration_utils.py",
        },
    ),
    Engine(
        "llama3",
        redundant=False,
        parts=2,
        sources={"sequence": "The Llama 3 Herd of Models, 3.3.2", "grid-mismatch": "The Llama 3 Herd of Models, 3.3.2"},
    ),
)

ENGINE_FREE: Final = Engine()
"""What holds whatever runs the plan; the layouts `product` and `overlay`."""

ENGINES: Final[Mapping[str, Engine]] = {engine.name: engine for engine in _ENGINES}


def engine_of(preset: str | None) -> Engine:
    """Return the engine of a preset; without one, `ENGINE_FREE`."""
    return ENGINES[preset] if preset is not None else ENGINE_FREE
