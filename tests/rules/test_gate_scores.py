"""T004 at a gate: it scores every expert, unless it chooses the experts too."""

from __future__ import annotations

import pytest

from tests.dsl import ENDS, digraph, find, node

H = "[2, 256, 1024]"


def experts(scores: str, gate: str = "Gate", chooser: str = "", drawn: int = 4) -> str:
    """A layer of experts; `chooser` is the title of a node between the gate and the dispatch."""
    path = "gate -> choose -> dispatch;" if chooser else "gate -> dispatch;"
    return digraph(
        *ENDS,
        node("gate", gate, "0-3", H, scores),
        *([node("choose", chooser, "0-3", scores, "[2, 256, 2]")] if chooser else []),
        node("dispatch", "All-to-All dispatch", "0-3", H, H),
        *(node(f"expert_{e}", f"Expert {e}", str(e), H, H) for e in range(drawn)),
        node("combine", "All-to-All combine", "0-3", H, H),
        "input -> {gate dispatch};",
        path,
        *(f"dispatch -> expert_{e} -> combine;" for e in range(drawn)),
        "combine -> output;",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (experts("[2, 256, 4]", chooser="Top-2"), False),
        (experts("[2, 256, 2]", chooser="Top-2"), True),
        (experts("[batch=2, seq=256, experts=2]", chooser="Top-2"), True),
        (experts("[2, 256, 2]", "Gate, top-2"), False),
        (experts("[2, 256, 2]", "Gate, top-2", chooser="Select experts"), False),
        (experts("[2, 256, 2]", "Gate"), False),
        (experts("[2, 256, 3]", "Gate"), True),
        (experts("[2, 256, 16]", "Gate"), False),  # a node may stand for several experts
        (experts("[batch=2, seq=256, experts=16]", "Gate over 8 experts"), True),
        (experts("[2, 256, 1]", "Gate over 8 experts"), False),
    ],
)
def test_t004_a_gate_scores_each_expert(text: str, told: bool) -> None:
    assert [f.nodes for f in find(text, "T004")] == [("gate",)] * told
