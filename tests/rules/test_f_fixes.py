"""C001, F001, F002 and F005: the collective that their fixes write is written as the file writes its others."""

from __future__ import annotations

import random

import pytest

from bench.mutation.drawn.trial import draw
from bench.mutation.drawn.writer import write
from dotlint.pipeline.fix_text import fix_text
from tests.dsl import ENDS, digraph, edges, find, fix, fixed, node, settings_for

WHOLE, HALF = "[batch=2, seq=256, hidden=1024]", "[batch=2, seq=256, hidden=512]"
WIDE = "[batch=2, seq=256, ffn=2048]"


def mlp(layer: int, gpus: tuple[int, int] = (0, 1)) -> list[str]:
    """A norm, an MLP over two tensor ranks, and a residual add."""
    both = f"{gpus[0]}-{gpus[1]}"
    return [
        node(f"l{layer}_norm", f"LayerNorm {layer}", both, WHOLE, WHOLE, "box"),
        *(node(f"l{layer}_up_{r}", f"MLP up {layer}", str(g), WHOLE, WIDE, "box") for r, g in enumerate(gpus)),
        *(node(f"l{layer}_down_{r}", f"MLP down {layer}", str(g), WIDE, WHOLE, "box") for r, g in enumerate(gpus)),
        node(f"l{layer}_add", f"Residual add {layer}", both, WHOLE, WHOLE, "box"),
    ]


def flow(layer: int, source: str, *, reduced: bool) -> list[str]:
    """The edges of `mlp`, with an all-reduce or without."""
    target = f"l{layer}_ar" if reduced else f"l{layer}_add"
    ranks = [edges(f"l{layer}_norm", f"l{layer}_up_{r}", f"l{layer}_down_{r}", target) for r in (0, 1)]
    found = [*edges(source, f"l{layer}_norm"), *ranks[0], *ranks[1], f"{source} -> l{layer}_add;"]
    return [*found, f"l{layer}_ar -> l{layer}_add;"] if reduced else found


def reduce(layer: int, gpus: str = "0-1") -> str:
    return node(f"l{layer}_ar", f"TP All-Reduce {layer}", gpus, WHOLE, WHOLE, "hexagon")


def two_layers(second: list[str]) -> str:
    """Two layers, of which the first has its all-reduce; `second` has the statements between and after the second."""
    return digraph(
        *ENDS,
        *mlp(0)[:-1],
        reduce(0),
        *mlp(0)[-1:],
        *mlp(1)[:-1],
        *second[:1],
        *mlp(1)[-1:],
        *flow(0, "input", reduced=True),
        *second[1:],
        "l1_add -> output;",
    )


def test_f001_takes_the_collective_of_another_layer_as_its_exemplar() -> None:
    text = two_layers(["", *flow(1, "l0_add", reduced=False)]).replace("\n\n", "\n")
    assert find(text, "F001", strategy="tp2")[0].fix
    after = fixed(text, "F001", "tp2")
    assert reduce(1) in after.splitlines()
    assert after.index("l1_down_1 [label") < after.index(reduce(1)) < after.index("l1_add [label")
    assert "l1_down_0 -> l1_ar;\n" in after
    assert "l1_down_1 -> l1_ar;\nl1_ar -> l1_add;\n" in after
    assert "l1_down_0 -> l1_add" not in after
    assert not find(after, "F", "C001", strategy="tp2")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("l0_down_0 -> l0_add;\nl0_down_1 -> l0_add;", "l0_down_0 -> K;\nl0_down_1 -> K;\nK -> l0_add;"),
        ("l0_down_0->l0_add [color=red]\nl0_down_1->l0_add", "l0_down_0->K [color=red]\nl0_down_1->K\nK->l0_add"),
        ("\t{l0_down_0 l0_down_1} -> l0_add;", "\t{l0_down_0 l0_down_1} -> K;\n\tK -> l0_add;"),
        ('"l0_down_0":s -> "l0_add":n; "l0_down_1":s -> "l0_add":n;', '"l0_down_0":s -> "K":n; "l0_down_1":s -> "K":n; "K":s -> l0_add:n;'),
        ("l0_down_0 -> l0_add [label=x];\nl0_down_1 -> l0_add [label=x];", "l0_down_0 -> K [label=x];\nl0_down_1 -> K [label=x];\nK -> l0_add;"),
    ],
    ids=["plain", "attributes", "braces", "ports", "labels"],
)  # fmt: skip
def test_f001_edges_are_written_in_the_style_of_those_that_they_replace(before: str, after: str) -> None:
    text = digraph(*ENDS, *mlp(0), *flow(0, "input", reduced=False), "l0_add -> output;")
    text = text.replace("l0_down_1 -> l0_add;\n", "").replace("l0_down_0 -> l0_add;", before)
    assert after.replace("K", "l0_down_allreduce") in fixed(text, "F001", "tp2")


def test_f001_a_chain_that_goes_on_takes_the_collective_in_its_middle() -> None:
    text = digraph(*ENDS, *mlp(0), "input -> l0_norm -> l0_up_0 -> l0_down_0 -> l0_add -> output", "input -> l0_add")
    text = text.replace("}\n", "l0_norm -> l0_up_1 -> l0_down_1 -> l0_add\n}\n")
    after = fixed(text, "F001", "tp2")
    assert "-> l0_down_0 -> l0_down_allreduce -> l0_add -> output\n" in after
    assert "-> l0_down_1 -> l0_down_allreduce\n" in after


