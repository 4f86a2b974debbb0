"""T002, T003, T004 and T007: dimensions as written, along edges, by role, and what reaches the experts."""

from __future__ import annotations

import pytest

from dotlint.edits.apply import apply_edits
from tests.dsl import check_rules, digraph, find, node

D = "[batch=4, seq=1024, hidden=512]"


def operator(name: str, title: str, before: str = D, after: str = D, gpu: str = "0-3") -> str:
    return node(name, title, gpu, before, after)


@pytest.mark.parametrize(
    ("dims", "fires"),
    [
        ("[batch=4 seq=1024 hidden=512]", True),
        ("[batch=?, seq=1024, hidden=512]", True),
        ("[batch=4, seq=, hidden=512]", True),
        ("[batch=4, =1024, hidden=512]", True),
        ("[batch=heads=4, seq=1024, hidden=512]", True),
        ("[4 1024 512]", True),
        ("[batch=4, seq=1024, hidden=512", True),
        ("[4, 1024, 512]", True),
        (D, False),
        ("[batch=~4, seq=1024, hidden=512]", False),
        ("[batch=4, seq=1024, 8 experts]", False),
        ("[tokens, hidden]", False),
        ("routing decisions", False),
        ("same", False),
    ],
)
def test_t002_dims_that_cannot_be_read(dims: str, fires: bool) -> None:
    text = digraph(
        operator("norm", "LayerNorm"),
        operator("norm_2", "LayerNorm"),
        operator("mlp", "MLP", dims),
        "norm -> norm_2 -> mlp",
    )
    findings = find(text, "T002")
    assert [f.nodes for f in findings] == ([("mlp",)] if fires else [])


def test_t002_a_file_that_names_no_axis_at_all_is_left_alone() -> None:
    bare = "[4, 1024, 512]"
    assert (
        find(
            digraph(operator("norm", "LayerNorm", bare, bare), operator("mlp", "MLP", bare, bare), "norm -> mlp"),
            "T002",
        )
        == []
    )


def test_t002_two_names_of_one_axis_are_told_once_and_renamed_to_the_usual_one() -> None:
    odd = D.replace("seq=", "seq_len=").replace("batch=", "batch_size=")
    text = digraph(
        operator("a_norm", "LayerNorm", odd, odd),
        operator("b_norm", "LayerNorm"),
        operator("mlp", "MLP"),
        "a_norm -> b_norm -> mlp",
    )
    findings = find(text, "T002")
    assert [(f.severity, f.nodes, f.fixable) for f in findings] == [("info", ("a_norm",), "unsafe")]
    assert findings[0].fix is not None
    mended = apply_edits(text, findings[0].fix.edits)
    assert mended == text.replace("seq_len", "seq").replace("batch_size", "batch")
    assert find(mended, "T002") == []


def pair(made: str, taken: str, edge: str = "norm -> mlp", head: str = "MLP Up Projection") -> str:
    return digraph(
        operator("norm", "LayerNorm", made, made), operator("mlp", head, taken, "[batch=4, seq=1024, ffn=2048]"), edge
    )


@pytest.mark.parametrize(
    ("text", "spec", "fires"),
    [
        (pair(D, D), "", False),
        (pair(D, D.replace("512", "768")), "", True),
        (pair(D, D.replace("512", "1024")), "tp2", True),
        (pair(D, D.replace("512", "256")), "tp2", False),
        (pair(D, D.replace("512", "256")), "", False),
        (pair(D, D.replace("512", "171")), "tp2", True),
        (pair(D, D.replace("seq=1024", "seq=512")), "sp2", False),
        (pair(D, D.replace("hidden=512", "heads=8, d_k=64")), "", False),
        (pair(D, D.replace("512", "768"), 'norm -> mlp [label="reshaped"]'), "", False),
        (pair(D, D.replace("512", "768"), head="All-Gather"), "", False),
        (pair(D, D.replace("512", "768"), head="MoE Gate"), "", True),
        (pair(D, D.replace("512", "256"), head="MoE Gate"), "", False),
        (pair(D, D.replace("512", "768"), head="Expert routing"), "", True),
        (pair(D, D.replace("batch=4", "batch=?").replace("512", "768")), "", True),
        (pair("4×1024×512", "4x1024x768"), "", True),
        (pair("[B, S, H/2]", "[B, S, H]"), "", True),
        (pair("[B, S, H/tp]", "[B, S, H]"), "", False),
        (pair(D, D.replace("512", "?")), "", False),
        (pair(D.replace("512", "h"), D), "", False),
    ],
)
def test_t003_dims_along_edges(text: str, spec: str, fires: bool) -> None:
    assert bool(find(text, "T003", strategy=spec)) == fires


