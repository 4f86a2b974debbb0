"""F001, F003, F006 and C003: what the author of a file can explain is no fault, beside the twin that he cannot."""

from __future__ import annotations

import pytest

from tests.dsl import ENDS, digraph, edges, find, node

H, HALF, HEADS = (
    "[batch=2, seq=256, hidden=1024]",
    "[batch=2, seq=256, hidden=512]",
    "[batch=2, seq=256, heads=16, d_k=64]",
)
FEW, WIDE = "[batch=2, seq=256, heads=8, d_k=64]", "[batch=2, seq=256, ffn=2048]"
RANKS = (0, 1)


def reduced(
    producer: str, made: str, *, gives: str | None = None, label: str = "", strategy: str | None = None
) -> list[str]:
    """What is found where the outputs of two ranks are summed; `label` is that of the edges."""
    text = digraph(
        *ENDS,
        node("norm", "LayerNorm", "0-1", H, H),
        *(node(f"work_{r}", producer, str(r), H, made) for r in RANKS),
        node("sum", "All-Reduce", "0-1", made, gives or made),
        *(f'norm -> work_{r}; work_{r} -> sum [label="{label}"];' for r in RANKS),
        "input -> norm; sum -> output;",
    )
    return [f.code for f in find(text, "F003", "T005", strategy=strategy)]


@pytest.mark.parametrize("label", ["", "partial QKV"])
@pytest.mark.parametrize("strategy", [None, "tp2"])
def test_f003_on_ranks_of_an_unknown_kind_the_author_may_say_that_parts_arrive(
    label: str, strategy: str | None
) -> None:
    found = reduced("QKV Projection", HEADS, label=label, strategy=strategy)
    assert found == ([] if label and strategy is None else ["F003"])


def test_f003_is_not_told_beside_the_dimensions_that_the_reduction_changes() -> None:
    assert reduced("QKV Projection", FEW, strategy="tp2") == ["F003"]
    assert reduced("QKV Projection", FEW, gives=H, strategy="tp2") == ["T005"]


@pytest.mark.parametrize("after", ["mlp", "attention"])
def test_f003_ranks_of_an_unknown_kind_may_repeat_an_attention_and_divide_an_mlp(after: str) -> None:
    text = digraph(
        *ENDS,
        node("norm", "LayerNorm", "0", H, H),
        *(node(f"q_{r}", "Q Projection", str(r), "", HEADS) for r in RANKS),
        *(node(f"attention_{r}", "Attention", str(r), "", H) for r in RANKS),
        *(node(f"up_{r}", "MLP up", str(r), "", WIDE) for r in RANKS),
        *(node(f"mlp_{r}", "MLP down", str(r), "", H) for r in RANKS),
        *(node(f"sum_{r}", "All-Reduce", str(r), "", H) for r in RANKS),
        *edges("input", "norm"),
        *(line for r in RANKS for line in edges("norm", f"q_{r}", f"attention_{r}")),
        *(line for r in RANKS for line in edges(f"attention_{r}", f"up_{r}", f"mlp_{r}") if after == "mlp"),
        *(line for r in RANKS for line in edges(f"{after}_{r}", f"sum_{r}", "output")),
    )
    assert not find(text, "F003", strategy="ep8")


@pytest.mark.parametrize(("size", "fires"), [("50257", False), ("25600", False), ("48000", True)])
def test_f006_a_vocabulary_may_be_padded(size: str, *, fires: bool) -> None:
    text = digraph(
        node("head", "LM Head", "0", H, f"[2, 256, {size}]"),
        node("output", "Output", "0", "[batch=2, seq=256, vocab=51200]"),
        "head -> output;",
    )
    assert bool(find(text, "F006", strategy="tp2")) == fires


def test_f001_a_sum_that_arrives_beside_its_parts_needs_no_other_sum() -> None:
    text = digraph(
        *ENDS,
        *(node(f"up_{r}", "MLP up", str(r), H, WIDE) for r in RANKS),
        *(node(f"down_{r}", "MLP down", str(r), WIDE, H) for r in RANKS),
        node("sum", "All-Reduce", "0-1", H, H),
        *(node(f"add_{r}", "Residual Add", str(r), H, H) for r in RANKS),
        *(line for r in RANKS for line in edges("input", f"up_{r}", f"down_{r}", "sum")),
        *(line for r in RANKS for line in edges(f"down_{r}", f"add_{r}", "output")),
        *(f"sum -> add_{r};" for r in RANKS),
    )
    (found,) = find(text, "F001", strategy="tp2")
    assert "to their sum, which comes from `sum`" in found.message
    assert found.fix is None


@pytest.mark.parametrize(("last", "fires"), [("All-to-All", False), ("LayerNorm", True)])
def test_c003_the_exchange_may_stand_behind_the_collective_of_each_expert(last: str, *, fires: bool) -> None:
    text = digraph(
        *ENDS,
        *(node(f"expert_{e}", f"Expert {e}", f"{4 * e}-{4 * e + 3}", H, H) for e in range(4)),
        *(node(f"sum_{e}", "TP All-Reduce", f"{4 * e}-{4 * e + 3}", H, H) for e in range(4)),
        node("all", "Expert Aggregation", "0-15", H, H),
        node("last", last, "0-15", H, H),
        *(line for e in range(4) for line in edges("input", f"expert_{e}", f"sum_{e}", "all")),
        *edges("all", "last", "output"),
    )
    found = find(text, "C003", strategy="ep4tp4")
    assert any("combines" in one.message for one in found) == fires


@pytest.mark.parametrize(("title", "fires"), [("LM Head", False), ("LM Head\\nColumn Parallel", True)])
def test_f003_ranks_with_all_logits_may_have_summands_of_them(title: str, *, fires: bool) -> None:
    logits = "[batch=2, seq=256, vocab=32000]"
    text = digraph(
        node("norm", "LayerNorm", "0-1", H, H),
        *(node(f"head_{r}", title, str(r), H, logits) for r in RANKS),
        node("sum", "All-Reduce", "0-1", logits, logits),
        node("output", "Output", "", logits),
        *(line for r in RANKS for line in edges("norm", f"head_{r}", "sum")),
        "sum -> output;",
    )
    assert bool(find(text, "F003", strategy="tp2")) == fires


@pytest.mark.parametrize(
    ("title", "codes"), [("GeLU", ["F003"]), ("ColumnParallelLinear + GeLU + RowParallelLinear", [])]
)
def test_f003_a_box_with_a_product_of_an_unknown_kind_may_give_sums(title: str, codes: list[str]) -> None:
    assert reduced(title, H) == codes
