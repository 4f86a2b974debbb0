from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlint.strategy.declarations import rank_axes, read_declarations, read_degrees, read_file_name

DECLARED = [
    ("PREFILL PHASE\\nPP=4, EP=4, TP=2, SP=2\\n64 GPUs Total", "pp4ep4tp2sp2", 64, "prefill"),
    ("DECODE PHASE\nPP=4, EP=4, TP=2, SP=1\n32 GPUs", "pp4ep4tp2sp1", 32, "decode"),
    ("// Current Strategy: EP64-TP8-PP2-DP2", "pp2ep64tp8dp2", None, None),
    ("EP64_TP2_Hybrid", "ep64tp2", None, None),
    ("TP4xPP2 Strategy", "pp2tp4", None, None),
    ("PP(4) x TP(2)", "pp4tp2", None, None),
    ("Baseline (TP=8, PP=2)\nTotal GPUs: 16", "pp2tp8", 16, None),
    ("DenseTP8PP2Baseline", "pp2tp8", None, None),
    ("Context Parallel (CP16) + Tensor Parallel (TP8)", "tp8cp16", None, None),
    ("tensor_parallel_size=8, pipeline-parallel-size 2", "pp2tp8", None, None),
    ("Tensor Parallelism: 8, Expert Parallelism: 4", "ep4tp8", None, None),
    ("4-way tensor parallel", "tp4", None, None),
    ("VPP=2, PP=4, 2,048 GPUs", "pp4vpp2", 2048, None),
    ("QKV Proj\\nTP=2\\nGPU: 0-7", "tp2", None, None),
    ("Attention Block (TP8)", "tp8", None, None),
    ("Expert Stage (EP-64)", "ep64", None, None),
    ("EP16: 4 experts per GPU", "ep16", None, None),
    ("Layer 0 MoE with EP64", "ep64", None, None),
    ("TP4 within Stage 0", "tp4", None, None),
    ("GPU: [0,1,2,3] TP=4", "tp4", None, None),
    ("128 GPUs Total: 16 Nodes × 8", "", 128, None),
    ("8 Base + 32 Pool GPUs = 40 total GPUs", "", 40, None),
    ("TP=2, PP=2 (4 GPUs)", "pp2tp2", 4, None),
    ("TP=2, PP=2, all 64 GPUs of the pool", "pp2tp2", None, None),
    ("TP=2, PP=2, 8 GPUs per stage", "pp2tp2", None, None),
]


@pytest.mark.parametrize(("text", "degrees", "total", "phase"), DECLARED)
def test_what_a_text_declares(text: str, degrees: str, total: int | None, phase: str | None) -> None:
    found = read_degrees(text)
    assert found is not None
    assert str(found.degrees) == degrees
    assert (found.total.value if found.total else None) == total
    assert found.phase == phase
    assert found.several_axes == (len(found.terms) > 1)


RANKS = [
    "PP0_TP0_GPU",
    "GPU 1 (TP1, PP0, EP1)",
    "GPU 3 (TP1, PP1, EP1)",
    "Layer_0_Expert_9_EP2_TP1_PP1",
    "Expert 8\\nEP 2, TP 1",
    "GPU3: Q Linear (TP3)",
    "GPU: EP1, TP0-TP7",
    "TP1-TP8",
    "Layer0 QKV TP3\\nGPU:48-63",
    "Send to PP2",
    "Replica 1 (DP=1)",
    "Replica 2 (DP=2)",
    "Stage 2 (PP=2)",
    "TP: 4,5,6,7",
    "TP: 4-7",
    "tp=2/4",
    "eps=1e-5, ep=1e-5, dp=0.1, sp=2x",
    "step4, mtp=2, stp3",
    "All 128 GPUs",
    "Expert Parallelism: 16 experts per GPU",
    "GPUs: 0-15",
    "",
]


@pytest.mark.parametrize("text", RANKS)
def test_ranks_counts_and_other_numbers_are_no_degrees(text: str) -> None:
    assert read_declarations(text) == ()


def test_spans_are_those_of_the_original_text() -> None:
    text = "PHASE\\nPP=4, EP=16\\n64 GPUs Total"
    found = read_degrees(text)
    assert found is not None
    assert [text[each.start : each.end] for each in found.terms] == ["PP=4", "EP=16"]
    assert [text[each.number_start : each.number_end] for each in found.terms] == ["4", "16"]
    assert found.total is not None
    assert text[found.total.start : found.total.end] == "64 GPUs Total"
    assert text[found.total.number_start : found.total.number_end] == "64"
    assert text[found.start : found.end] == "PP=4, EP=16\\n64 GPUs Total"


def test_two_phases_in_one_text_are_two_declarations() -> None:
    found = read_declarations("Prefill: PP=4, TP=2, 8 GPUs; decode: PP=4, TP=1, 4 GPUs")
    assert [(each.phase, str(each.degrees)) for each in found] == [
        ("prefill", "pp4tp2"),
        ("decode", "pp4tp1"),
    ]
    assert [each.total.value if each.total else None for each in found] == [8, 4]
    assert read_degrees("attention TP=8, MLP TP=4") is None


def test_an_axis_that_numbers_ranks_is_no_degree_alone() -> None:
    ranks = rank_axes(["Q Linear (TP0)", "Layer_0_EP0_x", "PP=4, dropout dp=0.1"])
    assert ranks == {"tp", "ep"}
    assert read_degrees("Q Linear (TP3)", ranks=ranks) is None
    assert read_degrees("TP=3", ranks=ranks) is not None
    assert read_degrees("EP64-TP8-PP2", ranks=ranks) is not None


FILES = [
    ("2025__moe_30b_deployment_ep64_tp8_pp2_dp2.dot", "pp2ep64tp8dp2"),
    ("llm_tp4_pp2_detailed.dot", "pp2tp4"),
    ("llm_ep16_model.gv", "ep16"),
    ("device_6.dot", None),
    ("attention_tp0.dot", None),
    ("attention_tp1.dot", None),
    ("prefill_dag.dot", None),
    ("step4_gpt3_175b.dot", None),
]


@pytest.mark.parametrize(("name", "degrees"), FILES)
def test_file_names(name: str, degrees: str | None) -> None:
    found = read_file_name(name)
    assert (str(found.degrees) if found else None) == degrees


@given(st.dictionaries(st.sampled_from(["pp", "tp", "ep", "sp", "dp", "cp"]), st.integers(2, 512), min_size=2))
def test_every_way_of_writing_a_strategy_is_read(degrees: dict[str, int]) -> None:
    axes = list(degrees.items())
    for text in (
        ", ".join(f"{axis.upper()}={n}" for axis, n in axes),
        "-".join(f"{axis.upper()}{n}" for axis, n in axes),
        "_".join(f"{axis}{n}" for axis, n in axes),
        " x ".join(f"{axis.upper()}({n})" for axis, n in axes),
        "".join(f"{axis}{n}" for axis, n in axes),
    ):
        found = read_degrees(f"model {text} dag")
        assert found is not None
        assert found.degrees.to_dict() == degrees


@given(st.text(alphabet="TPED=0148 ()_-,x:\\nGUsotal", max_size=60))
def test_any_text_gives_degrees_from_one_on_within_it(text: str) -> None:
    for found in read_declarations(text):
        assert 0 <= found.start < found.end <= len(text)
        assert all(each.value >= 1 and text[each.number_start : each.number_end].isdigit() for each in found.terms)
