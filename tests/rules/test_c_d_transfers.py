"""C004, C005, C006, D007 and D009: data that crosses GPUs, pools, and nodes that are placed twice."""

from __future__ import annotations

import pytest

from dotlint.edits.apply import apply_edits
from tests.dsl import digraph, find, node

D = "[batch=4, seq=1, hidden=512]"


def operator(name: str, title: str, gpu: str = "") -> str:
    return node(name, title, gpu, D, D)


def pipeline(edge: str, *more: str) -> str:
    nodes = [
        operator(f"stage{s}_{op}", f"Stage {s} {title}", f"{2 * s}-{2 * s + 1}")
        for s in (0, 1)
        for op, title in (("norm", "LayerNorm"), ("mlp", "MLP"))
    ]
    return digraph(*nodes, *more, "stage0_norm -> stage0_mlp", edge, "stage1_norm -> stage1_mlp")


@pytest.mark.parametrize(
    ("edge", "spec", "fires"),
    [
        ("stage0_mlp -> stage1_norm", "pp2tp2", True),
        ("stage0_mlp -> stage1_norm", "tp4", False),
        ("stage0_mlp -> stage1_norm", "", False),
        ('stage0_mlp -> stage1_norm [label="PP send"]', "pp2tp2", False),
        ('stage0_mlp -> stage1_norm [xlabel="pipeline"]', "pp2tp2", False),
        ("stage0_mlp -> stage1_send -> stage1_norm", "pp2tp2", False),
        ("stage0_mlp -> Pipeline_Stage0_to_1 -> stage1_norm", "pp2tp2", False),
    ],
)
def test_c004_edges_between_stages(edge: str, spec: str, fires: bool) -> None:
    text = pipeline(
        edge,
        'stage1_send [label="P2P Send\\nGPU: 2-3"]',
        'Pipeline_Stage0_to_1 [label="Pipeline_Stage0_to_1\\nGPU: 2-3"]',
    )
    assert bool(find(text, "C004", strategy=spec)) == fires


def test_c004_two_nodes_that_stand_for_stages_are_an_overview() -> None:
    text = digraph(*(operator(f"stage{s}", f"Stage {s}", str(s)) for s in range(3)), "stage0 -> stage1 -> stage2")
    assert find(text, "C004", strategy="pp3") == []


def test_c004_a_label_is_written_where_the_statement_is_that_edge_alone() -> None:
    text = pipeline("stage0_mlp -> stage1_norm [color=red];")
    finding = find(text, "C004", strategy="pp2tp2")[0]
    assert finding.fix is not None
    mended = apply_edits(text, finding.fix.edits)
    assert mended == text.replace("[color=red]", '[color=red, label="pipeline: stage 0 to 1"]')
    assert find(mended, "C004", strategy="pp2tp2") == []
    for edge in ("stage0_norm -> stage0_mlp -> stage1_norm", "{stage0_norm stage0_mlp} -> stage1_norm"):
        chain = find(pipeline(edge), "C004", strategy="pp2tp2")[0]
        assert (chain.fix, chain.fixable) == (None, None)


SHARDS = operator("qkv_0", "QKV Projection", "0") + operator("qkv_1", "QKV Projection", "1")


def collective(gpu: str, edges: str = "{qkv_0 qkv_1} -> ar", title: str = "All-Reduce", shards: str = SHARDS) -> str:
    return digraph(shards, operator("ar", title, gpu), edges)


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        (collective(""), True),
        (collective("0"), True),
        (collective("0-1"), False),
        (collective("0-3"), False),
        (collective("all GPUs"), False),
        (collective("0 -> 1"), False),
        (collective("0", "qkv_0 -> ar"), False),
        (collective("", title="Concat"), False),
        (
            collective("", shards=operator("qkv_0", "QKV Projection", "0") + operator("qkv_1", "QKV Projection")),
            False,
        ),
        (
            collective("0", "{qkv_0 qkv_1} -> {ar ar_1}").replace(
                "digraph {", "digraph {\n" + operator("ar_1", "All-Reduce", "1")
            ),
            False,
        ),
        (
            digraph(
                SHARDS,
                operator("ar_0", "All-Reduce", "0"),
                operator("ar_1", "All-Reduce", "1"),
                "{qkv_0 qkv_1} -> {ar_0 ar_1}",
            ),
            False,
        ),
    ],
)
def test_c005_groups_of_collectives(text: str, fires: bool) -> None:
    assert bool(find(text, "C005")) == fires


