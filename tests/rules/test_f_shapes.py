"""F006 and F007: shapes that change where they may not, and shards that differ from their siblings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dsl import ENDS, digraph, edges, find, fixed, node

H, WIDE, LOGITS, IDS = (
    "[batch=4, seq=64, hidden=512]",
    "[batch=4, seq=64, hidden=768]",
    "[batch=4, seq=64, vocab=32000]",
    "[batch=4, seq=64]",
)
HEADS, FEW = "[batch=4, seq=64, heads=8, d_k=64]", "[batch=4, seq=64, heads=4, d_k=64]"


def link(made: str, taken: str, tail: str = "MLP", head: str = "Send to GPU 1", more: str = "") -> str:
    """An operator, what it feeds, and what that feeds."""
    return digraph(
        node("tail", tail, "0", made, made),
        node("head", head, "0", taken, taken),
        node("after", "LayerNorm", "1"),
        "tail -> head -> after",
        more,
    )


@pytest.mark.parametrize(
    ("text", "spec", "told"),
    [
        (link(H, H), "", ""),
        (link(H, WIDE), "", "error"),
        (link(H, HEADS), "", ""),
        (link(FEW, H, tail="Attention"), "", "error"),
        (link(FEW, H, tail="Attention"), "tp2", ""),  # it may state the whole tensor, and the attention its slice
        (link(H, "[4, 64, 512]"), "", ""),
        (link(H, "[4, 64, 768]"), "", "error"),
        (link(H, "[batch=4, seq=64, hidden=?]"), "", ""),
        (link("[batch=?, seq=64, hidden=512]", WIDE), "", "error"),
        (link("[B, S, H]", "[B, S, 2*H]"), "", "error"),
        (link("[B, S, H/tp]", "[B, S, H]"), "", ""),
        (link(H, WIDE, more='tail -> head [label="reshaped"]'), "", "error"),
        (link(H, WIDE, head="Expert routing"), "", ""),  # T003
        (link(LOGITS, H, tail="LM head", head="Output"), "", "error"),
        (link(H, LOGITS, tail="LayerNorm", head="Output"), "", "warning"),
        (link(H, IDS, tail="Input", head="Token embedding"), "", "error"),
        (link(IDS, H, tail="Input", head="Token embedding"), "", ""),
        (link(H, "[batch=4, seq=64, experts=2]", tail="Expert 0", head="Combine experts"), "", "error"),
        (link("[batch=4, seq=64, experts=8]", H, tail="MoE gate", head="Expert 0"), "", ""),  # T007
    ],
)
def test_f006_a_tensor_stays_the_same_along_edges_that_hand_it_on(text: str, spec: str, told: str) -> None:
    assert [f.severity for f in find(text, "F006", strategy=spec)] == ([told] if told else [])


def shards(made: str, reduction: str, taken: str, given_: str, after: str) -> str:
    """Two row-parallel shards, what joins them, and the operator behind."""
    return digraph(
        *(node(f"down_{r}", "MLP down", str(r), "[batch=4, seq=64, ffn=1024]", made) for r in range(2)),
        node("join", reduction, "0-1", taken, given_),
        node("norm", "LayerNorm", "0-1", after, after),
        "{down_0 down_1} -> join -> norm",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (shards(H, "All-Reduce", H, H, H), []),
        (shards("[batch=4, seq=64, hidden=256]", "All-Reduce", H, H, H), ["error"]),  # slices are no summands
        (shards("[batch=4, seq=64, hidden=256]", "All-Gather", "[batch=4, seq=64, hidden=256]", H, H), []),
        (shards("[batch=4, seq=64, hidden=256]", "All-Reduce", "", "", H), ["warning"]),
        (shards(H, "All-Reduce", "", "", H), []),
        (shards(H, "All-Reduce", H, H, WIDE), ["error"]),
    ],
)
def test_f006_a_reduction_keeps_what_its_shards_give(text: str, told: list[str]) -> None:
    assert [f.severity for f in find(text, "F006", strategy="tp2")] == told


def test_f006_tells_once_where_a_size_comes_from() -> None:
    (finding,) = find(shards("[batch=4, seq=64, hidden=256]", "All-Reduce", "", "", H), "F006", strategy="tp2")
    assert (
        finding.note == "[batch=4, seq=64, hidden=256] comes from `down_0` through `join`, which states no dimensions"
    )
    text = shards(H, "All-Reduce", "[batch=4, seq=64, hidden=256]", H, H)
    assert find(text, "F006", strategy="tp2") == []
    assert [f.code for f in find(text, "T005", "T003", strategy="tp2")] == ["T005"]


@pytest.mark.parametrize(
    ("title", "label", "told"),
    [
        ("Residual Add", rf"Input 1: {H}\nInput 2: {H}\nOutput: {H}", 0),
        ("Residual Add", rf"Input 1: {H}\nInput 2: {WIDE}\nOutput: {H}", 1),
        ("FFN + Residual", rf"Input 1: {H}\nInput 2: [batch=4, seq=64, hidden=514]\nOutput: {H}", 1),
        ("FFN + Residual", rf"Input 1: {H}\nInput 2: [batch=4, seq=64, ffn=2048]\nOutput: {H}", 0),
        ("Send to GPU 1", rf"Input: {H}\nOutput: {WIDE}", 1),
        ("Attention", rf"Input: {HEADS}\nOutput: {HEADS}", 0),
        ("Attention", rf"Input: [batch=4, seq=64, heads=8, d_k=192]\nOutput: {HEADS}", 0),  # fused
        ("Attention", rf"Input: {HEADS}\nOutput: [batch=4, seq=64, heads=8, d_v=256]", 1),
        ("Output", "Input: [batch=4, seq=64, hidden=512]\\nOutput: [batch=4, seq=64, hidden=512, vocab=32000]", 1),
    ],
)
def test_f006_operators_keep_what_their_role_keeps(title: str, label: str, told: int) -> None:
    text = digraph(
        node("norm", "LayerNorm", "0", H, H),
        f'op [label="{title}\\n{label}\\nGPU: 0"];',
        "mlp [label=MLP];",
        "norm -> op -> mlp",
    )
    assert [f.nodes for f in find(text, "F006")] == [("op",)] * told


def up(rank: int, width: int, html: bool = False) -> str:
    label = f"MLP up\\nInput: {H}\\nOutput: [batch=4, seq=64, ffn={width}]\\nGPU: {rank}"
    label = f"<{label.replace(chr(92) + 'n', '<br/>')}>" if html else f'"{label}"'
    return f"up_{rank} [label={label}];"


def ups(*widths: int, whole: int = 2048, html: bool = False) -> str:
    """Shards that divide an MLP's inner size, which a node states."""
    names = " ".join(f"up_{rank}" for rank in range(len(widths)))
    return digraph(
        node("norm", "LayerNorm", "0-7", H, H),
        *(up(rank, width, html) for rank, width in enumerate(widths)),
        node("join", "Gather", "0-7", "", f"[batch=4, seq=64, ffn={whole}]"),
        f"norm -> {{{names}}} -> join",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ups(512, 512, 512, 512), []),
        (ups(512, 2048, 512, 512), ["up_1"]),
        (ups(512, 512, 500, 512), ["up_2"]),
        (ups(512, 512, 512, 464, whole=2000), []),  # they add up: 2000 is not divided evenly
        (ups(512, 512, 512, 464, whole=4096), []),
        (ups(512, 256), []),  # either may be wrong
        (ups(512, 2048, 512, 1024), []),
    ],
)
def test_f007_one_shard_differs_from_all_others(text: str, told: list[str]) -> None:
    assert [name for f in find(text, "F007") for name in f.nodes] == told


