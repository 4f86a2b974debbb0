"""Which findings are told as consequences of another one."""

from __future__ import annotations

import dotlint
from dotlint.engine.context import FileContext
from dotlint.graph.builder import read
from dotlint.syntax.source import Source
from tests.dsl import chain, digraph


def pipeline(*extra: str, stages: int = 3, without: str = "") -> str:
    """Stages in a row, each on a GPU of its own, and more statements."""
    statements = chain(stages, "norm qkv attn mlp", name="s{n}_{op}", gpus="{n}", without=[without])
    return digraph(*statements, *extra)


def causes(text: str, code: str, strategy: str | None = "pp3") -> list[set[str]]:
    """For every finding of a rule the rules that cause it."""
    findings = dotlint.check(text, strategy=strategy, preset="strict").findings
    return [{findings[c].code for c in f.caused_by} for f in findings if f.code == code]


def test_a_correct_pipeline_has_no_errors() -> None:
    assert dotlint.check(pipeline(), strategy="pp3").verdict == "correct"


def test_an_edge_back_is_told_as_the_cycle_that_it_closes() -> None:
    text = pipeline("s2_norm -> s0_norm;")
    assert causes(text, "G001") == [set()]
    assert causes(text, "S005") == [{"G001"}]


def test_an_edge_that_skips_a_stage_is_told_for_itself_also_beside_a_cycle() -> None:
    text = pipeline("s2_norm -> s0_norm;", "s0_mlp -> s2_norm;")
    assert set() in causes(text, "S005")


def test_where_stages_alone_form_a_cycle_the_edge_back_is_told() -> None:
    text = pipeline('s0_last [label="Final Norm\\nGPU: 0"];', "s2_mlp -> s0_last;", "s0_last -> output;")
    assert causes(text, "S005") == [set()]
    assert causes(text, "G002") == [{"S005"}]


def test_dead_ends_follow_from_a_link_that_no_sibling_shows() -> None:
    text = pipeline(stages=2, without="s0_mlp -> s1_norm")
    assert causes(text, "S004", "pp2") == [set()]
    assert causes(text, "G004", "pp2") == [{"S004"}]
    assert causes(text, "G005", "pp2") == [{"S004"}]


def test_dead_ends_follow_from_roles_that_nothing_joins() -> None:
    text = """digraph {
      input [label="Input"]; output [label="Output"];
      norm [label="LayerNorm\\nGPU: 0"]; qkv [label="QKV Projection\\nGPU: 0"];
      attn [label="Attention Compute\\nGPU: 0"]; mlp [label="MLP\\nGPU: 0"];
      input -> norm -> qkv; attn -> mlp -> output;
    }"""
    assert causes(text, "G004", None) == [{"S014"}]
    assert causes(text, "G005", None) == [{"S014"}]


def test_dead_ends_follow_from_a_name_that_is_misspelt() -> None:
    text = pipeline("s1_qkv -> s1_misspelt;", without="s1_qkv -> s1_attn")
    text = text.replace("attn", "attention").replace("s1_misspelt", "s1_attentin")
    assert causes(text, "N001") == [set()]
    assert causes(text, "G004") == [{"N001"}]
    assert causes(text, "G005") == [{"N001"}]
    assert causes(text, "G006") == [{"N001"}]


def test_a_node_that_a_character_made_is_no_operator() -> None:
    text = pipeline().replace("s1_qkv -> s1_attn;", "s1_qkv → s1_attn;")
    assert causes(text, "N012") == [set()]
    for code in ("G003", "G004", "G005", "S001"):
        assert causes(text, code) == [{"N012"}]


def test_a_shape_follows_from_an_attribute_that_is_misspelt() -> None:
    shaped = pipeline().replace('"];', '", shape=box];')
    text = shaped.replace('Attention Compute\\nGPU: 1", shape=box', 'Attention Compute\\nGPU: 1", shpae=box')
    assert causes(text, "A001") == [set()]
    assert causes(text, "V001") == [{"A001"}]


def test_a_name_that_was_not_filled_in_stands_for_the_one_that_is_lacking() -> None:
    text = pipeline(stages=5).replace("s3_qkv", '"s{i}_qkv"')
    assert causes(text, "N002", "pp5") == [set()]
    assert causes(text, "S003", "pp5") == [{"N002"}]


def test_the_graph_with_more_edges_asks_for_no_further_ones() -> None:
    text = pipeline(without="s0_qkv -> s0_attn")
    graph = FileContext(read(Source.from_text(text, "test.dot")), "test.dot").graphs[0]
    assert [missing.pair for missing in graph.missing] == [("s0_qkv", "s0_attn")]
    assert graph.with_edges([]).missing == []
