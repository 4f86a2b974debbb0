"""F001: the label of an edge states what travels on it."""

from __future__ import annotations

import pytest

from tests.dsl import ENDS, digraph, find, node

LABEL = ' [label="partial sum"]'


@pytest.mark.parametrize(("behind", "told"), [("reduce", []), ("add", ["F001"])])
def test_f001_attention_gives_partial_sums_where_its_edges_state_it(behind: str, told: list[str]) -> None:
    text = digraph(
        *ENDS,
        node("norm", "RMSNorm", "0-1"),
        *(node(f"attn_{r}", f"Attention TP{r}", str(r)) for r in (0, 1)),
        node("reduce", "All-Reduce", "0-1"),
        node("add", "Residual Add", "0-1"),
        f"input -> norm -> {{attn_0 attn_1}}; attn_0 -> reduce{LABEL}; attn_1 -> {behind}{LABEL};",
        "reduce -> add -> output; input -> add;",
    )
    assert [f.code for f in find(text, "F")] == told
