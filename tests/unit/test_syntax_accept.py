"""Texts that Graphviz accepts and rejects."""

from __future__ import annotations

import pytest

from dotlint.graph.builder import read

GOOD = [
    "",
    " \n\t\r\n",
    "// only\n/* a */ # comment",
    "graph{}",
    'strict digraph "a b" { a -> a }',
    "STRICT DiGraph { NODE [a=1] EDGE [b=2] GRAPH [c=3] SubGraph s { x } }",
    "graph a { x }\ndigraph b { y -> z }",
    "graph a { x } graph b { y }",
    "digraph{a->b[x=1 y=2;z=3,][w=4][]}",
    "graph { a [x=1,] }",
    "graph { a, b, c [x=1] }",
    "digraph { a, b -> c:p:n, d }",
    "digraph { {a b} -> {c {d}} -> subgraph s { e } [x=1]; }",
    "digraph { subgraph s {} [x=1] a {x=1} }",
    "digraph { node x=[color=red] a }",
    "digraph/**/G/**/{a/**/->/**/b/**/[x/**/=/**/1]}",
    "graph { a # b\n }",
    "graph { a [label=<x <b>y</b>\n // not a comment>] }",
    "graph { a [label=<<table><tr><td><b><i><u>deep</u></i></b></td></tr></table>>] }",
    "digraph {\r\n a -> b;\r\n}\r\n",
    "graph { a } @ anything [[[ at all",
    "@ graph { a",
    'graph { a } "never closed',
    "\ufeff\ngraph { a }",
    "graph { 1 -- 2 -- 3 }",
]
BAD = [
    "graph {",
    "{ a -- b }",
    "strict { a }",
    "graph node { a }",
    "graph a b { c }",
    "graph { a @ b }",
    "graph { node }",
    "graph { a [node=1] }",
    "graph { a;; b }",
    "graph { ; }",
    "graph { a, }",
    "graph { a [x=1,,y=2] }",
    "graph { a [,x=1] }",
    "graph { a [x] }",
    "graph { a [x=] }",
    "graph { [a=1] }",
    "graph { x= }",
    "graph { a + b }",
    'graph { "a" + b }',
    "graph { 'a' }",
    "graph { foo-bar }",
    "graph { a [w=1e5] }",
    "graph { a [color=#ff0000] ; b }",
    "graph { a \x0c b }",
    "graph { a -> b }",
    "digraph { a -- b }",
    "digraph { a -> }",
    "digraph { a -> -> b }",
    "digraph { a -/**/> b }",
    "digraph { a -> b [x=1] -> c }",
    "digraph { {a}:n -> b }",
    "digraph { a:p:n:x -> b }",
    "digraph { subgraph x; }",
    "graph { a [label=<b>x>] }",
    "graph { a /* b }",
    'graph { "a ; b\n}\n',
    "graph { a /* x /* y */ z */ b }",
    "digraph {\r // c\r a -> b;\r}\r",
    "graph { a } foo",
    "\ufeffgraph { a }",
    "graph { a [x=1; b }",
    r'graph { a [label="C:\"]; b }',
    "graph { a \0 b }",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_graphviz_reads_has_no_problem(text: str) -> None:
    assert read(text).problems == []


@pytest.mark.parametrize("text", BAD)
def test_what_graphviz_refuses_has_one(text: str) -> None:
    assert [problem for problem in read(text).problems if problem.code != "E015"]


def test_a_nul_hides_the_rest_of_its_line_and_a_line_of_its_own_ends_the_file() -> None:
    document = read('graph {\n a "\0 hidden\nb"\n c }\n\0 graph { d }')
    assert {problem.code for problem in document.problems} == {"E015"}
    assert list(document.graphs[0].nodes) == ["a", "b", "c"]
    last = document.graphs[0].nodes["c"]
    assert document.text[last.start : last.end] == "c"


def test_bytes_come_back_as_they_were() -> None:
    data = b'\xef\xbb\xbf\r\ngraph { "caf\xe9"; a\r }\n\0'
    assert read(data).source.to_bytes() == data


def test_undecodable_bytes_are_reported_unless_the_graph_declares_latin1() -> None:
    assert [problem.code for problem in read(b'graph { "caf\xe9" }').problems] == ["E015"]
    assert read(b'graph { charset=latin1; "caf\xe9" }').problems == []
