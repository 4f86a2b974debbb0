"""Checks that ask which unit a node belongs to: what stands between units, beside them, or in none."""

from __future__ import annotations

from tests.dsl import ENDS, TITLES, digraph, find, node

TWO_STAGES = (
    node("stage0_norm", "LayerNorm", "0-1"), node("stage0_up0", "MLP Up", "0"), node("stage0_up1", "MLP Up", "1"),
    node("stage0_sum", "All-Reduce", "0-1"), node("stage1_norm", "LayerNorm", "2-3"), node("stage1_up0", "MLP Up", "2"),
    node("stage1_up1", "MLP Up", "3"), node("stage1_sum", "All-Reduce", "2-3"), "input -> stage0_norm -> {stage0_up0 stage0_up1} -> stage0_sum",
    "stage1_norm -> {stage1_up0 stage1_up1} -> stage1_sum -> output",
)  # fmt: skip


def test_c004_the_collective_that_ends_a_stage_is_no_transfer_to_the_next() -> None:
    assert find(digraph(*ENDS, *TWO_STAGES, "stage0_sum -> stage1_norm"), "C004", strategy="pp2tp2")
    assert not find(
        digraph(*ENDS, *TWO_STAGES, 'stage0_sum -> stage1_norm [label="PP send"]'), "C004", strategy="pp2tp2"
    )
    assert not find(
        digraph(*ENDS, *TWO_STAGES, node("stage0_send", "Send"), "stage0_sum -> stage0_send -> stage1_norm"),
        "C004",
        strategy="pp2tp2",
    )


def test_s006_an_edge_beside_the_link_bypasses_it_also_where_a_collective_ends_the_stage() -> None:
    (finding,) = find(digraph(*ENDS, *TWO_STAGES, "stage0_sum -> stage1_norm", "stage0_norm -> stage1_norm"), "S006")
    assert finding.nodes == ("stage0_norm", "stage1_norm")


def test_s006_a_collective_over_two_stages_is_neither_s_own() -> None:
    shared = [line.replace("All-Reduce\\nGPU: 0-1", "All-Reduce\\nGPU: 0-3") for line in TWO_STAGES]
    assert not find(digraph(*ENDS, *shared, "stage0_sum -> stage1_norm", "stage0_sum -> stage1_up0"), "S006")


EXPERTS = (
    node("stage0_route", "Router", "0-1"), node("stage0_expert0", "Expert 0", "0"), node("stage0_expert1", "Expert 1", "1"),
    "input -> stage0_route -> {stage0_expert0 stage0_expert1}", node("stage1_norm", "LayerNorm", "2-3"), "stage1_norm -> output",
)  # fmt: skip


def test_c003_a_pipeline_send_does_not_combine_what_experts_made() -> None:
    links = ("{stage0_expert0 stage0_expert1} -> stage0_send -> stage1_norm",)
    combined = [
        f
        for f in find(digraph(*ENDS, *EXPERTS, node("stage0_send", "Send"), *links), "C003", strategy="pp2ep2")
        if "combines" in f.message
    ]
    assert combined
    within = (
        "{stage0_expert0 stage0_expert1} -> stage0_send -> stage0_sum -> stage1_norm",
        node("stage0_sum", "Aggregate", "0-1"),
    )
    sent = find(digraph(*ENDS, *EXPERTS, node("stage0_send", "Token Send"), *within), "C003", strategy="pp2ep2")
    assert not [f for f in sent if "combines" in f.message]


ATTENTION = (
    node("qkv", "QKV Projection"),
    node("attn", "Attention Compute"),
    "input -> qkv -> attn -> gather -> output",
)


def test_c002_a_gather_of_features_exchanges_no_sequence() -> None:
    features = ("[batch=4, seq=512, hidden=256]", "[batch=4, seq=512, hidden=512]")
    assert find(digraph(*ENDS, *ATTENTION, node("gather", "All-Gather", "", *features)), "C002", strategy="tp2sp2")
    assert find(
        digraph(*ENDS, *ATTENTION, node("gather", "All-Gather", "", "[4, 512, 256]", "[4, 512, 512]")),
        "C002",
        strategy="tp2sp2",
    )
    sequence = ("[batch=4, seq=512, hidden=256]", "[batch=4, seq=1024, hidden=256]")
    assert not find(digraph(*ENDS, *ATTENTION, node("gather", "All-Gather", "", *sequence)), "C002", strategy="tp2sp2")
    assert not find(digraph(*ENDS, *ATTENTION, node("gather", "All-Gather")), "C002", strategy="tp2sp2")


def test_s009_what_no_stage_owns_may_stand_between_split_and_gather() -> None:
    ends = [node(f"stage{s}_sp_{what}", f"SP {what}", str(s)) for s in (0, 1) for what in ("split", "gather")]
    paths = "input -> stage0_sp_split -> middle -> stage0_sp_gather -> stage1_sp_split -> stage1_sp_gather -> output"
    assert not find(digraph(*ENDS, *ends, node("middle", "LayerNorm"), paths), "S009")
    lost = paths.replace(" -> middle", "; middle")
    assert find(digraph(*ENDS, *ends, node("middle", "LayerNorm"), lost), "S009")


