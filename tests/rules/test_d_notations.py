"""D rules on devices in other notations, and on devices that could not be read."""

from __future__ import annotations

import pytest

from tests.dsl import check_rules, digraph, find, fixed, node


def shards(*devices: str) -> list[str]:
    return [f'attn_{i} [label="Attention\\n{text}"]' for i, text in enumerate(devices)]


@pytest.mark.parametrize(
    ("own", "lacks"),
    [("NPU: {}", True), ("device_id={}", True), ("Device: P100_{}", False), ("GPU: {} and its spare", True)],
)
def test_d001_does_not_claim_that_an_unread_text_names_no_gpu(own: str, lacks: bool) -> None:
    links = [f"norm -> attn_{i}" for i in range(5)]
    text = digraph(*shards(*(own.format(i) for i in range(4)), ""), *links)
    assert bool(find(text, "D001")) == lacks
    alien = digraph(*shards("GPU 0", "GPU 1", "GPU 2", "GPU 3", "GPU: the fast one"), *links)
    assert find(alien, "D001") == []
    skipped = [one.needs for one in check_rules(alien, "D001").undecided]
    assert any("the fast one" in needs for needs in skipped)


@pytest.mark.parametrize(("layers", "told"), [(3, True), (2, False)])
def test_collectives_that_never_name_gpus_are_told_once_for_the_file(layers: int, told: bool) -> None:
    parts = [
        f"{node(f'l{layer}_mlp_{i}', 'MLP', str(i))} l{layer}_mlp_{i} -> l{layer}_ar; l{layer}_ar -> l{layer + 1}_mlp_{i};"
        for layer in range(layers)
        for i in range(10)
    ]
    reduces = [node(f"l{layer}_ar", "All-Reduce") for layer in range(layers)]
    ends = [node(f"l{layers}_mlp_{i}", "MLP", str(i)) for i in range(10)]
    found = find(digraph(*parts, *reduces, *ends), "D001")
    assert [finding.nodes for finding in found] == [tuple(f"l{i}_ar" for i in range(layers))] * told


def test_d002_tells_a_habit_once() -> None:
    labels = [f'l{i}_norm [label="LayerNorm\nGPU: replicated"] l{i}_mlp [label="MLP\nGPU: {i}"]' for i in range(4)]
    (finding,) = find(digraph(*labels, "l0_norm -> l0_mlp"), "D002")
    assert finding.nodes == tuple(f"l{i}_norm" for i in range(4))


@pytest.mark.parametrize("notation", ["NPU: {}", "GPU：{}", "device_id={}", "cuda:{}"])
def test_missing_devices_are_written_in_the_notation_of_the_file(notation: str) -> None:
    labels = [notation.format(i) for i in range(4)]
    gather = 'gather [label="All-Gather\\n{}"]'
    links = [f"attn_{i} -> gather" for i in range(4)]
    text = digraph(*shards(*labels), gather.format(notation.format("0-2")), *links)
    assert fixed(text, "C005", unsafe=False) == digraph(*shards(*labels), gather.format(notation.format("0-3")), *links)


def test_a_slice_is_written_as_a_slice() -> None:
    edges = ("attn_0 -> gather", "attn_1 -> gather")
    text = digraph(*shards("gpus[0:2]", "gpus[2:4]"), 'gather [label="All-Gather\\ngpus[0:2]"]', *edges)
    assert fixed(text, "C005", unsafe=False) == text.replace("Gather\\ngpus[0:2]", "Gather\\ngpus[0:4]")


@pytest.mark.parametrize("cluster", ["8 GPUs: 4 groups", "From: GPUs 0-3", "node 0: 8 GPUs, 80 GB"])
def test_d009_a_cluster_that_names_no_group_contradicts_nothing(cluster: str) -> None:
    text = digraph(f'subgraph cluster_a {{ label="{cluster}"', *shards("GPU: 6", "GPU: 7"), "}", "attn_0 -> attn_1")
    assert find(text, "D009") == []
    inside = digraph('subgraph cluster_a { label="NPUs 0-3"', *shards("NPU: 2", "NPU: 7"), "}", "attn_0 -> attn_1")
    assert [finding.nodes for finding in find(inside, "D009")] == [("attn_1",)]


def test_d009_an_entity_in_the_label_of_a_cluster_is_the_character_that_it_shows() -> None:
    text = 'subgraph cluster_a { label="GPUs 6&#45;7"'
    assert find(digraph(text, *shards("GPU: 6", "GPU: 7"), "}", "attn_0 -> attn_1"), "D009") == []
    outside = digraph(text, *shards("GPU: 6", "GPU: 8"), "}", "attn_0 -> attn_1")
    assert [finding.nodes for finding in find(outside, "D009")] == [("attn_1",)]
