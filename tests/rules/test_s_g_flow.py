"""S006, S007, S008, S012, S014 and G002: how stages and layers follow each other, and what feeds what."""

from __future__ import annotations

import pytest

from tests.dsl import chain, check_rules, digraph, find


def stages(*extra: str) -> str:
    """Three stages of norm, attention and MLP, and more statements."""
    return digraph(*chain(3, "norm attn mlp", name="stage{n}_{op}", gpus="{n}"), *extra)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("stage0_attn -> stage1_mlp", "`stage0_attn -> stage1_mlp` leaves stage 0 before its last operator"),
        ("stage0_mlp -> stage1_attn", "`stage0_mlp -> stage1_attn` enters stage 1 after its first operator"),
    ],
)
def test_s006_bypass_link(extra: str, message: str) -> None:
    (finding,) = find(stages(extra), "S006")
    assert finding.message == message
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(stages(), id="chain"),
        pytest.param(stages("stage0_attn -> stage1_mlp [label=mask]"), id="mask"),
        pytest.param(
            stages('stage1_add [label="Residual add"]', "stage0_mlp -> stage1_add", "stage1_mlp -> stage1_add"),
            id="residual",
        ),
        pytest.param(
            stages('stage0_kv_cache [label="KV cache"]', "stage0_norm -> stage0_kv_cache -> stage1_attn"),
            id="kv",
        ),
        pytest.param(
            stages('stage0_sum [label="All-Reduce"]', "stage0_mlp -> stage0_sum -> {stage0_out stage1_mlp}"),
            id="shared-collective",
        ),
    ],
)
def test_s006_no_bypass_link(text: str) -> None:
    assert find(text, "S006") == []


def test_g002_stage_cycle() -> None:
    text = stages('stage0_late [label="LayerNorm\\nGPU: 0"]', "stage1_mlp -> stage0_late -> output")
    (finding,) = find(text, "G002")
    assert finding.message == "stages 0 -> 1 -> 0 form a cycle, although no nodes do"
    assert finding.path == ("stage 0", "stage 1", "stage 0")
    assert finding.severity == "error"


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        pytest.param(stages(), "", id="chain"),
        pytest.param(stages("stage1_mlp -> stage0_norm"), "", id="nodes-form-it-themselves"),
        pytest.param(
            stages('stage0_late [label="MLP"]', "stage1_mlp -> stage0_late [label=feedback]"),
            "",
            id="feedback",
        ),
        pytest.param(stages('stage0_late [label="MLP"]', "stage1_mlp -> stage0_late"), "pp3vpp2", id="virtual-stages"),
        pytest.param(
            digraph(
                *(f'stage{n % 2}_layer{n}_mlp [label="MLP\\nGPU: {n % 2}"]' for n in range(4)),
                "stage0_layer0_mlp -> stage1_layer1_mlp -> stage0_layer2_mlp -> stage1_layer3_mlp",
            ),
            "",
            id="stages-take-turns",
        ),
    ],
)
def test_g002_no_stage_cycle(text: str, strategy: str) -> None:
    assert find(text, "G002", strategy=strategy) == []


def layered(*owned: range, extra: tuple[str, ...] = (), label: str = "Stage {stage}, GPU {stage}") -> str:
    """Stages as clusters that own layers of one attention node each."""
    lines = ['input [label="Input"]']
    chain = ["input"]
    for stage, layers in enumerate(owned):
        lines.append(f'subgraph cluster_{stage} {{ label="{label.format(stage=stage)}"')
        lines += [f'layer{layer}_s_{stage} [label="Attention\\nGPU: {stage}"]' for layer in layers]
        lines.append("}")
        chain += [f"layer{layer}_s_{stage}" for layer in layers]
    return digraph(*lines, " -> ".join(chain), *extra)


def model(layers: int) -> str:
    return f'strategy = "pp2"\n[model]\nlayers = {layers}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (layered(range(4), range(4, 7)), "layer 7 is missing"),
        (layered(range(1, 5), range(5, 8)), "layer 8 is missing"),
        (layered(range(4), range(4, 10)), "layers 8-9 are beyond the model's 8"),
        (layered(range(5), range(4, 8)), "layer 4 is in more than one stage"),
        (layered(range(3), range(5, 8)), "layers 3-4 are missing"),
    ],
)
def test_s007_layer_cover(text: str, message: str) -> None:
    (finding,) = find(text, "S007", strategy=model(8))
    assert finding.message == message
    assert finding.severity == "error"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(layered(range(4), range(4, 8)), id="from-0"),
        pytest.param(layered(range(1, 5), range(5, 9)), id="from-1"),
        pytest.param(layered(range(2), range(6, 8), extra=('a -> b [label="Layers 2-5"]',)), id="edge-label"),
        pytest.param(
            layered(range(2), range(6, 8), extra=('rest [label="... layers 2 to 5"]; rest -> output',)),
            id="summary",
        ),
        pytest.param(
            digraph('mlp [label="MLP\\nGPU: 0"]; attn [label="Attention\\nGPU: 0"]; attn -> mlp'),
            id="no-layers",
        ),
    ],
)
def test_s007_no_layer_cover(text: str) -> None:
    assert find(text, "S007", strategy=model(8)) == []


