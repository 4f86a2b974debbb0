"""Findings that hold on files of any author: what must be found, beside what the file leaves open."""

from __future__ import annotations

import pytest

from tests.dsl import check_rules, digraph, find, node

D = "[4, 128, 64]"


def tower(source: str) -> str:
    """A model with two inputs, of which one has a name that says nothing."""
    return digraph(
        "tokens [label=Tokens]; logits [label=Logits];",
        source,
        node("norm_a", "LayerNorm", "0", D, D, shape="box"),
        node("mlp_a", "MLP", "0", D, D, shape="box"),
        "tokens -> norm_a -> mlp_a -> logits; pixels -> norm_a;",
    )


def test_data_of_no_known_name_may_enter_a_graph() -> None:
    assert not find(tower("pixels [shape=ellipse]"), "G005")


@pytest.mark.parametrize(
    "source",
    [
        "pixels [shape=box]",
        'pixels [shape=ellipse, label="pixels\\nGPU: 0"]',
        'pixels [shape=ellipse, label="pixels\\nInput: [4, 3, 64]"]',
    ],
    ids=["drawn-as-operator", "placed", "takes-a-tensor"],
)
def test_what_computes_needs_a_producer(source: str) -> None:
    (finding,) = find(tower(source), "G005")
    assert finding.nodes == ("pixels",)


def sums(width: int, *, gpu: str = "1", more: str = "") -> str:
    """Two terms of a sum on one device; the second has the width."""
    wide = f"[4, 128, {width}]"
    return digraph(
        node("x", "Input", output_dims=D),
        node("base", "Query projection", "1", D, D),
        node("side", "Side path", gpu, D, wide),
        node("add", "Add", "1", D, D),
        node("y", "Output", input_dims=D),
        f"x -> base -> add -> y; x -> side -> add; {more}",
    )


def test_the_terms_of_a_sum_are_equal() -> None:
    (finding,) = find(sums(128), "T003")
    assert finding.nodes == ("side", "add")
    assert not find(sums(64), "T003")
    assert not find(sums(128, gpu="0-1"), "T003")
    assert not find(sums(128, more="side -> y;"), "T003")


def concatenation(width: int) -> str:
    """An operator with an input for each of its two producers."""
    return digraph(
        "a [label=Input]; b [label=Input];",
        node("vision", "Projector", "0", "[1, 9, 32]", f"[1, 9, {width}]"),
        node("text", "Embedding", "0", "[1, 5]", "[1, 5, 80]"),
        node("join", "Concat", "0", "[1, 9, 80], [1, 5, 80]", "[1, 14, 80]"),
        node("mlp", "MLP", "0", "[1, 14, 80]", "[1, 14, 80]"),
        "a -> vision -> join -> mlp; b -> text -> join;",
    )


def test_one_of_several_inputs_that_nothing_makes() -> None:
    (finding,) = find(concatenation(64), "T003", strategy="tp2")
    assert "[1, 9, 64] to [1, 9, 80]" in finding.message
    assert not find(concatenation(80), "T003", strategy="tp2")
    assert not find(concatenation(40), "T003", strategy="tp2")  # half of it may be a shard


def decoder(*fed: int) -> str:
    """An encoder and three layers of a decoder, of which some are fed by it."""
    lines = [node("source", "Input"), node("encoder", "Encoder block", "0", D, D), "source -> encoder;"]
    before = "targets"
    for layer in (1, 2, 3):
        lines += [
            node(f"self_attn_{layer}", f"Self-attention {layer}", "0", D, D),
            node(f"cross_attn_{layer}", f"Cross-attention {layer}", "0", D, D),
            f"{before} -> self_attn_{layer} -> cross_attn_{layer};",
        ]
        before = f"cross_attn_{layer}"
    lines += [f"encoder -> cross_attn_{layer};" for layer in fed]
    return digraph(node("targets", "Input"), *lines, node("output", "Output"), f"{before} -> output;")


@pytest.mark.parametrize("lacking", [1, 2, 3])
def test_every_cross_attention_reads_the_encoder(lacking: int) -> None:
    (finding,) = find(decoder(*({1, 2, 3} - {lacking})), "S001")
    assert finding.missing_edges == (("encoder", f"cross_attn_{lacking}"),)
    assert not find(decoder(1, 2, 3), "S001")


def reduction(*joining: int, through: str = "") -> str:
    """Three shards, of which some lead to the all-reduce and the others to what follows it."""
    return digraph(
        *(node(f"mlp_{n}", "MLP shard", str(n), D, D) for n in range(3)),
        node("sum", "All-Reduce", "0-2"),
        node("x", "Input"),
        node("y", "Output"),
        "x -> { mlp_0 mlp_1 mlp_2 }; sum -> y;",
        *(f"mlp_{n} -> {'sum' if n in joining else through or 'y'};" for n in range(3)),
    )


def test_a_shard_that_goes_round_the_collective_of_its_siblings() -> None:
    (finding,) = find(reduction(0, 2), "C005", strategy="tp3")
    assert finding.nodes == ("mlp_1",)
    assert finding.message == "`sum` is on GPUs 0-2, but `mlp_1` on 1 does not lead to it"
    assert finding.fix is None
    assert not find(reduction(0, 1, 2), "C005", strategy="tp3")
    assert not find(reduction(0, 2, through="cast -> sum; cast"), "C005", strategy="tp3")


