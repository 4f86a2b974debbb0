"""S003, S011, S013 and G009: what one of several siblings has and another lacks."""

from __future__ import annotations

import pytest

from tests.dsl import ENDS, TITLES, chain, digraph, edges, find, node


def operator(name: str, op: str, gpu: int, extra: str = "") -> str:
    return node(name, TITLES[op] + extra, str(gpu))


def sharded(ranks: range, layer: int, ops: str, without: tuple[str, ...] = ()) -> list[str]:
    """Shards of operators that feed each other rank by rank, with global GPU numbers."""
    lines = []
    for gpu in ranks:
        names = [f"gpu{gpu}_layer{layer}_{op}" for op in ops.split()]
        kept = [name for name in names if name not in without]
        lines += [operator(name, name.rpartition("_")[2], gpu, f" layer {layer}") for name in kept]
        lines.append(" -> ".join(["input", *kept, "output"]))
    return lines


@pytest.mark.parametrize(
    ("statements", "missing", "severity"),
    [
        pytest.param(chain(4, "norm qkv attn mlp", without=["l2_attn"]), {"l2_attn"}, "warning", id="one-layer"),
        pytest.param(
            chain(4, "norm qkv attn mlp", name="{op}_{n}", without=["mlp_1"]),
            {"mlp_1"},
            "warning",
            id="number-last",
        ),
        pytest.param(
            chain(4, "norm qkv attn proj mlp gate", without=["l1_gate", "l2_gate", "l3_gate"]),
            {"l1_gate", "l2_gate", "l3_gate"},
            "info",
            id="most-lack-it",
        ),
        pytest.param(
            [
                *sharded(range(2), 0, "qkv attn gate mlp"),
                *sharded(range(2, 4), 10, "qkv attn mlp"),
                *sharded(range(4, 6), 20, "qkv attn gate mlp"),
            ],
            {"gpu2_layer10_gate", "gpu3_layer10_gate"},
            "warning",
            id="global-ranks-follow-partners",
        ),
        pytest.param(
            sharded(range(8), 1, "norm qkv attn mlp", without=("gpu5_layer1_attn",)),
            {"gpu5_layer1_attn"},
            "warning",
            id="one-shard",
        ),
        pytest.param(
            [
                line
                for layer in range(3)
                for expert in range(8)
                if (layer, expert) != (1, 7)
                for line in (
                    f'layer{layer}_expert{expert} [label="Expert {expert}\\nGPU: {expert}"]',
                    f"layer{layer}_gate -> layer{layer}_expert{expert} -> layer{layer}_agg",
                )
            ],
            {"layer1_expert7"},
            "warning",
            id="one-expert",
        ),
    ],
)
def test_s003_missing_sibling_node(statements: list[str], missing: set[str], severity: str) -> None:
    findings = find(digraph(*statements), "S003")
    assert {name for finding in findings for name in finding.missing_nodes} == missing
    assert {finding.severity for finding in findings} == {severity}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(chain(4, "norm qkv attn mlp"), id="whole"),
        pytest.param(
            [
                *chain(3, "norm qkv attn mlp", without=["l2_qkv", "l2_attn"]),
                operator("l2_attention_block", "attn", 0),
            ],
            id="drawn-as-one-block",
        ),
        pytest.param(
            chain(3, "norm qkv attn proj mlp", without=["l2_qkv", "l2_attn", "l2_proj"]),
            id="less-detail",
        ),
        pytest.param(
            ["// later layers are simplified", *chain(4, "norm qkv attn mlp", without=["l2_attn"])],
            id="said-in-a-comment",
        ),
        pytest.param(
            [
                *chain(4, "norm qkv attn mlp", without=["l2_attn"]),
                'rest [label="Layers 1-3 same as layer 0"]',
            ],
            id="summarised",
        ),
        pytest.param(
            [*chain(3, "norm qkv attn mlp"), 'l0_split [label="Split"]', "l0_split -> l0_norm"],
            id="first-layer-splits",
        ),
        pytest.param([*chain(4, "norm qkv attn mlp", without=["l2_attn"]), "l0_norm -> ["], id="not-read-whole"),
        pytest.param(
            [*chain(3, "norm qkv mlp"), operator("l0_attn", "attn", 0), operator("l1_attn", "attn", 0)],
            id="joined-nowhere",
        ),
        pytest.param(
            [*sharded(range(4), 0, "qkv attn mlp"), *sharded(range(4, 8), 1, "qkv attn mlp")],
            id="ranks-of-their-own",
        ),
    ],
)
def test_s003_no_missing_sibling_node(statements: list[str]) -> None:
    assert find(digraph(*statements), "S003") == []