def test_s007_a_sample_of_layers_is_undecided() -> None:
    result = check_rules(layered(range(1), range(7, 8)), "S007", strategy=model(80))
    assert result.findings == []
    assert [undecided.subject for undecided in result.undecided] == ["layers"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            layered(range(3), range(3, 4)),
            ["stages have different numbers of layers: stage 0 has 3 and stage 1 has 1"],
        ),
        (layered(range(2), range(2, 4)), []),
        (layered(range(1), range(7, 9)), []),
    ],
)
def test_s008_layer_balance(text: str, messages: list[str]) -> None:
    assert [finding.message for finding in find(text, "S008")] == messages


BLOCK = ('norm [label="LayerNorm\\nGPU: 0"]', 'attn [label="Attention compute\\nGPU: 0"]')


@pytest.mark.parametrize(
    ("statements", "names"),
    [
        ((*BLOCK, 'add [label="Residual add"]', "norm -> attn -> add -> output"), [("add",)]),
        ((*BLOCK, 'add [label="Residual add"]', "norm -> attn -> add", "attn -> add"), [("add",)]),
        ((*BLOCK, 'add [label="Residual add"]', "norm -> attn -> add", "norm -> add"), []),
        ((*BLOCK, 'add [label="Residual add"]', "add -> norm -> attn"), []),
        ((*BLOCK, 'add [label="Add Embeddings"]', "embed -> add -> norm -> attn"), []),
    ],
)
def test_s012_residual_single_input(statements: tuple[str, ...], names: list[tuple[str, ...]]) -> None:
    assert [finding.nodes for finding in find(digraph(*statements), "S012")] == names


def test_s001_s012_a_residual_that_a_pattern_completes_is_left_to_it() -> None:
    lines = []
    for layer in range(4):
        name = f"l{layer}"
        lines += [f'{name}_norm [label="LayerNorm\\nGPU: 0"]', f'{name}_attn [label="Attention\\nGPU: 0"]']
        lines += [
            f'{name}_add [label="Residual add"]',
            f"{name}_norm -> {name}_attn -> {name}_add -> l{layer + 1}_norm",
        ]
        if layer != 2:
            lines.append(f"{name}_norm -> {name}_add")
    assert find(digraph(*lines), "S001")
    assert not find(digraph(*lines), "S012")


@pytest.mark.parametrize(
    ("statements", "edges"),
    [
        pytest.param(
            ('qkv [label="QKV projection\\nGPU: 0"]', *BLOCK, "input -> norm -> qkv", "attn -> output"),
            [("qkv", "attn")],
            id="one-to-one",
        ),
        pytest.param(
            (
                'gate [label="Expert gate\\nGPU: 0"]',
                'agg [label="Expert aggregation"]',
                *(f'expert{i} [label="Expert {i}\\nGPU: {i}"]; gate -> expert{i}' for i in range(3)),
                "agg -> output",
            ),
            [(f"expert{i}", "agg") for i in range(3)],
            id="all-to-one",
        ),
    ],
)
def test_s014_role_flow(statements: tuple[str, ...], edges: list[tuple[str, str]]) -> None:
    (finding,) = find(digraph(*statements), "S014")
    assert list(finding.missing_edges) == edges
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(('qkv [label="QKV projection\\nGPU: 0"]', *BLOCK, "norm -> qkv -> attn"), id="joined"),
        pytest.param(
            (
                'qkv [label="QKV projection\\nGPU: 0"]',
                *BLOCK,
                'rope [label="RoPE"]',
                "norm -> qkv -> rope -> attn",
            ),
            id="through-another",
        ),
        pytest.param(('qkv [label="QKV projection\\nGPU: 0"]', *BLOCK, "norm -> output"), id="nothing-joined"),
        pytest.param(
            (
                *(
                    f'l{i}_qkv [label="QKV"]; l{i}_attn [label="Attention\\nGPU: 0"]; l{i}_attn -> out'
                    for i in range(3)
                ),
                "l0_qkv -> l0_attn",
            ),
            id="another-unit-shows-it",
        ),
    ],
)
def test_s014_no_role_flow(statements: tuple[str, ...]) -> None:
    assert find(digraph(*statements), "S014") == []
