"""Spans of statements, ids, attributes and comments."""

from __future__ import annotations

import pytest

from dotlint.graph.builder import read
from dotlint.syntax.source import Source
from dotlint.syntax.tree import AttributedStatement, Block, EdgeStatement, NodeStatement

TEXT = """\
strict digraph "G 1" { // one
  rankdir = LR;
  node [shape=box, style="a,b"] # two
  a [label=<x>];
  b:p:n -> c [x=1]
  subgraph cluster_0 { d -> {e f} -> g:w; h, i [y="2" + "3"]; }
  /* three */ j
}
"""


def test_the_text_of_each_statement() -> None:
    tree = read(TEXT).tree
    assert [tree.text[one.start : one.end] for one in tree.statements()] == [
        "rankdir = LR;",
        'node [shape=box, style="a,b"]',
        "a [label=<x>];",
        "b:p:n -> c [x=1]",
        'subgraph cluster_0 { d -> {e f} -> g:w; h, i [y="2" + "3"]; }',
        "d -> {e f} -> g:w;",
        "e",
        "f",
        'h, i [y="2" + "3"];',
        "j",
    ]
    assert [one.kind for one in tree.statements()][:5] == [
        "assignment",
        "defaults",
        "node",
        "edge",
        "subgraph",
    ]
    assert all(one.core_end == one.end - tree.text[one.start : one.end].endswith(";") for one in tree.statements())


def test_the_text_of_ids_attributes_and_comments() -> None:
    tree = read(TEXT).tree
    attributes = [
        (
            tree.text[one.start : one.end],
            one.name.value,
            one.value.value,
            tree.text[one.value.start : one.value.end],
        )
        for statement in tree.statements()
        if isinstance(statement, AttributedStatement) and not isinstance(statement, Block)
        for one in statement.attributes
    ]
    assert attributes == [
        ("rankdir = LR", "rankdir", "LR", "LR"),
        ("shape=box", "shape", "box", "box"),
        ('style="a,b"', "style", "a,b", '"a,b"'),
        ("label=<x>", "label", attributes[3][2], "<x>"),
        ("x=1", "x", "1", "1"),
        ('y="2" + "3"', "y", "23", '"2" + "3"'),
    ]
    assert [(one.kind, tree.text[one.start : one.end]) for one in tree.comments] == [
        ("//", "// one"),
        ("#", "# two"),
        ("/*", "/* three */"),
    ]
    named = [ref for one in tree.statements() if isinstance(one, NodeStatement) for ref in one.nodes]
    assert [tree.text[ref.start : ref.end] for ref in named] == ["a", "e", "f", "h", "i", "j"]


def test_the_parts_of_edges() -> None:
    tree = read(TEXT).tree
    plain, chain = (one for one in tree.statements() if isinstance(one, EdgeStatement))
    assert [tree.text[start:end] for start, end in (plain.step_span(0), chain.step_span(0), chain.step_span(1))] == [
        "b:p:n -> c",
        "d -> {e f}",
        "{e f} -> g:w",
    ]
    assert plain.ports(0) == ("p:n", None)
    assert [tree.text[start:end] for one in (plain, chain) for start, end in one.operators] == ["->"] * 3


def test_the_header_and_the_braces() -> None:
    tree = read(TEXT).tree
    (graph,) = tree.graphs
    assert tree.text[slice(*graph.header)] == 'strict digraph "G 1"'
    assert (graph.open.raw, graph.close.raw, graph.directed) == ("{", "}", True)
    assert graph.id is not None
    assert (graph.id.value, graph.id.quoted, graph.id.html) == ("G 1", True, False)
    assert (graph.start, graph.end) == (0, len(TEXT) - 1)


def test_tokens_are_the_whole_text() -> None:
    for text in (TEXT, 'a "never', "a <b", "/* c", "\0\\ $ \ufeff", ""):
        assert "".join(token.raw for token in read(text).tree.tokens()) == text
    kinds = [token.type for token in read("digraph{a->1//x\n}").tree.tokens()]
    assert kinds == ["DIGRAPH", "LBRACE", "NAME", "EDGEOP", "NUMBER", "LINE_COMMENT", "BLANK", "RBRACE"]


@pytest.mark.parametrize(
    ("offset", "place"),
    [(0, (0, 1, 1)), (2, (2, 1, 3)), (4, (4, 2, 1)), (6, (6, 3, 1)), (99, (6, 3, 1)), (-1, (0, 1, 1))],
)
def test_lines_end_at_lf(offset: int, place: tuple[int, int, int]) -> None:
    source = Source.from_text("a\r\ud7ff\nb\n")
    assert source.position(offset) == place
    assert (source.line_count, source.line_text(1), source.line_text(3), source.line_text(9)) == (
        3,
        "a\r\ud7ff",
        "",
        "",
    )


def test_a_repaired_statement_keeps_its_span() -> None:
    text = 'digraph {\n  a -> b;\n  c [style=rounded,filled, label="x"];\n  c -> d;\n}\n'
    document = read(text)
    assert [text[one.start : one.end] for one in document.tree.statements()][
        1
    ] == 'c [style=rounded,filled, label="x"];'
    node = document.graphs[0].nodes["c"]
    assert node.attributes == {"style": "rounded,filled", "label": "x"}
    assert text[slice(*(node.attribute_span("label") or (0, 0)))] == '"x"'
