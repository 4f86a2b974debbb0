"""What each engine refuses, and for each refusal a plan that it starts."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from dotlint.report.strategy import as_json, described
from dotlint.strategy import AXES, Layout, Strategy, StrategyError
from dotlint.strategy.engines import ENGINES
from dotlint.strategy.presets import PRESETS

if TYPE_CHECKING:
    from dotlint.strategy.describe import Description


def plan(engine: str, spec: str, facts: str = "", more: str = "") -> Description:
    model = "\n".join(facts.split("; "))
    table = tomllib.loads(f'strategy = "{spec}"\n{more}\n[layout]\nmodel = "{engine}"\n[model]\n{model}')
    return described(Strategy.from_table(table, where="the plan"))


def refusals(description: Description) -> list[str]:
    return [f"{code} {each.text}" for phase in description.phases for code, each in phase.refusals]


REFUSED = [
    ("vllm", "tp3", "heads = 52"),
    ("megatron", "tp6", "heads = 48; kv_heads = 4"),
    ("vllm", "tp6", "heads = 48; kv_heads = 4"),
    ("torchtitan", "tp8", "heads = 64; kv_heads = 4"),
    ("huggingface", "tp8", "heads = 64; kv_heads = 4"),
    ("huggingface", "tp4pp2", "heads = 64; kv_heads = 4"),
    ("deepspeed", "tp3", "heads = 64"),
    ("megatron", "dp8ep8", "experts = 60"),
    ("sglang", "tp8ep8", "experts = 60"),
    ("sglang", "tp8ep8", "experts = 60; redundant_experts = 3"),
    ("vllm", "tp8ep8", "experts = 60; redundant_experts = 3"),
    ("vllm", "tp8ep8", "experts = 60; eplb = true"),
    ("trtllm", "tp8ep8", "experts = 60"),
    ("deepspeed", "dp8ep8", "experts = 60"),
    ("torchtitan", "dp8ep8", "experts = 60"),
    ("torchtitan", "tp4dp2ep2", "experts = 64"),
    ("product", "ep8", "experts = 60"),
    ("overlay", "dp8ep8", "experts = 60"),
    ("vllm", "dp320ep320", "experts = 256; redundant_experts = 32"),
    ("megatron", "pp4", "layers = 30"),
    ("trtllm", "pp4", "layers = 3"),
    ("megatron", "pp16vpp2", "layers = 80"),
    ("megatron", "pp4", "layers = 30; first_stage_layers = 7"),
    ("megatron", "pp4", "layers = 31; first_stage_layers = 8; last_stage_layers = 6"),
    ("megatron", "pp4vpp2", "layers = 29; first_stage_layers = 5"),
    ("megatron", "pp4", "layers = 61; stage_layers = [16, 16, 16, 14]"),
    ("megatron", "pp4", "layers = 61; stage_layers = [16, 16, 29]"),
    ("vllm", "pp2", "layers = 48; stage_layers = [16, 30]"),
    ("megatron", "pp2vpp2", "layers = 32; overlap_p2p = false"),
    ("megatron", "vpp2", "layers = 32"),
    ("vllm", "pp4vpp2", "layers = 32"),
    ("sglang", "pp4vpp2", ""),
    ("megatron", "cp2", "seq = 4098"),
    ("torchtitan", "cp4", "seq = 4100"),
    ("product", "cp2", "seq = 4099"),
    ("deepspeed", "sp8", "heads = 36"),
    ("deepspeed", "sp4tp2", "heads = 36"),
    ("megatron", "tp4sp4", "seq = 4098"),
    ("vllm", "tp8dcp4", "heads = 64; kv_heads = 4"),
    ("vllm", "tp16dcp2", "heads = 48; kv_heads = 16"),
    ("vllm", "tp12dcp4", "heads = 12; kv_heads = 2"),
    ("vllm", "tp8dcp3", ""),
    ("vllm", "tp4pcp2dp2", ""),
    ("vllm", "tp4pcp2dcp4", ""),
    ("sglang", "tp8dcp3", ""),
    ("sglang", "tp8dpa4dcp4", ""),
    ("megatron", "tp8dcp2", ""),
    ("trtllm", "tp4cp2ep2", ""),
    ("trtllm", "tp4cp2moe_tp2", ""),
    ("trtllm", "tp4moe_tp2moe_ep4", ""),
    ("sglang", "tp8dpa3", ""),
    ("sglang", "tp8dpa2", "heads = 6"),
    ("trtllm", "tp8dpa4", ""),
    ("trtllm", "tp8dp4", ""),
    ("vllm", "tp8dpa8", ""),
    ("megatron", "tp8dpa8", ""),
    ("megatron", "tp2dp3", "micro_batch = 4; global_batch = 512"),
    ("torchtitan", "dp3", "micro_batch = 4; global_batch = 512"),
    ("deepspeed", "dp4", "micro_batch = 4; accumulation = 8; global_batch = 256"),
    ("deepspeed", "dp4", "micro_batch = 4; global_batch = 130"),
    ("vllm", "tp8", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("sglang", "tp8", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("trtllm", "tp8", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("trtllm", "tp8moe_tp8moe_ep1", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("vllm", "tp8", "ffn = 11008; quant_block = 128"),
    ("vllm", "tp8", "ffn = 11004"),
    ("sglang", "tp8", "ffn = 11004"),
    ("trtllm", "tp8", "ffn = 11004"),
    ("vllm", "tp4dp2", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("megatron", "tp8dp8ep64", ""),
    ("vllm", "tp8dp2ep8", ""),
]
STARTED = [
    ("vllm", "tp4", "heads = 52"),
    ("megatron", "tp8", "heads = 48; kv_heads = 4"),
    ("vllm", "tp8", "heads = 48; kv_heads = 4"),
    ("sglang", "tp8", "heads = 64; kv_heads = 4"),
    ("trtllm", "tp8", "heads = 64; kv_heads = 4"),
    ("torchtitan", "tp4", "heads = 64; kv_heads = 4"),
    ("huggingface", "tp4", "heads = 64; kv_heads = 4"),
    ("deepspeed", "tp8", "heads = 64; kv_heads = 3"),
    ("llama3", "tp8pp16dp128", "heads = 128; kv_heads = 8; layers = 126"),
    ("llama3", "tp8cp16pp16dp8", "heads = 128; kv_heads = 8; layers = 126"),
    ("huggingface", "tp8", "heads = 128; kv_heads = 128; attention = 'mla'"),
    ("torchtitan", "tp8", "heads = 128; kv_heads = 1; attention = 'mla'"),
    ("megatron", "dp4ep4", "experts = 60"),
    ("sglang", "tp8ep8", "experts = 60; redundant_experts = 4"),
    ("vllm", "tp8ep8", "experts = 60"),
    ("vllm", "tp8ep8", "experts = 60; redundant_experts = 4"),
    ("trtllm", "tp8ep8", "experts = 64"),
    ("torchtitan", "dp8ep8", "experts = 64"),
    ("torchtitan", "tp4dp2ep4", "experts = 64"),
    ("torchtitan", "tp4dp2ep8", "experts = 64"),
    ("vllm", "dp320ep320", "experts = 256; redundant_experts = 64"),
    ("megatron", "pp4", "layers = 32"),
    ("sglang", "pp4", "layers = 30"),
    ("trtllm", "pp4", "layers = 30"),
    ("torchtitan", "pp4", "layers = 30"),
    ("deepspeed", "pp4", "layers = 30"),
    ("product", "pp4", "layers = 30"),
    ("megatron", "pp16vpp2", "layers = 96"),
    ("megatron", "pp4", "layers = 30; first_stage_layers = 6"),
    ("megatron", "pp4", "layers = 30; first_stage_layers = 8; last_stage_layers = 6"),
    ("megatron", "pp4vpp2", "layers = 30; first_stage_layers = 6"),
    ("vllm", "pp2", "layers = 48; stage_layers = [16, 32]"),
    ("megatron", "pp2vpp2", "layers = 32"),
    ("megatron", "pp4vpp2", "layers = 32; overlap_p2p = false"),
    ("torchtitan", "pp4vpp2", "layers = 32"),
    ("megatron", "cp2", "seq = 4096"),
    ("torchtitan", "cp4", "seq = 4096"),
    ("vllm", "tp2cp2", "seq = 4099"),
    ("product", "cp2", "seq = 4098"),
    ("deepspeed", "sp8", "heads = 32; seq = 4096"),
    ("megatron", "tp4sp4", "seq = 4096"),
    ("vllm", "tp8dcp2", "heads = 64; kv_heads = 4"),
    ("vllm", "tp8dcp8", "heads = 64; attention = 'mla'"),
    ("vllm", "tp16dcp4", "heads = 64; kv_heads = 2"),
    ("vllm", "tp6dcp3", "heads = 12; kv_heads = 2"),
    ("vllm", "tp12dcp4", "heads = 36; kv_heads = 3"),
    ("vllm", "tp4pcp2", ""),
    ("vllm", "tp4pcp2dcp2", ""),
    ("vllm", "tp4pcp2dcp8", ""),
    ("sglang", "tp8dcp2", ""),
    ("trtllm", "tp4cp2", ""),
    ("trtllm", "tp4moe_tp2moe_ep2", ""),
    ("sglang", "tp8dpa8ep8", "heads = 128; experts = 256"),
    ("sglang", "tp8dpa4", "heads = 6"),
    ("trtllm", "tp8dpa8ep8", "heads = 12"),
    ("trtllm", "tp8dp8", "heads = 12"),
    ("product", "tp8dpa8", ""),
    ("vllm", "dep8", "experts = 256"),
    ("vllm", "tep8", "experts = 256"),
    ("torchtitan", "dp4", "micro_batch = 4; global_batch = 512"),
    ("deepspeed", "dp4", "micro_batch = 4; accumulation = 8; global_batch = 128"),
    ("deepspeed", "dp4", "train_micro_batch_size_per_gpu = 4; gradient_accumulation_steps = 8; train_batch_size = 128"),
    ("vllm", "dp3", "micro_batch = 4; global_batch = 512"),
    ("vllm", "tp8ep8", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("vllm", "tp4", "moe_ffn = 1536; quant_block = [128, 128]; experts = 128"),
    ("sglang", "tp8ep8", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("sglang", "tp8ep4", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("trtllm", "tp8ep8", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("vllm", "tp2", "ffn = 11008; quant_block = 128"),
    ("megatron", "tp8", "ffn = 11008; quant_block = 128"),
    ("vllm", "tp4dp1", "moe_ffn = 1536; quant_block = 128; experts = 128"),
    ("megatron", "tp8dp8ep64etp1", ""),
    ("vllm", "tp8dp2ep16", ""),
]


@pytest.mark.parametrize(("engine", "spec", "facts"), REFUSED)
def test_refused(engine: str, spec: str, facts: str) -> None:
    found = plan(engine, spec, facts)
    assert found.impossible
    data = json.loads(as_json(found))
    assert data["impossible"]
    assert data["failed"]
    assert data["phases"][0]["verdict"].startswith("impossible: ")


@pytest.mark.parametrize(("engine", "spec", "facts"), STARTED)
def test_started(engine: str, spec: str, facts: str) -> None:
    assert refusals(plan(engine, spec, facts)) == []


def test_every_engine_has_a_row_and_names_its_sources() -> None:
    assert set(ENGINES) == set(PRESETS)
    assert all(engine.sources and engine.source("heads").startswith(engine.title) for engine in ENGINES.values())


@pytest.mark.parametrize(
    ("engine", "spec", "facts", "advice"),
    [
        ("vllm", "tp3", "heads = 52", "TP that divide 52 heads: 1, 2, 4, 13, 26, 52"),
        ("megatron", "tp3", "heads = 12; kv_heads = 4", "TP that fit 12 heads and 4 key-value heads: 1, 2, 4, 12"),
        ("torchtitan", "tp8", "heads = 16; kv_heads = 4", "TP that divide 16 heads and 4 key-value heads: 1, 2, 4"),
        ("megatron", "pp4", "layers = 30", "PP that divide 30 layers: 1, 2, 3, 5, 6, 10, 15, 30"),
        ("sglang", "tp8ep8", "experts = 60", "redundant_experts that fit EP=8: 4, 12, 20"),
        ("megatron", "tp8dp8ep64", "", "etp1 would fit"),
        ("vllm", "tp8dp2ep8", "", "ep16 would fit"),
        ("megatron", "cp2", "seq = 4098", "lengths that fit: 4096, 4100"),
        ("vllm", "tp8dcp4", "kv_heads = 4; heads = 64", "DCP that fit: 1, 2"),
        ("deepspeed", "dp4", "micro_batch = 4; global_batch = 130", "global batches that fit: 128, 144"),
        ("product", "tp4dp1", "heads = 6", "TP that divide 6 heads: 1, 2, 3, 6"),
        ("sglang", "tp8dpa3", "", "DPA that divide TP=8: 1, 2, 4, 8"),
        ("trtllm", "tp8dpa4", "", "dpa8 would fit"),
        ("megatron", "tp8sp4", "", "sp8 would fit"),
        ("megatron", "tp2vpp2", "", "vpp1 would fit"),
    ],
)
def test_what_would_fit(engine: str, spec: str, facts: str, advice: str) -> None:
    (phase,) = plan(engine, spec, facts).phases
    assert any(advice in each.advice for _, each in phase.refusals), phase.refusals
    title = PRESETS[engine].title if engine in PRESETS else ""
    assert all(each.source.startswith(title) for _, each in phase.refusals)


def test_megatron_warns_of_experts_without_sequence_parallelism() -> None:
    warned = plan("megatron", "tp2dp4ep4")
    assert not warned.impossible
    assert [each.text for _, each in warned.phases[0].sums if each.warning] == [
        "EP=4 and TP=2 need sequence parallelism: Megatron-LM warns without it, and earlier versions refused it"
    ]
    assert not any(each.warning for _, each in plan("megatron", "tp2sp2dp4ep4").phases[0].sums)
    assert not any(each.warning for _, each in plan("vllm", "tp2dp2ep4").phases[0].sums)


def test_one_impossible_phase_is_enough_and_facts_may_differ_by_phase() -> None:
    text = """