def test_c005_the_union_of_the_gpus_is_written() -> None:
    finding = find(collective(""), "C005")[0]
    assert finding.fix is not None
    assert finding.fixable == "safe"
    mended = apply_edits(collective(""), finding.fix.edits)
    assert mended == collective("0-1")
    assert find(mended, "C005") == []
    other = find(collective("0"), "C005")[0]
    assert other.fix is not None
    assert apply_edits(collective("0"), other.fix.edits) == collective("0-1")


@pytest.mark.parametrize(
    ("one", "two", "edge", "fires"),
    [
        (("norm", "LayerNorm", "0"), ("mlp", "MLP", "1"), "norm -> mlp", True),
        (("norm", "LayerNorm", "0-1"), ("mlp", "MLP", "1-2"), "norm -> mlp", False),
        (("norm", "LayerNorm", "0"), ("mlp", "MLP", "1"), 'norm -> mlp [label="NVLink"]', False),
        (("norm", "LayerNorm", "0"), ("mlp", "MLP", "1"), 'norm -> mlp [label="hidden states"]', True),
        (("norm", "LayerNorm", "0"), ("mlp", "MLP", "1"), 'norm -> mlp [label="[batch=4]"]', True),
        (("norm", "LayerNorm", "0"), ("mlp", "MLP", "1"), 'norm -> mlp [xlabel="P2P over PCIe"]', False),
        (("norm", "LayerNorm", "0"), ("mlp", "MLP", "1"), 'norm -> mlp [label="All-Gather"]', False),
        (("norm", "LayerNorm", "0"), ("send", "P2P Send", "1"), "norm -> send", False),
        (("route", "Expert Routing", "0"), ("expert_0", "Expert 0", "1"), "route -> expert_0", False),
        (("input", "Input", "0"), ("norm", "LayerNorm", "1"), "input -> norm", False),
        (("norm", "LayerNorm", ""), ("mlp", "MLP", "1"), "norm -> mlp", False),
        (("norm", "LayerNorm", "all GPUs"), ("mlp", "MLP", "1"), "norm -> mlp", False),
    ],
)
def test_c006_silent_transfers(one: tuple[str, str, str], two: tuple[str, str, str], edge: str, fires: bool) -> None:
    text = digraph(operator(*one), operator(*two), operator("last_norm", "LayerNorm", "9"), edge)
    assert bool(find(text, "C006")) == fires


def test_c006_an_edge_to_the_next_stage_is_a_pipeline() -> None:
    text = pipeline("stage0_mlp -> stage1_norm")
    assert find(text, "C006", strategy="pp2tp2") == []
    assert find(text, "C006") == []
    back = pipeline("stage0_mlp -> stage1_norm; stage1_mlp -> stage0_norm")
    assert [f.nodes for f in find(back, "C006")] == [("stage1_mlp", "stage0_norm")]


def phases(prefill: str, decode: str) -> str:
    return digraph(
        operator("prefill_norm", "Prefill LayerNorm", prefill), operator("prefill_mlp", "Prefill MLP", prefill),
        operator("decode_norm", "Decode LayerNorm", decode), operator("decode_mlp", "Decode MLP", decode),
        "prefill_norm -> prefill_mlp -> decode_norm -> decode_mlp",
    )  # fmt: skip


def pool(kind: str, prefill: str = "", decode: str = "") -> str:
    gpus = [f'gpus = "{text}"' if text else "" for text in (prefill, decode)]
    declared = [
        f'[phases.{name}]\nstrategy = "tp2"\n{own}\n' for name, own in zip(("prefill", "decode"), gpus, strict=True)
    ]
    return f'[pool]\nkind = "{kind}"\n{"".join(declared)}'


