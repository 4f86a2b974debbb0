"""What is true of a file and what cannot be known of it: what words state, what is left out, what could not be read."""

from __future__ import annotations

import pytest

from tests.dsl import chain, check_rules, digraph, find

D = "[batch=4, seq=1024, hidden=512]"


def layers(*extra: str) -> str:
    """Three layers of norm, QKV, attention and MLP with dimensions, and more statements."""
    return digraph(*chain(3, "norm qkv attn mlp", name="layer{n}_{op}", gpus="0-3", dims=D), *extra)


# Dimensions: T001


@pytest.mark.parametrize(
    ("label", "lacking"),
    [
        (f"Gate\\nInput: {D}\\nOutput: routing decisions", None),
        ("Softmax\\lINPUT: same\\lOUTPUT: same\\l", None),
        ("All-Reduce\\nInput: partial sums\\nOutput: complete sums", None),
        ("QKV\\n[512→1536]", None),
        ("QKV\\nbatch_size=4, seq_len=1024, hidden_dim=512", None),
        ("QKV\\nBatch: 4\\nSeq: 1024\\nHidden: 512", None),
        ("All-Reduce\\nSize: 4096 elements per token", None),
        (f"QKV\\n{D}", None),
        (f"QKV\\nInput: {D}", "Output"),
        (f"QKV\\nOutput: {D}", "Input"),
        (f"QKV\\nInput: {D}\\nOutput: ?", "Output"),
        (f"QKV\\nInput: {D}\\nHeads: 8", "Output"),
        ("QKV\\nGPU: 0-3", "Input and Output"),
        ("QKV\\nGPU: 0 → 1", "Input and Output"),
        ("QKV\\nStage 0 → 1", "Input and Output"),
    ],
)
def test_t001_a_side_is_stated_in_words_and_sizes_in_any_notation(label: str, lacking: str | None) -> None:
    text = layers(f'layer3_op [label="{label}"]', "layer2_mlp -> layer3_op")
    expected = [] if lacking is None else [f"`layer3_op` lacks {lacking} dimensions"]
    assert [finding.message for finding in find(text, "T001")] == expected


def test_t001_dimensions_on_edges_are_stated() -> None:
    text = layers('layer3_qkv [label="QKV\\nGPU: 0"]', f'layer2_mlp -> layer3_qkv -> output [label="{D}"]')
    assert find(text, "T001") == []


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            [f'r{i} [label="All-Reduce\\nGPU: {i}"]' for i in range(3)],
            "no all-reduce operator states its Input or Output dimensions (3 in total)",
        ),
        (
            [f'layer{i}_out_dist [label="Output distribution\\nLayer {i}"]' for i in range(4)],
            "no `layer#_out_dist` operator states its Input or Output dimensions (4 in total)",
        ),
    ],
)
def test_t001_kinds_that_never_state_dimensions_are_told_once(nodes: list[str], message: str) -> None:
    (finding,) = find(layers(*nodes), "T001")
    assert (finding.message, finding.severity) == (message, "info")


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(['manager [label="Resource Manager\\nGPUs: 0-3"]', "input -> manager"], id="no known role"),
        pytest.param(['layer9 [label="Layer 9\\nSame structure as layer 0"]'], id="summary"),
        pytest.param(['experts_remaining [label="Experts 8-63\\nGPU: 4"]'], id="summary by name"),
        pytest.param(["compute [shape=box]", "comm [shape=ellipse]", "router [shape=diamond]"], id="samples of styles"),
    ],
)
def test_t001_what_is_no_operator_needs_no_dimensions(extra: list[str]) -> None:
    assert find(layers(*extra), "T001") == []


def test_t001_an_overview_of_blocks_needs_no_dimensions() -> None:
    blocks = " ".join(f's{i} [label="Pipeline stage {i}\\nGPUs {4 * i}-{4 * i + 3}"]' for i in range(4))
    chain = "requests -> s0 -> s1 -> kv -> s2 -> s3 -> output"
    text = f'digraph {{ requests [label="Requests"] {blocks} kv [label="KV cache transfer\\nGPU: 0"] output {chain} }}'
    assert find(text, "T001") == []


# What the file says that it leaves out


