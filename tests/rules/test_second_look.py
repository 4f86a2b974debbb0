"""Findings of several units as one, habits of a file as information, and nodes that owe a rule nothing."""

from __future__ import annotations

import pytest

from tests.dsl import digraph, edges, find, fixed, node

D = "[batch=4, seq=128, hidden=64]"
OPEN = "[batch=?, seq=128, hidden=64]"


def layer(number: int, *, reduce: str = "All-Reduce", dims: str = D) -> list[str]:
    """A layer of two tensor shards that meet in a node without GPUs."""
    name = f"layer{number}"
    shards = [node(f"{name}_mlp_{rank}", "MLP", str(rank), dims, dims, shape="box") for rank in (0, 1)]
    return [
        *shards,
        node(f"{name}_ar", reduce, "", dims, dims, shape="ellipse"),
        *(f"{name}_mlp_{rank} -> {name}_ar;" for rank in (0, 1)),
    ]


def test_the_same_mistake_in_every_layer_is_one_finding_and_its_fix_repairs_all() -> None:
    text = digraph(*(line for number in range(4) for line in layer(number)))
    (finding,) = find(text, "C005")
    assert finding.message == (
        "collective `layer0_ar` names no GPUs, although the operators that it connects do; likewise in layers 1-3"
    )
    assert [location.node for location in finding.locations] == [f"layer{number}_ar" for number in range(4)]
    assert finding.fix is not None
    assert fixed(text, "C005").count("GPU: 0-1") == 4


def test_a_comment_hides_one_location_of_a_merged_finding() -> None:
    lines = [line for number in range(3) for line in layer(number)]
    lines = [line + " // dotlint: ignore[C005] known" if "layer1_ar " in line else line for line in lines]
    (finding,) = find(digraph(*lines), "C005")
    assert finding.nodes == ("layer0_ar", "layer2_ar")


@pytest.mark.parametrize(("open_layers", "severity"), [((0, 1, 2, 3), "info"), ((2,), "warning")])
def test_an_open_size_is_one_finding_and_information_if_it_is_open_throughout(
    open_layers: tuple[int, ...], severity: str
) -> None:
    lines = [line for number in range(4) for line in layer(number, dims=OPEN if number in open_layers else D)]
    (finding,) = find(digraph(*lines), "T002")
    assert (finding.severity, len(finding.nodes)) == (severity, 3 * len(open_layers))


def shapes(odd: str, title: str, shape: str) -> str:
    names = [f"norm_{number}" for number in range(5)]
    nodes = [node(name, "LayerNorm", "0", D, D, shape="box") for name in names]
    return digraph(*nodes, node(odd, title, "0", D, D, shape=shape), *edges(*names[:3], odd, *names[3:]))


@pytest.mark.parametrize(
    ("odd", "title", "fires"),
    [
        ("mid", "LayerNorm", True),
        ("norm_input", "LayerNorm input", False),
        ("mid", "Norm Output", False),
        ("mid", "LayerNorm reduce", False),
        ("mid", "Norm aggregation", False),
    ],
)
def test_v001_inputs_outputs_and_reductions_have_a_shape_of_their_own(odd: str, title: str, *, fires: bool) -> None:
    assert bool(find(shapes(odd, title, "parallelogram"), "V001")) == fires


def gated(*more: str) -> str:
    experts = [node(f"expert_{number}", f"Expert {number}", str(number), D, D) for number in range(4)]
    return digraph(
        node("router", "Expert Routing", "0-3", D, "[batch=4, seq=128, experts=4]"),
        node("tokens", "All-to-All dispatch", "0-3", D, D),
        *experts,
        *(f"tokens -> expert_{number}" for number in range(4)),
        *(f"router -> expert_{number} [style=dashed]" for number in range(3)),
        *more,
    )


@pytest.mark.parametrize(
    ("more", "fires"),
    [
        ("", False),
        ("router -> expert_3", True),
        ("router -> expert_0; router -> expert_1; router -> expert_2; router -> expert_3", False),
    ],
)
def test_v002_edges_that_carry_tokens_are_solid(more: str, *, fires: bool) -> None:
    assert bool(find(gated(more), "V002")) == fires


