"""What a `config.json` leaves out and the type of the model decides, held against published sizes."""

from __future__ import annotations

from typing import Any

import pytest

from dotlint.strategy import Strategy
from dotlint.strategy.calculations.calculation import plan_of
from dotlint.strategy.fact_values import read_facts
from dotlint.strategy.launch.config_json import facts_of
from dotlint.strategy.memory.budget import Memory, memory_of


def sizes(layers: int, hidden: int, ffn: int, heads: int, kv: int, vocab: int, **more: Any) -> dict[str, Any]:
    return {
        "num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": ffn, "num_attention_heads": heads,
        "num_key_value_heads": kv, "vocab_size": vocab, "torch_dtype": "bfloat16", **more,
    }  # fmt: skip


GEMMA_2_9B = sizes(42, 3584, 14336, 16, 8, 256000, model_type="gemma2", head_dim=256, sliding_window=4096)
GEMMA_3_4B = {
    "model_type": "gemma3", "torch_dtype": "bfloat16", "vision_config": {"hidden_size": 1152},
    "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text",
                    "num_hidden_layers": 34, "sliding_window": 1024},
}  # fmt: skip
COMMAND_R_PLUS = sizes(64, 12288, 33792, 96, 8, 256000, model_type="cohere")
COMMAND_R7B = sizes(
    32, 4096, 14336, 32, 8, 256000, architectures=["Cohere2ForCausalLM"], sliding_window=4096, sliding_window_pattern=4
)
PHI_2 = sizes(32, 2560, 10240, 32, 32, 51200, model_type="phi", tie_word_embeddings=False)
GPT_2_XL = {"model_type": "gpt2", "n_embd": 1600, "n_head": 25, "n_layer": 48, "vocab_size": 50257, "n_inner": None}
FALCON_40B = {
    "model_type": "falcon", "hidden_size": 8192, "num_attention_heads": 128, "num_kv_heads": 8, "multi_query": True,
    "new_decoder_architecture": True, "num_hidden_layers": 60, "vocab_size": 65024,
}  # fmt: skip
QWEN2_57B = sizes(
    28, 3584, 18944, 28, 4, 151936, model_type="qwen2_moe", num_experts=64, num_experts_per_tok=8,
    moe_intermediate_size=2560, shared_expert_intermediate_size=20480, use_sliding_window=False,
)  # fmt: skip
MAVERICK = {
    "architectures": ["Llama4ForConditionalGeneration"],
    "text_config": sizes(
        48, 5120, 8192, 40, 8, 202048, model_type="llama4_text", head_dim=128, intermediate_size_mlp=16384,
        num_local_experts=128, num_experts_per_tok=1, interleave_moe_layer_step=2, attention_chunk_size=8192,
    ),
}  # fmt: skip


def memory(config: dict[str, Any], **more: Any) -> Memory:
    facts = read_facts({**facts_of(config), "max_len": 32768, **more}, "config.json", "model")
    strategy = Strategy.combine(["tp1"], model=facts)
    found = memory_of(plan_of(strategy.phases[0], strategy.model))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("config", "billions", "cache"),
    [  # the cache of 32,768 tokens in bytes, with windows where the model has them
        (GEMMA_2_9B, 9.24, 2 * 8 * 256 * 2 * 21 * (4096 + 32768)),
        (GEMMA_3_4B, 3.88, 2 * 4 * 256 * 2 * (29 * 1024 + 5 * 32768)),
        (COMMAND_R_PLUS, 104, 2 * 8 * 128 * 2 * 64 * 32768),
        (COMMAND_R7B, 8.03, 2 * 8 * 128 * 2 * (24 * 4096 + 8 * 32768)),
        (PHI_2, 2.78, 2 * 32 * 80 * 2 * 32 * 32768),
        (GPT_2_XL, 1.557, 2 * 25 * 64 * 2 * 48 * 32768),
        (FALCON_40B, 41.3, 2 * 8 * 64 * 2 * 60 * 32768),
        (QWEN2_57B, 57.4, 2 * 4 * 128 * 2 * 28 * 32768),
        (MAVERICK, 400, 2 * 8 * 128 * 2 * (36 * 8192 + 12 * 32768)),
    ],
)
def test_published_sizes(config: dict[str, Any], billions: float, cache: int) -> None:
    found = memory(config)
    assert (found.parameters or 0) / 1e9 == pytest.approx(billions, rel=0.01)
    assert found.stages[0].sequence == cache
    assert {fact.partition(" ")[0] for fact in found.usual} <= {"dtype"} | ({"tied"} if config is QWEN2_57B else set())


def test_what_is_stated_wins_over_the_type() -> None:
    tied, untied = (memory({**COMMAND_R_PLUS, "tie_word_embeddings": each}).parameters or 0 for each in (True, False))
    assert untied - tied == 256000 * 12288
    kinds = ["full_attention", "sliding_attention"] * 21
    stated = memory({**GEMMA_2_9B, "layer_types": kinds, "sliding_window": 1024})
    assert stated.stages[0].sequence == 2 * 8 * 256 * 2 * 21 * (1024 + 32768)
    assert facts_of({**PHI_2, "model_type": "phi9"}).get("gated") is None


@pytest.mark.parametrize(
    "more",
    [
        {"model_type": "jamba"},
        {"model_type": "qwen3_next"},
        {"model_type": "llama", "layer_types": ["linear_attention", "full_attention"] * 16},
    ],
)
def test_layers_without_attention_are_not_computed(more: dict[str, Any]) -> None:
    found = memory(sizes(32, 4096, 14336, 32, 8, 65536) | more)
    assert (found.parameters, found.stages[0].weights, found.stages[0].sequence) == (None, None, None)
    assert any("hybrid" in fact or "linear_attention" in fact for fact in found.lacking)


LLAMA_8B = sizes(32, 4096, 14336, 32, 8, 128256, model_type="llama", tie_word_embeddings=False)
MATRICES = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
OTHERS = 8_030_261_248 - MATRICES


def compressed(**weights: Any) -> dict[str, Any]:
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": weights}}}


@pytest.mark.parametrize(
    ("stated", "bytes_each"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 0.5 + 2 / 128),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, 1),
        ({"quant_method": "awq", "bits": 4, "group_size": 64}, 0.5 + 2 / 64),
        (compressed(num_bits=8, type="float", strategy="tensor"), 1),
        (compressed(num_bits=4, type="int", group_size=128), 0.5 + 2 / 128),
        (compressed(num_bits=8, type="float", block_structure=[128, 128]), 1 + 4 / 128**2),
        (compressed(num_bits=4, type="float", group_size=16) | {"format": "nvfp4-pack-quantized"}, 0.5 + 1 / 16),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, 0.5 + 1 / 16),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, 0.5),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 1 + 4 / 128**2),
        ({"quant_method": "quark"}, None),
    ],
)
def test_bits_of_quantized_weights(stated: dict[str, Any], bytes_each: float | None) -> None:
    weights = memory(LLAMA_8B | {"quantization_config": stated}).stages[0].weights
    assert weights == (None if bytes_each is None else pytest.approx(MATRICES * bytes_each + OTHERS * 2))
