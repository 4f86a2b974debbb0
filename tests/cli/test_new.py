"""`dotlint new`: what is drawn is what the strategy means, and passes every check."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import dotlint
from dotlint.drawing import DETAILS, DrawingError, as_text, draw
from dotlint.strategy import Strategy
from dotlint.strategy.arithmetic import arithmetic
from dotlint.strategy.error import StrategyError
from dotlint.strategy.presets import FLAVORS, PRESETS
from tests.cli.command import run

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.drawing.model import Detail, Style

STYLES: tuple[Style, ...] = ("reference", "clusters", "plain")
DENSE = {"layers": 16, "heads": 16, "kv_heads": 8, "hidden": 512, "batch": 8, "seq": 4096}
MOE = {**DENSE, "experts": 16, "top_k": 2}
EVEN = {**DENSE, "heads": 48, "kv_heads": 48, "hidden": 768, "batch": 48, "seq": 4608}
EVEN_MOE = {**EVEN, "layers": 6, "experts": 48, "top_k": 2, "shared_experts": 1, "first_k_dense_replace": 2}
ODD = {"layers": 7, "heads": 15, "kv_heads": 5, "hidden": 960, "batch": 3, "seq": 1000}
ODD_MOE = {"heads": 9, "hidden": 999, "experts": 9, "top_k": 3, "batch": 1, "seq": 78, "layers": 61}


DEEPSEEK = {
    **MOE, "layers": 61, "heads": 128, "kv_heads": 128, "hidden": 7168, "batch": 64, "experts": 256, "top_k": 8,
    "ffn": 18432, "shared_experts": 1, "first_k_dense_replace": 3, "kv_lora_rank": 512, "q_lora_rank": 1536,
    "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "vocab": 129280,
}  # fmt: skip


def strategy(
    spec: str | dict[str, str],
    facts: dict[str, Any] | None = None,
    layout: str = "product",
    *,
    apart: bool = False,
    **more: str,
) -> Strategy:
    """A strategy of one unnamed phase, or of several by name, on GPUs of their own if `apart`."""
    table: dict[str, Any] = {"layout": {"model": layout, **more}, "model": facts or {}}
    table |= {"strategy": spec} if isinstance(spec, str) else {"phases": {n: {"strategy": s} for n, s in spec.items()}}
    return Strategy.from_table(table | ({"pool": {"kind": "disaggregated"}} if apart else {}), where="test")


MATRIX = (
    *(strategy(spec) for spec in ("pp1", "tp2", "pp2", "pp4tp2", "pp4ep4tp2sp2", "ep4tp2", "sp4", "pp4vpp2tp2")),
    *(
        strategy(s, DENSE)
        for s in ("tp4", "pp8", "pp4tp4", "dp4pp2", "sp2tp2", "cp2tp2", "cp2sp2tp2", "pp4vpp2", "pp2vpp4")
    ),
    *(strategy(spec, MOE) for spec in ("pp4ep4tp2sp2", "ep4", "ep4tp2", "pp2ep2dp2", "tp2ep2etp2", "tp2")),
    strategy("tp8", {**DENSE, "kv_heads": 2}),
    strategy("pp3", {**DENSE, "layers": 61}),
    strategy("pp3tp5", ODD),
    strategy("pp3ep3tp3", ODD_MOE),
    strategy("sp2tp2", DENSE, sp="ring"),
    strategy("pp4ep4tp2sp2", MOE, order="pp,tp,sp,ep", expert_order="pp,ep,tp,sp"),
    *(strategy(spec, MOE, "overlay") for spec in ("tp4ep4", "tp2dp2ep4pp2", "tp4sp4ep4")),
    *(strategy(spec, DENSE, "megatron") for spec in ("pp2tp4sp4", "tp2cp2pp2", "tp2cp2sp2pp2", "pp4vpp2tp2")),
    *(strategy(spec, MOE, "megatron") for spec in ("pp2tp4sp4ep4etp1dp2", "tp2sp2ep2dp2pp2")),
    strategy("pp2tp4sp4", layout="megatron"),
    strategy("tp2ep2etp2"),
    strategy("tp4ep2etp2", layout="trtllm"),
    *(
        strategy({"prefill": one, "decode": two}, DEEPSEEK, apart=True)
        for one, two in (("tp8ep4", "pp2tp4"), ("tp8", "pp2ep4"))
    ),
    strategy("pp16tp8dp8", {**DENSE, "layers": 64}, "megatron"),
    strategy("tp4", DENSE, "vllm"),
    strategy("tp2dp4ep8", MOE, "vllm"),
    strategy("tp2dp4ep8pp2", layout="vllm"),
    *(strategy(spec, MOE, "sglang") for spec in ("tp4dp2ep8", "tp8ep4")),
    strategy("tp2sp2dp2", DENSE, "deepspeed"),
    strategy("sp2dp4ep4etp1", MOE, "deepspeed"),
    *(strategy(spec, MOE, "trtllm") for spec in ("tp4ep4", "tp4dp4ep4")),
    strategy("tp8cp2pp4dp2", DENSE, "llama3"),
    strategy({"prefill": "pp4ep4tp2sp2", "decode": "pp4ep4tp2"}, MOE),
    strategy({"prefill": "pp2tp2", "decode": "tp4"}, DENSE, apart=True),
    strategy({"prefill": "pp2tp2", "decode": "tp8"}, apart=True),
    strategy({"prefill": "tp2sp2", "decode": "pp2tp2dp2"}, DENSE, apart=True),
    strategy({"prefill": "pp4", "decode": "pp8tp2vpp2"}, apart=True),
    strategy({"prefill": "tp2sp2", "decode": "tp2sp2"}, DENSE),
    strategy({"prefill": "tp2cp2", "decode": "tp2cp2"}, DENSE),
    strategy({"prefill": "tp4", "decode": "tp4dcp2"}, {**DENSE, "kv_heads": 2}, "vllm"),
    strategy({"prefill": "pp2tp8ep8", "decode": "tp1dp32ep32"}, DEEPSEEK, "vllm", apart=True),
    strategy({"prefill": "tp8", "decode": "ep16tp4dp4"}, DEEPSEEK, "vllm", apart=True),
    *(strategy(spec, DEEPSEEK, "sglang") for spec in ("tp8dpa8ep8", "tp8dpa4ep8")),
    strategy("tp8dpa2", DENSE, "sglang"),
    strategy("tp4dpa2cp2", layout="sglang"),
    strategy("pp2tp3ep2dp2", DENSE | {"heads": 48, "kv_heads": 48}, "overlay"),
    strategy({"prefill": "tp4ep4dp3etp1", "decode": "tp2dp3cp3edp2"}, sp="ring"),
    strategy(
        {"prefill": "pp4sp2", "decode": "pp3tp4sp4"}, DEEPSEEK | {"layers": 6, "first_k_dense_replace": 2}, "deepspeed"
    ),
    strategy({"prefill": "tp4", "decode": "tp4dp2dpa4"}, DENSE, "sglang", apart=True),
    strategy("tp4dpa4ep4", MOE, "trtllm"),
    strategy("tp2dp4ep8", {**MOE, "experts": 60}, "vllm"),
    strategy("tp4pp2", {**DENSE, "head_dim": 128, "vocab": 32000, "ffn": 2048}),
    strategy("pp4tp2", {**DENSE, "stage_layers": [1, 5, 5, 5]}),
    strategy("pp2ep2", {**MOE, "moe_layer_freq": 2}),
    strategy({"encode": "tp2", "prefill": "pp2tp2", "decode": "tp4"}, DENSE, apart=True),
    strategy({"prefill": "pp2ep2tp2", "decode": "tp4", "verify": "tp2"}),
    strategy({"decode": "pp2tp2"}, DENSE),
    strategy({"prefill": "pp2tp2sp2"}, DENSE),
)


def told(text: str, declared: Strategy, **options: Any) -> list[str]:
    """What a check says of a drawing, and which of its edges are not followed."""
    result = dotlint.check(text, strategy=declared, **options).to_dict()
    flow = result["flow"]
    return [
        *(f"{f['code']} {f['message']}" for f in result["findings"]),
        *([f"flow: {flow}"] if flow is None or flow["followed"] != flow["edges"] else []),
    ]


@pytest.mark.parametrize("number", range(len(MATRIX)))
def test_what_is_drawn_passes_every_check(number: int) -> None:
    declared = MATRIX[number]
    for detail, style in product(DETAILS, STYLES if number % 4 == 0 else STYLES[number % 3 :: 3]):
        text = as_text(draw(declared, detail), style)
        # strict has all rules of recommended
        for preset in ("strict", "recommended") if number % 4 == 0 else ("strict",):
            assert told(text, declared, preset=preset) == [], (declared.source, detail, style)


# Only a strategy names phases other than prefill and decode.
KNOWN = [n for n, one in enumerate(MATRIX) if {phase.name for phase in one.phases} <= {"", "prefill", "decode"}]


@pytest.mark.parametrize("number", KNOWN)
def test_the_strategy_is_inferred_from_the_drawing(number: int, tmp_path: Path) -> None:
    declared = MATRIX[number]
    path = tmp_path / "plan.dot"
    path.write_text(as_text(draw(declared), STYLES[number % 3]), "utf-8")
    status, out, _ = run("infer", str(path))
    assert status == 0
    found = Strategy.from_table(tomllib.loads(out), where="inferred")

    def degrees(of: Strategy) -> dict[str, dict[str, int]]:
        each = {phase.name: {a: n for a, n in phase.degrees.to_dict().items() if n > 1} for phase in of.phases}
        return {"": next(iter(each.values()))} if len(each) == 1 else each  # a single phase may have any name

    assert degrees(found) == degrees(declared)


@pytest.mark.parametrize(
    ("spec", "detail", "nodes", "edges"),
    [
        # input, embedding; norm, QKV, attention, projection, add; norm, up, down, add; norm, head, sampling; output
        ("pp1", "operator", 15, 16),
        # twice: embedding, QKV, attention, projection, up, down, head; three all-reduces and an all-gather
        ("tp2", "operator", 26, 31),
        # the layers of the second stage, which begin with a receive that feeds norm and add
        ("pp2", "operator", 25, 28),
        # gate, routing, dispatch, two experts and combine instead of up and down
        ("ep2", "operator", 19, 22),
        # two stages between input and output
        ("pp2", "stage", 4, 3),
        # attention and MLP in two stages; input, embedding, receive, norm, head, sampling, output
        ("pp2", "layer", 11, 10),
        # on two ranks each: norms, projections, attention, adds; split and gather; two exchanges of each attention
        ("sp2", "rank", 28, 34),
    ],
)
def test_as_many_nodes_and_edges_as_counted_by_hand(spec: str, detail: Detail, nodes: int, edges: int) -> None:
    document = dotlint.parse(as_text(draw(strategy(spec), detail), "plain"))
    (graph,) = document.graphs
    assert (len(graph.nodes), len(graph.edges)) == (nodes, edges)


def drawn(spec: str, facts: dict[str, Any], layout: str, detail: Detail = "operator") -> dict[str, list[str]]:
    """The lines of each node's label by its id."""
    document = dotlint.parse(as_text(draw(strategy(spec, facts, layout), detail), "plain"))
    return {name: str(node.attributes["label"]).split("\\n") for name, node in document.graphs[0].nodes.items()}