UNEVEN = """digraph {
  subgraph cluster_0 { label="Stage 0"
    s0_norm [label="LayerNorm\\nGPU: 0"] s0_qkv [label="QKV\\nGPU: 0"] s0_attn [label="Attention\\nGPU: 0"]
    s0_mlp [label="MLP\\nGPU: 0"] }
  subgraph cluster_1 { label="Stage 1"
    s1_norm [label="LayerNorm\\nGPU: 1"] s1_attn [label="Attention\\nGPU: 1"] s1_mlp [label="MLP\\nGPU: 1"] }
  s0_norm -> s0_qkv -> s0_attn -> s0_mlp -> s1_norm
  s1_norm -> s1_attn -> s1_mlp
  // COMMENT
}
"""


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("similar structure for stage 1", True),
        ("abbreviated for brevity", True),
        ("continue pattern for layers 1-7", True),
        ("showing representative nodes", True),
        ("the same for the others ...", True),
        ("layers of the model", False),
        ("norms keep their size", False),
    ],
)
@pytest.mark.parametrize("code", ["S010", "S003"])
def test_s003_s010_units_are_not_compared_where_the_file_leaves_parts_out(
    code: str, comment: str, *, silent: bool
) -> None:
    result = check_rules(UNEVEN.replace("COMMENT", comment), code)
    assert bool(result.findings) != silent
    assert any("it is abridged" in undecided.needs for undecided in result.undecided) == silent


GAPS = """digraph {
  l0_qkv [label="QKV\\nGPU: 0"] l0_attn [label="Attention\\nGPU: 0"] l0_mlp [label="MLP\\nGPU: 0"]
  l1_qkv [label="QKV\\nGPU: 0"] l1_attn [label="Attention\\nGPU: 0"] l1_mlp [label="MLP\\nGPU: 0"]
  l0_qkv -> l0_attn
  l0_attn -> l0_mlp
  // COMMENT
}
"""


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("full chain edges omitted here for brevity", True),
        ("Simplified connections for layer 1", True),
        ("... same for layer 1 ...", True),
        ("Layer 1: simplified but complete connections", False),
        ("Layer 1", False),
    ],
)
def test_s001_edges_are_not_asked_for_where_the_file_leaves_them_out(comment: str, *, silent: bool) -> None:
    assert bool(find(GAPS.replace("COMMENT", comment), "S001")) != silent


@pytest.mark.parametrize(
    ("code", "drawn", "spec"),
    [
        ("P007", 'l0_qkv_{i} [label="QKV\\nGPU: {i}"]', "tp4"),
        ("P008", 'l0_expert_{i} [label="Expert {i}\\nGPU: {i}"]', "ep8"),
    ],
)
def test_p007_p008_shards_and_experts_are_not_counted_in_a_sketch(code: str, drawn: str, spec: str) -> None:
    nodes = "\n".join(drawn.format(i=i) for i in range(3))
    assert len(find(f"digraph {{ {nodes} }}", code, strategy=spec)) == 1
    assert find(f"digraph {{ /* representative shards */ {nodes} }}", code, strategy=spec) == []


# What could not be read


ABSENT = ("G003", "G004", "G005", "G006", "S001", "S010", "P007")
OPEN = 'digraph { input [label="Input"] norm [label="LayerNorm\\nGPU: 0"] attn [label="Attention\\nGPU: 0"] o [label="O projection\\nGPU: 0"] output '


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        pytest.param(OPEN + "}", {"G003", "G006", "S010"}, id="whole"),
        pytest.param(OPEN, set(), id="no brace at the end"),
        pytest.param(OPEN + "\n mlp [label=", set(), id="cut off"),
        pytest.param(OPEN + "; norm -> attn /* ", set(), id="open comment"),
        pytest.param(
            OPEN.replace("digraph {", "digraph { rankdir=LR, TB\n") + "}", {"G003", "G006", "S010"}, id="lossless"
        ),
    ],
)
def test_g003_g004_g005_g006_p007_s001_s010_nothing_is_missed_in_what_was_cut_off(text: str, codes: set[str]) -> None:
    result = check_rules(text, *ABSENT)
    assert {finding.code for finding in result.findings} == codes
    assert any("was not parsed" in undecided.needs for undecided in result.undecided) == (not codes)


def test_g003_nodes_that_a_lost_statement_names_are_not_called_alone() -> None:
    nodes = " ".join(f'e{i} [label="Expert {i}\\nGPU: {i}"]' for i in range(4))
    text = f'digraph {{ gate [label="Gate\\nGPU: 0"] norm [label="LayerNorm\\nGPU: 0"] {nodes}\n gate -> {{e0 e1 ... e3}}\n }}'
    (finding,) = find(text, "G003")
    assert finding.nodes == ("norm",)


def test_g003_x002_a_comment_is_not_called_unused_for_what_is_silent() -> None:
    text = "digraph {\n// dotlint: ignore[G003] drawn elsewhere\n" + OPEN.partition("{")[2]
    assert find(text, "X002", "G003") == []


