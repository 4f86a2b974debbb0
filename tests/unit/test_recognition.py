"""What is a deployment, and what only shares words with one; edges that lead back on purpose."""

from __future__ import annotations

import pytest

from dotlint.deployment.back_edges import back_edges
from tests.dsl import check_rules, digraph, find, node
from tests.unit.test_deployment_reading import deployment, graph

BLOCKS = [f's{i} [label="Pipeline stage {i}\\nLayers {8 * i}-{8 * i + 7}\\nGPUs {4 * i}-{4 * i + 3}"];' for i in (0, 1)]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([node("a", "RMSNorm", "0"), node("b", "SwiGLU MLP", "0"), "a -> b"], id="operators on a GPU"),
        pytest.param(["norm_tp0 -> mlp_tp0; norm_tp1 -> mlp_tp1"], id="ranks in names"),
        pytest.param(["gate -> expert_ep0 -> sum; gate -> expert_ep1 -> sum"], id="ranks of an axis of models"),
        pytest.param([*BLOCKS, "tokens -> s0 -> s1 -> answer"], id="blocks of stages"),
        pytest.param(
            [node("e0", "Expert 0", "0"), node("e1", "Expert 1", "1"), "{e0 e1} -> sum"], id="one role, placed"
        ),
        pytest.param(
            [node("g0", "GPU 0\\nExpert 0"), node("g1", "GPU 1\\nExpert 1"), 'g0 -> g1 [label="All-Reduce"]'],
            id="devices that exchange tensors",
        ),
        pytest.param(
            [node("a", "Attention", "", "[batch=1, seq=8, hidden=4]", "[batch=1, seq=8, hidden=4]"), "b [label=MLP]"],
            id="sizes of tensors",
        ),
    ],
)
def test_operators_with_a_place_or_a_size_are_a_deployment(statements: list[str]) -> None:
    assert deployment(digraph(*statements)).recognition.objections == ()


@pytest.mark.parametrize(
    ("statements", "objection"),
    [
        pytest.param(
            [
                *(node(f"g{i}", f"Node 0 GPU {i}\\nAttention + MLP\\n80 GB") for i in range(3)),
                'g0 -> g1 -> g2 -> g0 [label="NVLink 600 GB/s"]',
            ],
            "between devices",
            id="links",
        ),
        pytest.param(
            [*(node(f"e{i}", f"Expert {i}") for i in range(4)), *(f"e{i} -> gpu{i % 2}" for i in range(4)),
             'gpu0 [label="GPU 0"]; gpu1 [label="GPU 1"]'],
            "between devices",
            id="mapping",
        ),
        pytest.param(
            [node("w0", "Prefill worker", "0-3"), node("w1", "Decode worker", "4-7"), 'cache [label="KV cache pool"]',
             'head [label="KV transfer"]', "client -> gateway -> w0 -> cache -> head -> w1 -> client"],
            "service or program",
            id="service",
        ),
        pytest.param(
            [node("a", "Attention weights", "0"), node("b", "MLP weights", "0"), "a -> b"], "memory", id="memory"
        ),
        pytest.param(["rms_norm -> qkv -> attention -> mlp"], "no devices", id="kernels of a layer"),
        pytest.param(["expert_0 -> expert_1; router -> expert_0"], "no devices", id="words alone"),
        pytest.param([node("a", "Expert 0", "0"), node("b", "Expert 1", "1")], "no tensor flows", id="table"),
        pytest.param(
            [
                'subgraph cluster_0 { label="Stage 0"; case; router }',
                'subgraph cluster_1 { label="Stage 1"; board; plan }',
                *(node(f"expert_{i}", f"Expert {i}: {field}") for i, field in enumerate(["heart", "lung", "skin"])),
                "case -> router -> {expert_0 expert_1 expert_2} -> board -> plan -> case",
            ],
            "other fields",
            id="experts of a clinic",
        ),
        pytest.param(
            [*(node(f"n{i}", f"{word}\\nRank {i // 2}") for i, word in enumerate(["Expert", "Expert", "Dispatch", "Head"])),
             "n3 -> n2 -> {n0 n1} -> n3"],
            "other fields",
            id="ranks of people",
        ),
        pytest.param(["idle -> prefill -> decode -> idle"], "few of its nodes", id="states"),
    ],
)  # fmt: skip
def test_what_shares_only_words_is_no_deployment(statements: list[str], objection: str) -> None:
    recognition = deployment(digraph(*statements)).recognition
    assert not recognition.recognized
    assert any(objection in one for one in recognition.objections), recognition


LOOP = digraph("idle -> busy -> idle")


def test_g001_cycles_of_other_graphs_are_reported_only_if_asked_for() -> None:
    result = check_rules(LOOP)
    assert result.findings == []
    assert not [one for one in result.holds if one.section == "cycles"]
    assert find(LOOP, "G") == []
    (finding,) = find(LOOP, "G001")
    assert "deployment" not in f"{finding.message} {finding.help}"


@pytest.mark.parametrize(
    ("attributes", "cyclic"),
    [
        ("", True),
        ('label="activations"', True),
        ('label="next token"', False),
        ('xlabel="Decode loop"', False),
        ('label="KV read"', False),
        ("constraint=false", False),
        ("dir=back", False),
    ],
)
def test_g001_an_edge_that_states_that_it_leads_back_closes_no_cycle(attributes: str, *, cyclic: bool) -> None:
    text = digraph(f"input -> norm_tp0 -> mlp_tp0 -> output; mlp_tp0 -> norm_tp0 [{attributes}]")
    assert bool(find(text, "G001")) == cyclic


def test_g001_a_side_edge_without_constraint_still_closes_a_cycle() -> None:
    hub = "hub -> {norm_tp0 mlp_tp0} [constraint=false]; {norm_tp0 mlp_tp0} -> hub [constraint=false]"
    text = digraph(f'input -> norm_tp0 -> mlp_tp0 -> output; hub [label="All-Reduce"]; {hub}')
    assert find(text, "G001")
    assert not back_edges(graph(text))