[layout]
model = "megatron"
[phases.prefill]
strategy = "pp2"
stage_layers = [3, 4]
[phases.decode]
strategy = "pp4"
[model]
layers = 7
"""
    found = described(Strategy.from_table(tomllib.loads(text), where="the plan"))
    assert [bool(phase.refusals) for phase in found.phases] == [False, True]
    assert found.impossible
    assert [row.layers for row in found.phases[0].stages] == [((1, 3),), ((4, 7),)]


@pytest.mark.parametrize(
    ("engine", "spec", "degrees"),
    [("megatron", "tp4pp2", {"dp": 8}), ("product", "tp4ep2", {"dp": 8}), ("megatron", "tp8ep64etp1", {"dp": 8})],
)
def test_dp_follows_from_the_world(engine: str, spec: str, degrees: dict[str, int]) -> None:
    found = plan(engine, spec, more="world = 64")
    assert (found.total, found.impossible) == (64, False)
    assert {row.axis: row.degree for row in found.phases[0].degrees if row.axis in degrees} == degrees


@pytest.mark.parametrize(
    ("engine", "spec", "advice"),
    [("megatron", "tp8", "GPUs that fit: 56, 64"), ("megatron", "tp4dp2", "dp15 would fit"), ("trtllm", "tp4", "")],
)
def test_a_world_that_no_dp_fills(engine: str, spec: str, advice: str) -> None:
    found = plan(engine, spec, more="world = 60")
    assert found.impossible
    assert any(advice in each.advice for _, each in found.phases[0].refusals)


@pytest.mark.parametrize(
    ("spec", "degrees"),
    [
        ("dep8", {"tp": 1, "dp": 8, "ep": 8}),
        ("TEP8 PP2", {"tp": 8, "ep": 8, "pp": 2}),
        ("tp4-pcp2", {"tp": 4, "cp": 2}),
        ("moe_tp2_moe_ep4_tp8", {"etp": 2, "ep": 4, "tp": 8}),
        ("tp8dpa8", {"tp": 8, "dpa": 8}),
    ],
)
def test_words_of_the_engines_are_read(spec: str, degrees: dict[str, int]) -> None:
    (phase,) = Strategy.parse(spec).phases
    assert phase.degrees.to_dict() == {axis: degrees[axis] for axis in AXES if axis in degrees}


@pytest.mark.parametrize("spec", ["tp2dep8", "cp2pcp2", "ep2tep4", "moe_tp2etp2"])
def test_a_word_that_repeats_an_axis_is_refused(spec: str) -> None:
    with pytest.raises(StrategyError, match="is repeated"):
        Strategy.parse(spec)


def test_one_of_moe_tp_and_moe_ep_gives_the_other() -> None:
    layout = Layout.named("trtllm")
    assert Strategy.parse("tp8moe_tp4", layout=layout).phases[0].degrees.ep == 2
    assert Strategy.parse("tp8moe_ep2", layout=layout).phases[0].placement.degrees.etp == 4
    assert plan("trtllm", "tp8moe_tp3").phases[0].refusals[0][1].advice == "ETP·EP = 8 would fit"


def test_more_gpus_than_one_replica_needs_are_replicas() -> None:
    with pytest.raises(StrategyError, match="16 GPUs are two replicas: dp2"):
        Strategy.parse("tp4pp2@0-15")


def test_gpus_go_with_the_layout_of_any_argument(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text('[layout]\nmodel = "megatron"\n[phases.prefill]\nstrategy = "tp8dp8ep64etp1"\ngpus = "0-63"\n')
    found = Strategy.combine(["decode=tp8dp8ep64etp1@64-127", str(path)])
    assert [str(phase.gpus) for phase in found.phases] == ["64-127", "0-63"]


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ('strategy = "tp8"\n[model]\nhedas = 8', "heads"),
        ('strategy = "tp8"\n[model]\nnum_attention_head = 8', "num_attention_heads"),
        ('strategy = "tp8"\n[model]\nattention = "mlaa"', "mla"),
        ('[phases.prefil]\nstrategy = "tp8"', "prefill"),
        ('[phases.decode]\nstrategy = "tp8"\nstage_layer = [3]', "stage_layers"),
        ('strategy = "decod=tp8"', "decode"),
    ],
)
def test_a_misspelling_is_answered_with_the_nearest_name(text: str, nearest: str) -> None:
    with pytest.raises(StrategyError) as caught:
        Strategy.from_table(tomllib.loads(text), where="the plan")
    assert caught.value.suggestion == nearest


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("stage_layers = 3", "must be an array of integers, not a number"),
        ("stage_layers = []", "is empty"),
        ("utilization = 1.5", "must be between 0.001 and 1"),
        ("tied = 1", "must be true or false, not a number"),
        ("gpu = 80", "must be a string, not a number"),
        ("heads = 8\nnum_attention_heads = 8", "model.heads and model.num_attention_heads are the same"),
    ],
)
def test_facts_are_validated(text: str, what: str) -> None:
    with pytest.raises(StrategyError, match=what):
        Strategy.from_table(tomllib.loads(f'strategy = "tp8"\n[model]\n{text}'), where="the plan")


def test_facts_of_a_large_model_are_read() -> None:
    facts = (
        "gpu = 'H100-80GB'; gpu_memory = 80; utilization = 0.9; max_seqs = 256; max_len = 4096; quant_block = [128, 128]; "
        "layer_types = ['full', 'sliding']; window = 4096; dtype = 'bf16'; tied = false; mtp_layers = 1; "
        "sliding_window = 4096"
    )
    with pytest.raises(StrategyError, match="the same"):
        plan("vllm", "tp8", facts)
    assert not plan("vllm", "tp8", facts.rpartition("; ")[0]).impossible