@pytest.mark.parametrize(
    ("title", "fires"),
    [
        ("Layer 1\\nRMSNorm + MHA + Residual\\nRMSNorm + MoE + Residual", False),
        ("Add & LayerNorm", True),
        ("Attention + Residual", False),
    ],
)
def test_s012_a_whole_box_has_its_skip_edge_inside(title: str, *, fires: bool) -> None:
    text = digraph(
        node("x", "Input", "0", D, D), node("one", title, "0", D, D), node("y", "MLP", "0", D, D), "x -> one -> y"
    )
    assert bool(find(text, "S012")) == fires


def ranks(projected: int) -> str:
    """Four attention shards behind a norm, the first of them with a QKV projection."""
    lines = [node("x", "Input", "0-3", D, D), node("ar", "All-Reduce", "0-3", D, D)]
    for rank in range(4):
        operators = ["norm", "qkv", "attn"] if rank < projected else ["norm", "attn"]
        titles = {"norm": "RMSNorm", "qkv": "QKV projection", "attn": "Attention"}
        lines += [node(f"gpu{rank}_{op}", titles[op], str(rank), D, D) for op in operators]
        lines += edges("x", *(f"gpu{rank}_{op}" for op in operators), "ar")
    return digraph(*lines)


@pytest.mark.parametrize(("projected", "severity"), [(4, None), (1, "warning"), (0, None)])
def test_s010_attention_is_divided_on_all_ranks_or_on_none(projected: int, severity: str | None) -> None:
    found = find(ranks(projected), "S010", strategy="tp4")
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    assert all(len(finding.nodes) == 4 - projected for finding in found)


@pytest.mark.parametrize(
    ("label", "fires"), [("hidden states", True), ("P2P send", False), ("KV cache", False), ("NVLink", False)]
)
def test_c006_a_label_marks_a_transfer_only_if_it_names_one(label: str, *, fires: bool) -> None:
    text = digraph(node("a", "LayerNorm", "0", D, D), node("b", "MLP", "1", D, D), f'a -> b [label="{label}"]')
    assert bool(find(text, "C006")) == fires


def test_c004_one_of_two_parallel_edges_marks_the_boundary() -> None:
    text = digraph(
        node("stage0_mlp", "Stage 0 MLP", "0", D, D),
        node("stage1_mlp", "Stage 1 MLP", "1", D, D),
        "stage0_mlp -> stage1_mlp",
        'stage0_mlp -> stage1_mlp [label="stage boundary"]',
    )
    assert find(text, "C004", "C006", strategy="pp2") == []


@pytest.mark.parametrize(("title", "fires"), [("MLP Reduce", False), ("RMSNorm", True)])
def test_c001_a_reduction_by_its_name_combines_shards(title: str, *, fires: bool) -> None:
    assert bool(find(digraph(*layer(0, reduce=title)), "C001", strategy="tp2")) == fires


@pytest.mark.parametrize(("second", "fires"), [("All-to-All Comm", False), ("Top-2", True)])
def test_c003_the_second_line_may_name_the_exchange(second: str, *, fires: bool) -> None:
    text = digraph(
        node("spread", f"Token Distribution\\n{second}", "0-1", D, D),
        *(node(f"expert_{number}", f"Expert {number}", str(number), D, D) for number in (0, 1)),
        node("back", "All-to-All combine", "0-1", D, D),
        *(f"spread -> expert_{number} -> back" for number in (0, 1)),
    )
    assert bool(find(text, "C003", strategy="ep2")) == fires


@pytest.mark.parametrize(
    ("label", "fires"),
    [
        (f"Model Start\\nInput: {D}", False),
        ("Input\\nB=128, L=1000, D=64", False),
        ("Input\\nTP=2, EP=64", True),
    ],
)
def test_t001_the_start_of_a_model_has_one_tensor(label: str, *, fires: bool) -> None:
    norms = [node(f"norm_{number}", "LayerNorm", "0", D, D) for number in range(4)]
    text = digraph(f'start [label="{label}"]', *norms, *edges("start", *(f"norm_{number}" for number in range(4))))
    assert bool([finding for finding in find(text, "T001") if "start" in finding.nodes]) == fires
