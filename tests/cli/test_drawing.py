"""`dotlint render`, `dotlint summary`, `dotlint overview`, as a user runs them."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path

import pytest

from dotlint import api
from tests.cli.command import run

FIXTURES = Path(__file__).parent.parent / "fixtures"
MOE = str(FIXTURES / "moe_two_phases.dot")
STRATEGY = ("-s", "pp4ep4tp2sp2")
needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None and importlib.util.find_spec("pygraphviz") is None,
    reason="neither `dot` nor pygraphviz is installed",
)


@needs_graphviz
@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("PDF", b"%PDF")])
def test_render_writes_what_the_name_says(tmp_path: Path, ending: str, start: bytes) -> None:
    target = tmp_path / f"picture.{ending}"
    assert run("render", MOE, *STRATEGY, "-o", str(target)) == (0, "", "")
    assert target.read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@needs_graphviz
def test_render_writes_svg_to_standard_output_and_messages_beside_it() -> None:
    status, out, err = run("render", "-", "--only-problems", stdin=Path(MOE).read_bytes())
    assert status == 0
    assert out.startswith("<?xml")
    assert out.rstrip().endswith("</svg>")
    assert all(line.startswith("dotlint: ") for line in err.splitlines())


def test_render_without_graphviz_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    target = tmp_path / "picture.svg"
    target.write_text("what was there before")
    status, out, err = run("render", MOE, "-o", str(target))
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert "graphviz.org" in line
    assert "dotlint[render]" in line
    assert target.read_text() == "what was there before"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("render", MOE, "-o", "picture.gif"), "must end in .svg, .png or .pdf"),
        (("render", MOE, "--fold", "everything"), "not one of none, siblings, layers, stages"),
        (("render", "nowhere.dot"), "nowhere.dot"),
        (("summary", "nowhere.dot"), "nowhere.dot"),
        (("overview", "nowhere.dot"), "nowhere.dot"),
        (("overview", str(FIXTURES / "build_dependencies.dot")), "no deployment is recognized"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(argv: tuple[str, ...], words: str) -> None:
    status, out, err = run(*argv)
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_summary_ticks_what_is_so_and_nothing_else() -> None:
    status, out, err = run("summary", MOE, *STRATEGY)
    assert (status, err) == (0, "")
    assert "- ✓ **prefill**: 4 stages drawn of 4" in out
    assert "- ✗ **decode**: 1 stage drawn of 4\n  - S002 error, line " in out
    assert "- ✓ **cycles**: none" in out
    assert "- ✗ **stage 2**: GPUs 16-31, layers 7-12, 17 operators, 0 edges inside\n  - S001 error, line " in out
    assert "- ? **heads over TP**: to check it, declare `heads` under \\[model\\] in a strategy file" in out
    assert "- · **all-reduce**: 5 nodes: 4 in prefill and 1 in decode" in out
    assert "X001" not in out


def test_summary_agrees_with_check() -> None:
    """Every finding that is no mere information stands under a line that fails, and no line fails without one."""
    _, out, _ = run("summary", MOE, *STRATEGY, "--format", "json", "--isolated")
    table = json.loads(out)
    (graph,) = table["graphs"]
    lines = [line for section in graph["sections"] for line in section["lines"]]
    told = {(f["code"], f["line"]) for line in lines if line["mark"] == "fails" for f in line["findings"]}
    found = api.check(MOE, strategy="pp4ep4tp2sp2").findings
    assert {(f.code, f.line) for f in found if f.severity != "info"} <= told
    assert all(line["findings"] for line in lines if line["mark"] == "fails" and line["subject"] != "verdict")
    assert all(line["needs"] or line["text"] for line in lines if line["mark"] == "undecided")
    assert table["verdict"] == "incorrect"


def test_summary_of_a_clean_file_has_no_cross() -> None:
    _, out, _ = run("summary", str(FIXTURES / "dense_pp2tp4_clean.dot"), "-s", "pp2tp4")
    assert "✗" not in out.partition("\n## ")[2]
    assert "- ✓ **GPUs of stages**" in out


def test_summary_decides_what_the_model_decides(tmp_path: Path) -> None:
    strategy = tmp_path / "strategy.toml"
    strategy.write_text('[phases.prefill]\nstrategy = "pp2tp4"\n[model]\nheads = 6\nlayers = 4\nhidden = 256\n')
    _, out, _ = run("summary", str(FIXTURES / "dense_pp2tp4_clean.dot"), "-s", str(strategy))
    assert "- ✗ **heads over TP**" in out
    assert "P002" in out
    assert "- ✓ **layers over PP**" in out


RANKS = "".join(
    f'attn_{n} [label="Attention\\nLayer 0\\nGPU: {n}"]; input -> attn_{n}; attn_{n} -> gather;' for n in range(4)
)
EXPERTS = "".join(
    f'expert_{n} [label="Expert {n * 10}\\nLayer 0\\nGPU: {n}"]; input -> expert_{n}; expert_{n} -> gather;'
    for n in range(4)
)
AROUND = 'input [label="Input"] output [label="Output"] gather [label="All-Gather\\nGPUs: 0-3"] gather -> output;'


@pytest.mark.parametrize(
    ("body", "strategy", "line"),
    [
        (RANKS, "tp4", "- ✓ **TP as drawn**: attention is drawn 4 times in a unit, as TP=4"),
        (RANKS, "sp4", "- ✓ **SP as drawn**: attention is drawn 4 times in a unit, as SP=4"),
        (RANKS, "ep4", "- ✓ **EP as drawn**: attention is drawn 4 times in a unit, as EP=4"),
        (RANKS, "tp2sp2", "- ✓ **TP and SP as drawn**: attention is drawn 4 times in a unit, as TP=2, SP=2"),
        (RANKS, "", "- · **attention as drawn**: attention is drawn 4 times in a unit"),
        (EXPERTS, "ep4", "- ✓ **EP as drawn**: 4 nodes of experts in a unit, on 4 sets of GPUs, as EP=4"),
        (EXPERTS, "", "- · **experts as drawn**: 4 nodes of experts in a unit, on 4 sets of GPUs"),
        (EXPERTS, "ep4", "4 experts named, 0 to 30, with gaps"),
    ],
)
def test_summary_calls_ranks_what_the_strategy_calls_them(body: str, strategy: str, line: str) -> None:
    options = ("-s", strategy) if strategy else ()
    _, out, _ = run("summary", "-", *options, stdin=f"digraph {{ {AROUND} {body} }}".encode())
    assert line in out
    if body is EXPERTS:
        assert "TP as drawn" not in out


def test_summary_counts_the_stages_that_are_drawn() -> None:
    text = ENDS + STAGE.format(n=0, a=0, b=1) + STAGE.format(n=3, a=6, b=7) + "input -> pp0_attn; pp3_mlp -> output"
    _, out, _ = run("summary", "-", "-s", "pp4tp2", stdin=f"digraph {{ {text} }}".encode())
    assert "**PP as drawn**: 2 stages drawn; the strategy has PP=4" in out
    assert "no edge leads directly from one stage to another" in out


def test_summary_of_no_deployment_speaks_of_the_graph_alone() -> None:
    status, out, _ = run("summary", str(FIXTURES / "build_dependencies.dot"))
    assert status == 0
    assert "no deployment is recognized" in out
    assert "Pipeline stages" not in out


def test_summary_ticks_no_rule_that_a_comment_silences(tmp_path: Path) -> None:
    path = tmp_path / "x.dot"
    path.write_text(
        "// dotlint: ignore-file[N006, G001] on purpose\n"
        "digraph { input -> norm_tp0 -> norm_tp0 -> mlp_tp0 -> output }\n"
    )
    _, out, _ = run("summary", str(path))
    assert "- · **cycles**: the graph has cycles" in out
    assert "- · **names and statements**: no findings, 1 suppressed by a comment or the baseline" in out


def test_summary_escapes_what_a_file_says(hostile: Path) -> None:
    status, out, _ = run("summary", str(hostile))
    assert status == 0
    assert "\x1b" not in out
    assert "<script>" not in re.sub(r"`[^`\n]*`", "", out)
    assert "\u202e" not in out


CLEAN = [
    ("moe_two_phases.dot", "pp4ep4tp2sp2"),
    ("moe_two_phases.dot", ""),
    ("dense_pp2tp4_clean.dot", "pp2tp4"),
    ("moe_ep4_ranks_clean.dot", "ep4"),
    ("moe_ep4_ranks_gaps.dot", ""),
    ("overview.dot", ""),
    ("overview.dot", "pp2tp4"),
    ("dense_pp2tp4_clean.dot", "pp4tp2"),
    ("moe_two_phases.dot", "pp2ep8tp4sp2"),
    ("moe_ep4_ranks_gaps.dot", "ep8"),
    ("two_files/prompt_pass.dot", "pp2tp2sp2"),
    ("two_files/token_loop.dot", ""),
]


@pytest.mark.parametrize(("name", "strategy"), CLEAN)
def test_overview_passes_under_the_same_strategy(name: str, strategy: str, tmp_path: Path) -> None:
    target = tmp_path / "simplified.dot"
    options = ("-s", strategy) if strategy else ()
    assert run("overview", str(FIXTURES / name), *options, "-o", str(target)) == (0, "", "")
    assert "dotlint:" not in target.read_text(encoding="utf-8")  # no suppression
    checked = ("check", str(target), "--isolated", "--no-cache", "--format", "concise", "--fail-on", "info")
    status, out, err = run(*checked, *options)
    assert (status, out, err) == (0, "", "")
    again = run("overview", str(FIXTURES / name), *options)[1]
    assert again == target.read_text(encoding="utf-8")


STAGE = """
  pp{n}_attn [label="Attention\\nStage {n}\\nGPUs: {a}-{b}"]
  pp{n}_mlp [label="MLP\\nStage {n}\\nGPUs: {a}-{b}"]
  pp{n}_attn -> pp{n}_mlp