def test_experts_without_ep_are_divided_by_tp() -> None:
    nodes = drawn("tp2", {"layers": 1, "experts": 8, "top_k": 2}, "vllm")
    shards = [nodes[f"s1_l1_expert_tp{rank}"] for rank in range(2)]
    assert [(lines[:2], lines[-1]) for lines in shards] == [
        (["Experts 0-7", "TP=2"], "GPU: 0"), (["Experts 0-7", "TP=2"], "GPU: 1")
    ]  # fmt: skip
    assert nodes["s1_l1_mlp_all_reduce"][0] == "All-Reduce (MLP)"


def test_shards_of_etp_and_of_the_shared_expert_are_summed() -> None:
    nodes = drawn("tp4ep2etp2", {"layers": 1, "experts": 8, "top_k": 2, "shared_experts": 1}, "trtllm")
    groups = {name: lines[-1] for name, lines in nodes.items() if "expert" in name and "all_reduce" in name}
    assert groups == {"s1_l1_expert_all_reduce_ep0": "GPU: 0,2", "s1_l1_expert_all_reduce_ep1": "GPU: 1,3"}
    assert nodes["s1_l1_shared_all_reduce"][-1] == "GPU: 0-3"
    assert sum("shared_expert_tp" in name for name in nodes) == 4


