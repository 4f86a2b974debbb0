"""Nodes, edges, subgraphs and attributes as Graphviz has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.errors import DotlintError
from dotlint.graph.builder import read

if TYPE_CHECKING:
    from dotlint.graph.model import Graph


def graph_of(text: str) -> Graph:
    document = read(text)
    assert document.problems == []
    return document.graphs[0]


EDGES = [
    ("digraph { a -> b -> c }", "ab bc"),
    ("digraph { {a b} -> {c d} }", "ac ad bc bd"),
    ("digraph { {a b} -> {c d} -> e }", "ac ad bc bd ce de"),
    ("digraph { a -> { b { c } } }", "ab ac"),
    ("digraph { a -> { b -> c } }", "bc ab ac"),
    ("digraph { a, b -> c, d }", "ac ad bc bd"),
    ("digraph { a -> {} -> b }", ""),
    ("digraph { subgraph s { a b } subgraph s {} -> c }", "ac bc"),
    ("digraph { subgraph s { a b } subgraph t { subgraph s {} -> c } }", ""),
    ("digraph { a -> b; a -> b }", "ab ab"),
    ("strict digraph { a -> b; a -> b; b -> a; a -> a }", "ab ba aa"),
    ("strict graph { a -- b; b -- a }", "ab"),
    ("graph { a -- b; b -- a }", "ab ba"),
    ("digraph { a -> b [key=k]; a -> b [key=k]; a -> b [key=m]; a -> b }", "ab ab ab"),
    ("graph { a -- b [key=k]; b -- a [key=k] }", "ab"),
    ("strict digraph { a -> b [key=k]; a -> b [key=m] }", "ab"),
    ("digraph { edge [key=k]; a -> b; a -> b }", "ab ab"),
]


@pytest.mark.parametrize(("text", "edges"), EDGES)
def test_edges(text: str, edges: str) -> None:
    assert " ".join(edge.tail.name + edge.head.name for edge in graph_of(text).edges) == edges


NODES = [
    ("graph { a; node [x=1]; b; node [x=2]; c; a }", {"a": {}, "b": {"x": "1"}, "c": {"x": "2"}}),
    ("graph { node [c=1]; subgraph s { node [c=2]; a } b }", {"a": {"c": "2"}, "b": {"c": "1"}}),
    ("graph { a; subgraph s { node [c=2]; a; b } }", {"a": {}, "b": {"c": "2"}}),
    ("digraph { node [c=1]; x -> { node [c=2]; y } -> z }",
     {"x": {"c": "1"}, "y": {"c": "2"}, "z": {"c": "1"}}),
    ("graph { subgraph s { node [d=1]; a } subgraph s { b } }", {"a": {"d": "1"}, "b": {"d": "1"}}),
    ("graph { subgraph s { node [c=2]; a } node [c=3, e=4]; b subgraph s { d } }",
     {"a": {"c": "2"}, "b": {"c": "3", "e": "4"}, "d": {"c": "2", "e": "4"}}),
    ("graph { a [x=1] a [x=2, y=3] }", {"a": {"x": "2", "y": "3"}}),
    ('graph { node [x=q] b [x=""] }', {"b": {"x": ""}}),
    ("digraph { a -> b; a [x=1] }", {"a": {"x": "1"}, "b": {}}),
    ("digraph { a, b [x=1] }", {"a": {"x": "1"}, "b": {"x": "1"}}),
    ("digraph { node y=[x=1] a }", {"a": {"x": "1"}}),
    ('graph { a ["la" + "bel"=<i>] }', {"a": {"label": "<i>"}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "nodes"), NODES)
def test_node_attributes(text: str, nodes: dict[str, dict[str, str]]) -> None:
    found = {node.name: dict(node.attributes) for node in graph_of(text).nodes.values()}
    if text.endswith("<i>] }"):
        assert str(found["a"].pop("label")) == "i"
        nodes = {"a": {}}
    assert found == nodes


EDGE_ATTRIBUTES = [
    ("digraph { a -> b; edge [x=1]; b -> c [y=2] }", [{}, {"x": "1", "y": "2"}]),
    ("digraph { subgraph s { edge [c=1]; a -> b } b -> a }", [{"c": "1"}, {}]),
    ("digraph { a:x:n -> b:y }", [{"tailport": "x:n", "headport": "y"}]),
    ("digraph { a : x : n -> b }", [{"tailport": "x:n"}]),
    ("digraph { a:x -> b [tailport=z] }", [{"tailport": "z"}]),
    ("digraph { a:p, b:q -> c:r }", [{"tailport": "p", "headport": "r"}, {"tailport": "q", "headport": "r"}]),
    ("digraph { a:p -> b:q -> c }", [{"tailport": "p", "headport": "q"}, {"tailport": "q"}]),
    ("strict digraph { a -> b [x=1]; a -> b [y=2]; a -> b [x=3] }", [{"x": "3", "y": "2"}]),
    ("strict graph { a:x -- b:y; b:p -- a:q }", [{"tailport": "q", "headport": "p"}]),
    ("digraph { a -> b [key=k, x=1]; a -> b [key=k, y=2] }", [{"x": "1", "y": "2"}]),
]


@pytest.mark.parametrize(("text", "edges"), EDGE_ATTRIBUTES)
def test_edge_attributes(text: str, edges: list[dict[str, str]]) -> None:
    assert [edge.attributes for edge in graph_of(text).edges] == edges


def test_subgraphs() -> None:
    graph = graph_of(
        "digraph { c=1; subgraph cluster_a { label=A; x; subgraph in { y } } c=2;"
        " subgraph cluster_a { z } subgraph q { cluster=true; subgraph in { y; w } } { v } v }"
    )
    assert [(one.name, one.depth, list(one.nodes), one.is_cluster) for one in graph.subgraphs] == [
        ("cluster_a", 1, ["x", "y", "z"], True),
        ("in", 2, ["y"], False),
        ("q", 1, ["y", "w"], True),
        ("in", 2, ["y", "w"], True),
        (None, 1, ["v"], False),
    ]
    outer, inner, other, _, _ = graph.subgraphs
    assert (outer.attributes, outer.own_attributes, outer.label) == (
        {"c": "1", "label": "A"},
        {"label": "A"},
        "A",
    )
    assert (inner.parent, inner.attributes, list(inner.ancestors)) == (
        outer,
        {"c": "1", "label": "A"},
        [outer],
    )
    assert (other.attributes["c"], graph.attributes, len(outer.statements)) == ("2", {"c": "2"}, 2)
    assert [one.name for one in graph.nodes["y"].subgraphs] == ["in", "in"]
    assert [one.name for one in graph.nodes["v"].subgraphs] == [None]
    assert graph.nodes["x"].scope is outer


def test_mentions_and_declarations() -> None:
    text = "digraph { a -> b; b [x=1]; a -> c:p; b [x=2, label=B] }"
    graph = graph_of(text)
    a, b, c = graph.nodes.values()
    assert [(node.name, node.index, node.declared, text[slice(*node.span)]) for node in (a, b, c)] == [
        ("a", 0, False, "a"),
        ("b", 1, True, "b"),
        ("c", 2, False, "c"),
    ]
    assert (a.label, b.label) == ("a", "B")
    assert [edge.head for edge in a.out_edges] == [b, c]
    assert (graph.in_degree(b), graph.out_degree(b), [edge.tail for edge in c.in_edges]) == (1, 0, [a])
    span = b.attribute_span("x")
    assert span is not None
    assert text[slice(*span)] == "2"
    assert span[0] > text.index("x=2")
    assert a.attribute_span("x") is None
    assert [text[edge.start : edge.end] for edge in graph.edges] == ["a -> b", "a -> c:p"]


def test_a_product_over_the_limit_is_recorded_and_not_expanded() -> None:
    names = " ".join(f"n{number}" for number in range(30))
    document = read(f"digraph {{ {{{names}}} -> {{{names}}}; a -> b }}", edge_limit=100)
    (graph,) = document.graphs
    assert (graph.expansion_limited, len(graph.over_limit), len(graph.edges), document.edge_count) == (
        True,
        1,
        1,
        None,
    )
    assert read(f"digraph {{ {{{names}}} -> {{{names}}} }}").edge_count == 900


def test_counts_are_over_all_graphs() -> None:
    document = read("graph a { x -- y }\ndigraph b { x -> y -> z }")
    assert (document.node_count, document.edge_count, [graph.name for graph in document.graphs]) == (
        5,
        3,
        ["a", "b"],
    )


def test_as_networkx_and_pydot() -> None:
    pytest.importorskip("networkx")
    pytest.importorskip("pydot")
    inner = 'subgraph cluster_0 { label=<<b>y</b>>; d [label="q\\"t"] }'
    text = f'digraph G {{ k=v; a:x -> "b c" [w=1]; {inner} a -> a }}'
    document = read(text)
    as_networkx = document.to_networkx()
    assert {name: as_networkx.nodes[name] for name in as_networkx} == {
        "a": {},
        "b c": {},
        "d": {"label": 'q"t'},
    }
    assert list(as_networkx.edges(data=True)) == [("a", "b c", {"tailport": "x", "w": "1"}), ("a", "a", {})]
    assert (as_networkx.is_directed(), as_networkx.graph) == (True, {"k": "v", "name": "G"})
    again = read(document.to_pydot().to_string()).graphs[0]
    assert {name: node.attributes for name, node in again.nodes.items()} == {
        name: as_networkx.nodes[name] for name in as_networkx
    }
    assert [edge.attributes for edge in again.edges] == [{"tailport": "x", "w": "1"}, {}]
    assert [subgraph.label for subgraph in again.subgraphs] == [document.graphs[0].subgraphs[0].label]
    with pytest.raises(DotlintError, match="no graph"):
        read("").to_networkx()
