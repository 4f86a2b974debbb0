"""S002, S003, S004, S005, G002, D003 and D004 held against the whole file: what is a misreading and what a mistake."""

from __future__ import annotations

import pytest

from tests.dsl import chain, check_rules, digraph, edges, find, node


def boxed(stage: int, gpus: str, *titles: str, first_layer: int = 0) -> list[str]:
    """A stage in a cluster: one operator of each title in each of two layers."""
    names = [(f"b{stage}_{layer}_{i}", title) for layer in range(2) for i, title in enumerate(titles)]
    inside = [node(name, f"Layer {first_layer + int(name.split('_')[1])} {title}", gpus) for name, title in names]
    cluster = [f'subgraph cluster_{stage} {{ label="Pipeline Stage {stage}"', *inside, "}"]
    return [*cluster, *edges(*(name for name, _ in names))]


PLAIN = ("LayerNorm", "MLP")
ENDS = (node("input", "Input"), node("output", "Output"))


def two_stages(*between: str, gpus: tuple[str, str] = ("0-1", "2-3")) -> str:
    links = between or ("b0_1_1 -> b1_0_0",)
    return digraph(
        *ENDS,
        *boxed(0, gpus[0], *PLAIN),
        *boxed(1, gpus[1], *PLAIN, first_layer=2),
        "input -> b0_0_0",
        *links,
        "b1_1_1 -> output",
    )


TRANSFER = ('subgraph cluster_1 { p2p [label="Pipeline Send/Recv\\nGPU: 0-3"] }', "b0_1_1 -> p2p -> b1_0_0")


def test_d004_and_d003_a_transfer_may_be_on_the_gpus_of_both_stages() -> None:
    assert find(two_stages(*TRANSFER), "D003", "D004", strategy="pp2tp2") == []
    (finding,) = find(two_stages(*TRANSFER, gpus=("0-1", "1-2")), "D004")
    assert finding.message == "stage 0 and stage 1 share GPUs 1"
    assert "p2p" not in finding.nodes


def placed(*gpus: str) -> str:
    """Stages one after the other on these GPUs."""
    lines = [line for n, own in enumerate(gpus) for line in boxed(n, own, *PLAIN, first_layer=2 * n)]
    links = [f"b{n}_1_1 -> b{n + 1}_0_0" for n in range(len(gpus) - 1)]
    return digraph(*ENDS, *lines, "input -> b0_0_0", *links, f"b{len(gpus) - 1}_1_1 -> output")


def test_d003_stages_that_are_all_misplaced_are_one_finding() -> None:
    (finding,) = find(placed("6-7", "0-1", "2-3", "4-5"), "D003", strategy="pp4tp2")
    assert finding.message == "stage 0 is on GPUs 6-7, but the strategy assigns 0-1; likewise in stages 1-3"
    assert len(finding.locations) == 4


def test_d003_says_what_else_is_wrong_with_a_stage_beyond_the_last() -> None:
    found = find(placed("0-1", "4-5", "2-3"), "D003", strategy="pp2tp2")
    assert [f.message for f in found] == [
        "stage 1 is on GPUs 4-5, but the strategy assigns 2-3",
        "stage 2 is on GPUs 2-3, but the strategy has 2 stages",
    ]


def test_a_layout_that_the_file_does_not_follow_assigns_no_stages() -> None:
    lines = [node(f"expert_{i}", f"Expert {i}", str(100 + i)) for i in range(8)]
    lines += [node("norm", "LayerNorm", "0"), node("gate", "Expert Gate", "0-7"), "norm -> gate"]
    lines += [f"gate -> expert_{i}" for i in range(8)]
    assert find(digraph(*lines), "S002", "D003", "D004", strategy="pp2tp4") == []


LATER = [
    node("l2_norm", "Layer 2 LayerNorm", "2-3"),
    node("l2_mlp", "Layer 2 MLP", "2-3"),
    *edges("input", "b0_0_0"),
    *edges("b0_1_1", "l2_norm", "l2_mlp", "output"),
]


