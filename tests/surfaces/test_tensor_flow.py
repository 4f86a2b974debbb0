"""Every surface tells the same about the tensors of a file, and how far they were followed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import dotlint
from dotlint import summary
from dotlint.engine.result import Settings
from dotlint.page.data import known_elements
from dotlint.page.dot_texts import dot_texts
from dotlint.pipeline.lint_file import lint_file
from dotlint.server.analysis import do
from dotlint.server.messages import EditorOptions, Job, NodePages
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source
from tests.cli.command import run
from tests.dsl import digraph, edges, node

WHOLE, WIDE = "[bs=2, sl=256, d_model=1k]", "[bs=2, sl=256, ffn=2048]"
TEXT = digraph(
    node("x", "Input", "0-1", WHOLE, WHOLE, "ellipse"),
    node("norm", "LayerNorm", "0-1", WHOLE, WHOLE),
    *(node(f"up_{i}", "MLP up", str(i), WHOLE, WIDE) for i in range(2)),
    *(node(f"down_{i}", "MLP down", str(i), WIDE, WHOLE) for i in range(2)),
    node("sum", "TP all-reduce", "0-1", WHOLE, WHOLE, "ellipse"),
    node("frob", "Frobnicate", "0-1"),
    node("y", "Output", "0-1", WHOLE, WHOLE, "ellipse"),
    *(edge for i in range(2) for edge in edges("norm", f"up_{i}", f"down_{i}", "sum")),
    *edges("x", "norm"),
    *edges("sum", "frob", "y"),
)
FLOW = {"edges": 9, "followed": 7, "not_followed": {"role unknown": 2}}
WORDS = "7 of 9 edges followed; 2 at operators whose role is unknown"
UNKNOWN = digraph(*(node(f"n{i}", "LayerNorm", "0-1", WHOLE, WHOLE) for i in range(3)), *edges("n0", "n1", "n2"),
                  *(node(f"f{i}", f"Frobnicate {i}", "0-1") for i in range(5)), *edges("n2", *(f"f{i}" for i in range(5))))  # fmt: skip


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dotlint.picture.engines.engines", lambda _form: [])
    Path("a.dot").write_text(TEXT, encoding="utf-8")
    Path("few.dot").write_text(UNKNOWN, encoding="utf-8")
    Path("other.dot").write_text("digraph { a -> b }\n", encoding="utf-8")


def flows(*options: str) -> list[Any]:
    entries = json.loads(run("check", "--isolated", "-f", "json", *options, "a.dot", "few.dot", "other.dot").out)
    return [entry["flow"] for entry in entries["files"]]


def test_json_in_one_process_in_two_and_from_the_cache() -> None:
    expected = [FLOW, {"edges": 7, "followed": 2, "not_followed": {"role unknown": 5}}, None]
    for options in (("--no-cache", "--jobs", "1"), ("--no-cache", "--jobs", "2"), ("--jobs", "1"), ("--jobs", "1")):
        assert flows(*options, "-s", "tp2") == expected


def test_reports_summary_page_and_explain_say_the_same_numbers() -> None:
    options = ("-s", "tp2", "a.dot")
    for form in ("report", "markdown", "html"):
        shown = " ".join(run("check", "--isolated", *options, "-f", form).out.split())
        assert f"tensor flow: {WORDS}" in shown
    assert f"**edges**: {WORDS}" in run("summary", *options).out
    assert f"flow: {WORDS}" in run("explain", *options).out
    assert dotlint.check(Path("a.dot"), strategy="tp2").to_dict()["flow"] == FLOW


def test_a_file_of_which_little_was_followed_says_so_at_its_verdict() -> None:
    few = "tensors could be followed on only 2 of 7 edges"
    result = dotlint.check(Path("few.dot"))
    assert few in str(result).splitlines()[0]
    assert few in result._repr_html_().split("<table")[0]
    for form in ("report", "markdown", "html"):
        assert few in " ".join(run("check", "--isolated", "few.dot", "-f", form).out.split())
    assert few in run("summary", "few.dot").out
    assert few not in run("check", "--isolated", "a.dot").out


def test_generic_rules_do_not_follow_tensors() -> None:
    assert flows("--select", "A,N", "--no-cache") == [None, None, None]
    assert "tensor flow" not in run("check", "--isolated", "--select", "A,N", "a.dot").out


def test_explain_hover_and_page_show_shapes_and_placements_of_a_node() -> None:
    shown = run("explain", "a.dot", "sum", "-s", "tp2").out
    lines = [line.strip() for line in shown.split("\ntensors\n")[1].split("\n\n")[0].splitlines()]
    assert lines[0] == "input: written bs=2, sl=256, d_model=1k, understood as batch 2, seq 256, hidden 1024"
    assert lines[1] == "on tp (GPUs 0-1): Partial"
    assert "from `down_0` and `down_1`: batch 2, seq 256, hidden 1024" in lines
    at = lines.index("output: written bs=2, sl=256, d_model=1k, understood as batch 2, seq 256, hidden 1024")
    assert lines[at + 1] == "on tp (GPUs 0-1): Replicate"
    result = lint_file(Source.from_text(TEXT, "a.dot"), Settings(Strategy.parse("tp2"), "option"))
    assert result.context is not None
    rows = {row[0]: row[4] for row in known_elements(dot_texts(result, result.document.source)).node_rows}
    assert [line.strip() for line in rows["sum"]] == lines
    Path("dotlint.toml").write_text('strategy = "tp2"\n', encoding="utf-8")
    sent: list[Any] = []
    do(Job("read", TEXT, str(Path("a.dot").absolute()), EditorOptions()), sent.append)
    hovers = [facts for message in sent if isinstance(message, NodePages) for facts in message.facts]
    assert lines in [[line.strip() for line in facts.tensors] for facts in hovers]


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    shown = run("explain", "a.dot", "frob", "-s", "tp2").out
    assert "from `sum`: not followed (at operators whose role is unknown)" in shown
    assert "output: shape not stated\n    placement not known" in shown


def test_explain_and_summary_show_mesh_axes_and_notation() -> None:
    shown = run("explain", "a.dot", "-s", "tp2").out
    axis = "tp, 2 ranks (GPUs 0 | 1): the strategy has this degree, and shapes and roles fit no other axis of it"
    assert axis in shown
    assert axis.replace("|", "\\|") in run("summary", "a.dot", "-s", "tp2").out
    assert "undecided: no split, gather or shard shows whether shapes are local or global" in shown


def test_summary_in_json_has_the_same_section() -> None:
    result = lint_file(Source.from_text(TEXT, "a.dot"), Settings(Strategy.parse("tp2"), "option"))
    (section,) = [one for one in summary.summarize(result).graphs[0].sections if one.title == "Tensor flow"]
    assert section.lines[0].text == WORDS
