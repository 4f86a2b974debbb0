"""Passed items state what they cover, in nodes counted once, and only where everything of their kind was decided."""

from __future__ import annotations

import pytest

from tests.dsl import ENDS, check_rules, digraph, edges, node

EXPERTS = [node(f"expert_{i}", f"Expert {i}", str(i)) for i in range(4)]
CHOOSE = [f"route -> expert_{i} [style=dashed];" for i in range(4)]
ROUTED = [node("gate", "Gate", "0-3"), node("route", "Expert Routing", "0-3"), "gate -> route;", *EXPERTS]


def ticks(text: str, code: str, strategy: str | None = None) -> list[str]:
    return [one.text for one in check_rules(text, code, strategy=strategy).holds]


def test_gate_edges_name_the_solid_ones_beside_them() -> None:
    assert ticks(digraph(*ROUTED, *CHOOSE), "V002") == ["4 edges from routing to experts, all dashed"]
    beside = [f"route -> expert_{i};" for i in range(4)]
    assert ticks(digraph(*ROUTED, *CHOOSE, *beside), "V002") == [
        "4 edges from routing to experts, dashed; 4 solid edges beside them are taken to carry the tokens"
    ]


def test_a_node_whose_name_and_cluster_agree_with_its_label_counts_once() -> None:
    inside = [node(f"mlp_gpu{i}", "MLP", str(i)) for i in range(2)]
    text = digraph(*ENDS, 'subgraph cluster_a { label="Stage 0 GPUs: 0-1";', *inside, "}")
    assert ticks(text, "D009") == ["labels and names (or clusters) agree on the GPUs of 2 nodes"]


def test_attention_counts_the_shards_of_an_operator() -> None:
    layers = [
        node(f"l{layer}_{op}_{i}", title, str(i))
        for layer in range(3)
        for op, title in (("qkv", "QKV Projection"), ("attn", "Attention Compute"))
        for i in range(2)
    ]
    layers += [node(f"l{layer}_sum", "All-Gather", "0-1") for layer in range(3)]
    links = [e for n in range(3) for i in range(2) for e in edges(f"l{n}_qkv_{i}", f"l{n}_attn_{i}", f"l{n}_sum")]
    assert ticks(digraph(*ENDS, *layers, *links), "S010") == [
        "the QKV projection and the attention computation are separate nodes, 2 of each operator, in the one unit"
    ]


def test_residual_adds_without_inputs_leave_the_tick_out() -> None:
    adds = [node("x", "Input", "0"), node("norm", "LayerNorm", "0"), node("mlp", "MLP", "0")]
    adds += [node("add", "Residual Add", "0"), node("y", "Output", "0")]
    links = edges("x", "norm", "mlp", "add", "y") + edges("x", "add")
    assert ticks(digraph(*adds, *links), "S012") == ["the residual add has at least two inputs"]
    assert ticks(digraph(*adds, *links, node("add2", "Residual Add", "0")), "S012") == []


@pytest.mark.parametrize(("last", "ticked"), [("GPU: 2-3", True), ("GPU: all GPUs", False)])
def test_stages_are_not_apart_where_an_operator_is_on_all_gpus(last: str, *, ticked: bool) -> None:
    stages = [node(f"stage{s}_{op}", op, f"{2 * s}-{2 * s + 1}") for s in range(2) for op in ("LayerNorm", "MLP")]
    text = digraph(*ENDS, *stages, f'stage1_attn [label="Attention\\n{last}"];', "stage0_MLP -> stage1_LayerNorm;")
    assert ticks(text, "D004") == (["no GPU belongs to several stages"] if ticked else [])


def test_the_gpus_of_one_replica_are_not_called_the_declared_total() -> None:
    stages = [node(f"stage{s}_{op}", op, f"{s}") for s in range(2) for op in ("LayerNorm", "MLP")]
    text = digraph(*ENDS, *stages, "stage0_MLP -> stage1_LayerNorm;")
    assert ticks(text, "D006", "pp2") == ["2 GPUs in total, as declared"]
    assert ticks(text, "D006", "pp2dp2") == ["2 GPUs in one of 2 replicas"]


def test_an_edge_that_only_leaves_a_collective_is_not_marked_as_a_transfer() -> None:
    operators = [node("sum", "All-Reduce", "0-1"), node("send", "Send", "0-1"), node("mlp", "MLP", "2-3")]
    assert ticks(digraph(*operators, "send -> mlp;"), "C006") == [
        "1 edge between disjoint sets of GPUs has a label or a transfer node"
    ]
    assert ticks(digraph(*operators, "send -> mlp; sum -> mlp;"), "C006") == []


def test_dimensions_as_written_states_how_many_operators_state_any() -> None:
    stating = node("norm", "LayerNorm", "0", "[batch=2, seq=4]", "[batch=2, seq=4]")
    text = digraph(*ENDS, stating, node("mlp", "MLP", "0"), *edges("input", "norm", "mlp", "output"))
    assert ticks(text, "T002") == [
        "no axis has several names, and every size is a number or a symbol, in 1 of 4 operators"
    ]
