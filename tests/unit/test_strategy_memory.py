"""Memory: the published numbers, what is not known, what fits, and what would."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.strategy import Strategy
from dotlint.strategy.calculations.calculation import Calculation, Plan, plan_of
from dotlint.strategy.describe import Description, describe
from dotlint.strategy.memory.activations import layer_activations
from dotlint.strategy.memory.budget import Memory, memory_of
from dotlint.strategy.memory.fits import fits
from dotlint.strategy.memory.parameters import Parameters
from dotlint.strategy.memory.weights import training_states
from dotlint.strategy.wording import plain_text
from dotlint.text.toml import as_toml

GIB = 1 << 30
LLAMA = {"heads": 32, "kv_heads": 8, "hidden": 4096, "layers": 32, "ffn": 14336, "vocab": 128256}
LLAMA_70B = {"layers": 80, "hidden": 8192, "heads": 64, "kv_heads": 8, "ffn": 28672, "vocab": 128256}
LLAMA_405B = {"layers": 126, "hidden": 16384, "heads": 128, "kv_heads": 8, "ffn": 53248, "vocab": 128256}
MIXTRAL = {**LLAMA, "vocab": 32000, "experts": 8, "top_k": 2}
QWEN_14B = {"layers": 48, "hidden": 5120, "heads": 40, "kv_heads": 8, "ffn": 13824, "vocab": 152064}
DEEPSEEK = {
    "layers": 61, "hidden": 7168, "heads": 128, "kv_heads": 128, "ffn": 18432, "moe_ffn": 2048, "experts": 256,
    "top_k": 8, "shared_experts": 1, "first_k_dense_replace": 3, "vocab": 129280, "attention": "mla",
    "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128,
    "mtp_layers": 1,
}  # fmt: skip
GPT_175B = {"layers": 96, "hidden": 12288, "heads": 96, "ffn": 49152, "vocab": 51200, "gated": False}
TRAINED = {"seq": 2048, "micro_batch": 1}


def plan(degrees: str, facts: dict[str, Any], layout: str = "product", phase: str = "") -> Plan:
    spec = f"{phase}={degrees}" if phase else degrees
    table = {"strategy": spec, "layout": {"model": layout}, "model": facts}
    strategy = Strategy.from_table(tomllib.loads(toml(table)), where="plan")
    return plan_of(strategy.phases[0], strategy.model)


def toml(table: dict[str, Any]) -> str:
    return "\n".join(f"{key} = {as_toml(value)}" for key, value in table.items())


def memory(degrees: str, facts: dict[str, Any], layout: str = "product", phase: str = "") -> Memory:
    found = memory_of(plan(degrees, facts, layout, phase))
    assert found is not None
    return found


def outcome(degrees: str, facts: dict[str, Any], layout: str = "product") -> Calculation | None:
    return next(fits(plan(degrees, facts, layout)), None)


def described(degrees: str, facts: dict[str, Any], layout: str = "product") -> Description:
    table = {"strategy": degrees, "layout": {"model": layout}, "model": facts}
    strategy = Strategy.from_table(tomllib.loads(toml(table)), where="plan")
    return describe(strategy, {card.check: card.code for card in own_cards()})


@pytest.mark.parametrize(
    ("facts", "parameters", "active"),
    [
        (LLAMA_70B, 70_553_706_496, None),
        (LLAMA, 8.030e9, None),
        (LLAMA_405B, 405.853e9, None),
        (DEEPSEEK, 671.03e9, 37.55e9),
        (MIXTRAL, 46.70e9, 12.88e9),
    ],
)
def test_published_parameters(facts: dict[str, Any], parameters: float, active: float | None) -> None:
    found = memory("tp1", facts)
    exact = isinstance(parameters, int)
    assert found.parameters == (parameters if exact else pytest.approx(parameters, rel=1e-4))
    assert found.active == (None if active is None else pytest.approx(active, rel=1e-3))


@pytest.mark.parametrize(
    ("facts", "tp", "gib"),
    [(LLAMA_70B, 1, 131.41651916), (QWEN_14B, 2, 13.756)],  # vLLM loads 13.9476 GiB of the latter, 1.4 % more
)
def test_published_weights(facts: dict[str, Any], tp: int, gib: float) -> None:
    (stage,) = memory(f"tp{tp}", facts | {"max_len": 8}, "vllm").stages
    assert stage.weights is not None
    assert stage.weights / GIB == pytest.approx(gib, rel=1e-4)


KV = ("layers", "kv_heads", "head_dim")


@pytest.mark.parametrize(
    ("degrees", "sizes", "tokens", "published"),
    [
        ("tp1", (48, 4, 128), 262_144, 24 * GIB),  # Qwen3-Coder-30B-A3B, vllm-project/vllm#34076
        ("tp2", (28, 1, 128), 949_296, 14_336 * 949_296),  # 12.67 GiB: both ranks hold the one head
        ("tp2dcp2", (28, 1, 128), 1_896_256, 7_168 * 1_896_256),  # and divide its tokens
        ("tp1", (126, 8, 128), 1, 516_096),  # Llama 3.1 405B
        ("tp1", (80, 8, 128), 8_192, 2_684_354_560),
        ("tp1", (126, 8, 128), 8_192, 4_227_858_432),
        ("tp1", (32, 8, 128), 131_072, 17_179_869_184),
        ("tp1", (48, 25, 64), 1, 300 << 10),  # GPT-2 XL
        ("tp1", (40, 40, 128), 2_048, 819_200 * 2_048),  # OPT-13B
        ("tp16", (80, 8, 128), 8_192, 2_684_354_560 // 8),
    ],
)
def test_published_kv_caches(degrees: str, sizes: tuple[int, ...], tokens: int, published: int) -> None:
    facts = dict(zip(KV, sizes, strict=True)) | {"heads": sizes[1] * 8, "max_len": tokens}
    (stage,) = memory(degrees, facts, "vllm").stages
    assert stage.sequence == published


def test_latent_caches_are_on_every_rank() -> None:
    for degrees in ("tp1", "tp8", "tp8dpa8"):
        (stage,) = memory(degrees, DEEPSEEK | {"max_len": 1}, "sglang").stages
        assert stage.token == 70_272


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.875)])
def test_published_zero(stage: int, gigabytes: float) -> None:
    states = training_states(plan("dp64", {"zero_stage": stage}, "deepspeed"), Parameters(7_500_000_000))
    assert (states.weights + states.gradients + states.optimizer) / 1e9 == pytest.approx(gigabytes, rel=3e-3)


@pytest.mark.parametrize(
    ("degrees", "recompute", "megabytes"),
    [
        ("tp1", "none", 2868.9),
        ("tp8", "none", 578.8),
        ("tp8sp8", "none", 358.6),
        ("tp8sp8", "selective", 107.0),
        ("tp8", "full", 50.3),
    ],
)
def test_published_activations(degrees: str, recompute: str, megabytes: float) -> None:
    whole = plan(degrees, GPT_175B | TRAINED | {"recompute": recompute}, "megatron")
    assert layer_activations(whole) / 1e6 == pytest.approx(megabytes, rel=1e-3)


@pytest.mark.parametrize(("hidden", "heads", "saved"), [(12288, 96, 0.702), (20480, 128, 0.653)])
def test_published_savings_of_selective_recomputation(hidden: int, heads: int, saved: float) -> None:
    facts = GPT_175B | TRAINED | {"hidden": hidden, "heads": heads, "ffn": 4 * hidden}
    sizes = [layer_activations(plan("tp8sp8", facts | {"recompute": r}, "megatron")) for r in ("none", "selective")]
    assert 1 - sizes[1] / sizes[0] == pytest.approx(saved, abs=1e-3)


@pytest.mark.parametrize(("distributed", "gib"), [(False, 53.2), (True, 18.0)])
def test_published_states_of_405b(distributed: bool, gib: float) -> None:
    facts = LLAMA_405B | {"first_stage_layers": 7, "last_stage_layers": 7, "distributed_optimizer": distributed}
    stages = memory("tp8pp16dp128sp8", facts, "megatron").stages
    mean = sum((s.weights or 0) + (s.gradients or 0) + (s.optimizer or 0) for s in stages) / len(stages) / GIB
    assert mean == pytest.approx(gib, rel=0.03)


def test_first_stages_keep_the_most_micro_batches() -> None:
    facts = GPT_175B | TRAINED | {"recompute": "selective"}
    plain = [s.activations or 0 for s in memory("tp8pp8sp8", facts, "megatron").stages]
    assert plain[:-1] == sorted(plain[:-1], reverse=True)
    one = layer_activations(plan("tp8pp8sp8", facts, "megatron"))
    assert plain[1] == pytest.approx(7 * 12 * one)
    interleaved = memory("tp8pp8vpp3sp8", facts, "megatron").stages[0].activations or 0
    assert interleaved / plain[0] == pytest.approx(1 + 7 / 24)
    few = memory("tp8pp8sp8", facts | {"global_batch": 2}, "megatron").stages[0].activations or 0
    assert few == pytest.approx(plain[0] / 4)


def test_where_embeddings_and_the_head_are() -> None:
    def sizes(**more: Any) -> list[int]:
        stages = memory("tp2pp4", LLAMA | {"max_len": 8} | more, "vllm").stages
        return [(stage.parameters or 0) - (stages[1].parameters or 0) for stage in stages]

    ends = 128256 * 4096 // 2
    assert sizes(tied=False) == sizes(tied=True) == [ends, 0, 0, ends + 4096]
    tied, untied = (memory("tp2", LLAMA | {"tied": each}).stages[0].parameters or 0 for each in (True, False))
    assert untied - tied == ends


@pytest.mark.parametrize(
    ("degrees", "layout", "more", "held"),
    [
        ("tp8ep8", "vllm", {}, 32),
        ("tp8", "vllm", {}, 256 / 8),  # every expert is divided
        ("ep8", "megatron", {"experts": 8, "distributed_optimizer": True}, 1),
        ("dp320ep320", "vllm", {"redundant_experts": 64, "eplb": True}, 1),
        ("dp8ep8", "vllm", {"experts": 60}, 8),  # some ranks hold one more
        ("tp8ep4etp2", "trtllm", {}, 256 / 4 / 2),
        ("tp4", "product", {}, 256 / 4),
    ],
)
def test_experts_of_a_rank(degrees: str, layout: str, more: dict[str, Any], held: float) -> None:
    facts = DEEPSEEK | {"mtp_layers": 0, "max_len": 8} | more
    if degrees == "ep8":
        degrees, facts = "dp8ep8", facts | {"stage_layers": (61,)}
    whole, without = (
        memory(degrees, facts | {"moe_ffn": width}, layout).stages[0].parameters or 0 for width in (2048, 1024)
    )
    shared = 58 * 3 * 7168 * 1024 // plan(degrees, facts, layout).named.tp
    assert whole - without == pytest.approx(58 * held * 3 * 7168 * 1024 + shared)


def test_blocks_of_quantized_weights() -> None:
    half = memory("tp1", LLAMA | {"max_len": 8}).stages[0].weights or 0
    fp8 = memory("tp1", LLAMA | {"max_len": 8, "quantization": "fp8", "quant_block": [128, 128]}).stages[0].weights or 0
    matrices = 8_030_261_248 - 2 * 128256 * 4096 - 65 * 4096
    assert half - fp8 == pytest.approx(matrices * (1 - 4 / 128**2))
    assert "'q3'" in "".join(memory("tp1", LLAMA | {"max_len": 8, "quantization": "q3"}).lacking)


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("BF16", 2), ("torch.float16", 2), ("fp8_e4m3", 1), ("float8_e4m3fn", 1), ("modelopt_fp4", 0.5), ("gptq", None)],
)
def test_sizes_of_types(dtype: str, size: float | None) -> None:
    facts = {"layers": 1, "kv_heads": 1, "heads": 1, "head_dim": 8, "max_len": 1, "kv_dtype": dtype}
    (stage,) = memory("tp1", facts).stages
    assert stage.token == (None if size is None else 16 * size)


def test_windows_bound_the_cache() -> None:
    facts = LLAMA | {"window": 1024, "layer_types": ["sliding_attention", "full_attention"] * 16, "max_len": 8192}
    (stage,) = memory("tp1", facts).stages
    assert stage.sequence == 16 * (1024 + 8192) * 4096
    (stage,) = memory("tp1", facts | {"layer_types": ["linear_attention"] * 32}).stages
    assert (stage.sequence, stage.weights) == (None, None)


@pytest.mark.parametrize(
    ("degrees", "layout", "more", "sequences"),
    [
        ("dp4", "product", {"batch": 10}, 3),
        ("dp4", "vllm", {"max_seqs": 256}, 256),  # for each replica
        ("tp8dpa4", "sglang", {"max_seqs": 256}, 64),
        ("tp8", "vllm", {}, None),
    ],
)
def test_sequences_of_a_rank(degrees: str, layout: str, more: dict[str, Any], sequences: int | None) -> None:
    assert memory(degrees, LLAMA | {"max_len": 8} | more, layout).sequences == sequences


FITTING = LLAMA_70B | {"gpu": "H100-80GB", "utilization": 0.9, "max_len": 8192, "dtype": "bfloat16"}
FITTING |= {"gated": True, "tied": False}


def test_what_fits_and_what_would() -> None:
    assert outcome("tp1", FITTING | {"gpu": "none"}) is None
    heavy = outcome("tp1", FITTING)
    assert heavy is not None
    assert heavy.refuses
    assert heavy.text == ("the weights take 131.42 GiB on each GPU, more than 71.68 GiB (H100-80GB 79.65 GiB · 0.9)")
    assert heavy.advice == "TP that would fit: 2, 4, 8, 16, 32, 64; PP that would fit: 2, 4, 5, 8, 10, 16, 20, 40"
    long = outcome("tp2", FITTING | {"max_len": 131072})
    assert long is not None
    assert long.warning
    assert "one sequence of 39,146 tokens would fit" in long.advice
    for n in (39_146, 39_147):
        again = outcome("tp2", FITTING | {"max_len": n})
        assert again is not None
        assert again.holds == (n == 39_146)
    many = outcome("tp2", FITTING | {"max_seqs": 64})
    assert many is not None
    assert many.holds
    assert "room for 4 of 64 sequences of 8,192 tokens" in many.text
    batch = outcome("tp2", FITTING | {"batch": 64})
    assert batch is not None
    assert batch.warning
    assert "4 of these sequences would fit" in batch.advice


def test_what_is_taken_as_usual_is_listed_once() -> None:
    facts = {name: value for name, value in FITTING.items() if name not in {"dtype", "gated", "tied"}}
    usual = 'not stated, and taken as usual: dtype = "bfloat16", gated = true, tied = false'
    found = outcome("tp1", facts)
    assert found is not None
    assert found.advice.endswith(usual)
    assert " ".join(plain_text(described("tp2", facts), 140).split()).count(usual) == 1


def test_what_training_can_save() -> None:
    facts = LLAMA | TRAINED | {"gpu_memory": 80, "distributed_optimizer": False, "recompute": "selective"}
    found = outcome("dp8", facts, "megatron")
    assert found is not None
    assert found.warning
    assert "distributed_optimizer = true would fit" in found.advice
    saved = outcome("dp8", facts | {"distributed_optimizer": True}, "megatron")
    assert saved is not None
    assert saved.holds


@pytest.mark.parametrize("fact", ["hidden", "ffn", "vocab", "max_len", "gpu"])
def test_nothing_is_guessed(fact: str) -> None:
    facts = {name: value for name, value in FITTING.items() if name != fact}
    lacking = memory("tp2", facts, "vllm").lacking
    assert [f"`{fact}`" in each for each in lacking].count(True) == 1
    assert outcome("tp2", facts, "vllm") is None


def test_layers_that_may_be_divided_in_two_ways() -> None:
    facts = LLAMA | {"layers": 33, "max_len": 8, "gpu_memory": 24}
    found = memory("tp1pp4", facts, "vllm")
    heaviest = [max(s.weights or 0 for s in stages) / GIB for stages in (found.stages, found.others)]
    assert heaviest[0] > heaviest[1]
    between = facts | {"gpu_memory": sum(heaviest) / 2}
    assert outcome("tp1pp4", between, "vllm") is None
    for stages, holds in (([9, 8, 8, 8], False), ([8, 8, 9, 8], True)):
        stated = outcome("tp1pp4", between | {"stage_layers": stages}, "vllm")
        assert stated is not None
        assert stated.holds == holds
    assert memory("tp1pp2", facts, "vllm").others == ()


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_table_fits_its_width(width: int) -> None:
    facts = LLAMA_405B | TRAINED | {"gpu": "H100", "recompute": "full"}
    text = plain_text(
        described("tp8pp16dp4", facts | {"first_stage_layers": 7, "last_stage_layers": 7}, "megatron"), width
    )
    assert max(map(len, text.splitlines())) <= width


def test_a_plan_whose_weights_exceed_the_memory_is_impossible() -> None:
    found = described("tp1", FITTING)
    assert found.impossible
    (phase,) = found.to_dict()["phases"]
    assert phase["memory"]["stages"][0]["weights"] == 141_107_412_992
    assert [each["code"] for each in found.to_dict()["failed"]] == ["M001"]


@pytest.mark.parametrize(
    ("name", "known"),
    [("h100", True), ("NVIDIA H100 80GB HBM3", True), ("A100-SXM4-80GB", True), ("A100", False), ("H1000", False)],
)
def test_gpus_by_name(name: str, known: bool) -> None:
    found = memory("tp2", FITTING | {"gpu": name})
    assert (found.device is not None) == known
    assert known or any("gpu_memory" in each for each in found.lacking)
