"""F004: what the message states about the ranks that a collective joins."""

from __future__ import annotations

from tests.dsl import digraph, edges, find, node


def test_a_gather_over_one_rank_of_each_replica_joins_slices() -> None:
    ranks = [(replica, rank) for replica in (0, 1) for rank in (0, 1)]
    statements = [node(f"norm_{r}", f"LayerNorm, replica {r}", f"{2 * r}-{2 * r + 1}") for r in (0, 1)]
    statements += [node(f"up_{r}_{t}", f"MLP up, replica {r}, TP rank {t}", str(2 * r + t)) for r, t in ranks]
    statements += [node(f"join_{t}", "All-Gather", f"{t},{t + 2}", shape="ellipse") for t in (0, 1)]
    statements += [line for r, t in ranks for line in edges(f"norm_{r}", f"up_{r}_{t}", f"join_{t}", "output")]
    (finding,) = find(digraph(*statements, node("output", "Output", "0-3")), "F004", strategy="dp2tp2")
    assert "gathers `up_0_0` and `up_1_0`, which have slices of different tensors" in finding.message
