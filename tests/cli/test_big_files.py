"""Reports of big files: sections stay readable, counts come first, full lists are in JSON."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from dotlint.pipeline.compute import attach_fixes
from dotlint.pipeline.lint import FileResult, lint
from dotlint.report import as_json, full, markdown, rich_report
from dotlint.report.outline import outline
from dotlint.syntax.source import Source
from tests.cli.command import run
from tests.dsl import digraph, node

if TYPE_CHECKING:
    from pathlib import Path

DIMS = "[batch=4, seq=2048, hidden=1024]"


def operator(name: str, label: str, gpus: str, shape: str = "box") -> str:
    return "  " + node(name, label, gpus, DIMS, DIMS, shape)


def layers(number: int, lacking: int = 0) -> list[str]:
    """Write `number` layers of 26 nodes each; where `lacking`, every second one has none of its 40 edges."""
    lines = [operator("input", "Input", "0-7", "ellipse"), operator("output", "Output", "0-7", "ellipse")]
    before = "input"
    for layer in range(number):
        name = f"l{layer}"
        lines += [
            operator(f"{name}_norm", "LayerNorm", "0-7"),
            operator(f"{name}_reduce", "All-reduce", "0-7", "ellipse"),
        ]
        lines.append(operator(f"{name}_sum", "All-reduce", "0-7", "ellipse"))
        for shard in range(8):
            for role, label in (("qkv", "QKV projection"), ("attn", "Attention compute"), ("mlp", "MLP")):
                lines.append(operator(f"{name}_{role}_{shard}", label, str(shard)))
            if not (lacking and layer % 2):
                lines.append(f"  {name}_norm -> {name}_qkv_{shard} -> {name}_attn_{shard} -> {name}_reduce;")
                lines.append(f"  {name}_reduce -> {name}_mlp_{shard} -> {name}_sum;")
        lines.append(f"  {before} -> {name}_norm;")
        before = f"{name}_sum"
    return [*lines, f"  {before} -> output;"]


def isolated() -> list[str]:
    """Write 2,560 nodes of two families that nothing joins, in 20 layers."""
    experts = [f"expert_l{la}_r{r}_e{e}" for la in range(20) for r in range(4) for e in range(16)]
    return [operator(name, "Expert", "0-7") for name in experts] + [
        operator(f"cache_{i}", "KV cache", "0") for i in range(1280)
    ]


WORDS = [f"{one}{two}" for one in ("alpha", "beta", "gamma", "delta", "kappa") for two in "abcdefghijklmnopqrst"]
FILES = {
    "isolated": layers(20) + isolated(),
    "families": layers(4) + [operator(f"{word}_op_{i}", "MLP", "0") for word in WORDS for i in range(10)],
    "missing": layers(60, lacking=1),
    "nameless": layers(4)
    + [operator("n" + "".join(chr(97 + int(d)) for d in f"{i * 7919:07}"), "MLP", "0") for i in range(900)],
    "ring": [operator(f"op_{i}", "MLP", "0") for i in range(900)]
    + [f"  op_{i} -> op_{(i + 1) % 900};" for i in range(900)],
    "headers": [f"  // PP=4 TP=2, {i + 9} GPUs in total" for i in range(300)] + layers(1),
}
_KNOWN: dict[str, tuple[FileResult, float]] = {}


def linted(name: str) -> tuple[FileResult, float]:
    """Give the result of a file and the seconds that it took; once a session."""
    if name not in _KNOWN:
        source = Source.from_text(digraph(*FILES[name]), f"{name}.dot")
        start = time.process_time()
        result = attach_fixes(lint(source)).slim()
        _KNOWN[name] = result, time.process_time() - start
    return _KNOWN[name]


def report(name: str, width: int = 80) -> str:
    return rich_report.render([outline(linted(name)[0])], width=width, color=False)


def entry(name: str) -> dict[str, Any]:
    return as_json.file_dict(linted(name)[0])


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("name", FILES)
def test_a_report_is_short_and_as_wide_as_the_terminal(name: str, width: int) -> None:
    lines = report(name, width).splitlines()
    assert len(lines) < 160
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("name", FILES)
def test_a_report_takes_less_time_than_the_lint(name: str) -> None:
    result, seconds = linted(name)
    report("headers")  # so that nothing is imported within the time
    start = time.process_time()
    rich_report.render([outline(result)], width=100, color=True)
    markdown.render([outline(result)])
    assert time.process_time() - start < seconds


@pytest.mark.parametrize("name", FILES)
def test_no_text_lists_hundreds(name: str) -> None:
    said = entry(name)
    texts = [f[key] or "" for f in said["findings"] for key in ("message", "note", "help")]
    texts += [h["text"] for h in said["holds"]] + [u["needs"] for u in said["undecided"]]
    assert max(map(len, texts)) < 300
    assert all(len(line) < 2400 for line in full.render([linted(name)[0]], width=100, color=False).splitlines())


def test_isolated_nodes_are_families_with_ranges() -> None:
    text = report("isolated", 100)
    assert "20 findings: 64 operators of layer {0..19} have no edges" in text
    assert "expert_l{0..19}_r{0..3}_e{0..15}  isolated.dot:" in text
    assert "cache_{0..1279}  :" in text
    alone = [name for f in entry("isolated")["findings"] if f["code"] == "G003" for name in f["nodes"]]
    assert len(alone) == len(set(alone)) == 2560
    assert "`expert_l{0..19}_r{0..3}_e{0..15}`" in markdown.render([outline(linted("isolated")[0])])


def test_many_families_are_counted_after_the_first() -> None:
    text = report("families", 100)
    assert "100 findings about 1000 nodes; the first of them:" in text
    assert "10 operators of `alphaa_op_#` have no edges: alphaa_op_{0..9}" in text
    assert "77 more findings of this rule  :" in text
    assert len([f for f in entry("families")["findings"] if f["code"] == "G003"]) == 100


def test_missing_edges_of_many_units_are_told_once() -> None:
    text = report("missing", 100)
    assert "1200 missing edges" in text
    assert "30 findings: layer {1..59..2} lacks 40 edges that layer 0 has" in text
    assert "layer {1..59..2}  40 edges in each of 30" in text
    assert "l{1..59..2}_qkv_{0..7} -> l{1..59..2}_attn_{0..7}   240 edges" in text
    assert "1. Add the 1200 missing edges (section 1)" in text
    pairs = {tuple(pair) for f in entry("missing")["findings"] for pair in f["missing_edges"]}
    assert len(pairs) == 1200


def test_edges_that_are_folded_in_the_report_are_written_by_fix(tmp_path: Path) -> None:
    path = tmp_path / "missing.dot"
    path.write_text(digraph(*layers(28, lacking=1)), encoding="utf-8")
    out = run("check", str(path), "--fix", "--isolated").out
    assert "missing edge" not in out
    assert "l27_qkv_7 -> l27_attn_7" in path.read_text(encoding="utf-8")


def test_names_without_a_family_are_counted() -> None:
    text = report("nameless", 100)
    assert "and 860 more" in text
    page = markdown.render([outline(linted("nameless")[0])])
    assert "` and 860 more\n" in page


def test_a_long_cycle_is_told_by_its_ends() -> None:
    (cycle,) = [f for f in entry("ring")["findings"] if f["code"] == "G001"]
    assert cycle["message"].startswith("900 edges form a cycle: op_")
    assert " -> ... -> " in cycle["message"]
    assert len(cycle["path"]) == 901


def test_stages_to_be_written_are_told_by_families() -> None:
    one = [operator(f"s1_{role}_{i}", label, str(i % 8)) for role, label in (("qkv", "QKV projection"), ("attn", "Attention"))
           for i in range(40)]  # fmt: skip
    one += [operator("s1_norm", "LayerNorm", "0-7"), operator("s1_join", "All-reduce", "0-7", "ellipse")]
    joins = [f"  s1_norm -> s1_qkv_{i} -> s1_attn_{i} -> s1_join;" for i in range(40)]
    text = "\n".join(["digraph g {", '  subgraph cluster_1 { label="Stage 1";', *one, "  }", *joins, "}"])
    with mock.patch.dict(os.environ, {"COLUMNS": "100"}):
        out = run("check", "-", "-s", "pp32tp8", "--isolated", stdin=text.encode()).out
    assert "stage {2..31}  GPUs" in out
    assert "82 operators: s{2..31}_qkv_{0..39}, s{2..31}_attn_{0..39}, s{2..31}_norm, s{2..31}_join" in " ".join(
        out.split()
    )
    assert "1. Add stages 2, 3, 4" in out
    out = run("check", "-", "-s", "pp32tp8", "--isolated", "-f", "json", stdin=text.encode()).out
    (finding,) = [f for f in json.loads(out)["files"][0]["findings"] if f["code"] == "S002"]
    assert len(finding["missing_nodes"]) == 31 * 82 + 1