@pytest.mark.parametrize("spec", ["tp4dpa4ep4", "tp4dp4ep4"])
def test_attention_of_replicas_on_the_ranks_of_tp_is_whole(spec: str) -> None:
    nodes = drawn(spec, {**MOE, "layers": 1}, "trtllm")
    assert nodes["s1_l1_qkv"][-1] == "GPU: 0-3"
    assert any("batch=2" in line for line in nodes["s1_l1_qkv"])
    assert not any("all_reduce" in name for name in nodes)


def axes(most: int) -> st.SearchStrategy[str]:
    often, seldom = st.sampled_from([1, 1, 2, 4]), st.sampled_from([1, 1, 1, 1, 1, 2])
    degrees = dict.fromkeys(("pp", "tp", "ep", "sp", "cp", "dp"), often) | dict.fromkeys(("vpp", "etp", "dpa"), seldom)
    return st.fixed_dictionaries(degrees).map(
        lambda chosen: "".join(f"{axis}{min(n, most)}" for axis, n in chosen.items() if n > 1) or "pp1"
    )


@given(
    prefill=axes(4),
    decode=st.none() | axes(2),
    layout=st.sampled_from(("product", "overlay", *PRESETS)),
    flavor=st.sampled_from([{}, {}, *({"sp": flavor} for flavor in FLAVORS)]),
    facts=st.sampled_from([None, EVEN, {**EVEN, "kv_heads": 4}, EVEN_MOE]),
    detail=st.sampled_from(DETAILS),
    style=st.sampled_from(STYLES),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_any_strategy_is_drawn_right_or_refused(
    prefill: str,
    decode: str | None,
    layout: str,
    flavor: dict[str, str],
    facts: dict[str, int] | None,
    detail: Detail,
    style: Style,
) -> None:
    spec = prefill if decode is None else {"prefill": prefill, "decode": decode}
    try:
        declared = strategy(spec, facts, layout, apart=decode is not None, **flavor)
        drawing = draw(declared, detail)
    except (DrawingError, StrategyError):
        reject()
    found = told(as_text(drawing, style), declared, preset="strict")
    advised_against = any(each.warning for phase in declared.phases for each in arithmetic(phase, phase.facts))
    assert [one for one in found if not (advised_against and one.startswith("P"))] == []


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@pytest.mark.parametrize("style", STYLES)
def test_graphviz_reads_it_without_a_word(style: Style) -> None:
    text = as_text(draw(strategy({"prefill": "pp2ep2tp2", "decode": "tp2"})), style)
    done = subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""


def replaced(text: str, pattern: str, by: str) -> str:
    changed, count = re.subn(pattern, by, text, count=1, flags=re.MULTILINE)
    assert count == 1
    return changed


@pytest.mark.parametrize(
    ("pattern", "by", "codes"),
    [
        (r"^  s2_qkv_tp1 -> s2_attn_tp1\n", "", "S001"),
        (r"^  s2_combine -> s2_mlp_add\n", "", "S001"),
        (r"^  s1_mlp_add -> s2_receive .*\n", "", "S001"),
        (r"(s2_attn_add \[label=.*Output: \[batch=8, seq=4096, hidden=)512", r"\g<1>256", "T"),
        (r"(s2_attn_tp0 \[label=.*GPU: )\d+", r"\g<1>0", "D"),
        (r"(s2_dispatch -> s2_expert_ep1) \[style=dashed\]", r"\1", "V002"),
        (r"(s1_attn_all_reduce \[label=\")All-Reduce", r"\1All-Gather", "F001 T005"),
    ],
)
def test_a_defect_is_told(pattern: str, by: str, codes: str) -> None:
    declared = strategy("pp4ep2tp2", {fact: n for fact, n in MOE.items() if fact != "layers"})
    text = replaced(as_text(draw(declared), "reference"), pattern, by)
    assert any(found.startswith(tuple(codes.split())) for found in told(text, declared))


@pytest.mark.parametrize(
    ("pattern", "by", "code"),
    [
        (r"(s1_embed_tp3 \[label=.*GPU: )3", r"\g<1>1", "D005"),
        (r"(s1_head_tp2 \[label=.*GPU: )2", r"\g<1>0", "D005"),
        (r"-> s1_embed_all_reduce\n", "-> s1_attn_norm\n", "C001"),
    ],
)
def test_a_defect_at_the_ends_of_the_model_is_told(pattern: str, by: str, code: str) -> None:
    declared = strategy("tp4", layout="vllm")
    text = re.sub(pattern, by, as_text(draw(declared), "plain"))
    if code == "C001":
        text = re.sub(r"^ *s1_embed_all_reduce( \[.*| -> .*)\n", "", text, flags=re.MULTILINE)
    assert code in {found.partition(" ")[0] for found in told(text, declared)}


def test_much_is_folded_with_a_word() -> None:
    drawing = draw(strategy("pp4tp8", {**DENSE, "layers": 80}))
    assert drawing.node_count < 400
    assert drawing.folded == ("equal layers of a stage are drawn once; all layers would be 3705 nodes",)
    status, out, err = run("new", "-s", "pp64tp16ep8", "--detail", "rank", "-o", "-")
    assert (status, out.startswith("// ")) == (0, True)
    assert "--detail rank would be" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-s", "prefill=tp2;decode=tp4sp4", "--layout", "megatron"], "which SP=4 cannot divide: leave out sp"),
        (["-s", "ep3tp2", "--layout", "overlay"], "the strategy cannot be drawn: the dense grid has"),
        (["-s", "pp600vpp2"], "it has 1200 stages, and at most 1024 are drawn"),
        (["-s", "decode=dp3", "--model", "MODEL"], "a batch of 4 is not divisible among 3 data-parallel replicas"),
        (["-s", "NAMES"], "phase two words cannot be drawn: its name must be a word"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    files = {"MODEL": tmp_path / "model.toml", "NAMES": tmp_path / "names.toml"}
    files["MODEL"].write_text("[model]\nbatch = 4\n", "utf-8")
    files["NAMES"].write_text('[phases."two words"]\nstrategy = "tp2"\n', "utf-8")
    status, out, err = run("new", *(str(files.get(argument, argument)) for argument in arguments))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    plan = tmp_path / "plan.dot"
    assert run("new", "-s", "tp2", "-o", str(plan)) == (0, "", "")
    before = plan.read_bytes()
    status, _, err = run("new", "-s", "tp4", "-o", str(plan))
    assert (status, plan.read_bytes()) == (2, before)
    assert "add --force to replace it" in err
    assert run("new", "-s", "tp4", "-o", str(plan), "--force").status == 0
    assert plan.read_bytes() != before


def test_facts_come_from_a_file_and_sizes_without_facts_are_symbols(tmp_path: Path) -> None:
    facts = tmp_path / "model.toml"
    facts.write_text("[model]\nhidden = 1024\nheads = 16\nbatch = 4\n", "utf-8")
    out = run("new", "-s", "tp2", "--model", str(facts)).out
    assert "Input: [batch=4, seq=S, hidden=1024]" in out
    assert "Output: [batch=4, seq=S, hidden=1536]" in out  # query, key and value of half the heads
    assert "ffn=F/2" in out


def test_a_phase_with_a_file_of_its_own_is_drawn_into_that_file(tmp_path: Path) -> None:
    serving = tmp_path / "serving.toml"
    serving.write_text(
        '[phases.prefill]\nstrategy = "tp2"\nfile = "p.dot"\n[phases.decode]\nstrategy = "tp1"\nfile = "d.dot"\n',
        "utf-8",
    )
    status, _, err = run("new", "-s", str(serving))
    assert status == 2
    assert "each phase has a file of its own" in err
    for name in ("p.dot", "d.dot"):
        assert run("new", "-s", str(serving), "-o", str(tmp_path / name)).status == 0
    checked = run("check", str(tmp_path), "-s", str(serving), "--isolated", "--no-cache", "-f", "concise")
    assert checked.status == 0, checked.out