def test_f001_without_any_collective_the_label_has_the_layout_of_the_consumer() -> None:
    text = digraph(*ENDS, *mlp(0), *flow(0, "input", reduced=False), "l0_add -> output;")
    assert node("l0_down_allreduce", "All-Reduce 0", "0-1", WHOLE, WHOLE, "ellipse") in fixed(text, "F001", "tp2")


def test_f001_edges_lead_through_the_collective_that_is_there() -> None:
    text = two_layers([reduce(1), *flow(1, "l0_add", reduced=False), "l1_down_0 -> l1_ar;", "l1_down_1 -> l1_ar;"])
    found = [f for f in find(text, "F001", strategy="tp2") if f.fix]
    assert [f.fix.title for f in found if f.fix] == ["Lead the edges through the all-reduce"]
    after = fixed(text, "F001", "tp2")
    assert after.count("[label") == text.count("[label")
    assert "l1_ar -> l1_add;" in after
    assert "l1_down_0 -> l1_add" not in after


def test_f001_several_places_are_one_fix() -> None:
    text = digraph(*ENDS, *mlp(0), *mlp(1), *flow(0, "input", reduced=False), *flow(1, "l0_add", reduced=False))
    after = fixed(text.replace("}\n", "l1_add -> output;\n}\n"), "F001", "tp2")
    assert "l0_down_allreduce -> l0_add;" in after
    assert "l1_down_allreduce -> l1_add;" in after


def test_f005_an_all_reduce_behind_the_residual_add_moves_in_front_of_it() -> None:
    text = two_layers([reduce(1), *flow(1, "l0_add", reduced=False), "l1_add -> l1_ar;"])
    after = fixed(text.replace("l1_add -> output", "l1_ar -> output"), "F005", "tp2")
    for edge in (
        "l1_down_0 -> l1_ar;",
        "l1_down_1 -> l1_ar;",
        "l1_ar -> l1_add;",
        "l1_add -> output;",
        "l0_add -> l1_add;",
    ):
        assert edge in after


def test_f005_a_chain_that_leads_to_the_add_and_goes_on_is_not_taken_apart() -> None:
    text = two_layers([reduce(1), *flow(1, "l0_add", reduced=False), "l0_add -> l1_add -> l1_ar -> output;"])
    text = text.replace("l0_add -> l1_add;\n", "").replace("l1_add -> output;\n", "")
    (finding,) = find(text, "F005", strategy="tp2")
    assert finding.fix is None
    assert "one chain leads to `l1_add` and goes on behind it" in (finding.help or "")


def test_f002_slices_of_a_projection_may_be_gathered_or_summed() -> None:
    shards = [node(f"q_{r}", "Query projection", str(r), HALF, HALF) for r in (0, 1)]
    text = digraph(
        *ENDS, node("norm", "LayerNorm", "0-1", WHOLE, WHOLE), *shards, *edges("input", "norm", "q_0", "output")
    )
    text = text.replace("}\n", "norm -> q_1;\nq_1 -> output;\n}\n")
    assert [f.fix for f in find(text, "F002", strategy="tp2")] in ([], [None])


ROLES = ("all_reduce", "attn_reduce", "all_gather")


@pytest.mark.parametrize("number", range(24))
def test_a_dropped_collective_is_written_again(number: int) -> None:
    """In deployments drawn at random, the fix of a dropped collective leaves nothing of these rules to be found."""
    drawn = draw(f"fix.{number}")
    ops = [op for op in drawn.world.ops.values() if op.role in ROLES]
    if not ops:
        return
    world = drawn.world.copy()
    world.bypass(random.Random(number).choice(ops).key)
    text = write(world, drawn.manner).text
    codes = ("C001", "F001", "F002", "F005")
    strategy = str((drawn.strategy or {}).get("strategy", "")) or None
    settings = settings_for(codes, strategy)
    result = fix_text(text, settings, unsafe=True)
    assert fix_text(result.text, settings, unsafe=True).text == result.text
    if result.text != text and not result.refused:
        assert not [f for f in find(result.text, *codes, strategy=strategy) if f.fix]
        clean = {(f.code, f.message) for f in find(write(drawn.world, drawn.manner).text, *codes, strategy=strategy)}
        assert {(f.code, f.message) for f in find(result.text, *codes, strategy=strategy)} <= clean


def test_f001_no_fix_where_the_consumer_states_nothing_to_copy() -> None:
    text = digraph(*ENDS, *mlp(0), *flow(0, "input", reduced=False), "l0_add -> output;").replace(
        "l0_add [label", "l0_add [tooltip=t, label"
    )
    (finding,) = find(text, "F001", strategy="tp2")
    assert finding.fix is None
    assert "no automatic fix: the file has no collective of this kind that shows what `tooltip` is for it" in (
        finding.help or ""
    )
    assert fix(text, "F001", "tp2").text == text


def test_f001_a_second_chain_that_goes_on_is_cut() -> None:
    text = two_layers([reduce(1), *flow(1, "l0_add", reduced=False), "l1_down_0 -> l1_ar;", "l1_down_1 -> l1_ar;"])
    text = (
        text.replace("l1_down_0 -> l1_add;\n", "")
        .replace("l1_down_1 -> l1_add;\n", "")
        .replace("l1_add -> output;\n", "")
    )
    text = text.replace("}\n", "  l1_down_0 -> l1_add -> output;\n  l1_down_1 -> l1_add;\n}\n")
    after = fixed(text, "F001", "tp2")
    assert "l1_ar -> l1_add" in after
    assert "l1_down_0 -> l1_add" not in after
    assert "l1_add -> output" in after