@pytest.mark.parametrize("html", [False, True])
def test_f007_the_fix_writes_the_size_of_the_siblings(html: bool) -> None:
    right = ups(512, 512, 512, 512, html=html)
    wrong = ups(512, 2048, 512, 512, html=html)
    assert fixed(wrong, "F007") == right


@given(st.integers(2, 6), st.integers(1, 8), st.booleans())
def test_f006_f007_say_nothing_of_a_divided_mlp(ranks: int, part: int, local: bool) -> None:
    """Whatever it is divided by, and whether shards state their slice or the whole, nothing is wrong."""
    inner = 64 * part * (1 if local else ranks)
    text = digraph(
        node("norm", "LayerNorm", "0", H, H),
        *(node(f"up_{r}", "MLP up", str(r), H, f"[batch=4, seq=64, ffn={inner}]") for r in range(ranks)),
        *(node(f"down_{r}", "MLP down", str(r), f"[batch=4, seq=64, ffn={inner}]", H) for r in range(ranks)),
        node("sum", "All-Reduce", f"0-{ranks - 1}", H, H),
        node("send", "Send", "0", H, H),
        *(f"norm -> up_{r} -> down_{r} -> sum" for r in range(ranks)),
        "sum -> send",
    )
    assert find(text, "F006", "F007", strategy=f"tp{ranks}") == []


def test_a_shape_is_followed_through_any_number_of_operators() -> None:
    names = [f"norm_{index}" for index in range(1500)]
    text = digraph(
        node("last", "LayerNorm", "1", WIDE, WIDE),
        node("first", "LayerNorm", "0", H, H),
        *(node(name, "LayerNorm", "0") for name in names),
        " -> ".join(["first", *names, "last"]),
    )
    assert [finding.code for finding in find(text, "F006", "X001")] == ["F006"]


@pytest.mark.parametrize(
    ("title", "slices", "given", "whole", "wrong"),
    [
        ("All-Gather (sequence)", "seq=1024, hidden=512", "seq=2048, hidden=512", "seq=4096, hidden=512", True),
        ("All-Gather (sequence)", "seq=1024, hidden=512", "seq=4096, hidden=512", "seq=4096, hidden=512", False),
        # The consumers take slices of what is gathered, or of a part of the ranks.
        ("All-Gather (sequence)", "seq=512, hidden=512", "seq=4096, hidden=512", "seq=2048, hidden=512", False),
        ("All-Gather (sequence)", "seq=1024, hidden=512", "seq=2048, hidden=512", "seq=2048, hidden=512", False),
        ("Combine", "seq=1024, hidden=512", "seq=1024, hidden=2048", "seq=1024, hidden=512", True),
        ("Combine", "seq=1024, hidden=512", "seq=1024, hidden=512", "seq=1024, hidden=512", False),
    ],
)
def test_f006_an_output_between_equal_sides(title: str, slices: str, given: str, whole: str, *, wrong: bool) -> None:
    labels = {
        "norm": f"RMSNorm\\nInput: [{slices}]\\nOutput: [{slices}]\\nGPU: 0-3",
        "joined": f"{title}\\nInput: [{slices}]\\nOutput: [{given}]\\nGPU: 0-3",
        "after": f"RMSNorm\\nInput: [{whole}]\\nOutput: [{whole}]\\nGPU: 0-3",
    }
    text = digraph(*ENDS, *(node(name, label) for name, label in labels.items()), *edges("input", *labels, "output"))
    assert [f.nodes[0] for f in find(text, "F006")] == ["joined"] * wrong
