"""Shapes in every notation of labels, attributes and edges."""

from __future__ import annotations

import time

import pytest

import dotlint
from dotlint.deployment.facts import node_facts
from dotlint.deployment.gpus_and_dims import Tensors, read_tensors
from dotlint.deployment.shapes import read_dims
from dotlint.deployment.stated_dims import edge_tensors
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.graph.builder import read

VOCABULARY = load_vocabulary(str(rules_folder() / "vocabulary.toml"))


def stated(tensors: Tensors) -> list[str]:
    """Write tensors as `in q 4,8 ×2`: side, names, sizes and count."""
    return [
        " ".join([side, *dims.names, ",".join(dims.values), *([f"×{dims.count}"] if dims.count > 1 else [])])
        for side, some in (("in", tensors.inputs), ("out", tensors.outputs), ("bare", tensors.bare))
        for dims in some
    ]


@pytest.mark.parametrize(
    ("text", "keys", "values"),
    [
        ("4×2048×1024", "||", "4|2048|1024"),
        ("B x S x H/TP", "||", "B|S|H/TP"),
        ("batch×seq×hidden", "||", "batch|seq|hidden"),
        ("B*S*H", "||", "B|S|H"),
        ("4*d_k", "", "4*d_k"),
        ("bsz: 4, sl: 2048", "bsz|sl", "4|2048"),
        ("batch=4, seq=1,024, hidden=8,192", "batch|seq|hidden", "4|1024|8192"),
        ("4, 1,024, 512", "||", "4|1024|512"),
        ("4,128,256", "||", "4|128|256"),
        ("batch=4 seq=8", "batch|seq", "4|8"),
        ("128 10000 4096", "||", "128|10000|4096"),
        ("B, S/(cp*sp), H", "||", "B|S/(cp*sp)|H"),
        ("128, 16 heads, 64", "|heads|", "128|16|64"),
        ("3×heads=16, d_k=64", "heads|d_k", "3*16|64"),
        ("批=4, 序列=8", "批|序列", "4|8"),
        ("tokens=4 per GPU, hidden=2", "tokens|hidden", "4|2"),
        ("128, 8×32=256", "|", "128|256"),
        ("4, 8, bf16", "|", "4|8"),
        ("batch x 2048 x hidden", "||", "batch|2048|hidden"),
        ("64_experts", "experts", "64"),
    ],
)
def test_a_list_of_axes(text: str, keys: str, values: str) -> None:
    dims = read_dims(text)
    assert dims is not None
    assert ("|".join(dims.keys), "|".join(dims.values)) == (keys, values)


@pytest.mark.parametrize(
    ("label", "tensors"),
    [
        (["Input 1: [4, 8]", "Input 2: [4, 9]"], ["in 1 4,8", "in 2 4,9"]),
        (["Input (hidden): [4, 8]"], ["in hidden 4,8"]),
        (["Input Q: [4, 8]", "Input hidden states: [4, 9]"], ["in q 4,8", "in hidden states 4,9"]),
        (["Input: Q=[4, 8], K,V=[4, 2]"], ["in q 4,8", "in k v 4,2 ×2"]),
        (["Output: Q: [4, 8]", "K: [4, 2]", "V: [4, 2]"], ["out q 4,8", "out k 4,2", "out v 4,2"]),
        (["Input: 8×[4, 1024]"], ["in 4,1024 ×8"]),
        (["Input: [4, 1024] (x8)"], ["in 4,1024 ×8"]),
        (["Output: [4, 192] (Q:64, K:64, V:64)"], ["out 4,192"]),
        (["[4, 8]", "+ [4, 9]", "→ [4, 10]"], ["in 4,8", "in 4,9", "out 4,10"]),
        (["[4, 8] → [4, 16] → [4, 8]"], ["in 4,8", "out 4,8", "bare 4,16"]),
        (["[4, 8] x 16 → [64, 8]"], ["in 4,8 ×16", "out 64,8"]),
        (["[4096→12288]"], ["in 4096", "out 12288"]),
        (["Input: batch=4, seq=8 → batch=4, seq=2"], ["in 4,8", "out 4,2"]),
        (["Input", "[4, 8]", "Output", "[4, 9]"], ["in 4,8", "out 4,9"]),
        (["Input: [batch=4,", "seq=8]"], ["in 4,8"]),
        (["Input/Output: [4, 8]"], ["in 4,8", "out 4,8"]),
        (["[Input: 12×[4, 8], Output: [4, 9]]"], ["in 4,8 ×12", "out 4,9"]),
        (["in 4x2048x1024 -> out 4x2048x512"], ["in 4,2048,1024", "out 4,2048,512"]),
        (["Entrée (cachée) : [lot=4, séquence=8]", "Sortie : identique"], ["in cachée 4,8", "out cachée 4,8"]),
        (["Eingabe: (B, S, H)", "Ausgabe: (B, S, H/TP)"], ["in B,S,H", "out B,S,H/TP"]),
        (["输入形状：[批=4, 序列=8]", "输出：同"], ["in 4,8", "out 4,8"]),
        (["batch_size=4, seq_len=8, d_model=16"], ["bare 4,8,16"]),
        (["Weight: [4096, 256]"], ["bare weight 4096,256"]),
        (["Input: Q, K, V"], []),
        (["Input (Long Seq)"], []),
        (["Cache (K, V)"], []),
        (["W_Q[0,0]: 256×256"], []),
        (["4 layers × 32 groups × 2 experts"], []),
        (["Group: [0 4 8 12]"], []),
        (["Heads: 4, Experts: 2"], []),
        (["Input shape: 4,8,16; Output shape: 4,8,32"], ["in 4,8,16", "out 4,8,32"]),
        (["Forme d'entrée : [4, 8]", "Ausgabeform: [4, 9]"], ["in 4,8", "out 4,9"]),
        (["GPU: 0-3 | Input: [4, 8]"], ["in 4,8"]),
        (["Input: B×S×H (4×2048×1024)"], ["in B,S,H"]),
        (["[B, S, H] = [4, 2048, 1024]"], ["bare 4,2048,1024"]),
        (["Q: 4×8×64, K: 4×8×64"], ["bare q 4,8,64", "bare k 4,8,64"]),
        (["GPU mesh: 4x8x64"], []),
        (["• Input: [4, 8] bf16", "• Output: 4×8×16 bf16"], ["in 4,8", "out 4,8,16"]),
        (["Output projection: [4096, 4096]"], ["bare output projection 4096,4096"]),
        (["Input", "Batch: 4, Seq: 8", "Hidden: 16", "GPU: 0"], ["bare 4,8,16"]),
        (["Norm", "batch 4, seq 65536"], ["bare 4,65536"]),
        (["Norm", "batch 4, head 0-7"], []),
        (["Norm", "4x512"], ["bare 4,512"]),
        (["Pixels", "224x224"], []),
        (["Norm", "2x128 GPUs"], []),
    ],
)
def test_the_tensors_of_a_label(label: list[str], tensors: list[str]) -> None:
    assert stated(read_tensors(label)) == tensors


