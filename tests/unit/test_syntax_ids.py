"""The meaning of ids, and HTML versus text."""

from __future__ import annotations

import pytest

from dotlint.graph.builder import read
from dotlint.syntax.tree import Html, decode

SPELLINGS = [
    ("abc", "abc"),
    ("-1.5", "-1.5"),
    ('"a b"', "a b"),
    ('""', ""),
    (r'"a\"b"', 'a"b'),
    (r'"a\\"', r"a\\"),
    (r'"a\nb\l"', r"a\nb\l"),
    ('"a\\\nb"', "ab"),
    ('"a\\\r\nb"', "a\\\r\nb"),
    ('"a\\\\\nb"', "a\\\\\nb"),
    ('"a\nb"', "a\nb"),
    ('"a" + "b"', "ab"),
    ('"a"/* x */+ // "y"\n "b"', "ab"),
    ('"a"+<b<i>c</i>>', "ab<i>c</i>"),
    ("<b>+<c>", "bc"),
]


@pytest.mark.parametrize(("raw", "value"), SPELLINGS)
def test_what_an_id_means(raw: str, value: str) -> None:
    assert decode(raw) == value
    assert not isinstance(decode(raw), Html)
    if raw != '""':
        assert list(read(f"graph {{ {raw} }}").graphs[0].nodes) == [value]


def test_html_differs_from_plain_text() -> None:
    html = decode("<b <i>x</i>>")
    assert isinstance(html, Html)
    assert html != "b <i>x</i>"
    assert str(html) == "b <i>x</i>"
    assert html == Html("b <i>x</i>")
    assert len({html, "b <i>x</i>", Html("b <i>x</i>")}) == 2
    assert len(read('graph { a; <a>; "a" }').graphs[0].nodes) == 2


WORDS = [
    ("graph { größe; 日本語; a\u00a0b }", ["größe", "日本語", "a\u00a0b"]),
    ("graph { a – b }", ["a", "–", "b"]),
    ("digraph { a → b }", ["a", "→", "b"]),
    ("graph { 1abc }", ["1", "abc"]),
    ("graph { 1.2.3 1..2 }", ["1.2", ".3", "1.", ".2"]),
    ("graph { nodes; edge1; subgraph_x }", ["nodes", "edge1", "subgraph_x"]),
    ('graph { "node"; <edge> }', ["node", "edge"]),
    ("graph { a \ufeff b }", ["a", "b"]),
    ("graph { a \ufeff; b }", ["a", "b"]),
    ("graph { a \ufeff-- b }", ["a", "b"]),
    ("graph { a\ufeff b }", ["a\ufeff", "b"]),
    ("graph { a---1 }", ["a", "-1"]),
    ("digraph { a->-1 }", ["a", "-1"]),
]


@pytest.mark.parametrize(("text", "names"), WORDS)
def test_where_an_id_ends(text: str, names: list[str]) -> None:
    document = read(text)
    assert not document.problems
    assert [str(name) for name in document.graphs[0].nodes] == names
