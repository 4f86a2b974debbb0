"""What the numbers in names, labels and clusters mean, as one decision for the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import dotlint
from dotlint.deployment.classify import read_deployment
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.graph.builder import read
from tests.dsl import TITLES, chain, digraph, edges, node

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment

VOCABULARY = load_vocabulary(str(rules_folder() / "vocabulary.toml"))
NUMBERS = ("stage", "layer", "shard", "replica", "micro_batch", "step", "link")
ENDS = (node("input", "Input"), node("output", "Output"))


def deployment(*statements: str) -> Deployment:
    return read_deployment(read(digraph(*statements)).graphs[0], VOCABULARY)


def numbers(found: Deployment, name: str) -> dict[str, object]:
    """Give the numbers that a node has."""
    reading = found.by_name[name]
    return {key: number for key in NUMBERS if (number := getattr(reading, key)) is not None}


def pipeline(
    name: str,
    title: str = "{title}",
    *,
    copies: int = 1,
    shards: int = 1,
    apart: bool = True,
    cluster: str = "",
    transfer: str = "",
) -> list[str]:
    """Two stages of two layers, from input to output, once or in two copies `c` that run beside one another.

    `name`, `title` and `cluster` are templates; a copy has GPUs of its own if `apart`, and an all-reduce after each layer joins
    its shards `t`. `transfer` is the template of the statement of a node from stage `one` to stage `two`.
    """
    lines = list(ENDS)
    for c in range(copies):
        before = ["input"]
        for s in range(2):
            gpu = 2 * shards * c * apart + shards * s
            gpus = f"{gpu}-{gpu + shards - 1}" if shards > 1 else str(gpu)
            inside = []
            for each in range(2 * s, 2 * s + 2):
                for op in ("norm", "attn", "mlp"):
                    values = {"s": s, "l": each, "op": op, "c": c, "title": TITLES[op]}
                    names = [name.format(t=t, **values) for t in range(shards)]
                    inside += [node(one, title.format(**values), str(gpu + t)) for t, one in enumerate(names)]
                    inside += [line for i, one in enumerate(names) for line in edges(before[i % len(before)], one)]
                    before = names
                if shards > 1:
                    inside.append(node(f"sum_{chr(97 + 4 * c + each)}", "All-Reduce", gpus))
                    inside += [line for one in before for line in edges(one, f"sum_{chr(97 + 4 * c + each)}")]
                    before = [f"sum_{chr(97 + 4 * c + each)}"]
            lines += [f"subgraph {cluster.format(s=s)} {{", *inside, "}"] if cluster else inside
            if transfer and not s:
                statement = transfer.format(one=s, two=s + 1, l=2 * s + 1)
                lines += [statement, *edges(before[0], statement.split()[0])]
                before = [statement.split()[0]]
        lines += [line for one in before for line in edges(one, "output")]
    return lines


@pytest.mark.parametrize(
    ("statements", "name", "expected"),
    [
        pytest.param(pipeline("st{s}_l{l}_{op}"), "st1_l3_mlp", {"stage": 1, "layer": 3}, id="words"),
        pytest.param(pipeline("{op}_{s}_{l}"), "mlp_1_3", {"stage": 1, "layer": 3}, id="no words"),
        pytest.param(pipeline("foo{s}_bar{l}_{op}"), "foo1_bar3_mlp", {"stage": 1, "layer": 3}, id="unknown words"),
        pytest.param(pipeline("{op}_{l}"), "mlp_3", {"layer": 3}, id="layers alone"),
        pytest.param(
            pipeline("{op}_{l}", "Stage {s} {title}"), "mlp_3", {"stage": 1, "layer": 3}, id="stage in the label"
        ),
        pytest.param(
            pipeline("n_{s}_{l}_{op}", "第{s}阶段 第{l}层 {title}"), "n_1_3_mlp", {"stage": 1, "layer": 3}, id="Chinese"
        ),
        pytest.param(
            pipeline("{op}_{l}", cluster="cluster_pp{s}"), "mlp_3", {"stage": 1, "layer": 3}, id="stage of the cluster"
        ),
        pytest.param(
            pipeline("l{l}_{op}_tp{t}", cluster="cluster_{s}", shards=2),
            "l3_mlp_tp1",
            {"stage": 1, "layer": 3, "shard": 1},
            id="tensor ranks",
        ),
        pytest.param(
            pipeline("dp{c}_s{s}_l{l}_{op}", copies=2),
            "dp1_s1_l3_mlp",
            {"stage": 1, "layer": 3, "replica": 1},
            id="data replicas",
        ),
        pytest.param(
            pipeline("mb{c}_s{s}_l{l}_{op}", copies=2, apart=False),
            "mb1_s1_l3_mlp",
            {"stage": 1, "layer": 3, "micro_batch": 1},
            id="micro-batches",
        ),
        pytest.param(
            pipeline("s{s}_l{l}_{op}", transfer=node("send_s{one}_to_s{two}", "Send", "0")),
            "send_s0_to_s1",
            {"link": (0, 1)},
            id="a transfer names both stages",
        ),
        pytest.param(
            pipeline("s{s}_l{l}_{op}", transfer=node("p2p", "Stage {one} -> Stage {two}", "0-1")),
            "p2p",
            {"link": (0, 1)},
            id="a label names both stages",
        ),
        pytest.param(
            pipeline("s{s}_l{l}_{op}", transfer=node("send_l{one}_s{two}", "Send", "1")),
            "send_l0_s1",
            {"stage": 1, "layer": 0},
            id="a layer and a stage are no two stages",
        ),
        pytest.param(
            pipeline("s{s}_l{l}_{op}", transfer=node("send_to_stage{two}", "Send", "0")),
            "send_to_stage1",
            {"stage": 0},
            id="a transfer stands where its devices are, not at the other end",
        ),
    ],
)
def test_numbers_of_a_node(statements: list[str], name: str, expected: dict[str, object]) -> None:
    found = deployment(*statements)
    assert numbers(found, name) == expected
    assert found.undecided == ()


def test_stages_may_count_from_1() -> None:
    found = deployment(*(line.replace("s1_", "s2_").replace("s0_", "s1_") for line in pipeline("s{s}_l{l}_{op}")))
    assert (found.stage_base, numbers(found, "s2_l3_mlp")) == (1, {"stage": 1, "layer": 3})


def test_layers_may_count_in_each_stage() -> None:
    found = deployment(*(line.replace("l2_", "l0_").replace("l3_", "l1_") for line in pipeline("s{s}_l{l}_{op}")))
    reading = found.by_name["s1_l1_mlp"]
    assert (reading.stage, reading.layer, reading.layer_index) == (1, 1, 3)


def test_a_stated_layer_is_that_of_its_node_alone() -> None:
    found = deployment(
        *(line.replace('mlp_3 [label="MLP', 'mlp_3 [label="Layer 7 MLP') for line in pipeline("{op}_{l}"))
    )
    assert [found.by_name[name].layer for name in ("norm_3", "mlp_3")] == [3, 7]


RING = (
    *ENDS,
    *(
        line
        for rank in range(3)
        for line in (
            node(f"qkv_{rank}", "QKV Projection", str(rank)),
            *edges("input", f"qkv_{rank}", *(f"attn_{rank}_{step}" for step in range(3)), "output"),
            *(node(f"attn_{rank}_{step}", f"Attention\\nStage {step}", str(rank)) for step in range(3)),
            *(node(f"send_{rank}_{step}", f"Send K,V\\nStage {step}", str(rank)) for step in range(2)),
            *edges(f"qkv_{rank}", f"send_{rank}_0", f"attn_{(rank + 1) % 3}_1"),
            *edges(f"qkv_{rank}", f"send_{rank}_1", f"attn_{(rank + 1) % 3}_2"),
        )
    ),
)


@pytest.mark.parametrize(
    "statements",
    [RING, [line.replace("Attention\\nStage", "Attention\\nRing Stage") for line in RING]],
    ids=["stage", "ring"],
)
def test_steps_of_a_ring_are_no_pipeline_stages(statements: list[str]) -> None:
    found = deployment(*statements)
    assert {(r.stage, r.step) for r in found.readings if r.is_role("attention", "send")} == {
        (None, n) for n in range(3)
    }


@pytest.mark.parametrize(
    ("name", "undecided"),
    [
        ("{op}_{n}", ("stage", "layer")),  # one layer in each stage
        ("r{n}_{op}", ("replica", "stage")),  # `r` may be a rank or a replica, but edges lead from one to the next
    ],
)
def test_numbers_that_may_mean_two_things_are_undecided(name: str, undecided: tuple[str, ...]) -> None:
    found = deployment(*chain(2, "norm qkv attn mlp", name=name, gpus="{n}"))
    assert found.undecided == undecided
    assert not any(numbers(found, r.name) for r in found.readings)


@pytest.mark.parametrize("unwired", [0, 1])
def test_edges_of_the_first_and_last_layer_are_proposed(unwired: int) -> None:
    lines = [*ENDS]
    before = "input"
    for stage in (0, 1):
        layers = [f"{op}_{layer}" for layer in (2 * stage, 2 * stage + 1) for op in ("norm", "attn", "mlp")]
        path = [f"sp_split_stage{stage}", *layers, f"sp_gather_stage{stage}"]
        titles = ["SP Split", *(TITLES[name.partition("_")[0]] for name in layers), "SP Gather"]
        lines += [node(name, title, str(stage)) for name, title in zip(path, titles, strict=True)]
        lines += [*edges(before, path[0]), *(edges(*path) if stage != unwired else ())]
        before = path[-1]
    found = dotlint.check(digraph(*lines, *edges(before, "output")), strategy="pp2").missing_edges
    first, last = 2 * unwired, 2 * unwired + 1
    assert (f"sp_split_stage{unwired}", f"norm_{first}") in found
    assert (f"mlp_{first}", f"norm_{last}") in found
    assert (f"mlp_{last}", f"sp_gather_stage{unwired}") in found
    assert len(found) == 7


def test_a_word_that_may_mean_the_stage_holds_it_against_bare_numbers() -> None:
    shards = [node(f"attn_s0_tp{rank}", "Attention", str(rank)) for rank in range(3)]
    sums = [node(f"attn_s0_ar{rank}", "All-Reduce", str(rank)) for rank in (1, 2)]
    found = deployment(*shards, *sums, "attn_s0_tp0 -> attn_s0_ar1 -> attn_s0_tp1 -> attn_s0_ar2 -> attn_s0_tp2")
    assert {found.by_name[f"attn_s0_ar{rank}"].stage for rank in (1, 2)} <= {None, 0}