def shards(collective: str, made: tuple[int, ...], taken: int, given: int) -> str:
    """Four attention shards that a collective joins."""

    def of(size: int) -> str:
        return f"[batch=4, seq=1024, hidden={size}]"

    return digraph(
        *(operator(f"attn_{rank}", "Attention", D, of(size), str(rank)) for rank, size in enumerate(made)),
        operator("join", collective, of(taken), of(given)),
        f"{{{' '.join(f'attn_{rank}' for rank in range(len(made)))}}} -> join",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (shards("All-Gather", (128, 128, 128, 128), 128, 512), ()),
        (shards("All-Gather", (128, 128, 128, 64), 128, 512), ("attn_3", "join")),
        (shards("All-Gather", (128, 128, 128, 64), 128, 448), ()),
        (shards("All-Gather", (512, 512, 512, 512), 128, 512), ("attn_0", "join", "attn_1", "attn_2", "attn_3")),
        (shards("All-Reduce", (64, 64, 64, 64), 4096, 4096), ("attn_0", "join", "attn_1", "attn_2", "attn_3")),
    ],
)
def test_t003_a_collective_takes_what_its_shards_make(text: str, told: tuple[str, ...]) -> None:
    assert [f.nodes for f in find(text, "T003")] == ([told] if told else [])


def test_t003_one_shard_that_differs_from_all_others_is_told() -> None:
    def mlp(rank: int, width: int) -> tuple[str, ...]:
        up, down = f"[batch=4, seq=1024, ffn={width}]", "[batch=4, seq=1024, ffn=512]"
        return (
            operator(f"up_{rank}", "MLP up", D, up, str(rank)),
            operator(f"down_{rank}", "MLP down", down, D, str(rank)),
            f"norm -> up_{rank} -> down_{rank} -> ar\n",
        )

    for odd, told in ((2048, [("up_1", "down_1")]), (512, [])):
        parts = [part for rank in range(4) for part in mlp(rank, odd if rank == 1 else 512)]
        text = digraph(NORM, *parts, operator("ar", "All-Reduce"))
        assert [f.nodes for f in find(text, "T003")] == told


def test_t004_and_t005_know_a_shape_in_cells_and_fields() -> None:
    cells = "<tr><td>RMSNorm</td></tr><tr><td>Input: [4, 64, 512]</td></tr><tr><td>Output: [4, 64, 1024]</td></tr>"
    fields = "{RMSNorm|[4, 64, 512] -\\> [4, 64, 1024]|GPU 0}"
    for label in (f"shape=plain, label=<<table>{cells}</table>>", f'shape=record, label="{fields}"'):
        text = digraph(operator("a", "LayerNorm"), f"norm [{label}]\n", "a -> norm")
        assert [f.nodes for f in find(text, "T004")] == [("norm",)]
    open_ = operator("ag", "All-Gather", "[B=4, S=?, H=8]", "[B=4, S=?, H=8]")
    assert find(digraph(NORM, open_, "norm -> ag"), "T004", "T005") == []
    grown = operator("ar", "All-Reduce", "[B, S, H]", "[B, S, 2*H]")
    assert [f.nodes for f in find(digraph(NORM, grown, "norm -> ar"), "T005")] == [("ar",)]


def test_t003_a_consumer_of_several_is_left_alone_and_a_unit_is_told_once() -> None:
    wide = D.replace("512", "1024")
    joined = digraph(
        operator("a_norm", "LayerNorm"),
        operator("b_norm", "LayerNorm"),
        operator("mlp", "MLP", wide),
        "{a_norm b_norm} -> mlp",
    )
    assert find(joined, "T003") == []
    several = digraph(
        operator("norm", "LayerNorm"),
        *(operator(f"mlp_{i}", "MLP Up Projection", wide) for i in range(3)),
        "norm -> {mlp_0 mlp_1 mlp_2}",
    )
    findings = find(several, "T003")
    assert len(findings) == 1
    assert set(findings[0].nodes) == {"norm", "mlp_0", "mlp_1", "mlp_2"}


def role(title: str, before: str, after: str) -> str:
    return digraph(operator("norm", "LayerNorm"), operator("op", title, before, after), "norm -> op")


