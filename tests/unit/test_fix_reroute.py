"""Edges that bypass missing operators are rerouted, also several edges and those in sets."""

from __future__ import annotations

import re

import pytest

from tests.dsl import fix
from tests.unit.fix_assertions import assert_left_alone

TITLES = {"norm": "LayerNorm", "qkv": "QKV Projection", "attn": "Attention Compute", "ar": "All-Reduce", "mlp": "MLP"}
OPERATORS = ("norm", "qkv_0", "qkv_1", "attn_0", "attn_1", "ar", "mlp")
ONWARDS = "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_1 -> attn_1; attn_0 -> ar; attn_1 -> ar; ar -> mlp"
BETWEEN = (
    "norm -> qkv_0; norm -> qkv_1; qkv_0 -> ar; qkv_1 -> ar; ar -> attn_0; ar -> attn_1; attn_0 -> mlp; attn_1 -> mlp"
)


def layers(edges: str, odd: str | None = None, *, lacking: tuple[str, ...] = ()) -> str:
    """Return three equal layers on two GPUs; the second one lacks operators and has the edges `odd`."""

    def named(text: str, n: int) -> str:
        return re.sub(r"[a-z]+(?:_\d)?", lambda match: f"l{n}_{match[0]}", text)

    lines = ["digraph {"]
    for n in range(3):
        for operator in OPERATORS:
            word, _, rank = operator.partition("_")
            if n != 1 or operator not in lacking:
                lines.append(f'  {named(operator, n)} [label="{TITLES[word]}\\nGPU: {rank or "0-1"}"]')
    for n in range(3):
        lines += [f"  {named(edge, n)}" for edge in (edges if n != 1 or odd is None else odd).split("; ")]
        lines += [f"  l{n}_mlp -> l{n + 1}_norm"] if n < 2 else []
    return "\n".join([*lines, "}\n"])


TURNED = [
    # several edges bypass the operators and end at one node
    (
        ("ar",),
        ONWARDS,
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_1 -> attn_1; attn_0 -> mlp; attn_1 -> mlp",
        ONWARDS,
    ),
    (
        ("ar",),
        ONWARDS,
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_1 -> attn_1; {attn_0 attn_1} -> mlp",
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_1 -> attn_1; {attn_0 attn_1} -> ar; ar -> mlp",
    ),
    # two operators, each bypassed by an edge, and both by one statement
    (
        ("attn_0", "attn_1"),
        ONWARDS,
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> ar; qkv_1 -> ar; ar -> mlp",
        ONWARDS,
    ),
    (
        ("attn_0", "attn_1"),
        ONWARDS,
        "norm -> qkv_0; norm -> qkv_1; {qkv_0 qkv_1} -> ar; ar -> mlp",
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_1 -> attn_1; {attn_0 attn_1} -> ar; ar -> mlp",
    ),
    # several edges start at one node and bypass the operators
    (
        ("ar",),
        BETWEEN.replace("; qkv_1 -> ar", ""),
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_0 -> attn_1; attn_0 -> mlp; attn_1 -> mlp",
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> ar; ar -> attn_0; ar -> attn_1; attn_0 -> mlp; attn_1 -> mlp",
    ),
    # no edge bypasses the operators
    (
        ("ar",),
        ONWARDS,
        "norm -> qkv_0; norm -> qkv_1; qkv_0 -> attn_0; qkv_1 -> attn_1",
        ONWARDS,
    ),
]


@pytest.mark.parametrize(("lacking", "edges", "past", "through"), TURNED)
def test_bypassing_edges_are_rerouted(lacking: tuple[str, ...], edges: str, past: str, through: str) -> None:
    result = fix(layers(edges, past, lacking=lacking), "S003")
    assert result.refused == ()
    assert result.text == layers(edges, through)


UNCLEAR = [
    (
        "qkv_0 -> attn_0; qkv_0 -> attn_1; qkv_1 -> attn_0; qkv_1 -> attn_1",
        "`l1_qkv_0 -> l1_attn_0` and other edges bypass",
    ),
    ("{qkv_0 qkv_1} -> {attn_0 attn_1}", "`l1_qkv_0 -> l1_attn_0` and other edges bypass"),
    ("qkv_0 -> attn_0; qkv_1 -> attn_1", "`l1_qkv_0 -> l1_attn_0` and other edges bypass"),
]


@pytest.mark.parametrize(("past", "why"), UNCLEAR)
def test_ambiguous_edges_are_not_rerouted(past: str, why: str) -> None:
    odd = f"norm -> qkv_0; norm -> qkv_1; {past}; attn_0 -> mlp; attn_1 -> mlp"
    assert_left_alone(layers(BETWEEN, odd, lacking=("ar",)), "S003", None, why)