def two_stages(last: int) -> str:
    """Stages of two shards of an attention and an MLP; the last shard of the MLP is elsewhere."""
    lines = ["x [label=Input]; y [label=Output];"]
    for stage in (0, 1):
        for rank in (0, 1):
            gpu = 2 * stage + rank
            lines += [
                node(f"s{stage}_attn_t{rank}", f"attention shard {rank}", str(gpu), D, D),
                node(f"s{stage}_mlp_t{rank}", f"mlp shard {rank}", str(last if gpu == 3 else gpu), D, D),
                f"s{stage}_attn_t{rank} -> s{stage}_ar1 -> s{stage}_mlp_t{rank} -> s{stage}_ar2;",
            ]
        lines += [node(f"s{stage}_ar{n}", "All-Reduce", f"{2 * stage}-{2 * stage + 1}", D, D) for n in (1, 2)]
    return digraph(*lines, "x -> { s0_attn_t0 s0_attn_t1 }; s0_ar2 -> { s1_attn_t0 s1_attn_t1 }; s1_ar2 -> y;")


def test_shards_on_the_assigned_gpus_are_right_wherever_others_are() -> None:
    (finding,) = find(two_stages(1), "D005", strategy="pp2tp2")
    assert set(finding.nodes) == {"s1_mlp_t0", "s1_mlp_t1"}
    assert not find(two_stages(3), "D005", strategy="pp2tp2")


def ring(label: str) -> str:
    """Two ranks that hand their keys and values to each other."""
    return digraph(
        *(node(f"attn_{n}", "Attention", str(n), D, D) for n in (0, 1)),
        "x [label=Input]; y [label=Output]; x -> { attn_0 attn_1 } -> y;",
        f'attn_0 -> attn_1 [label="{label}"]; attn_1 -> attn_0 [label="{label}"];',
    )


def test_a_ring_that_says_so_is_no_cycle() -> None:
    assert not find(ring("K,V ring"), "G001", "C006", strategy="cp2")
    assert find(ring("hidden states"), "G001", strategy="cp2")
    assert find(ring("ordering"), "G001", strategy="cp2")


def training(back: str) -> str:
    """Two stages with a forward and a backward pass, and an optimizer for each."""
    return digraph(
        *(node(f"fwd_{s}", f"Forward MLP stage {s}", str(s), D, D) for s in (0, 1)),
        *(node(f"rev_{s}", f"MLP again stage {s}", str(s), D, D) for s in (0, 1)),
        *(node(f"opt_{s}", f"Optimizer step stage {s}", str(s)) for s in (0, 1)),
        f'batch [label=Input]; batch -> fwd_0 -> fwd_1 [label="send"]; fwd_1 -> rev_1; rev_1 -> rev_0 [label="{back}"];',
        "rev_0 -> opt_0; rev_1 -> opt_1;",
    )


def test_gradients_lead_back_through_the_stages_and_end_in_optimizers() -> None:
    assert not find(training("send grad"), "S005", "G004", strategy="pp2")
    (finding,) = find(training("send"), "S005", strategy="pp2")
    assert "go" in finding.message


def pools(gpu: str) -> str:
    """Prefill on two GPUs, and decode on two others but for one rank."""
    return digraph(
        *(node(f"prefill_attn_{n}", "Prefill attention", str(n), D, D) for n in (0, 1)),
        *(
            node(f"decode_attn_{n}", "Decode attention", g, "[4, 1, 64]", "[4, 1, 64]")
            for n, g in enumerate(["2", gpu])
        ),
        "x [label=Input]; y [label=Output]; x -> { prefill_attn_0 prefill_attn_1 };",
        'prefill_attn_0 -> decode_attn_0 [label="KV cache"]; prefill_attn_1 -> decode_attn_1 [label="KV cache"];',
        "{ decode_attn_0 decode_attn_1 } -> y;",
    )


def test_phases_that_the_strategy_puts_apart_share_no_gpus() -> None:
    apart = "prefill=tp2@0-1;decode=tp2@2-3"
    (finding,) = find(pools("1"), "D007", strategy=apart)
    assert finding.nodes == ("decode_attn_1",)
    assert not find(pools("3"), "D007", strategy=apart)
    assert not find(pools("1"), "D007", strategy="prefill=tp2;decode=tp2")


def test_workers_that_state_their_heads_are_a_deployment() -> None:
    def workers(holds: str) -> str:
        ranks = [f'worker_{n} [label="worker {n}\\nGPU {n}\\n{holds} {n}"];' for n in (0, 1)]
        return digraph(*ranks, "client -> { worker_0 worker_1 } -> stream; worker_0 -> worker_0;")

    def codes(holds: str) -> set[str]:
        return {finding.code for finding in check_rules(workers(holds), strategy="tp2").findings}

    assert "G001" in codes("KV heads")
    assert "G001" not in codes("queue")


def test_a_letter_that_numbers_ranks_counts_no_stages() -> None:
    def ranks(*links: str) -> str:
        lines = [node(f"P{n}", f"Attention rank {n}", str(n), D, D) for n in range(4)]
        return digraph("x [label=Input]; y [label=Output];", *lines, *links)

    beside = ranks("x -> { P0 P1 P2 P3 } -> y;")
    assert not find(beside, "D003", strategy="tp4")
    assert find(ranks("x -> P0 -> P1 -> P2 -> P3 -> y;"), "D003", strategy="tp4")


def test_what_decode_feeds_is_no_prefill() -> None:
    lines = (node("q", "Query projection", "0", D, D), node("attn", "Attention", "0", D, D))
    fed = digraph(node("batch", "Decode batch"), *lines, node("y", "Output"), "batch -> q -> attn -> y;")
    assert not find(fed, "H002")
    beside = digraph(
        node("batch", "Decode batch"), *lines, node("y", "Output"), "x -> q -> attn -> y; batch -> decode_mlp -> z;"
    )
    assert find(beside, "H002")
    assert check_rules(beside).findings
