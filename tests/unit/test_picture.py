"""Pictures before they are laid out: what is drawn, folded, marked, and under which ids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dotlint.config.configurations import Configurations
from dotlint.config.model import Overrides
from dotlint.graph.builder import read
from dotlint.picture.assemble import assemble
from dotlint.picture.model import LEVELS, Picture
from dotlint.picture.source import dot_source
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult

FIXTURES = Path(__file__).parent.parent / "fixtures"


def result_of(text: str, strategy: str = "", name: str = "test.dot") -> FileResult:
    overrides = Overrides(strategy=(strategy,) if strategy else ())
    settings = Configurations(overrides, file=None, isolated=True).settings("-")
    return lint(Source.from_text(text, name), settings)


def picture_of(text: str, strategy: str = "", **options: Any) -> Picture:
    result = result_of(text, strategy)
    assert result.context is not None
    return assemble(result, result.context.graphs[0], **options)


def fixture(name: str, strategy: str = "", **options: Any) -> Picture:
    return picture_of((FIXTURES / name).read_text(encoding="utf-8"), strategy, **options)


def test_findings_are_where_they_belong() -> None:
    made = fixture("moe_two_phases.dot", "pp4ep4tp2sp2")
    by_node = {shape.members[0]: shape for shape in made.shapes}
    assert by_node["pre2 norm"].state == "isolated"
    assert by_node["pre2 split"].state == "no consumer"
    assert by_node["pre2 gather"].state == "no producer"
    assert by_node["pre1 norm in"].state is None
    assert by_node["pre1 norm in"].marks == []
    proposed = {pair for arrow in made.arrows if arrow.proposed for pair in arrow.pairs}
    assert ("pre2 split", "pre2 norm") in proposed
    assert all(arrow.proposed is None or arrow.proposed.code.startswith("S") for arrow in made.arrows)
    planned = [shape for shape in made.shapes if shape.planned]
    assert len(planned) >= 3 * 15
    assert {shape.planned.code for shape in planned if shape.planned} == {"S002"}


def test_a_stage_has_one_box_be_it_the_files_or_ours() -> None:
    made = fixture("moe_two_phases.dot", "pp4ep4tp2sp2")
    by_node = {shape.members[0]: shape for shape in made.shapes}
    drawn, ours = by_node["pre2 norm"].box, by_node["pre3 norm"].box
    assert drawn is not None
    assert drawn.own
    assert drawn.parent is None
    assert ours is not None
    assert not ours.own
    assert "GPUs 32-47" in ours.lines[0]
    assert "stage 3 title" not in by_node  # the header is the box's title
    assert made.node_ids["stage 3 title"] == ours.id
    assert made.unit_ids["decode", 3] != made.unit_ids["decode", 2]


def test_a_file_without_clusters_gets_boxes_with_gpus() -> None:
    stages = "".join(
        f'norm_{s} [label="LayerNorm\\nStage {s}\\nGPUs: {4 * s}-{4 * s + 3}"];'
        f'mlp_{s} [label="MLP\\nStage {s}\\nGPUs: {4 * s}-{4 * s + 3}"]; norm_{s} -> mlp_{s};'
        for s in range(2)
    )
    made = picture_of(f"digraph {{ {stages} mlp_0 -> norm_1 }}", "pp2tp4")
    assert [box.lines[0] for box in made.boxes] == ["stage 0 · GPUs 0-3", "stage 1 · GPUs 4-7"]


def test_a_cycle_is_drawn_and_its_shortest_way_thicker() -> None:
    made = picture_of("digraph { qkv_tp0 -> mlp_tp0 -> norm_tp0 -> qkv_tp0; mlp_tp0 -> qkv_tp0; norm_tp0 -> output }")
    cycle = {arrow.pairs[0]: arrow.cycle for arrow in made.arrows}
    assert cycle == {
        ("qkv_tp0", "mlp_tp0"): 2,
        ("mlp_tp0", "qkv_tp0"): 2,
        ("mlp_tp0", "norm_tp0"): 1,
        ("norm_tp0", "qkv_tp0"): 1,
        ("norm_tp0", "output"): 0,
    }


def test_ids_are_unique_stable_and_plain() -> None:
    text = 'digraph { "a b" -> "a-b"; "a b" -> "a-b"; "日本" -> "語"; "" -> "a b" }'
    made, again = picture_of(text), picture_of("digraph { zero; one" + text[9:])
    ids = [shape.id for shape in made.shapes] + [arrow.id for arrow in made.arrows]
    assert len(set(ids)) == len(ids)
    assert all(id_.isascii() and " " not in id_ for id_ in ids)
    assert again.node_ids["a b"] == made.node_ids["a b"]
    assert picture_of(text, prefix="p2-").node_ids["a b"] == f"p2-{made.node_ids['a b']}"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("only_problems", [False, True])
@pytest.mark.parametrize("name", ["moe_two_phases.dot", "moe_ep4_ranks_gaps.dot", "dense_pp2tp4_clean.dot"])
def test_every_node_and_edge_has_an_element_however_far_it_is_folded(
    name: str, level: str, only_problems: bool
) -> None:
    made = fixture(name, level=level, only_problems=only_problems)
    graph = read(Source.from_text((FIXTURES / name).read_text(encoding="utf-8"), name)).graphs[0]
    ids = {shape.id for shape in made.shapes} | {box.id for box in made.boxes}
    assert {made.node_ids[node] for node in graph.nodes} <= ids
    inside = {member: shape for shape in made.shapes for member in shape.members}
    for edge in graph.edges:
        tail, head = inside[edge.tail.name], inside[edge.head.name]
        assert tail is head or (edge.tail.name, edge.head.name) in made.edge_ids


def test_only_problems_folds_what_is_fine() -> None:
    made = fixture("dense_pp2tp4_clean.dot", only_problems=True)
    assert {shape.lines[:2] for shape in made.shapes} == {
        ("stage 0", "47 operators, 58 edges"),
        ("stage 1", "47 operators, 58 edges"),
    }
    gaps = fixture("moe_ep4_ranks_gaps.dot", only_problems=True)
    whole = fixture("moe_ep4_ranks_gaps.dot")
    assert len(gaps.shapes) < len(whole.shapes)
    states = sorted(shape.state for shape in whole.shapes if shape.state)
    assert sorted(shape.state for shape in gaps.shapes if shape.state) == states


def test_folding_goes_on_from_level_to_level() -> None:
    sizes = [len(fixture("dense_pp2tp4_clean.dot", level=level).shapes) for level in LEVELS]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 2


def test_a_rule_that_names_nearly_all_is_told_once() -> None:
    made = fixture("moe_two_phases.dot", "pp4ep4tp2sp2")
    assert not any(mark.code == "T001" for shape in made.shapes for mark in shape.marks)
    assert any("T001" in line for line in made.title)
    assert any(mark.code == "T001" for shape in made.shapes for mark in shape.hints)


HOSTILE = [
    '"><script>', "</svg>", "&#60;script&#62;", "&#1;", "a\\nb", "x|y{z", "-->", "<![CDATA[", "]]>", "%s {0}", "node",
    "x\x1by", "<title>n0</title>", "\u202eevil", "&bogus;", "\ufffe", "b" * 5000,
]  # fmt: skip


def hostile_text() -> str:
    quoted = ['"' + name.replace('"', '\\"') + '"' for name in HOSTILE]
    nodes = "; ".join(f'{q} [label={q}, URL="javascript:x", id={q}, shape=record]' for q in quoted)
    edges = "; ".join(f"{one} -> {two} [label={two}]" for one, two in zip(quoted, quoted[1:], strict=False))
    return f'digraph "<&>" {{ subgraph cluster_0 {{ label="</title>"; {nodes} }} {edges}; h [label=<<b>x</b>>] }}'


@pytest.mark.parametrize("level", LEVELS)
def test_what_graphviz_gets_is_dot_whatever_the_file_says(level: str) -> None:
    text = hostile_text()
    made = picture_of(text, level=level, full_labels=True)
    document = read(Source.from_text(dot_source(made), "picture.dot"))
    assert not document.problems
    (graph,) = document.graphs
    assert len(graph.nodes) == len(made.shapes)
    names = {"id", "class", "label", "style", "color", "fillcolor", "shape", "penwidth", "fontcolor", "peripheries"}
    defaults = {"fontname", "fontsize", "margin", "height", "width"}
    assert all(set(node.attributes) <= names | defaults for node in graph.nodes.values())
