"""F004: what the message states about the ranks that a collective joins."""

from __future__ import annotations

import pytest

from tests.dsl import digraph, edges, find, node


@pytest.mark.parametrize(
    ("operator", "collective", "text"),
    [
        (
            "MLP",
            "All-Reduce",
            "adds up the partial sums of `mlp_0_0` and `mlp_1_0`, which belong to different sums",
        ),
        ("MLP up", "All-Gather", "gathers `mlp_0_0` and `mlp_1_0`, which have slices of different tensors"),
    ],
)
def test_a_collective_over_one_rank_of_each_replica(operator: str, collective: str, text: str) -> None:
    ranks = [(replica, rank) for replica in (0, 1) for rank in (0, 1)]
    statements = [node(f"norm_{r}", f"LayerNorm, replica {r}", f"{2 * r}-{2 * r + 1}") for r in (0, 1)]
    statements += [node(f"mlp_{r}_{t}", f"{operator}, replica {r}, TP rank {t}", str(2 * r + t)) for r, t in ranks]
    statements += [node(f"join_{t}", collective, f"{t},{t + 2}", shape="ellipse") for t in (0, 1)]
    statements += [line for r, t in ranks for line in edges(f"norm_{r}", f"mlp_{r}_{t}", f"join_{t}", "output")]
    (finding,) = find(digraph(*statements, node("output", "Output", "0-3")), "F004", strategy="dp2tp2")
    assert text in finding.message