"""
ENDS = (
    'input [label="Input\\nOutput: [batch=8, seq=128, hidden=64]"] '
    'output [label="Output\\nInput: [batch=8, seq=128, hidden=64]"] '
)


def _stages(number: int, width: int) -> str:
    return "".join(STAGE.format(n=n, a=n * width, b=n * width + width - 1) for n in range(number))


# What is wrong in each of these is wrong in any drawing of its stages.
WRONG = {
    "goes back": ENDS
    + _stages(3, 2)
    + "input -> pp0_attn; pp0_mlp -> pp1_attn; pp1_mlp -> pp2_attn; pp2_mlp -> output;"
    "pp2_mlp -> pp0_attn; pp0_mlp -> pp2_attn",
    "stages apart": ENDS + _stages(3, 2) + "input -> pp0_attn",
    "other GPUs": ENDS
    + _stages(3, 4)
    + "input -> pp0_attn; pp0_mlp -> pp1_attn; pp1_mlp -> pp2_attn; pp2_mlp -> output",
    "open sizes": (
        ENDS + _stages(3, 2) + "input -> pp0_attn; pp0_mlp -> pp1_attn; pp1_mlp -> pp2_attn; pp2_mlp -> output"
    ).replace("seq=128", "seq=?"),
    "no ends": _stages(3, 2) + "pp0_mlp -> pp1_attn; pp1_mlp -> pp0_attn",
}
SAID = {
    "goes back": ("1 edge past the next stage", "1 edge back to earlier stages"),
    "stages apart": ("missing", "dashed"),
    "other GPUs": ("drawn on 4-7, declared 2-3",),
    "open sizes": ("Output: dimensions left open",),
    "no ends": ("missing", "dashed", "1 edge back to earlier stages"),
}


@pytest.mark.parametrize("what", WRONG)
def test_overview_says_in_words_what_cannot_be_drawn_right(what: str, tmp_path: Path) -> None:
    source, target = tmp_path / "wrong.dot", tmp_path / "simplified.dot"
    source.write_text(f"digraph {{ {WRONG[what]} }}", encoding="utf-8")
    options = ("-s", "pp3tp2")
    assert run("check", str(source), "--isolated", "--no-cache", *options)[0] == 1
    assert run("overview", str(source), *options, "-o", str(target)) == (0, "", "")
    text = target.read_text(encoding="utf-8")
    assert "dotlint:" not in text  # no suppression
    checked = ("check", str(target), "--isolated", "--no-cache", "--format", "concise", "--fail-on", "info")
    assert run(*checked, *options) == (0, "", "")
    assert all(words in text for words in SAID[what])


def test_overview_by_gpu_draws_what_comes_back_apart(tmp_path: Path) -> None:
    body = "".join(
        f'expert_{n} [label="Expert {n}\\nGPU: {n}"]; router -> expert_{n}; expert_{n} -> router_sum;' for n in range(4)
    )
    both = 'router [label="Router\\nGPUs: 0-3"] router_sum [label="All-Reduce\\nGPUs: 0-3"] input -> router; router_sum -> output;'
    (tmp_path / "x.dot").write_text(f"digraph {{ {ENDS} {both} {body} }}", encoding="utf-8")
    target = tmp_path / "simplified.dot"
    assert run("overview", str(tmp_path / "x.dot"), "-o", str(target))[0] == 0
    (graph,) = api.parse(target.read_text(encoding="utf-8")).graphs
    assert not graph.directed
    assert len(graph.nodes) == 7
    assert run("check", str(target), "--isolated", "--no-cache", "--format", "concise", "--fail-on", "info") == (
        0,
        "",
        "",
    )


def test_overview_of_a_clean_file() -> None:
    _, out, _ = run("overview", str(FIXTURES / "dense_pp2tp4_clean.dot"), "-s", "pp2tp4")
    document = api.parse(out)
    (graph,) = document.graphs
    assert [node.name for node in graph.nodes.values()] == ["tokens", "logits", "stage_0", "stage_1"]
    assert "GPUs: 4-7" in graph.nodes["stage_1"].label
    assert "all-reduce" in graph.nodes["stage_1"].label
    assert [(e.tail.name, e.head.name) for e in graph.edges] == [
        ("tokens", "stage_0"),
        ("stage_0", "stage_1"),
        ("stage_1", "logits"),
    ]


def test_overview_dashes_what_is_missing_and_says_so() -> None:
    _, out, _ = run("overview", MOE, *STRATEGY)
    (graph,) = api.parse(out).graphs
    lacking = [node.name for node in graph.nodes.values() if "missing" in node.label.split("\\n")]
    assert lacking == ["decode_output", "decode_stage_2", "decode_stage_3", "decode_stage_4"]
    assert all("dashed" in graph.nodes[name].attributes["style"] for name in lacking)
    dashed = {(e.tail.name, e.head.name) for e in graph.edges if e.attributes.get("style") == "dashed"}
    assert ("prefill_stage_4", "decode_stage_1") in dashed
    assert ("prefill_stage_1", "prefill_stage_2") not in dashed


def test_overview_by_layer_folds_layers_that_are_alike() -> None:
    body = "".join(
        f'l{n}_attn [label="Attention\\nLayer {n}\\nGPUs: 0-7"]; l{n}_ar [label="All-Reduce\\nLayer {n}\\nGPUs: 0-7"];'
        f"l{n}_attn -> l{n}_ar; l{n}_ar -> l{n + 1}_attn;"
        for n in range(8)
    )
    text = f'digraph {{ {body} l8_attn [label="Attention\\nLayer 8\\nGPUs: 0-7"] }}'
    status, out, _ = run("overview", "-", stdin=text.encode())
    assert status == 0
    (graph,) = api.parse(out).graphs
    assert list(graph.nodes) == ["transformer_layers_0-7", "transformer_layer_8"]
    assert len(graph.edges) == 1


def test_overview_by_gpu_has_no_direction() -> None:
    body = "".join(f'expert_{n} [label="Expert {n}\\nGPU: {n}"]; expert_{n} -> ar;' for n in range(4))
    text = f'digraph {{ {body} ar [label="All-Reduce\\nGPUs: 0-3"] }}'
    _, out, _ = run("overview", "-", stdin=text.encode())
    (graph,) = api.parse(out).graphs
    assert not graph.directed
    assert len(graph.nodes) == 5
    assert len([edge for edge in graph.edges if "style" not in edge.attributes]) == 4