def fan(edges: str, ranks: int = 4, hub: str = "hub", extra: str = "") -> str:
    experts = [f'expert_{i} [label="Expert {i}\\nGPU: {i}"]' for i in range(ranks)]
    out = "{" + " ".join(f"expert_{i}" for i in range(ranks)) + "} -> combine"
    return digraph(
        'input [label="Input"]',
        f'{hub} [label="Gate"]',
        'combine [label="Combine"]',
        *experts,
        out,
        edges,
        extra,
    )


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        pytest.param(fan("input -> hub -> expert_3"), {("hub", f"expert_{i}") for i in (0, 1, 2)}, id="last"),
        pytest.param(fan("input -> hub -> expert_0"), {("hub", f"expert_{i}") for i in (1, 2, 3)}, id="first"),
        pytest.param(
            digraph(
                'input [label="Input"]',
                *(
                    f'a2a_{g} [label="All-to-All dispatch\\nGPU: {g}"]; input -> a2a_{g} -> expert_{4 * g}'
                    for g in range(3)
                ),
                *(f'expert_{i} [label="Expert {i}"]; expert_{i} -> agg' for i in range(12)),
            ),
            {(f"a2a_{i // 4}", f"expert_{i}") for i in range(12) if i % 4},
            id="first-of-each-block",
        ),
        pytest.param(
            digraph(
                'ln [label="LayerNorm"]; sum [label="All-Reduce"]',
                *(f'mlp_tp{i} [label="MLP\\nGPU: {i}"]; ln -> mlp_tp{i}' for i in range(4)),
                "mlp_tp3 -> sum",
            ),
            {(f"mlp_tp{i}", "sum") for i in range(3)},
            id="fan-in",
        ),
    ],
)
def test_s011_one_armed_fan(text: str, missing: set[tuple[str, str]]) -> None:
    (finding,) = find(text, "S011")
    assert set(finding.missing_edges) == missing
    assert (finding.severity, finding.fixable) == ("error", "unsafe")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(fan("input -> hub -> {expert_0 expert_1 expert_2 expert_3}"), id="all"),
        pytest.param(fan("input -> hub -> {expert_0 expert_1}"), id="half"),
        pytest.param(fan("input -> hub -> expert_2"), id="one-in-the-middle"),
        pytest.param(
            digraph(
                'block_0 [label="MLP"]; comm [label="Transfer"]; block_1 [label="MLP"]',
                "block_0 -> comm -> block_1 -> end",
            ),
            id="chain",
        ),
        pytest.param(
            digraph(
                *(
                    f'ln_tp{i} [label="LayerNorm"]; mlp_tp{i} [label="MLP\\nGPU: {i}"]; mlp_tp{i} -> sum'
                    for i in range(4)
                ),
                "ln_tp3 -> mlp_tp3",
            ),
            id="rank-by-rank",
        ),
        pytest.param(
            digraph(
                'hub [label="Split"]',
                *(f'input_{i} [label="Input"]; input_{i} -> mlp' for i in range(4)),
                "hub -> input_3",
            ),
            id="inputs-need-no-producer",
        ),
    ],
)
def test_s011_no_one_armed_fan(text: str) -> None:
    assert find(text, "S011") == []


def rows(word: str, values: range | list[int], op: str = "attn") -> list[str]:
    return [operator(f"{op}_{word}{value}", op, 0) + f" input -> {op}_{word}{value} -> output" for value in values]


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (rows("layer", [0, 1, 2, 4, 5]), "layer 3 is missing"),
        (rows("tp", [0, 1, 2, 3, 5, 6, 7]), "tp 4 of `attn_tp#` is missing"),
    ],
)
def test_s013_index_gap(statements: list[str], message: str) -> None:
    (finding,) = find(digraph(*statements), "S013")
    assert finding.message == message
    assert finding.severity == "info"


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(rows("layer", range(6)), id="none"),
        pytest.param(rows("layer", [0, 8, 16, 24]), id="steps"),
        pytest.param(rows("layer", [0, 1, 14, 15]), id="sample"),
        pytest.param([*rows("layer", [0, 1, 2, 5, 6, 7]), 'a -> b [label="layers 3-4"]'], id="edge-label-covers"),
        pytest.param([*rows("layer", [0, 1, 2, 4, 5]), 'more [label="..."]; more -> output'], id="ellipsis"),
    ],
)
def test_s013_no_index_gap(statements: list[str]) -> None:
    assert find(digraph(*statements), "S013") == []


