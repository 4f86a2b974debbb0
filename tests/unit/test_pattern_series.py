"""S001 between the units of a series, where all units lack the same edges and none shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dsl import digraph, find, node

if TYPE_CHECKING:
    from collections.abc import Iterable

Pairs = set[tuple[str, str]]

PARTS = {"ln": "RMSNorm", "ffn": "FFN", "sum": "Residual Add"}
INNER = [(f"h{i}_{tail}", f"h{i}_{head}") for i in range(3) for tail, head in (("ln", "ffn"), ("ffn", "sum"))]
NORMS = [("tok", "h0_ln"), ("h0_sum", "h1_ln"), ("h1_sum", "h2_ln")]
SUMS = [("tok", "h0_sum"), ("h0_sum", "h1_sum"), ("h1_sum", "h2_sum")]
ENDS = [("ids", "tok"), ("h2_sum", "logits")]


def layers(edges: Iterable[tuple[str, str]], *more: str) -> str:
    """Three layers between an embedding and an output, with these edges."""
    nodes = [node("ids", "Input", "0"), node("tok", "Token Embedding", "0"), node("logits", "Output", "0")]
    nodes += [node(f"h{i}_{name}", f"Layer {i} {title}", "0") for i in range(3) for name, title in PARTS.items()]
    return digraph(*nodes, *more, *(f"{tail} -> {head};" for tail, head in edges))


def proposed(text: str) -> Pairs:
    return {pair for finding in find(text, "S001") for pair in finding.missing_edges}


@pytest.mark.parametrize(
    ("present", "missing"),
    [
        pytest.param([*NORMS[:1], *SUMS], NORMS[1:], id="norms, which the residual adds show"),
        pytest.param([*NORMS, *SUMS[:1]], SUMS[1:], id="residual adds, which the norms show"),
        pytest.param([*NORMS[:1], *SUMS[:1]], [*NORMS[1:], *SUMS[1:]], id="all links from layer to layer"),
    ],
)
def test_edges_that_every_layer_lacks_come_from_the_layer_before(
    present: list[tuple[str, str]], missing: Pairs
) -> None:
    assert proposed(layers([*INNER, *ENDS, *present])) == set(missing)


def test_what_feeds_every_unit_shows_nothing_and_hides_nothing() -> None:
    mask = [("mask", f"h{i}_ln") for i in range(3)]
    text = layers([*INNER, *ENDS, *SUMS, *NORMS[:1], *mask], node("mask", "Attention Mask", "0"))
    assert proposed(text) == set(NORMS[1:])


def test_edges_that_leave_a_unit() -> None:
    """The router probabilities of the last layer go to the head beside its sum; those of the others to the next layer."""
    gates = [node(f"h{i}_gate", f"Layer {i} MoE Gate", "0") for i in range(3)]
    inner = [(f"h{i}_ln", f"h{i}_gate") for i in range(3)]
    text = layers([*INNER, *ENDS, *NORMS, *inner, ("h2_gate", "logits")], *gates)
    assert ("h0_gate", "h1_ln") in proposed(text)


@pytest.mark.parametrize(
    ("present", "more"),
    [
        pytest.param([*NORMS, *SUMS, ("tok", "h0_ffn")], [], id="the first layer has an input of its own"),
        pytest.param([*NORMS, *SUMS, ("h0_sum", "h2_sum")], [], id="a skip over a layer"),
        pytest.param([*NORMS, *SUMS, ("tok", "h1_sum"), ("tok", "h2_sum")], [], id="the embedding feeds every add"),
        pytest.param(
            [*NORMS, *SUMS, ("tok", "h0_w"), *((f"h{i}_w", f"h{i}_ffn") for i in range(3))],
            [node(f"h{i}_w", f"Weights {i}", "0") for i in range(3)],
            id="nodes that need no input",
        ),
    ],
)
def test_what_the_first_unit_has_alone_is_not_proposed(present: list[tuple[str, str]], more: list[str]) -> None:
    assert proposed(layers([*INNER, *ENDS, *present], *more)) == set()


def test_layers_that_are_not_consecutive_are_not_linked() -> None:
    text = layers([*INNER, *ENDS, *NORMS[:1], *SUMS[:1]]).replace("h2_", "h7_").replace("Layer 2", "Layer 7")
    assert proposed(text) == set()


def test_shards_of_one_layer_follow_nothing() -> None:
    text = digraph(
        node("x", "Input", "0-3"),
        *(node(f"up_tp{i}", f"MLP Up Projection rank {i}", str(i)) for i in range(4)),
        *(node(f"act_tp{i}", f"GELU rank {i}", str(i)) for i in range(4)),
        node("y", "Output", "0-3"),
        "x -> up_tp0; x -> act_tp0; act_tp3 -> y;",
        *(f"up_tp{i} -> act_tp{i};" for i in range(4)),
    )
    assert not {(f"act_tp{i}", f"up_tp{i + 1}") for i in range(3)} & proposed(text)
