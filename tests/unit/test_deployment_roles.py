"""The roles of operators in many spellings, by their neighbors, and of boxes that stand for several."""

from __future__ import annotations

import pytest

from tests.dsl import digraph, find, node
from tests.unit.test_deployment_reading import VOCABULARY, deployment

D = "[batch=1, seq=8, hidden=64]"


@pytest.mark.parametrize(
    ("texts", "role"),
    [
        ("Wqkv c_attn W_qkv", "qkv"),
        ("MHA GQA MLA FlashAttention 多头注意力 注意力", "attention"),
        ("SiLU SwiGLU GeGLU 激活函数", "activation"),
        ("RMSNorm rms_norm LayerNorm2 层归一化", "norm"),
        ("fc1 layer3_fc1 linear1 w1 w3 gateProj dense_h_to_4h", "mlp-up"),
        ("fc2 w2 down_proj", "mlp-down"),
        ("MoE mlp1 前馈网络", "mlp"),
        ("o_proj l0_oproj W_o", "output-projection"),
        ("SharedExpert shared_expert_0 共享专家", "shared-expert"),
        ("Top2ExpertSelect 路由器", "route"),
        ("lm_head LMHead logits", "head"),
        ("AR ncclAllReduce allred psum 全归约 全规约", "all-reduce"),
        ("AG all_gather_into_tensor 全收集", "all-gather"),
        ("RS ReduceScatter 规约散播", "reduce-scatter"),
        ("A2A AlltoAll alltoallv", "all-to-all"),
        ("EPScatter deepep_dispatch", "dispatch"),
        ("残差连接 residual_add", "residual"),
        ("嵌入 Einbettung", "embedding"),
        ("输入 Eingabe Entrée", "input"),
        ("输出 Ausgabe Sortie answer", "output"),
    ],
)
def test_spellings_of_a_role(texts: str, role: str) -> None:
    found = {text: one.name if (one := VOCABULARY.role(text)) else None for text in texts.split()}
    assert found == dict.fromkeys(texts.split(), role)


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("Token Distribution\\nAll-to-All", "all-to-all"),
        ("Layer 0 MoE\\nAll-to-All Communication", "all-to-all"),
        ("Expert Routing\\nfeeds the all-to-all", "route"),
        ("Output Projection\\nAll-Reduce", "output-projection"),
        ("PP Communication\\nAll-Reduce", "transfer"),
    ],
)
def test_a_further_line_completes_a_title_that_leaves_it_open(label: str, role: str) -> None:
    (reading,) = deployment(f'digraph {{ a [label="{label}"] }}').readings
    assert reading.role is not None
    assert reading.role.name == role


@pytest.mark.parametrize(
    ("statements", "name", "role"),
    [
        ('g [label=Gate]; up [label="Up proj"]; act [label=SiLU]; {g up} -> act', "g", "mlp-up"),
        ('g [label=Gate]; e0 [label="Expert 0"]; g -> e0', "g", "gate"),
        ('g [label=Gate, comment=""]; up [label="Up proj"]; d [label="Down proj"]; {g up} -> mul -> d', "g", "mlp-up"),
        ("dispatch; e0 [label=Expert]; dispatch -> e0 -> combine", "combine", "combine"),
        ('a2a [label="All-to-All"]; e0 [label=Expert]; a2a -> e0 -> combine', "combine", "aggregate"),
        ('m [label="MLP Reduce\\nGPU: 0-1"]; x -> m', "m", "all-reduce"),
        ('m [label="MLP Reduce\\nGPU: 0"]; x -> m', "m", "mlp"),
        ("l0_linear1; l0_linear2", "l0_linear1", "mlp-up"),
        ("linear1; linear2; linear3; linear4", "linear1", "mlp"),
    ],
)
def test_neighbors_decide_between_two_meanings(statements: str, name: str, role: str) -> None:
    reading = deployment(digraph(statements)).by_name[name]
    assert reading.role is not None
    assert reading.role.name == role


@pytest.mark.parametrize(
    ("label", "summary"),
    [
        ("Layer 3", True),
        ("Layer 3\\nRMSNorm + MHA + Residual\\nRMSNorm + MoE + Residual", True),
        ("Attention + MLP", True),
        ("Add & LayerNorm", False),
        ("Layer 3\\nRMSNorm", False),
        ("Expert 3\\nLinear1 + GELU + Linear2", False),
        ("Attention, TP rank 0", False),
    ],
)
def test_a_box_of_several_operators_is_a_summary(label: str, *, summary: bool) -> None:
    reading, _ = deployment(f'digraph {{ layer3 [label="{label}\\nGPU: 0"]; layer3 -> rest }}').readings
    assert reading.summary == summary


def test_s010_s012_t001_v003_are_silent_about_whole_layers() -> None:
    boxes = [node(f"b{i}", f"Layer {i}\\nRMSNorm + MHA + Residual", "0-1", shape="ellipse") for i in (0, 1)]
    text = digraph(
        node("input", "Input", "0-1"), *boxes, node("output", "Output", "0-1"), "input -> b0 -> b1 -> output"
    )
    assert find(text, "S010", "S012", "T001", "V003") == []


# Ends


@pytest.mark.parametrize(
    ("last", "dead"),
    [
        ("", []),
        ("answer [label=Answer];", ["norm"]),
        ('out [label="输出"];', ["norm"]),
        ("answer [label=Answer]; norm -> answer;", []),
    ],
)
def test_g004_the_last_operator_is_the_output_only_if_none_is_named_so(last: str, dead: list[str]) -> None:
    text = digraph(node("input", "Input", "0"), node("mlp", "MLP", "0"), node("norm", "RMSNorm", "0"), last)
    text = text.replace("}", "input -> mlp -> norm }")
    assert [name for finding in find(text, "G004") for name in finding.nodes] == dead


@pytest.mark.parametrize(("layers", "dead"), [(1, {"l0_gate"}), (2, {"l0_gate", "l1_gate", "l1_add"})])
def test_g004_the_last_operator_of_a_single_layer_is_an_end(layers: int, dead: set[str]) -> None:
    nodes = [
        node(f"l{i}_{name}", title, "0")
        for i in range(layers)
        for name, title in (("norm", "RMSNorm"), ("gate", "Router"), ("mlp", "MLP"), ("add", "Residual Add"))
    ]
    wired = [f"l{i}_norm -> {{l{i}_gate l{i}_mlp}}; l{i}_mlp -> l{i}_add" for i in range(layers)]
    wired += [f"l{i}_add -> l{i + 1}_norm" for i in range(layers - 1)]
    text = digraph(node("input", "Input", "0"), *nodes, *wired, "input -> l0_norm")
    assert {name for finding in find(text, "G004") for name in finding.nodes} == dead