def facts(attributes: str) -> list[str]:
    graph = read(f"digraph {{ a [{attributes}] }}").graphs[0]
    return stated(node_facts(graph.nodes["a"], VOCABULARY).tensors)


@pytest.mark.parametrize(
    ("attributes", "tensors"),
    [
        ('label="Norm", INPUT="[4, 8]", output_shape="4, 9"', ["in 4,8", "out 4,9"]),
        ('label="Norm", tensor="[4, 8]"', ["bare 4,8"]),
        ('label="Norm\\nInput: [4, 8]", input="[4, 8]"', ["in 4,8"]),
        ('label="Norm", size="20,30", shape=box', []),
        ("label=<<TABLE><TR><TD>Input:</TD><TD>[4, 8]</TD></TR></TABLE>>", ["in 4,8"]),
        ("label=<<TABLE><TR><TD>Input: [4, 8]</TD></TR></TABLE>>, shape=record", ["in 4,8"]),
        ('label="{Norm|{Input|[4, 8]}|{Output|[4, 9]}}", shape=record', ["in 4,8", "out 4,9"]),
        ('label="Attention\\nQ: [4, 8]\\nK and V: [4, 2]\\nOutput: [4, 8]"', ["in q 4,8", "in k v 4,2 ×2", "out 4,8"]),
        ('label="QKV Projection\\nQ: [4, 8]\\nK and V: [4, 2]"', ["out q 4,8", "out k v 4,2 ×2"]),
    ],
)
def test_the_tensors_of_a_node(attributes: str, tensors: list[str]) -> None:
    assert facts(attributes) == tensors


@pytest.mark.parametrize(
    ("attributes", "carried"),
    [
        ('label="[4, 8]"', ["4,8"]),
        ('label="hidden states\\n4×2048×1024"', ["4,2048,1024"]),
        ('xlabel="Q: [4, 8]"', ["4,8"]),
        ('tensor="[4, 8]"', ["4,8"]),
        ('label="GPU: [0, 1]"', []),
    ],
)
def test_the_tensor_that_an_edge_carries(attributes: str, carried: list[str]) -> None:
    edge = read(f"digraph {{ a -> b [{attributes}] }}").graphs[0].nodes["a"].out_edges[0]
    assert [",".join(dims.values) for dims in edge_tensors(edge)] == carried


@pytest.mark.parametrize(
    "piece", ["[", "in: ", "[(", "(]", "Input: [4,", "→[", "B×", "x1", "1,", "a=", " ", "K,", "in [1]"]
)
def test_a_hostile_label_is_read_in_linear_time(piece: str) -> None:
    started = time.perf_counter()
    read_tensors([piece * (8192 // len(piece))])
    read_tensors([piece] * 8192)
    assert time.perf_counter() - started < 10  # a quadratic reader takes minutes
    assert dotlint.check("digraph { a [label=" + '"' + piece * 4000 + '"' + "] }") is not None