@pytest.mark.parametrize(
    ("text", "table", "message"),
    [
        (
            phases("0-1", "0-1"),
            pool("disaggregated"),
            "prefill and decode are disaggregated, but both use GPUs 0-1",
        ),
        (phases("0-1", "2-3"), pool("disaggregated"), None),
        (
            phases("0-1", "2-3"),
            pool("disaggregated", "0-1", "1-2"),
            "decode is disaggregated, but shares GPUs 1 with prefill",
        ),
        (phases("0-1", "0-1"), pool("unified"), None),
        (
            phases("0-1", "0-1"),
            pool("unified", "0-1", "4-5"),
            "the pool is declared unified, but decode shares no GPUs with prefill",
        ),
        (phases("0-1", "2-3"), pool("unified", "0,3", "0,3"), "prefill uses GPUs 1"),
        (phases("0-1", "0-1"), "strategy = 'tp2'", None),
        (
            phases("0-1", "0-1"),
            "strategy = 'tp2'\n[pool]\nkind = 'disaggregated'",
            "both use GPUs 0-1",
        ),
    ],
)
def test_d007_pools(text: str, table: str, message: str | None) -> None:
    findings = find(text, "D007", strategy=table)
    assert bool(findings) == bool(message)
    if message:
        assert message in findings[0].message


@pytest.mark.parametrize(("title", "fires"), [("KV cache transfer", False), ("Attention", True)])
def test_a_transfer_between_pools_belongs_to_neither(title: str, fires: bool) -> None:
    table = """
pool.kind = "disaggregated"
[phases.prefill]
strategy = "tp2"
gpus = "0-1"
[phases.decode]
strategy = "tp2"
gpus = "2-3"
"""
    text = digraph(
        operator("prefill_attn", "Attention", "0-1"),
        operator("decode_attn", "Attention", "2-3"),
        operator("kv", title, "0-3"),
        "prefill_attn -> kv -> decode_attn",
    )
    assert bool(find(text, "D006", "D007", strategy=table)) == fires


def family(pairs: dict[int, str]) -> str:
    names = [f"mlp_gpu{n}" for n in pairs]
    return digraph(
        *(operator(name, "MLP", gpu) for name, gpu in zip(names, pairs.values(), strict=True)), " -> ".join(names)
    )


@pytest.mark.parametrize(
    ("pairs", "odd"),
    [
        ({0: "0", 1: "1", 2: "2", 3: "7"}, ("mlp_gpu3",)),
        ({0: "0", 1: "1", 2: "2", 3: "3"}, ()),
        ({0: "8", 1: "9", 2: "10", 3: "11"}, ()),
        ({0: "0", 1: "1", 2: "12", 3: "13"}, ()),
        ({0: "0-3", 1: "0-3", 5: "4-7", 6: "4-7"}, ()),
        ({0: "5", 1: "3", 2: "8", 3: "1"}, ()),
        ({0: "0", 1: "1", 2: "2", 3: "all GPUs"}, ()),
    ],
)
def test_d009_names_against_labels(pairs: dict[int, str], odd: tuple[str, ...]) -> None:
    assert [f.nodes for f in find(family(pairs), "D009")] == ([odd] if odd else [])


def clusters(*stages: tuple[str, tuple[str, str]]) -> str:
    parts = [
        f'subgraph cluster_{i} {{ label="{label}"\n'
        + operator(f"norm_{i}", "LayerNorm", gpus[0])
        + operator(f"mlp_{i}", "MLP", gpus[1])
        + "}"
        for i, (label, gpus) in enumerate(stages)
    ]
    return digraph(*parts, "norm_0 -> mlp_0")


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        (clusters(("Stage 0 GPUs 0-3", ("0-3", "0-3")), ("Stage 1 GPUs 4-7", ("4-7", "8-9"))), ("mlp_1",)),
        (clusters(("Stage 0 GPUs 0-3", ("0-1", "2-3")), ("Stage 1 GPUs 4-7", ("4", "5"))), ()),
        (clusters(("Stage 0 GPUs 0-3", ("0-1", "2-3")), ("Stage 1 GPUs 4-7", ("0-1", "2-3"))), ()),
        (clusters(("Node 0 GPUs 0-3", ("0", "1")), ("Node 1 GPUs 0-3", ("4", "5"))), ()),
        (clusters(("Stage 0: 4 GPUs", ("0-1", "2-3")), ("Stage 1: 4 GPUs", ("4-5", "6-7"))), ()),
        (clusters(("4 GPUs 2 Head Groups", ("0-1", "2-3")), ("4 GPUs 2 Head Groups", ("4-5", "6-7"))), ()),
    ],
)
def test_d009_clusters_against_labels(text: str, odd: tuple[str, ...]) -> None:
    assert [f.nodes for f in find(text, "D009")] == ([odd] if odd else [])