def ranks(*extra: str) -> str:
    members = [f'attn_gpu{i} [label="Attention compute\\nGPU: {i}"]; norm -> attn_gpu{i} -> sum' for i in range(5)]
    return digraph('norm [label="LayerNorm\\nGPU: 0-4"]; sum [label="All-Reduce\\nGPU: 0-4"]', *members, *extra)


def test_g009_sibling_degree() -> None:
    (finding,) = find(ranks("input -> attn_gpu3"), "G009")
    assert finding.nodes == ("attn_gpu3",)
    assert finding.message == "`attn_gpu3` has 2 producers; its siblings have 1"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ranks(), id="alike"),
        pytest.param(ranks("input -> attn_gpu3", "input -> attn_gpu2"), id="two-differ"),
        pytest.param(digraph(*chain(6, "attn mlp"), "input -> l0_mlp"), id="first-of-a-chain"),
    ],
)
def test_g009_no_sibling_degree(text: str) -> None:
    assert find(text, "G009") == []


@pytest.mark.parametrize("mistake", ['[="LayerNorm"]', "[label=Layer Norm]", "[style=rounded,filled]"])
def test_s003_a_mistake_that_loses_no_statement_hides_no_missing_operator(mistake: str) -> None:
    statements = chain(4, "norm qkv attn mlp", without=["l2_attn"])
    assert find(digraph(*statements, f"l0_norm {mistake}"), "S003")


def test_s003_a_dead_end_of_which_there_is_but_one_is_not_asked_of_others() -> None:
    extra = (operator("l2_gate", "gate", 0), "l2_norm -> l2_gate")
    assert not find(digraph(*chain(4, "norm attn mlp"), *extra), "S003")
    assert find(digraph(*chain(4, "norm attn mlp", without=["l1_attn"])), "S003")


def test_s003_a_node_that_only_an_edge_names_is_not_asked_of_others() -> None:
    lines = chain(2, "norm attn mlp")
    text = digraph(*lines).replace("l1_norm -> l1_attn;", "l1_norm -> l1_atn; l1_atn -> l1_attn;")
    assert not find(text, "S003")


def test_s003_layers_that_count_on_through_stages_are_no_operators_of_their_own() -> None:
    """`norm3` and `norm4` are layers of the second stage, as `norm1` and `norm2` are of the first."""
    lines = []
    for stage, numbers in ((0, (1, 2)), (1, (3, 4))):
        inside = [
            operator(f"{op}{n}", op, stage) for n in numbers for op in ("norm", "attn", "mlp") if (op, n) != ("norm", 3)
        ]
        lines += [f'subgraph cluster_{stage} {{ label="Stage {stage}"', *inside, "}"]
    chain = [f"{op}{n}" for n in range(1, 5) for op in ("norm", "attn", "mlp") if (op, n) != ("norm", 3)]
    (finding,) = find(digraph(*lines, " -> ".join(chain)), "S003")
    assert finding.missing_nodes == ("norm3",)


def test_s011_a_fan_is_seen_across_replicas_and_in_the_layer_whose_number_is_a_rank_s() -> None:
    lines = []
    for layer in range(2):
        for dp in range(2):
            names = [f"l{layer}_qkv_{rank}_dp{dp}" for rank in range(2)]
            lines += [operator(f"l{layer}_norm_dp{dp}", "norm", dp), *(operator(name, "qkv", dp) for name in names)]
            lines += [
                operator(f"l{layer}_mlp_dp{dp}", "mlp", dp),
                *(f"{name} -> l{layer}_mlp_dp{dp}" for name in names),
            ]
            lines += [f"l{layer}_norm_dp{dp} -> {names[-1]}"]
    left = {name for finding in find(digraph(*lines), "S011") for name in finding.nodes}
    assert left == {f"l{layer}_qkv_0_dp{dp}" for layer in range(2) for dp in range(2)}