def test_e008_g003_only_what_lost_something_is_said_to_be_read_in_part() -> None:
    whole = layers("a [label=two words]")
    assert all(finding.note is None for finding in find(whole, "E008", "G003"))


@pytest.mark.parametrize(
    ("body", "statements"),
    [
        ("a; b; c [label=", 2),
        ("subgraph s { a; b; } c; d [label=", 4),
        ("subgraph s { a; subgraph t { b; c [label=", 2),
    ],
)
def test_e006_whole_statements_are_counted_in_blocks_too(body: str, statements: int) -> None:
    (finding,) = find(f"digraph {{ {body}", "E006")
    assert f"after {statements} complete statements" in finding.message


# Cycles


@pytest.mark.parametrize(
    ("edges", "note"),
    [
        ("a -> b -> a", None),
        ("a -> x -> a; b -> x -> b", "3 nodes are on cycles connected with it; without `x`, none would be"),
        ("a -> x -> a; a -> b -> x; x -> x", "3 nodes are on cycles connected with it; without `x`, none would be"),
        ("{a b} -> x -> {a b}; {a b} -> y -> {a b}", "4 nodes are on cycles connected with it"),
        (
            "x -> a -> x; x -> b -> c -> d -> e -> f -> x; d -> e -> d",
            "7 nodes are on cycles connected with it; without `x`, 2 would be",
        ),
    ],
)
def test_g001_the_hub_of_a_cycle_is_measured(edges: str, note: str | None) -> None:
    (finding,) = find(f"digraph {{ {edges} }}", "G001")
    assert finding.note == note


def test_g001_a_loop_is_to_be_removed_and_not_turned() -> None:
    (finding,) = find("digraph { a -> a }", "G001")
    assert finding.help is not None
    assert finding.help.startswith("remove the edge")


# Inputs and outputs


@pytest.mark.parametrize(
    ("statements", "dead"),
    [
        ('l0_out [label="Layer 0 Output\\nGPU: 0"]; layer0_mlp -> l0_out', ["l0_out"]),
        ('l2_out [label="Layer 2 Output\\nGPU: 0"]; layer2_mlp -> l2_out', []),
        ('logits [label="Output\\nGPU: 0"]; layer0_mlp -> logits', []),
    ],
)
def test_g004_an_output_of_an_early_layer_is_no_end(statements: str, dead: list[str]) -> None:
    assert [name for finding in find(layers(statements), "G004") for name in finding.nodes] == dead


def test_g006_g008_a_node_named_output_is_one_whatever_its_label_computes() -> None:
    text = (
        layers().replace('label="Output\\n', 'label="Aggregate hidden states\\n').replace("layer2_mlp -> output;", "")
    )
    assert find(text, "G008") == []
    assert len(find(text, "G006")) == 1


def test_n003_braces_behind_a_word_are_a_set_without_a_name() -> None:
    (finding,) = find("digraph {\n s_out { graph [label=Output]; a }\n b; {c d}\n a -> b\n}", "N003")
    assert finding.nodes == ("s_out",)
    assert find("digraph { e {f g}; e -> f }", "N003") == []


# What is said of edges is true of the edges that are there


GATED = """digraph {
  gate0 [label="Gate\\nInput: [batch=4, hidden=64]\\nOutput: [batch=4, num_experts=8]"]
  gate1 [label="Gate\\nInput: [batch=4, hidden=64]\\nOutput: [batch=4, num_experts=8]"]
  e0 [label="Expert\\nInput: [batch=4, hidden=64]\\nOutput: [batch=4, hidden=64]"]
  e1 [label="Expert\\nInput: [batch=4, hidden=64]\\nOutput: [batch=4, hidden=64]"]
  out0 [label="Aggregate"] out1 [label="Aggregate"]
  gate0 -> e0 -> out0
}"""


def test_t007_an_expert_that_nothing_feeds_is_not_fed_by_a_gate() -> None:
    (finding,) = find(GATED, "T007")
    assert finding.nodes == ("e0",)


def test_s012_a_residual_without_inputs_has_not_one() -> None:
    adds = 'layer0_add [label="Residual Add"]; layer1_add [label="Residual Add"]; layer2_add [label="Residual Add"]'
    wired = "layer0_mlp -> layer0_add -> layer1_norm; layer1_mlp -> layer1_add -> layer2_norm; layer2_add -> output"
    (finding,) = find(layers(adds, wired), "S012")
    assert finding.nodes == ("layer0_add", "layer1_add")


