"""S001, P009 and S006: one edge or number that leaves the pattern of all others, beside what only looks like it."""

from __future__ import annotations

import pytest

from tests.dsl import ENDS, digraph, find, node


def layers(slip: str = "", instead: str = "") -> str:
    lines = [*ENDS]
    for i in range(3):
        before = "input" if i == 0 else f"add_{i - 1}"
        lines.append(node(f"norm_{i}", f"RMSNorm layer {i}", "0-3"))
        lines += [node(f"mlp_{i}_{t}", f"MLP layer {i} TP{t}", str(t)) for t in range(4)]
        lines += [node(f"sum_{i}", f"All-Reduce layer {i}", "0-3"), node(f"add_{i}", f"Residual Add layer {i}", "0-3")]
        lines += [f"{before} -> norm_{i};", f"{before} -> add_{i};", f"sum_{i} -> add_{i};"]
        lines += [f"norm_{i} -> mlp_{i}_{t};" for t in range(4)] + [f"mlp_{i}_{t} -> sum_{i};" for t in range(4)]
    lines.append("add_2 -> output;")
    if slip:
        lines[lines.index(slip)] = instead
    return digraph(*lines)


@pytest.mark.parametrize(
    ("slip", "instead", "missing"),
    [
        ("mlp_1_2 -> sum_1;", "mlp_1_2 -> sum_2;", [("mlp_1_2", "sum_1")]),
        ("norm_1 -> mlp_1_3;", "norm_2 -> mlp_1_3;", [("norm_1", "mlp_1_3")]),
        ("", "", []),
    ],
)
def test_s001_one_edge_that_leads_elsewhere(slip: str, instead: str, missing: list[tuple[str, str]]) -> None:
    assert [edge for f in find(layers(slip, instead), "S001") for edge in f.missing_edges] == missing


def test_s001_a_residual_add_that_takes_the_stream_of_another_layer() -> None:
    lines = [*ENDS, *(node(f"add{n}_{i}", "Residual Add", "0-3") for i in range(4) for n in (1, 2))]
    lines += [node(f"{n}_{i}", t, "0-3") for i in range(4) for n, t in (("mha", "MHA"), ("ffn", "MLP"))]
    for i in range(4):
        before, stream = "input" if i == 0 else f"add2_{i - 1}", "add1_0" if i == 1 else f"add1_{i}"
        lines.append(
            f"{before} -> mha_{i} -> add1_{i} -> ffn_{i} -> add2_{i}; {before} -> add1_{i}; {stream} -> add2_{i};"
        )
    found = find(digraph(*lines, "add2_3 -> output;"), "S001")
    assert [edge for f in found for edge in f.missing_edges] == [("add1_1", "add2_1")]


def test_s001_a_ring_closes_with_one_edge_of_another_step() -> None:
    ring = [node(f"step_{r}", f"Attention rank {r}", str(r)) for r in range(4)]
    text = digraph(*ENDS, *ring, *(f'step_{r} -> step_{(r + 1) % 4} [label="ring KV"];' for r in range(4)))
    assert find(text, "S001") == []


def experts(*numbers: int) -> str:
    return digraph(
        *ENDS,
        node("dispatch", "All-to-All dispatch", "0-3"),
        node("combine", "All-to-All combine", "0-3"),
        *(node(f"ffn_{i}", f"Expert {e}", str(i)) for i, e in enumerate(numbers)),
        *(f"dispatch -> ffn_{i} -> combine;" for i in range(len(numbers))),
        "input -> dispatch; combine -> output;",
    )


@pytest.mark.parametrize(
    ("numbers", "told"), [((0, 1, 2, 3), 0), ((0, 1, 1, 3), 1), ((0, 0, 1, 1), 0), ((4, 5, 5, 7), 0)]
)
def test_p009_one_expert_twice_and_another_never(numbers: tuple[int, ...], told: int) -> None:
    assert len(find(experts(*numbers), "P009")) == told


def test_s006_a_skip_connection_enters_behind_what_it_skips() -> None:
    def stages(last: str) -> str:
        boxes = [node(f"s{s}_{n}", t, str(s)) for s in range(3) for n, t in (("ln", "LN"), ("at", "MHA"), ("r", last))]
        lines = [f"s{s}_ln -> s{s}_at -> s{s}_r;" for s in range(3)]
        links = [f"s{s}_r -> s{s + 1}_ln; s{s}_r -> s{s + 1}_r;" for s in range(2)]
        return digraph(*ENDS, *boxes, *lines, *links, "input -> s0_ln; input -> s0_r; s2_r -> output;")

    assert find(stages("res"), "S006", strategy="pp3") == []
    assert find(stages("MLP"), "S006", strategy="pp3") != []


def test_s001_one_rank_goes_round_the_collective_of_its_siblings() -> None:
    def ranks(around: str) -> str:
        boxes = [node(f"attn_{r}", "Attention", str(r)) for r in range(4)]
        boxes += [node(f"mlp_{r}", "MLP", str(r)) for r in range(4)]
        lines = [f"input -> attn_{r} -> exchange;" for r in range(4)]
        lines += [f"{around if r == 2 else 'exchange'} -> mlp_{r} -> output;" for r in range(4)]
        return digraph(*ENDS, *boxes, node("exchange", "All-to-All", "0-3"), *lines)

    found = find(ranks("attn_2"), "S001")
    assert [edge for f in found for edge in f.missing_edges] == [("exchange", "mlp_2")]
    assert find(ranks("exchange"), "S001") == []


def test_g004_only_the_last_chunk_of_a_prompt_gives_an_output() -> None:
    def chunks(*, linked: bool) -> str:
        lines = [*ENDS, *(node(f"attn_c{c}", "Attention", "0") for c in range(3))]
        lines += [node(f"mlp_c{c}", "MLP", "0") for c in range(3)] + [
            node(f"kv_c{c}", "KV cache", "0") for c in range(3)
        ]
        lines += [f"input -> attn_c{c} -> mlp_c{c}; attn_c{c} -> kv_c{c};" for c in range(3)]
        lines += [f"kv_c{c} -> attn_c{c + 1};" for c in range(2)] if linked else []
        return digraph(*lines, "mlp_c2 -> output;")

    assert find(chunks(linked=True), "G004") == []
    assert find(chunks(linked=False), "G004") != []


def test_d009_most_of_a_cluster_are_on_its_gpus() -> None:
    def cluster(odd: int) -> str:
        boxes = (node(f"mlp_{r}", "MLP", str(2 + r % 2 if r < 5 else odd)) for r in range(6))
        return digraph(*ENDS, 'subgraph cluster_one { label="Replica 1, GPUs 2-3";', *boxes, "}", "input -> mlp_0;")

    assert [f.nodes for f in find(cluster(0), "D009")] == [("mlp_5",)]
    assert find(cluster(3), "D009") == []


def test_s001_a_residual_add_that_takes_the_norm() -> None:
    def stream(slip: int | None) -> str:
        lines = [*ENDS]
        for i in range(4):
            before = "input" if i == 0 else f"res_{i - 1}"
            lines += [
                node(f"ln_{i}", "RMSNorm", "0"),
                node(f"mha_{i}", "MHA", "0"),
                node(f"res_{i}", "Residual Add", "0"),
            ]
            lines.append(f"{before} -> ln_{i} -> mha_{i} -> res_{i}; {f'ln_{i}' if i == slip else before} -> res_{i};")
        return digraph(*lines, "res_3 -> output;")

    found = find(stream(2), "S001")
    assert [edge for f in found for edge in f.missing_edges] == [("res_1", "res_2")]
    assert find(stream(None), "S001") == []