def test_s002_a_stage_that_only_lacks_its_box_is_not_missing() -> None:
    alone = [*ENDS, *boxed(0, "0-1", *PLAIN)]
    alone[2] = alone[2].replace("Stage 0", "Stage 0 (GPUs 0-1)")
    result = check_rules(digraph(*alone, *LATER), "S002", strategy="pp2tp2")
    assert result.findings == []
    assert [one.needs for one in result.undecided] == [
        "state the stage of `l2_norm` and `l2_mlp` in a label or cluster (no other stage has their GPUs)"
    ]
    text = digraph(*alone, *edges("input", "b0_0_0"), "b0_1_1 -> output")
    (finding,) = find(text, "S002", strategy="pp2tp2")
    assert finding.message == "the graph has only stage 0 of 2; stage 1 is missing"


def test_s003_only_the_last_stage_has_a_final_norm() -> None:
    last = ('subgraph cluster_1 { b1_final [label="Final LayerNorm\\nGPU: 2-3"] }', "b1_1_1 -> b1_final -> output")
    text = two_stages("b0_1_1 -> b1_0_0", *last).replace("b1_1_1 -> output\n", "")
    assert find(text, "S003", strategy="pp2tp2") == []


def test_s004_stages_without_a_loose_end_are_read_in_another_order() -> None:
    swapped = digraph(
        *ENDS,
        *boxed(0, "0-1", *PLAIN),
        *boxed(1, "2-3", *PLAIN, first_layer=2),
        "input -> b1_0_0",
        "b1_1_1 -> b0_0_0",
        "b0_1_1 -> output",
    )
    result = check_rules(swapped, "S004", strategy="pp2tp2")
    assert (result.findings, len(result.undecided)) == ([], 1)
    assert [f.code for f in find(two_stages("b0_1_1 -> output"), "S004", strategy="pp2tp2")] == ["S004"]


def strided(*order: int) -> str:
    """One layer on each of these stages, one after the other."""
    names = [f"layer{n}_stage{stage}_{op}" for n, stage in enumerate(order) for op in ("norm", "mlp")]
    lines = [
        node(name, "LayerNorm" if name.endswith("norm") else "MLP", name.split("stage")[1].split("_")[0])
        for name in names
    ]
    return digraph(*ENDS, *lines, *edges("input", *names, "output"))


@pytest.mark.parametrize(("order", "codes"), [((0, 1, 0, 1), []), ((0, 0, 1, 0), ["S005"])])
def test_s005_layers_that_pass_all_stages_in_turn_are_interleaved(order: tuple[int, ...], codes: list[str]) -> None:
    assert [f.code for f in find(strided(*order), "S005")] == codes
    assert find(strided(0, 1, 0, 1), "G002") == []


def three(*extra: str) -> str:
    return digraph(*chain(3, "norm attn mlp", name="stage{n}_{op}", gpus="{n}"), *extra)


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(
            ('stage0_sync [label="All-Reduce\\nGPU: 0"]', "output -> stage0_sync"), id="sync-after-the-output"
        ),
        pytest.param(("stage2_mlp -> stage0_norm [constraint=false style=dotted]",), id="side-edge"),
    ],
)
def test_s005_edges_that_carry_no_activations_have_no_order(extra: tuple[str, ...]) -> None:
    assert find(three(*extra), "S005") == []


def test_s005_an_all_reduce_within_its_stage_has_an_order() -> None:
    extra = ('stage0_sync [label="All-Reduce\\nGPU: 0"]', "stage0_mlp -> stage0_sync", "stage2_mlp -> stage0_sync")
    assert [f.message for f in find(three(*extra), "S005")] == ["1 edge from stage 2 to stage 0 goes backwards"]


def test_s003_and_s001_hold_only_if_units_are_drawn_alike() -> None:
    assert {one.code for one in check_rules(two_stages(), "S001", "S003").holds} == {"S001", "S003"}
    more = 'subgraph cluster_0 { b0_router [label="Expert Gate\\nGPU: 0-1"] }'
    uneven = two_stages("b0_1_1 -> b1_0_0", more, "b0_0_0 -> b0_router")
    assert {one.code for one in check_rules(uneven, "S003").holds} == set()