@pytest.mark.parametrize(("after", "told"), [("All-Reduce", False), ("All-to-All combine", False), ("LayerNorm", True)])
def test_c003_partial_sums_that_a_collective_takes_on_are_combined(after: str, *, told: bool) -> None:
    experts = " ".join(f'e{i} [label="Expert {i}\\nGPU: {i}"]' for i in range(4))
    wired = "router -> dispatch -> {e0 e1 e2 e3} -> agg -> after -> output"
    text = (
        f'digraph {{ router dispatch [label="All-to-All dispatch"] {experts} agg [label="Expert Aggregation"] '
        f'after [label="{after}"] output {wired} }}'
    )
    assert bool(find(text, "C003", strategy="ep4")) == told


# GPUs


@pytest.mark.parametrize(
    ("header", "named", "first", "fires"),
    [
        ("GPUs: 4-7", "4", "0", False),
        ("GPUs: 4-7", "4", "0-3", True),
        ("GPUs: 4-7", "8", "0-3", True),
        ("", "4", "0-3", True),
        ("", "4-7", "0-3", False),
        ("GPUs: 8-11", "8", "0", True),
    ],
)
def test_d003_a_stage_is_where_its_header_says(header: str, named: str, first: str, *, fires: bool) -> None:
    text = (
        f'digraph {{ subgraph cluster_0 {{ label="Stage 0\\nGPUs: 0-3" stage0_mlp [label="MLP\\nGPU: {first}"] }}'
        f'subgraph cluster_1 {{ label="Stage 1\\n{header}" stage1_mlp [label="MLP\\nGPU: {named}"] }}'
        "stage0_mlp -> stage1_mlp }"
    )
    assert any(finding.unit == "stage 1" for finding in find(text, "D003", strategy="pp2tp4")) == fires


@pytest.mark.parametrize(
    ("gpus", "extra", "fires"),
    [
        ("0-3", "", True),
        ("0-7", "", False),
        ("0-3", "// representative ranks\n", False),
        ("0-3", 'rest [label="... more layers"]', False),
        ("0-3", " ".join(f'm{i} [label="MLP"]' for i in range(3)), False),
    ],
)
def test_d006_the_gpus_of_a_phase_of_one_stage_are_counted(gpus: str, extra: str, *, fires: bool) -> None:
    text = f'digraph {{\n{extra}\nqkv [label="QKV\\nGPU: {gpus}"] mlp [label="MLP\\nGPU: {gpus}"] qkv -> mlp }}'
    assert bool(find(text, "D006", strategy="tp8")) == fires


# Collectives


def test_t005_the_same_mistake_in_several_units_is_one_finding() -> None:
    wrong = "Input: [batch=4, hidden=64]\\nOutput: [batch=4, hidden=512]"
    nodes = [f'layer{i}_ar{k} [label="All-Reduce\\n{wrong}"]' for i in range(2) for k in range(3)]
    (finding,) = find(layers(*nodes), "T005")
    assert finding.message == (
        "all-reduce `layer0_ar0` changes its dimensions: [batch=4, hidden=64] to [batch=4, hidden=512]; "
        "also 2 more of layer 0; likewise in layer 1"
    )
    assert [location.node for location in finding.locations] == [f"layer{i}_ar{k}" for i in range(2) for k in range(3)]


@pytest.mark.parametrize(("reached", "after"), [("3", True), ("0", False)])
def test_s011_a_loop_variable_is_blamed_only_where_the_last_is_reached(reached: str, *, after: bool) -> None:
    shards = " ".join(f'qkv_tp{i} [label="QKV\\nGPU: {i}"]' for i in range(4))
    text = f'digraph {{ norm [label="LayerNorm\\nGPU: 0"] attn [label="Attention\\nGPU: 0"] {shards} '
    (finding,) = find(text + f"norm -> qkv_tp{reached}; {{qkv_tp0 qkv_tp1 qkv_tp2 qkv_tp3}} -> attn }}", "S011")
    assert finding.help is not None
    assert ("after its loop" in finding.help) == after


def test_g001_g002_g004_g005_g006_s005_edges_without_direction_have_no_producer_and_no_consumer() -> None:
    nodes = "".join(f'  n{i} [label="MLP\\nGPU: {i}"];\n' for i in range(4))
    edges = "  input -- n0 -- n1; n2 -- n1; n2 -- n3; output -- n3;\n"
    text = f'graph {{\n  input [label="Input"];\n  output [label="Output"];\n{nodes}{edges}}}\n'
    result = check_rules(text)
    assert not {f.code for f in result.findings} & {"G001", "G002", "G004", "G005", "G006", "S005"}
    assert "direction" in {one.subject for one in result.undecided}