def test_d005_shards_of_the_only_stage_divide_all_gpus() -> None:
    shards = (node("l0_qkv_0", "QKV Projection", "0-1"), "input -> {l0_qkv_0 l0_qkv_1} -> output")
    assert find(digraph(*ENDS, *shards, node("l0_qkv_1", "QKV Projection", "1-2")), "D005", strategy="tp2sp2")
    assert not find(digraph(*ENDS, *shards, node("l0_qkv_1", "QKV Projection", "2-3")), "D005", strategy="tp2sp2")


def test_p007_shards_that_their_gpus_put_into_two_stages_are_counted_in_neither() -> None:
    spread = [
        node(f"qkv_l{layer}_{i}", "QKV Projection", str(4 * layer + i + 2 * (layer == 0)))
        for layer in (0, 1)
        for i in range(4)
    ]
    assert not find(digraph(*ENDS, *spread, "input -> qkv_l0_0 -> qkv_l1_0 -> output"), "P007", strategy="pp2tp4")
    two = [node(f"qkv_l0_{i}", "QKV Projection", str(i)) for i in range(3)]
    assert find(
        digraph(*ENDS, *two, node("qkv_l1_0", "QKV Projection", "4"), "input -> qkv_l0_0 -> qkv_l1_0 -> output"),
        "P007",
        strategy="pp2tp4",
    )


def test_s013_first_gpus_of_shards_go_by_steps_and_leave_nothing_out() -> None:
    shards = [
        node(f"l0_qkv_gpu{2 * i}", f"QKV Projection {6 * i}-{6 * i + 1}", f"{2 * i}-{2 * i + 1}") for i in range(6)
    ]
    assert not find(digraph(*ENDS, *shards, "input -> l0_qkv_gpu0 -> output"), "S013")


def test_s013_a_number_that_every_family_leaves_out_is_told_once() -> None:
    rows = [(n, [f"{op}_tp{n}" for op in ("norm", "attn", "mlp")]) for n in (1, 2, 4, 5, 6)]
    nodes = [node(name, TITLES[name.partition("_")[0]], str(n)) for n, names in rows for name in names]
    paths = [" -> ".join(["input", *names, "output"]) for _, names in rows]
    (finding,) = find(digraph(*ENDS, *nodes, *paths), "S013")
    assert finding.message == "tp 3 of `norm_tp#` and of 2 more families is missing"


def test_s013_numbers_of_operators_one_behind_the_other_are_layers() -> None:
    names = [(op, n) for n in (1, 2, 4, 5, 6) for op in ("norm", "attn", "mlp")]
    nodes = [node(f"{op}{n}", TITLES[op], "0") for op, n in names]
    path = " -> ".join(["input", *(f"{op}{n}" for op, n in names), "output"])
    (finding,) = find(digraph(*ENDS, *nodes, path), "S013")
    assert finding.message == "layer 3 is missing"


def test_h001_a_node_without_phase_is_of_prefill_where_decode_has_its_twin() -> None:
    nodes = [
        node(f"{phase}{op}", title, "0")
        for phase in ("", "decode_")
        for op, title in (("norm", "LayerNorm"), ("mlp", "MLP"))
    ]
    paths = ("input -> norm -> mlp -> output", 'norm -> decode_norm [label="KV cache"]', "decode_norm -> decode_mlp")
    assert not find(digraph(*ENDS, *nodes, *paths), "H001")
    assert find(digraph(*ENDS, *nodes, *paths, "decode_norm -> mlp"), "H001")


def test_d004_an_operator_on_parts_of_two_stages_is_told_and_one_on_all_of_them_is_not() -> None:
    ends = (node("a", "LayerNorm", "0-3"), node("b", "MLP", "4-7"), "input -> a -> mid -> b -> output")
    (finding,) = find(digraph(*ENDS, *ends, node("mid", "Attention Compute", "2-5")), "D004", strategy="pp2tp4")
    assert finding.nodes == ("mid",)
    assert "stage 0" in finding.message
    assert not find(digraph(*ENDS, *ends, node("mid", "Attention Compute", "0-7")), "D004", strategy="pp2tp4")
    assert not find(digraph(*ENDS, *ends, node("mid", "Attention Compute", "2-5")), "D004")


def test_d003_a_stage_past_the_last_is_told_of_with_the_layout_as_it_is() -> None:
    statements = [node(f"stage{n}_mlp", "MLP", gpus) for n, gpus in enumerate(("", "2-3", "4-5"))]
    (finding,) = find(
        digraph(*ENDS, *statements, "input -> stage0_mlp -> stage1_mlp -> stage2_mlp -> output"),
        "D003",
        strategy="pp2tp2",
    )
    assert "stage 2" in finding.message