def test_g009_ranks_that_lead_to_one_another_differ_at_their_ends() -> None:
    ranks = [node(f"attn_tp{i}", "Attention Compute", str(i)) for i in range(5)]
    ring = edges("input", *(f"attn_tp{i}" for i in range(5)), "output")
    assert find(digraph(*ENDS, *ranks, *ring, "input -> attn_tp0"), "G009") == []


def test_g003_a_graph_without_edges_has_one_finding() -> None:
    titles = ("LayerNorm", "QKV Projection", "Attention Compute", "Output Projection", "MLP")
    lines = [node(f"layer{n}_op{i}", title, "0") for n in range(2) for i, title in enumerate(titles)]
    (finding,) = find(digraph(*lines), "G003")
    assert (finding.message, len(finding.locations)) == ("none of the 10 operators has an edge", 10)


def ring(title: str) -> str:
    """Two ranks, each of which computes three numbered steps on its own GPU."""
    steps = [f"stage{step}_{rank}" for rank in range(2) for step in range(3)]
    lines = [node(name, f"Stage {name[5]}\\n{title}", name[-1]) for name in steps]
    paths = [edge for rank in range(2) for edge in edges("input", *steps[3 * rank : 3 * rank + 3], "output")]
    return digraph(*ENDS, *lines, *paths, "stage0_0 -> stage2_1")


def test_numbers_of_one_role_on_shared_gpus_are_no_stages() -> None:
    assert find(ring("Attention Compute"), "S005", "G002", "D004") == []


def test_d003_each_replica_is_on_gpus_of_its_own() -> None:
    def replicas(*gpus: str) -> str:
        stages = [(f"mlp_dp{n // 2}_pp{n % 2}", own, n) for n, own in enumerate(gpus)]
        lines = [
            f'subgraph cluster_{n} {{ label="DP replica {n // 2}" subgraph cluster_{n}_0 {{ label="PP Stage {n % 2}" '
            f"{node(name, 'MLP', own)} {node(name + '_norm', 'LayerNorm', own)} }} }}"
            for name, own, n in stages
        ]
        paths = [edge for i in (0, 2) for edge in edges("input", *(s[0] for s in stages[i : i + 2]), "output")]
        return digraph(*ENDS, *lines, *paths, *(f"{s[0]}_norm -> {s[0]}" for s in stages))

    assert find(replicas("0", "1", "2", "3"), "D003", "D004", strategy="pp2dp2") == []
    assert find(replicas("0", "2", "1", "3"), "D003", "D004", strategy="pp2dp2") == []
    assert [f.code for f in find(replicas("0", "1", "2", "2"), "D004", strategy="pp2dp2")] == ["D004"]


def test_s001_the_link_of_one_replica_is_missing() -> None:
    def replica(n: int, *links: str) -> list[str]:
        names = [f"mlp_dp{n}_pp{stage}" for stage in range(2)]
        boxes = [
            f'subgraph cluster_{name} {{ label="PP Stage {stage}" {node(name, "MLP", str(2 * n + stage))} '
            f"{node(name + '_norm', 'LayerNorm', str(2 * n + stage))} {name}_norm -> {name} }}"
            for stage, name in enumerate(names)
        ]
        inside = " ".join((*boxes, node(f"input_{n}", "Input"), node(f"output_{n}", "Output")))
        ends = f"input_{n} -> {names[0]}_norm; {names[1]} -> output_{n};"
        return [f'subgraph cluster_dp{n} {{ label="DP replica {n}" {inside} }}', ends, *links]

    link = "mlp_dp{0}_pp0 -> mlp_dp{0}_pp1_norm;"
    whole = digraph(*replica(0, link.format(0)), *replica(1, link.format(1)))
    assert find(whole, "S001", "S004", strategy="pp2dp2") == []
    (finding,) = find(digraph(*replica(0), *replica(1, link.format(1))), "S001", "S004", strategy="pp2dp2")
    assert finding.missing_edges == (("mlp_dp0_pp0", "mlp_dp0_pp1_norm"),)