@pytest.mark.parametrize(("without", "found"), [("", False), ("layer 1 norm", True), ("layer 1 mlp", True)])
def test_s003_names_that_only_number_nodes_are_compared_by_their_labels(without: str, *, found: bool) -> None:
    labels = [f"layer {n} {op}" for n in range(4) for op in ("norm", "qkv", "attention", "mlp")]
    names = {label: f"n{number}" for number, label in enumerate(labels) if label != without}
    text = digraph(
        *ENDS, *(node(name, label, "0") for label, name in names.items()), *edges("input", *names.values(), "output")
    )
    assert [f.unit for f in find(text, "S003")] == (["layer 1"] if found else [])


def proposed(*statements: str, code: str = "S001") -> set[tuple[str, str]]:
    return {pair for finding in find(digraph(*statements), code) for pair in finding.missing_edges}


def halves(lost: str) -> list[str]:
    """Experts on four GPUs, of which two each meet in a sum of their own."""
    edges = [f"route -> mole_{i}; mole_{i} -> {'west' if i < 2 else 'east'}" for i in range(4)]
    return [
        node("route", "Router", "0-3"),
        *(node(f"mole_{i}", f"Expert {i}", str(i)) for i in range(4)),
        node("west", "Expert combine", "0-1"),
        node("east", "Expert combine", "2-3"),
        *(line.replace(lost, "") for line in edges),
    ]


@pytest.mark.parametrize(("rank", "own"), [(1, "west"), (3, "east")])
def test_s001_a_rank_joins_the_sum_on_its_own_devices(rank: int, own: str) -> None:
    assert proposed(*halves(f"mole_{rank} -> {own}")) == {(f"mole_{rank}", own)}
    assert proposed(*halves("nothing")) == set()


def test_s001_the_wired_sibling_lacks_the_edge_that_all_others_have() -> None:
    lines = [f"src -> copy{i}_norm -> copy{i}_mlp -> copy{i}_add; src -> copy{i}_add" for i in range(3)]
    nodes = [operator(f"copy{i}_{op}", "mlp" if op == "add" else op, i) for i in range(3) for op in ("norm", "mlp")]
    nodes += [node(f"copy{i}_add", "Residual add", str(i)) for i in range(3)]
    assert proposed(node("src", "Input", "0-2"), *nodes, *lines) == set()
    lines[1] = lines[1].replace("; src -> copy1_add", "")
    assert proposed(node("src", "Input", "0-2"), *nodes, *lines) == {("src", "copy1_add")}


def in_layers(back: str = "") -> list[str]:
    """Four layers on two GPUs with a transfer between the second and the third."""
    ops = [operator(f"l{i}_{op}", op, i // 2, f" layer {i}") for i in range(4) for op in ("norm", "mlp")]
    lines = [f"l{i}_norm -> l{i}_mlp" for i in range(4)]
    lines += ["src -> l0_norm; l0_mlp -> l1_norm; l1_mlp -> hop; l2_mlp -> l3_norm; l3_mlp -> dst", back]
    ends = [node("src", "Input", "0"), node("dst", "Output", "1"), node("hop", "Pipeline send", "0-1")]
    return [*ends, *ops, *lines]


def test_s001_the_edge_starts_at_the_transfer_that_is_fed() -> None:
    assert proposed(*in_layers()) == {("hop", "l2_norm")}


def test_s001_the_loop_of_decoding_hides_no_missing_edge() -> None:
    assert proposed(*in_layers('dst -> src [label="next token"]')) == {("hop", "l2_norm")}


def test_s011_layers_in_series_are_no_fan() -> None:
    nodes = [operator(f"{op}_{i}", op, 0, f" {i}") for i in range(4) for op in ("norm", "mlp")]
    edges = [f"norm_{i} -> mlp_{i} -> add_{i}" for i in range(4)] + [f"add_{i} -> add_{i + 1}" for i in range(3)]
    adds = [node(f"add_{i}", f"Residual add {i}", "0") for i in range(4)]
    lines = [node("pos", "Positional encoding", "0"), *nodes, *adds, "pos -> norm_0; pos -> add_0", *edges]
    assert proposed(*lines, code="S011") == set()
