"""Layers that names count, and the ends of stages with several layers."""

from __future__ import annotations

import pytest

import dotlint
from dotlint.deployment.classify import read_deployment
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.graph.builder import read
from dotlint.syntax.source import Source

TITLES = {"norm": "LayerNorm", "qkv": "QKV Projection", "attn": "Attention Compute", "mlp": "MLP"}


def drawn(
    header: str = "Stage {stage}\\nLayers {first}-{last}", *, gpus: str = "{stage}", unwired: int | None = None
) -> str:
    """Two stages of two layers with a split and a gather each, named `norm_3`; one stage may be without edges."""
    lines = ["digraph {", 'input [label="Input"]', 'output [label="Output"]']
    before = "input"
    for stage in (0, 1):
        label = header.format(stage=stage, first=2 * stage, last=2 * stage + 1)
        lines.append(f'subgraph cluster_stage{stage} {{ label="{label}"')
        chain = [f"sp_split_stage{stage}"]
        lines.append(f'sp_split_stage{stage} [label="SP Split\\nGPU: {stage}"]')
        for layer in (2 * stage, 2 * stage + 1):
            for op, title in TITLES.items():
                gpu = gpus.format(stage=stage, layer=layer)
                lines.append(f'{op}_{layer} [label="{title}\\nGPU: {gpu}"]')
                chain.append(f"{op}_{layer}")
        chain.append(f"sp_gather_stage{stage}")
        lines += [f'sp_gather_stage{stage} [label="SP Gather\\nGPU: {stage}"]', "}", f"{before} -> {chain[0]}"]
        if stage != unwired:
            lines += [f"{tail} -> {head}" for tail, head in zip(chain, chain[1:], strict=False)]
        before = chain[-1]
    return "\n".join([*lines, f"{before} -> output", "}"])


def layers(text: str) -> dict[str, int | None]:
    vocabulary = load_vocabulary(str(rules_folder() / "vocabulary.toml"))
    graph = read(Source.from_text(text, "test.dot")).graphs[0]
    return {r.name: r.layer for r in read_deployment(graph, vocabulary).readings}


def test_a_number_that_continues_from_stage_to_stage_is_the_layer() -> None:
    found = layers(drawn())
    assert [found[f"norm_{n}"] for n in range(4)] == [0, 1, 2, 3]
    assert found["sp_split_stage1"] is None


def test_families_that_agree_need_no_header() -> None:
    assert layers(drawn("Stage {stage}"))["mlp_3"] == 3


@pytest.mark.parametrize("gpus", ["{layer}", "{layer}0"])
def test_ranks_of_one_stage_are_on_gpus_of_their_own_and_no_layers(gpus: str) -> None:
    assert layers(drawn("Stage {stage}", gpus=gpus))["mlp_3"] is None


def test_stated_layers_prevent_inference() -> None:
    text = drawn("Stage {stage}").replace('mlp_3 [label="MLP', 'mlp_3 [label="Layer 7 MLP')
    found = layers(text)
    assert found["mlp_3"] == 7
    assert found["norm_3"] is None


@pytest.mark.parametrize("unwired", [0, 1])
def test_edges_of_the_first_and_last_layer_are_proposed(unwired: int) -> None:
    first, last = 2 * unwired, 2 * unwired + 1
    found = dotlint.check(drawn(unwired=unwired), strategy="pp2").missing_edges
    assert (f"sp_split_stage{unwired}", f"norm_{first}") in found
    assert (f"mlp_{first}", f"norm_{last}") in found
    assert (f"mlp_{last}", f"sp_gather_stage{unwired}") in found
    assert len(found) == 9