@pytest.mark.parametrize(
    ("title", "before", "after", "spec", "fires"),
    [
        ("RMSNorm", D, D.replace("512", "256"), "", True),
        ("Post-Attention LayerNorm", D, D.replace("512", "256"), "", True),
        ("LayerNorm + QKV", D, D.replace("512", "1536"), "tp1", False),
        ("LayerNorm and Linear", D, D.replace("512", "1536"), "", False),
        ("LayerNorm MLP", D, D.replace("512", "256"), "", False),
        ("Residual Add", D, D.replace("1024", "512"), "", True),
        ("Residual Add", f"{D.replace('512', '256')}, {D}", D, "", False),
        ("SP Split", D, D.replace("1024", "512"), "sp2", False),
        ("SP Split", D, D.replace("1024", "256"), "sp2", True),
        ("SP Split", D, D.replace("1024", "256"), "cp4", False),
        ("SP Split", D, D.replace("1024", "256"), "", False),
        ("SP Split", D, D.replace("1024", "256"), "tp2", False),
        ("SP Gather", D.replace("1024", "512"), D, "sp2", False),
        ("SP Gather", D, D, "sp2", True),
        ("All-Gather", D.replace("512", "256"), D, "", False),
        ("All-Gather", D, D.replace("512", "256"), "", True),
        ("All-Gather", D.replace("512", "200"), D, "", True),
        ("All-Gather", D.replace("512", "256"), D.replace("1024", "2048"), "", True),
        ("All-Gather", f"{D.replace('512', '200')} × 3", D, "", False),
        ("Reduce-Scatter", D, D.replace("1024", "512"), "", False),
        ("Reduce-Scatter", D, D, "", True),
        ("QKV Projection", D, D.replace("512", "256"), "tp2", False),
        ("QKV Projection", D, D.replace("512", "768"), "tp2", False),
        ("QKV Projection", D, D.replace("512", "128"), "tp2", True),
        ("QKV Projection", D, D.replace("512", "4096"), "tp2", True),
        ("QKV Projection", D, D.replace("512", "128"), "", False),
        ("QKV Projection", D, D.replace("512", "128"), "ep4", False),
        ("QKV Projection", D, D.replace("hidden=512", "heads=32, d_k=256"), "tp2", False),
        ("MoE Gate", D, D.replace("hidden=512", "experts=8"), 'strategy="ep4"\n[model]\nexperts=16', True),
        ("MoE Gate", D, D.replace("hidden=512", "experts=4"), 'strategy="ep4"\n[model]\nexperts=16', False),
        ("MoE Gate", D, D.replace("hidden=512", "experts=8"), "ep4", False),
    ],
)
def test_t004_dims_by_role(title: str, before: str, after: str, spec: str, fires: bool) -> None:
    assert bool(find(role(title, before, after), "T004", strategy=spec)) == fires


def test_t004_an_open_sequence_is_not_idle() -> None:
    assert find(role("SP Split", "[B, S, H]", "[B, S, H]"), "T004", strategy="sp2") != []
    assert find(role("SP Split", "[B, S, H]", "[B, S/sp, H]"), "T004", strategy="sp2") == []
    assert find(role("SP Split", "[4, ?, 8]", "[4, ?, 8]"), "T004", strategy="sp2") == []


def test_t004_sequence_splits_need_a_strategy_and_say_so() -> None:
    text = role("SP Split", D, D.replace("1024", "512"))
    assert [one.subject for one in check_rules(text, "T004").undecided] == ["sequence splits and gathers"]
    assert check_rules(text, "T004", strategy="sp2").undecided == []


def test_t004_one_finding_for_all_stages() -> None:
    half = D.replace("512", "256")
    text = digraph(
        *(operator(f"stage{s}_norm_{i}", f"Stage {s} LayerNorm", D, half) for s in (0, 1) for i in (0, 1)),
        "stage0_norm_0 -> stage1_norm_0",
    )
    assert [(len(f.nodes), len(f.locations)) for f in find(text, "T004")] == [(4, 4)]


GATE = operator("gate", "MoE Gate", D, "[batch=4, seq=1024, experts=4]")
EXPERTS = operator("expert_0", "Expert 0") + operator("expert_1", "Expert 1")
ROUTE = 'route [label="Expert Routing\\nTop-2\\nGPU: 0-3"]\n'
NORM = operator("norm", "LayerNorm")


@pytest.mark.parametrize(
    ("parts", "fires"),
    [
        ((NORM, GATE, EXPERTS, "norm -> gate -> {expert_0 expert_1}"), True),
        ((NORM, GATE, ROUTE, EXPERTS, "norm -> gate -> route -> {expert_0 expert_1}"), True),
        ((NORM, GATE, ROUTE, EXPERTS, "norm -> gate -> route -> {expert_0 expert_1}; norm -> route"), False),
        ((NORM, GATE, EXPERTS, "norm -> gate -> {expert_0 expert_1} norm -> {expert_0 expert_1}"), False),
        (
            (NORM, GATE.replace("experts=4", "hidden=512"), EXPERTS, "norm -> gate -> {expert_0 expert_1}"),
            False,
        ),
        ((NORM, 'gate [label="MoE Gate\\nGPU: 0"]', EXPERTS, "norm -> gate -> {expert_0 expert_1}"), False),
        (
            (
                NORM,
                GATE,
                operator("route", "Token Dispatch"),
                EXPERTS,
                "norm -> gate -> route -> {expert_0 expert_1}; norm -> route",
            ),
            False,
        ),
        ((NORM, GATE, EXPERTS, "norm -> gate"), False),
    ],
)
def test_t007_what_reaches_the_experts(parts: tuple[str, ...], fires: bool) -> None:
    findings = find(digraph(*parts), "T007")
    assert [f.nodes for f in findings] == ([("expert_0", "expert_1")] if fires else [])
