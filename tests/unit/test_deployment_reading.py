"""Facts from one name and label, and the readings derived from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlint.deployment.classify import read_deployment
from dotlint.deployment.facts import read_facts
from dotlint.deployment.patterns.proposals import missing_edges
from dotlint.deployment.patterns.stage_names import renumber
from dotlint.deployment.patterns.stage_plan import plan_stages
from dotlint.deployment.vocabulary import VocabularyError, load_vocabulary, read_vocabulary
from dotlint.deployment.wiring import Wiring
from dotlint.deployment.words import label_lines
from dotlint.engine.resources import rules_folder
from dotlint.graph.builder import read
from dotlint.strategy.gpus import GpuSet
from tests.dsl import chain, digraph

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment
    from dotlint.graph.model import Graph

VOCABULARY = load_vocabulary(str(rules_folder() / "vocabulary.toml"))
D = "[batch=4, seq=1024, hidden=512]"


def graph(text: str) -> Graph:
    return read(text).graphs[0]


def deployment(text: str) -> Deployment:
    return read_deployment(graph(text), VOCABULARY)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Attention QKV Proj", "qkv"),
        ("Attention Compute", "attention"),
        ("All-to-All\nExpert Aggregation", "combine"),
        ("all2all", "all-to-all"),
        ("a2a_dispatch", "dispatch"),
        ("SP SPLIT", "sequence-split"),
        ("MLP Gate", "gate"),
        ("Expert Routing", "route"),
        ("Expert 0-3", "expert"),
        ("rms_norm", "norm"),
        ("FINAL OUTPUT", "output"),
        ("KV cache transfer", "kv-transfer"),
        ("quicksort", None),
    ],
)
def test_role(text: str, role: str | None) -> None:
    found = VOCABULARY.role(text)
    assert (found.name if found else None) == role


@pytest.mark.parametrize(
    ("name", "label", "expected"),
    [
        ("stage2_label", r"PIPELINE STAGE 2\nLayers 5-8", {"layers": (5, 8)}),
        ("e", "Expert 4-7", {"experts": (4, 7)}),
        ("expert_12", "", {"experts": (12, 12)}),
        ("decode_attn", "", {"phases": frozenset({"decode"})}),
        ("x", "16 experts", {"experts": None}),
    ],
)
def test_facts(name: str, label: str, expected: dict[str, Any]) -> None:
    found = read_facts(name, tuple(label_lines(label)), VOCABULARY)
    assert {key: getattr(found, key) for key in expected} == expected


def test_vocabulary_that_lacks_a_part_is_refused() -> None:
    with pytest.raises(VocabularyError, match="here"):
        read_vocabulary({"role": []}, "here")


TWO = r"""digraph {
  input [label="Input"]
  title [label="Stage 1\nGPUs: 0-1"]
  norm1 [label="LayerNorm\nGPU: 0-1"]
  qkv1_1 [label="QKV projection\nGPU: 0"] qkv1_2 [label="QKV projection\nGPU: 1"]
  title2 [label="Stage 2\nGPUs: 2-3"]
  norm2 [label="LayerNorm\nGPU: 2-3"]
  qkv2_1 [label="QKV projection\nGPU: 2"] qkv2_2 [label="QKV projection\nGPU: 3"]
  output [label="Output"]
  input -> norm1 -> qkv1_1; norm1 -> qkv1_2
  %s
}"""


def test_stages_of_nodes_whose_names_have_none() -> None:
    found = deployment(TWO % "")
    assert found.stage_base == 1
    assert {stage: [r.name for r in unit.operators] for stage, unit in found.units[""].items()} == {
        0: ["norm1", "qkv1_1", "qkv1_2"],
        1: ["norm2", "qkv2_1", "qkv2_2"],
    }
    assert [unit.stated for unit in found.units[""].values()] == [GpuSet.of([0, 1]), GpuSet.of([2, 3])]
    assert [r.name for r in found.readings if r.annotation] == ["title", "title2"]


def test_edges_that_a_stage_lacks() -> None:
    assert [m.pair for m in missing_edges(deployment(TWO % ""))[0]] == [("norm2", "qkv2_1"), ("norm2", "qkv2_2")]
    assert [m.pair for m in missing_edges(deployment(TWO % "norm2 -> qkv2_1"))[0]] == [("norm2", "qkv2_2")]
    assert missing_edges(deployment(TWO % "norm2 -> {qkv2_1 qkv2_2}"))[0] == []


def test_an_edge_that_would_close_a_cycle_is_not_proposed() -> None:
    missing, closing = missing_edges(deployment(TWO % "qkv2_1 -> norm2"))
    assert (("norm2", "qkv2_1") in [m.pair for m in missing], closing) == (False, 1)


ONE = r"""digraph {
  input [label="Input"]
  subgraph cluster_0 { label="Stage 0, GPUs 0-1"
    stage0_qkv [label="QKV projection\nGPU: 0-1"] stage0_attn [label="Attention compute\nGPU: 0-1"] }
  output [label="Output"]
  input -> stage0_qkv -> stage0_attn%s
}"""


def test_stages_that_are_missing_are_planned() -> None:
    gpus = {stage: GpuSet.span(2 * stage, 2 * stage + 2) for stage in range(3)}
    plans = plan_stages(deployment(ONE % " -> output"), "", 3, gpus)
    assert [plan.stage for plan in plans] == [1, 2]
    assert [name for _, name in plans[0].copies] == ["stage1_qkv", "stage1_attn"]
    assert plans[0].inner == (("stage1_qkv", "stage1_attn"),)
    assert plans[0].entering == (("stage0_attn", "stage1_qkv"),)
    assert plans[1].entering == (("stage1_attn", "stage2_qkv"),)
    assert plans[1].leaving == (("stage2_attn", "output"),)
    assert [plan.gpus for plan in plans] == [gpus[1], gpus[2]]
    assert plans[1].new_output is None


def test_nothing_is_planned_without_an_exemplar() -> None:
    assert plan_stages(deployment(ONE % " -> output"), "", 1, {}) == []
    assert plan_stages(deployment("digraph { a -> b }"), "", 4, {}) == []


@pytest.mark.parametrize(
    ("text", "position", "number", "expected"),
    [
        ("decode_qkv1_1", 0, 2, "decode_qkv2_1"),
        ("decode_qkv1_1", 1, 3, "decode_qkv1_3"),
        ("expert_all2all1", 0, 4, "expert_all2all4"),
        ("output", None, 2, "output_2"),
    ],
)
def test_renumber(text: str, position: int | None, number: int, expected: str) -> None:
    assert renumber(text, position, number) == expected


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("digraph { a -> b -> c }", []),
        ("digraph { a -> a }", [("a", "a")]),
        ("digraph { a -> b -> a; b -> c -> b }", [("b", "a", "b")]),
        ("digraph { a -> b -> c -> a; c -> b }", [("b", "c", "b")]),
        ("digraph { a -> b -> a  c -> d -> c }", [("a", "b", "a"), ("c", "d", "c")]),
    ],
)
def test_cycles(text: str, paths: list[tuple[str, ...]]) -> None:
    wiring = Wiring(graph(text))
    assert [cycle.path for cycle in wiring.cycles()] == paths
    assert wiring.cyclic() == bool(paths)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=20))
def test_cycles_are_the_components_that_networkx_finds(edges: list[tuple[int, int]]) -> None:
    whole: nx.DiGraph[str] = nx.DiGraph((f"n{tail}", f"n{head}") for tail, head in edges)
    looped = set(nx.nodes_with_selfloops(whole))
    parts = (part for part in nx.strongly_connected_components(whole) if len(part) > 1 or part & looped)
    wiring = Wiring(graph("digraph { " + "; ".join(f"n{tail} -> n{head}" for tail, head in edges) + " }"))
    cycles = wiring.cycles()
    assert {frozenset(cycle.members) for cycle in cycles} == set(map(frozenset, parts))
    assert wiring.cyclic() == (not nx.is_directed_acyclic_graph(whole))
    for cycle in cycles:
        assert nx.is_path(whole, cycle.path)
        shortest = min(map(len, nx.simple_cycles(whole.subgraph(cycle.members))))
        assert len(cycle.path) - 1 == shortest or (shortest == 1 and len(cycle.path) == 3)


def test_wiring_with_planned_edges_and_nodes() -> None:
    wiring = Wiring(graph("digraph { a -> b }"), [("b", "new"), ("new", "end")])
    assert wiring.reach(["a"]) == {"a", "b", "new", "end"}
    assert wiring.reach(["a"], within={"b"}) == {"a", "b"}
    assert wiring.reach(["nowhere"]) == set()


@pytest.mark.parametrize(
    ("text", "recognized"),
    [
        (r'digraph { a [label="QKV\nGPU: 0"]; b [label="LayerNorm\nGPU: 0"]; a -> b }', True),
        ("digraph { main -> parse -> lex }", False),
        ("digraph { }", False),
        ('digraph { "split" -> "gate" -> "stage 1" -> "output" }', False),
    ],
)
def test_what_is_a_deployment(text: str, *, recognized: bool) -> None:
    assert deployment(text).recognized == recognized


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        ('a [label="..."]', True),
        ('a [label="Layers 2-7\\nsame pattern"]', True),
        ("experts_remaining", True),
        ('a [label="Norm\\nOutput: same as input"]', False),
        ('a [label="Input\\nBroadcast: [0 1 2...15]"]', False),
        ('a [label="Repeat KV heads"]', False),
    ],
)
def test_what_stands_for_others(statement: str, *, summary: bool) -> None:
    (reading,) = deployment(f"digraph {{ {statement} }}").readings
    assert reading.summary == summary


@pytest.mark.parametrize(
    ("name", "label", "role"),
    [
        ("tokens.out", "Output", "output"),
        ("tokens.out", "", "output"),
        ("tokens.in", "", "input"),
        ("a", "Attention Gate", "attention-gate"),
        ("a", "MLP Gate", "gate"),
        ("a", "Expert Weights", "route"),
        ("qkv_0", "Input", "qkv"),
    ],
)
def test_roles_of_names_and_labels(name: str, label: str, role: str) -> None:
    (reading,) = deployment(f'digraph {{ "{name}" [label="{label}"] }}').readings
    assert reading.role is not None
    assert reading.role.name == role


@pytest.mark.parametrize(
    ("statements", "annotations"),
    [
        ("compute [shape=box]; comm [shape=ellipse]", ["compute", "comm"]),
        ("compute [shape=box]", []),
        ("compute [shape=box, label=Compute]; comm [shape=ellipse, label=Comm]", []),
        ("compute [shape=box]; comm [shape=ellipse]; compute -> input", []),
        ("s_output { label=Output; logits [label=Logits] }", ["s_output"]),
        ("subgrap cluster_1 { label=x; logits [label=Logits] }", ["subgrap", "cluster_1"]),
    ],
)
def test_words_that_are_no_operators(statements: str, annotations: list[str]) -> None:
    readings = deployment(
        digraph(*chain(3, "norm qkv attn mlp", name="layer{n}_{op}", gpus="0-3", dims=D), statements)
    ).readings
    assert [r.name for r in readings if r.annotation] == annotations
