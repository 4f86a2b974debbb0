"""Missing shards, experts and operators, written with their edges."""

from __future__ import annotations

import pytest

from tests.dsl import fix, fixed


def sharded(shards: range | list[int], manner: str, *, of: int = 4) -> str:
    """Return one layer of tensor shards on `of` GPUs, in one of several styles."""
    end = ";" if manner == "semicolons" else ""
    rows = [f'  norm [label="LayerNorm\\nGPU: 0-{of - 1}"]{end}']
    qkv = [f'  qkv_{i} [label="QKV Projection\\nGPU: {i}"]{end}' for i in shards]
    attn = [f'  attn_{i} [label="Attention Compute\\nGPU: {i}"]{end}' for i in shards]
    rows += [row for pair in zip(qkv, attn, strict=True) for row in pair] if manner == "by rank" else [*qkv, *attn]
    rows.append(f'  sum [label="All-Reduce\\nGPU: 0-{of - 1}"]{end}')
    if manner == "chains":
        rows += [f"  norm -> qkv_{i} -> attn_{i} -> sum" for i in shards]
    else:
        rows += [f"  norm -> qkv_{i}{end}" for i in shards]
        rows += [f"  qkv_{i} -> attn_{i} [color=red]{end}" for i in shards]
        rows += [f"  attn_{i} -> sum{end}" for i in shards]
    text = "\n".join(["digraph {", *rows, "}", ""])
    return text.replace("\n", "\r\n") if manner == "CR LF" else text


@pytest.mark.parametrize("manner", ["plain", "by rank", "chains", "semicolons", "CR LF"])
@pytest.mark.parametrize("there", [[0, 1, 2], [1, 2, 3], [0, 2, 3], [0, 1]])
def test_missing_shards_are_written_among_the_others(manner: str, there: list[int]) -> None:
    assert fixed(sharded(there, manner), "P007", "tp4") == sharded(range(4), manner)


def test_shards_without_a_free_gpu_are_not_written() -> None:
    text = sharded([0, 1, 2], "plain").replace("GPU: 2", "GPU: 2-3")
    assert fixed(text, "P007", "tp4") == text


def test_too_many_shards_have_no_fix_and_a_reason() -> None:
    text = sharded(range(6), "plain", of=8)
    result = fix(text, "P007", "tp4")
    assert result.text == text
    assert "no automatic fix: there are more than the strategy has" in (result.remaining[0].help or "")


def layers(lacking: tuple[int, ...] = (), *, bypass: str = "", clusters: bool = False, names: str = "{op}_{n}") -> str:
    """Return four layers of four operators; `bypass` holds the edges that bypass a missing attention."""
    rows = []
    ops = [("norm", "LayerNorm"), ("qkv", "QKV Projection"), ("attn", "Attention Compute"), ("mlp", "MLP")]
    for n in range(4):
        body = [
            f'  {names.format(op=op, n=n)} [label="{title}\\nGPU: {n}"]'
            for op, title in ops
            if not (op == "attn" and n in lacking)
        ]
        opening, closing = ([f'  subgraph cluster_layer{n} {{\n  label="Layer {n}"'], ["  }"]) if clusters else ([], [])
        rows += [*opening, *body, *closing]

    def edge(one: str, two: str, n: int, m: int | None = None) -> str:
        return f"  {names.format(op=one, n=n)} -> {names.format(op=two, n=n if m is None else m)}"

    for n in range(4):
        rows.append(edge("norm", "qkv", n))
        if n not in lacking:
            rows += [edge("qkv", "attn", n), edge("attn", "mlp", n)]
        elif bypass:
            rows.append(edge("qkv", "mlp", n))
        if n < 3:
            rows.append(edge("mlp", "norm", n, n + 1))
    return "\n".join(["digraph {", *rows, "}", ""])


@pytest.mark.parametrize("clusters", [False, True])
@pytest.mark.parametrize("names", ["{op}_layer{n}", "layer{n}_{op}", "l{n}_{op}"])
@pytest.mark.parametrize("lacking", [(1,), (2,), (1, 2)])
def test_a_missing_operator_is_inserted_into_its_layer(clusters: bool, names: str, lacking: tuple[int, ...]) -> None:
    text = layers(lacking, bypass="directly", clusters=clusters, names=names)
    assert fixed(text, "S003") == layers(clusters=clusters, names=names)


def test_a_missing_operator_is_inserted_into_a_chain() -> None:
    def write(second: str) -> str:
        nodes = "".join(
            f'  l{n}_{op} [label="{title}\\nGPU: {n}"]\n'
            for n in range(3)
            for op, title in (("qkv", "QKV Projection"), ("attn", "Attention Compute"), ("mlp", "MLP"))
            if f"l{n}_{op}" in f"l0_qkv l0_attn l0_mlp {second} l2_qkv l2_attn l2_mlp"
        )
        chain = f"l0_qkv -> l0_attn -> l0_mlp -> {second} -> l2_qkv -> l2_attn -> l2_mlp"
        return f"digraph {{\n{nodes}  {chain}\n}}\n"

    before = write("l1_qkv -> l1_mlp")
    assert fixed(before, "S003") == write("l1_qkv -> l1_attn -> l1_mlp")


def test_an_operator_with_ambiguous_edges_is_not_written() -> None:
    text = layers((2,), bypass="directly").replace("  attn_1 -> mlp_1\n", "  attn_1 -> mlp_1\n  norm_1 -> attn_1\n")
    text = text.replace("  attn_3 -> mlp_3\n", "  attn_3 -> mlp_3\n  mlp_2 -> attn_3\n")
    assert fix(text, "S003").text == text
