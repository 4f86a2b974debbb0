"""Whatever the text is: nothing is lost, nothing raises, places lie inside of it, and time is linear."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotlint.graph.builder import read
from dotlint.syntax.source import Source
from dotlint.syntax.tree import AttributedStatement

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = st.sampled_from(
    [
        *"{}[]()<>\"'=;,:+-.#/\\@ \n\t\r\0\x0c\ufeff\u00e9\udce9",
        *(
            "->",
            "--",
            "-->",
            "/*",
            "*/",
            "//",
            "...",
            "\\n",
            '\\"',
            "digraph",
            "graph",
            "strict",
            "subgraph",
            "node",
            "edge",
        ),
        *(
            "digraph {\n",
            "}\n",
            ";\n",
            " a -> b;\n",
            ' a [label="x\ny"];\n',
            " c [style=rounded,filled];\n",
            "a",
            "b1",
            "1.5",
        ),
        *(
            ' [label=<b <i>x</i>>, x="1"]',
            "subgraph cluster_0 {",
            "{a b} -> c",
            "x=1",
            "for (i = 0; i < 3; i++) {\n",
            "```\n",
        ),
    ]
)
SOUP = st.lists(PIECES, max_size=60).map("".join)
INSIDE = SOUP.map(lambda text: "digraph {\n" + text + "\n}\n")
TEXTS = st.one_of(SOUP, INSIDE, st.text(max_size=80), INSIDE.map(lambda text: text.replace('"', "")))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_places_lie_in_the_text_and_nothing_raises(text: str) -> None:
    document = read(text)
    length = len(document.text)
    for problem in document.problems:
        places = [(problem.start, problem.end), *((start, end) for _, start, end in problem.related)]
        assert all(0 <= start <= end <= length for start, end in places)
        edits = problem.edits
        assert all(0 <= start <= end <= length for start, end, _ in edits)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(edits))
        assert bool(edits) == (problem.applicability is not None)
    for statement in document.tree.statements():
        assert 0 <= statement.start < statement.core_end <= statement.end <= length
        if isinstance(statement, AttributedStatement):
            for attribute in statement.attributes:
                assert statement.start <= attribute.start < attribute.end <= statement.end
    for graph in document.graphs:
        assert 0 <= graph.start <= graph.end <= length
        for node in graph.nodes.values():
            assert 0 <= node.start < node.end <= length
            assert node.attributes is not None
            assert all(node.name in subgraph.nodes for subgraph in node.subgraphs)
        for edge in graph.edges:
            assert 0 <= edge.start < edge.end <= length
            assert edge.attributes is not None


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_tokens_joined_are_the_text(text: str) -> None:
    tree = read(text).tree
    assert "".join(token.raw for token in tree.tokens()) == tree.text


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120))
def test_bytes_come_back(data: bytes) -> None:
    assert Source.from_bytes(data).to_bytes() == data
    assert read(data).source.bom == data.startswith(b"\xef\xbb\xbf")


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_blanks_and_comments_between_statements_change_nothing(text: str) -> None:
    document = read(text)
    if document.problems or len(document.graphs) != 1 or "\0" in text:
        return
    spread = document.text
    for statement in reversed(list(document.tree.statements())):
        spread = f"{spread[: statement.start]} /* x */ // y\n{spread[statement.start :]}"
    again = read(spread)
    assert again.problems == []
    facts = [
        [(node.name, node.attributes) for node in one.graphs[0].nodes.values()]
        + [(edge.tail.name + edge.head.name, edge.attributes) for edge in one.graphs[0].edges]
        for one in (document, again)
    ]
    assert facts[0] == facts[1]


HOSTILE: dict[str, Callable[[int], str]] = {
    "deep": lambda n: "digraph{" + "{" * n + "a" + "}" * n + "}",
    "deep and open": lambda n: "digraph{" + "subgraph s {" * n,
    "chain": lambda n: "digraph{" + "->".join(f"n{at}" for at in range(n)) + "}",
    "quotes": lambda n: "digraph{" + 'a [label="x];\n' * n + "}",
    "one quote": lambda n: 'digraph{a="' + "x;\n" * n,
    "angles": lambda n: "digraph{" + "a [label=<b];\n" * n + "}",
    "comments": lambda n: "digraph{" + "a /* \n" * n + "}",
    "semicolons": lambda n: "digraph{" + ";" * n + "}",
    "unquoted": lambda n: "digraph{\n" + "a [style=b,c];\n" * n + "}",
    "hyphens": lambda n: "digraph{\n" + "foo-bar -> baz.q;\n" * n + "}",
    "brackets": lambda n: "digraph{ a " + "[" * n,
    "extra braces": lambda n: "digraph{}\n" + "a -> b;\n}\n" * n,
    "defaults": lambda n: "digraph{" + "".join(f"{{node[a{at}=1] x{at};" for at in range(n)) + "}" * n + "}",
    "products": lambda n: (
        "digraph{ subgraph s {" + " ".join(f"a{at}" for at in range(n)) + "} subgraph s{} -> subgraph s{} }"
    ),
    "garbage": lambda n: ")(!?$%&\n" * n,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_time_is_linear(kind: str) -> None:
    def seconds(size: int) -> float:
        text = HOSTILE[kind](size)
        start = time.process_time()
        read(text, edge_limit=1000)
        return time.process_time() - start

    def linear() -> bool:
        return seconds(4000) < 24 * min(seconds(500), seconds(500)) + 0.2  # eight times the text

    seconds(100)
    assert any(linear() for _ in range(4))  # what is quadratic never is, a busy machine sometimes


def test_recursion_is_not_used_where_text_decides_how_deep() -> None:
    document = read("digraph{" + "{" * 30_000 + "a" + "}" * 30_000 + "}")
    assert document.problems == []
    assert document.graphs[0].subgraphs[-1].depth == 30_000
    assert [subgraph.depth for subgraph in document.graphs[0].nodes["a"].subgraphs] == [30_000]
    assert sum(1 for _ in document.tree.statements()) == 30_001
