"""What is no mistake in graphs that are not deployments, and what is one there too."""

from __future__ import annotations

import pytest

from tests.dsl import check_rules, find

ROUTERS = " ".join(f'r{i} [label="r{i}\\n10.0.{i}.1"]; r{i} -> lan;' for i in range(1, 6))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("digraph { rain -> sunny; sunny -> sunny; sunny -> fog }", id="a state that stays"),
        pytest.param(
            'digraph { node [shape=record]; user [label="<id>id|<boss>boss"]; post -> user; user:boss -> user:id }',
            id="a key to its own table",
        ),
        pytest.param(
            "graph { c1 -- c2; c2 -- c3; c2 -- c3; c3 -- c4; c4 -- c5; c4 -- c5; c5 -- c6; c6 -- c1; c6 -- c1 }",
            id="double bonds",
        ),
        pytest.param(
            'digraph { vpc [label="VPC"]; web [label="Web"]; db [label="DB"]; dns [label="DNS"]; vpc -> web -> db -> dns;'
            " root -> vpc }",
            id="a root of its own name",
        ),
        pytest.param(
            'digraph { a [style="circle,fill=green!20"]; a -> b [style="snake=zigzag"] }', id="styles of TikZ"
        ),
        pytest.param("digraph { rankdir=LR; overlap=false; a -> b }", id="no overlaps, as ever in dot"),
        pytest.param("digraph { subgraph cluster_0 { ordering=out; a -> c; a -> b } }", id="ordering in a cluster"),
    ],
)
def test_what_other_fields_mean_is_no_mistake(text: str) -> None:
    assert check_rules(text).findings == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(f"digraph {{ lan; {ROUTERS} r6 -> lan }}", "N001", id="a router without its address"),
        pytest.param(
            "digraph { order; invoice; customer; store; customer -> order -> invoyce }", "N001", id="a misspelled name"
        ),
        pytest.param("graph { a -- b; b -- c; c -- d; b -- c }", "N004", id="one edge twice"),
        pytest.param("digraph { a -> b; b -> c; c -> d; a -> b; b -> c; c -> d }", "N004", id="a pasted block"),
        pytest.param("digraph { a -> b; c -> c }", "N006", id="a node that leads only to itself"),
        pytest.param("digraph { a [style=invisible]; a -> b }", "A006", id="a style of no tool"),
    ],
)
def test_what_is_a_mistake_in_every_field(text: str, code: str) -> None:
    assert {finding.code for finding in check_rules(text).findings} == {code}


def test_n006_counts_every_loop_of_an_acyclic_graph_if_it_is_selected() -> None:
    assert len(find("digraph { a -> b; b -> b; b -> c }", "N006")) == 1
