"""Patterns learned from edges, and the edges that siblings lack."""

from __future__ import annotations

import pytest

from dotlint.deployment.patterns.coordinates import CoordinateLink, align
from dotlint.engine.context import FileContext
from dotlint.graph.builder import read


@pytest.mark.parametrize(
    ("pairs", "tail_words", "head_words", "expected"),
    [
        # layer i to layer i
        ([((0,), (0,)), ((1,), (1,)), ((2,), (2,))], ("layer",), ("layer",), [CoordinateLink(0, 0, 0)]),
        # layer i to the next
        ([((0,), (1,)), ((1,), (2,)), ((2,), (3,))], ("layer",), ("layer",), [CoordinateLink(0, 0, 1)]),
        # one exemplar: the words have to agree
        ([((1, 1), (1,)), ((1, 2), (1,))], ("attn", ""), ("gather",), []),
        ([((1, 1), (1,)), ((1, 2), (1,))], ("l", "tp"), ("l",), [CoordinateLink(0, 0, 0)]),
        # two ranks share a stage
        ([((g,), (g // 2,)) for g in range(8)], ("gpu",), ("stage",), [CoordinateLink(0, 0, 0, 2)]),
        # a rank has four experts
        ([((e // 4,), (e,)) for e in range(16)], ("gpu",), ("expert",), [CoordinateLink(0, 0, 0, -4)]),
        # a fan-out: every head for one tail
        ([((0,), (e,)) for e in range(4)], ("layer",), ("expert",), []),
    ],
)
def test_alignment_of_numbers(
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]],
    tail_words: tuple[str, ...],
    head_words: tuple[str, ...],
    expected: list[CoordinateLink],
) -> None:
    assert align(pairs, tail_words, head_words) == expected


def proposed(*edges: str, nodes: str = "") -> set[str]:
    file = FileContext(read(f"digraph {{ {nodes} {' '.join(edges)} }}"), "x.dot")
    return {" -> ".join(edge.pair) for edge in file.graphs[0].missing}


def layers(count: int, *skip: int) -> list[str]:
    found = []
    for i in range(count):
        if i not in skip:
            found += [f"l{i}_qkv_tp{t} -> l{i}_attn_tp{t};" for t in range(4)]
            found += [f"l{i}_attn_tp{t} -> l{i}_ar;" for t in range(4)]
        if i + 1 < count:
            found += [f"l{i}_ar -> l{i + 1}_qkv_tp{t};" for t in range(4)]
    return found


def declared(count: int) -> str:
    return " ".join(
        f"l{i}_ar; " + " ".join(f"l{i}_qkv_tp{t}; l{i}_attn_tp{t};" for t in range(4)) for i in range(count)
    )


def test_a_complete_graph_lacks_nothing() -> None:
    assert proposed(*layers(4)) == set()


@pytest.mark.parametrize("count", [2, 3, 8])
def test_one_layer_is_the_exemplar_of_another(count: int) -> None:
    expected = {f"l1_qkv_tp{t} -> l1_attn_tp{t}" for t in range(4)} | {f"l1_attn_tp{t} -> l1_ar" for t in range(4)}
    assert proposed(*layers(count, 1), nodes=declared(count)) == expected


def test_one_complete_layer_is_the_exemplar_of_three_empty_ones() -> None:
    found = proposed(*layers(4, 1, 2, 3), nodes=declared(4))
    assert {f"l{i}_attn_tp{t} -> l{i}_ar" for i in (1, 2, 3) for t in range(4)} <= found


def test_one_rank_of_several() -> None:
    edges = [edge for edge in layers(4) if "attn_tp2 -> " not in edge]
    assert proposed(*edges) == {f"l{i}_attn_tp2 -> l{i}_ar" for i in range(4)}


def test_a_boundary_is_no_gap() -> None:
    edges = ["l0_ar -> l1_in;", "l1_ar -> l2_in;", "l2_ar -> p2p;", "p2p -> l3_in;", "l3_ar -> l4_in;"]
    inner = [f"l{i}_in -> l{i}_ar;" for i in range(5)]
    assert proposed(*edges, *inner) == set()


def test_a_minority_is_not_a_pattern() -> None:
    edges = [f"l{i}_out -> l{i + 1}_in; l{i}_in -> l{i}_out;" for i in range(8)]
    assert proposed(*edges, "l8_in -> l8_out; l8_out -> output;") == set()


def test_no_proposal_closes_a_cycle() -> None:
    edges = ["a0 -> b0; b0 -> c0;", "a1 -> b1; b1 -> c1;", "a2 -> b2; c2 -> a2;"]
    assert "b2 -> c2" not in proposed(*edges)


def test_a_unit_drawn_differently_is_no_exemplar() -> None:
    """Three layers route through a dispatch; the fourth lacks it and feeds its experts from the route."""
    edges, nodes = [], []
    for layer in range(4):
        experts = [f"l{layer}_expert{e}" for e in range(2)]
        nodes += [f"l{layer}_norm;", f"l{layer}_route;", *(f"{e};" for e in experts)]
        hub = f"l{layer}_dispatch" if layer < 3 else None
        nodes += [f"{hub};"] if hub else []
        edges += [f"l{layer}_norm -> l{layer}_route;"]
        for tail in (f"l{layer}_norm", f"l{layer}_route"):
            edges += [f"{tail} -> {hub};"] if hub else [f"{tail} -> {e};" for e in experts]
        edges += [f"{hub} -> {e};" for e in experts] if hub else []
        edges += [f"{e} -> l{layer}_sum;" for e in experts]
        nodes += [f"l{layer}_sum;"]
    assert proposed(*edges, nodes=" ".join(nodes)) == set()


def test_a_running_number_of_many_roles_is_no_pattern() -> None:
    titles = ["LayerNorm", "QKV Projection", "Attention Compute", "MLP"]
    nodes = [f'node_{4 * i + j} [label="Layer {i} {title}"];' for i in range(4) for j, title in enumerate(titles)]
    chain = [f"node_{n} -> node_{n + 1};" for n in range(15)]
    assert (
        proposed(*chain, "node_0 -> node_5;", "node_5 -> node_10;", "node_2 -> node_7;", nodes=" ".join(nodes)) == set()
    )
