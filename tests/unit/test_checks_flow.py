"""S006, S007, S008, S012, S014 and G002: how stages and layers follow each other, and what feeds what."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import Settings, lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

CODES = ("S006", "S007", "S008", "S012", "S014", "G002")


def run(text: str, code: str, strategy: Strategy | None = None) -> FileResult:
    settings = Settings(strategy, "option" if strategy else None, Selection(select=(code,)))
    result = lint(Source.from_bytes(text.encode(), "test.dot"), settings)
    assert not result.crashed
    return result


def found(text: str, code: str, strategy: Strategy | None = None) -> list[Finding]:
    return [finding for finding in run(text, code, strategy).findings if finding.code == code]


def graph(*statements: str) -> str:
    return "digraph {\n" + "\n".join(statements) + "\n}\n"


def stages(*extra: str, number: int = 3) -> str:
    """Stages of norm, attention and MLP in a chain."""
    lines, chain = [], ["input"]
    for stage in range(number):
        names = [f"stage{stage}_{op}" for op in ("norm", "attn", "mlp")]
        for name, title in zip(names, ("LayerNorm", "Attention compute", "MLP"), strict=True):
            lines.append(f'{name} [label="{title}\\nGPU: {stage}"]')
        chain += names
    return graph('input [label="Input"]', 'output [label="Output"]', *lines, " -> ".join([*chain, "output"]), *extra)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("stage0_attn -> stage1_mlp", "`stage0_attn -> stage1_mlp` leaves stage 0 before its last operator"),
        ("stage0_mlp -> stage1_attn", "`stage0_mlp -> stage1_attn` enters stage 1 after its first operator"),
    ],
)
def test_bypass_link(extra: str, message: str) -> None:
    (finding,) = found(stages(extra), "S006")
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
def test_no_bypass_link(text: str) -> None:
    assert found(text, "S006") == []


def test_stage_cycle() -> None:
    text = stages('stage0_late [label="LayerNorm\\nGPU: 0"]', "stage1_mlp -> stage0_late -> output")
    (finding,) = found(text, "G002")
    assert finding.message == "stages 0 -> 1 -> 0 form a cycle, although no nodes do"
    assert finding.path == ("stage 0", "stage 1", "stage 0")
    assert finding.severity == "error"


@pytest.mark.parametrize(
    ("text", "strategy"),
    [
        pytest.param(stages(), None, id="chain"),
        pytest.param(stages("stage1_mlp -> stage0_norm"), None, id="nodes-form-it-themselves"),
        pytest.param(
            stages('stage0_late [label="MLP"]', "stage1_mlp -> stage0_late [label=feedback]"),
            None,
            id="feedback",
        ),
        pytest.param(stages('stage0_late [label="MLP"]', "stage1_mlp -> stage0_late"), "pp3vpp2", id="virtual-stages"),
        pytest.param(
            graph(
                *(f'stage{n % 2}_layer{n}_mlp [label="MLP\\nGPU: {n % 2}"]' for n in range(4)),
                "stage0_layer0_mlp -> stage1_layer1_mlp -> stage0_layer2_mlp -> stage1_layer3_mlp",
            ),
            None,
            id="stages-take-turns",
        ),
    ],
)
def test_no_stage_cycle(text: str, strategy: str | None) -> None:
    assert found(text, "G002", Strategy.parse(strategy) if strategy else None) == []


def layered(*owned: range, extra: tuple[str, ...] = (), label: str = "Stage {stage}, GPU {stage}") -> str:
    """Stages as clusters that own layers of one attention node each."""
    lines = ['input [label="Input"]']
    chain = ["input"]
    for stage, layers in enumerate(owned):
        lines.append(f'subgraph cluster_{stage} {{ label="{label.format(stage=stage)}"')
        lines += [f'layer{layer}_s_{stage} [label="Attention\\nGPU: {stage}"]' for layer in layers]
        lines.append("}")
        chain += [f"layer{layer}_s_{stage}" for layer in layers]
    return graph(*lines, " -> ".join(chain), *extra)


def model(layers: int) -> Strategy:
    table = tomllib.loads(f'strategy = "pp2"\n[model]\nlayers = {layers}\n')
    return Strategy.from_table(table, where="test.toml")


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
def test_layer_cover(text: str, message: str) -> None:
    (finding,) = found(text, "S007", model(8))
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
            graph('mlp [label="MLP\\nGPU: 0"]; attn [label="Attention\\nGPU: 0"]; attn -> mlp'),
            id="no-layers",
        ),
    ],
)
def test_no_layer_cover(text: str) -> None:
    assert found(text, "S007", model(8)) == []


def test_a_sample_of_layers_is_undecided() -> None:
    result = run(layered(range(1), range(7, 8)), "S007", model(80))
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
def test_layer_balance(text: str, messages: list[str]) -> None:
    assert [finding.message for finding in found(text, "S008")] == messages


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
def test_residual_single_input(statements: tuple[str, ...], names: list[tuple[str, ...]]) -> None:
    assert [finding.nodes for finding in found(graph(*statements), "S012")] == names


def test_a_residual_that_a_pattern_completes_is_left_to_it() -> None:
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
    assert found(graph(*lines), "S001")
    assert not found(graph(*lines), "S012")


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
def test_role_flow(statements: tuple[str, ...], edges: list[tuple[str, str]]) -> None:
    (finding,) = found(graph(*statements), "S014")
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
def test_no_role_flow(statements: tuple[str, ...]) -> None:
    assert found(graph(*statements), "S014") == []


@pytest.mark.parametrize("card", [card for card in own_cards() if card.code in CODES], ids=lambda card: card.code)
def test_examples(card: Card) -> None:
    for example in card.examples:
        strategy = Strategy.from_table(tomllib.loads(example.toml), where="test.toml") if example.toml else None
        assert found(example.bad or "", card.code, strategy)
        assert not found(example.good or "", card.code, strategy)
