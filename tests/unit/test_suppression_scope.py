"""Which statements a comment applies to; in the texts `//!` is the comment that is asked about."""

from __future__ import annotations

import pytest

from dotlint.graph.builder import read
from dotlint.suppressions.scope import Lines

CHAIN = "digraph {\n  x -> {\n    a\n    b\n  } -> y [color=red]\n  c\n}\n"
WHOLE = "x -> {\n    a\n    b\n  } -> y [color=red]"
NESTED = "digraph {\n  p -> {\n    q -> { a } [\n    ~color=red]\n    b\n  } [\n    penwidth=2]\n}\n"
BLOCK = "digraph {\n  subgraph s {\n    a\n    b\n  }\n  c\n}\n"
SUBGRAPH = "subgraph s {\n    a\n    b\n  }"


def spoken(text: str) -> tuple[list[str], list[str]]:
    """Give the lines and the statements as they stand in the text."""
    document = read(text)
    (comment,) = [one for one in document.comments if text[one.start + 2 : one.end].startswith("!")]
    lines, statements = Lines(document).covered(comment)
    return [text[start:end] for start, end in lines], [text[start:end] for start, end in statements]


def with_comment(text: str, line: int, *, alone: bool) -> str:
    """Put the comment at the end of a line (from 1), or on a line of its own before it."""
    lines = text.split("\n")
    if alone:
        lines.insert(line - 1, "  //!")
    else:
        lines[line - 1] += " //!"
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "statements"),
    [
        (CHAIN, 1, ["digraph {"]),
        (CHAIN, 2, ["x -> { //!\n    a\n    b\n  } -> y [color=red]"]),
        (CHAIN, 3, ["a"]),
        (CHAIN, 4, ["b"]),
        (CHAIN, 5, [WHOLE]),
        (CHAIN, 6, ["c"]),
        (CHAIN, 7, []),
        (BLOCK, 1, ["digraph {"]),
        (BLOCK, 2, ["subgraph s { //!\n    a\n    b\n  }"]),
        (BLOCK, 3, ["a"]),
        (BLOCK, 5, [SUBGRAPH]),
        (BLOCK, 6, ["c"]),
        # What starts on the line goes before what only ends there.
        ("digraph {\n  subgraph s {\n    a\n  } c\n}\n", 4, ["c"]),
        ("digraph {\n  subgraph s {\n    a\n  } subgraph t { b }\n}\n", 4, ["b", "subgraph t { b }"]),
        # A statement that starts or ends beside the line is another's business.
        ("digraph {\na\nsubgraph s { b }\n}\n", 2, ["a"]),
        ("digraph {\na\nx -> { b }\n}\n", 2, ["a"]),
        ("digraph {\nsubgraph s { b }\na\n}\n", 3, ["a"]),
        ("digraph {\nx -> { b }\na\n}\n", 3, ["a"]),
        ("digraph { a }\ndigraph { b }\n", 1, ["a", "digraph {"]),
        ("digraph { a }\ndigraph { b }\n", 2, ["b", "digraph {"]),
        ("digraph\n  g\n{ a }\n", 2, ["digraph\n  g //!\n{"]),
        ("digraph {\n  a [label=x,\n    color=red]\n}\n", 2, ["a [label=x, //!\n    color=red]"]),
        (
            "digraph {\n  a [label=x,\n    color=red,\n    penwidth=2]\n}\n",
            3,
            ["a [label=x,\n    color=red, //!\n    penwidth=2]"],
        ),
        ("digraph {\n  a [label=x,\n    color=red]; b; c\n  d\n}\n", 3, ["a [label=x,\n    color=red];", "b;", "c"]),
        ("digraph {\n  p -> { q -> { a } }\n  b\n}\n", 2, ["a", "p -> { q -> { a } }", "q -> { a }"]),
    ],
)
def test_behind_something_it_speaks_for_what_is_on_its_line(text: str, line: int, statements: list[str]) -> None:
    text = with_comment(text, line, alone=False)
    lines, found = spoken(text)
    assert found == statements
    assert lines == [text.split("\n")[line - 1] + "\n"]


@pytest.mark.parametrize(
    ("text", "line", "statements"),
    [
        (CHAIN, 1, ["digraph {"]),
        (CHAIN, 2, [WHOLE]),
        (CHAIN, 3, ["a"]),
        (CHAIN, 4, ["b"]),
        (CHAIN, 5, []),  # a brace that closes is nothing's start
        (CHAIN, 6, ["c"]),
        (CHAIN, 7, []),
        (BLOCK, 2, [SUBGRAPH]),
        (BLOCK, 3, ["a"]),
        (BLOCK, 5, []),
        (BLOCK, 6, ["c"]),
        ("digraph {\na\nsubgraph s { b }\n}\n", 2, ["a"]),
        ("digraph {\na\nsubgraph s { b }\n}\n", 3, ["subgraph s { b }"]),
        ("digraph {\nsubgraph s { b }\na\n}\n", 2, ["subgraph s { b }"]),
        ("digraph {\na; b\nc\n}\n", 2, ["a;"]),
        ("digraph {\na\n\n\n  // more\n /* and */ b\n}\n", 3, ["b"]),
        ("digraph {\na\n}\n", 4, []),
        ("digraph {\n  a [label=x,\n    color=red]\n}\n", 3, ["a [label=x,\n  //!\n    color=red]"]),
        ("digraph {\n  x -> { a } [\n    color=red]\n}\n", 3, ["x -> { a } [\n  //!\n    color=red]"]),
        ("digraph {\n  x -> { a } [\n    ü=red]\n}\n", 3, ["x -> { a } [\n  //!\n    ü=red]"]),
        ("digraph { a }\ndigraph { b }\n", 2, ["digraph {"]),
    ],
)
def test_alone_on_its_line_it_speaks_for_what_comes_next(text: str, line: int, statements: list[str]) -> None:
    assert spoken(with_comment(text, line, alone=True))[1] == statements


def test_in_a_chain_within_a_chain_it_speaks_for_the_inner_one() -> None:
    inner = NESTED.replace("~", "//!\n    ")
    assert spoken(inner)[1] == ["q -> { a } [\n    //!\n    color=red]"]
    outer = NESTED.replace("~", "").replace("penwidth", "//!\n    penwidth")
    assert spoken(outer)[1] == [outer[outer.index("p ->") : outer.rindex("]") + 1]]


@pytest.mark.parametrize(
    ("text", "lines", "statements"),
    [
        ("digraph { a /*!*/ }", ["digraph { a /*!*/ }"], ["a", "digraph {"]),
        ("digraph {\n  a /*! goes\n  on */ b\n  c\n}\n", ["  a /*! goes\n  on */ b\n"], ["a", "b"]),
        ("digraph {\n  /*! goes\n  on */\n  b\n  c\n}\n", ["  b\n"], ["b"]),
        ("digraph {\n  /*! goes\n  on */ b\n  c\n}\n", ["/*! goes\n  on */ b\n"], ["b"]),
        ("digraph {\n  a\n}\n//!", [], []),
        ("//!\ndigraph {\n  a\n}\n", ["digraph {\n"], ["digraph {"]),
        ("digraph {\n  a // one //!\n  b\n}\n".replace("// one //!", "/* one */ //!"), ["  a /* one */ //!\n"], ["a"]),
    ],
)
def test_lines_and_statements(text: str, lines: list[str], statements: list[str]) -> None:
    assert spoken(text) == (lines, statements)
