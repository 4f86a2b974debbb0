"""Each mistake gives one problem at its location, and the rest of the file is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.graph.builder import read
from dotlint.syntax.reader import parse
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.syntax.problem import Problem

MANY = "".join(f' "n{i}" [label="{"word " * 20}", shape=box];\n' for i in range(100))

# text, code, line, how sure its fix is, nodes and edges understood
MISTAKES: list[tuple[str, str, int, str | None, int, int]] = [
    ('digraph {\n a [label="foo];\n b [label="bar"];\n a -> b;\n}\n', "E003", 2, "unsafe", 2, 1),
    ('digraph {\n a [label="foo, shape=box];\n b [label="bar"];\n a -> b;\n}\n', "E003", 2, "unsafe", 2, 1),
    ('digraph {\n a [label=foo"];\n b [label="bar"];\n a -> b;\n}\n', "E003", 2, "unsafe", 2, 1),
    ('digraph {\n a [shape=box];\n b [label="bar];\n}\n', "E003", 3, "unsafe", 2, 0),
    ('digraph {\n "a -> "b";\n c -> d;\n}\n', "E003", 2, "unsafe", 5, 1),
    ('digraph {\n a -> b";\n c -> d;\n e [label="x"];\n}\n', "E011", 2, "safe", 5, 2),
    ('digraph {\n a [label="x"\n b [label="y"];\n a -> b;\n}\n', "E001", 2, "safe", 2, 1),
    ('digraph {\n a [label="x";\n b [label="y"];\n a -> b;\n}\n', "E001", 2, "safe", 2, 1),
    ('digraph {\n a [label=<b <i>x</i>];\n b [label="y"];\n a -> b;\n}\n', "E004", 2, "unsafe", 2, 1),
    ('digraph {\n a [label=<x -> y>];\n b [label="y"];\n a -> b;\n}\n', "E004", 2, "unsafe", 2, 1),
    ('digraph {\n a [label=<x < 5>];\n b [label="y"];\n a -> b;\n}\n', "E004", 2, "unsafe", 2, 1),
    ("digraph {\n a; /* b \n c -> d;\n}\n", "E005", 2, None, 3, 1),
    (
        "digraph {\n subgraph cluster_a {\n  a -> b;\n subgraph cluster_b {\n  c -> d;\n }\n e -> f;\n}\n",
        "E002",
        3,
        "unsafe",
        6,
        3,
    ),
    ("digraph {\n subgraph cluster_a {\n  a -> b;\n }\n }\n e -> f;\n}\n", "E001", 5, None, 4, 2),
    ("digraph {\n a -> b;\n}\n}\n", "E011", 4, "safe", 2, 1),
    ("```dot\ndigraph {\n a -> b;\n}\n```\n", "E011", 1, "safe", 2, 1),
    ("dot = '''\ndigraph {\n a -> b;\n}\n'''\n", "E009", 1, "safe", 2, 1),
    ('"digraph {\\n a -> b;\\n}"', "E009", 1, "safe", 2, 1),
    ('digraph {\\n a [label=\\"x\\\\ny\\"];\\n a -> b;\\n}', "E009", 1, "safe", 2, 1),
    ("digraph {\n style=rounded,filled;\n a -> b;\n}\n", "E008", 2, "safe", 2, 1),
    ("digraph {\n a [label='x y'];\n a -> b;\n}\n", "E008", 2, "safe", 2, 1),
    ("digraph {\n for i in range(4):\n  a -> b;\n}\n", "E010", 2, None, 6, 1),
    ('digraph {\n a [label=f"x{i}"];\n a -> b;\n}\n', "E010", 2, None, 2, 1),
    ('import x\nfrom graphviz import Digraph\ndot = Digraph()\ndot.node("a")\n', "E010", 1, None, 0, 0),
    ("digraph {\n a -> b);\n c -> d;\n}\n", "E011", 2, "safe", 4, 2),
    ('digraph {\n a [label="x",,shape=box];\n}\n', "E011", 2, "safe", 1, 0),
    ("digraph {\n a;;\n b;\n}\n", "E011", 2, "safe", 2, 0),
    ('digraph {\n a [="x"];\n}\n', "E012", 2, "unsafe", 1, 0),
    ("digraph {\n a -- b;\n b -> c;\n c -- d;\n}\n", "E013", 2, "unsafe", 4, 3),
    ("graph {\n a -> b;\n}\n", "E013", 2, "unsafe", 2, 1),
    ("digraph {\n x -> {a1 a2 ... a5};\n}\n", "E014", 2, "unsafe", 6, 5),
    ("digraph {\n foo-bar -> baz.qux;\n a -> b;\n}\n", "E001", 2, "safe", 4, 2),
    ("digraph {\n subgraph cluster-1 {\n a -> b;\n }\n c -> d;\n}\n", "E001", 2, None, 4, 2),
    ("digraph my-graph {\n a -> b;\n}\n", "E001", 1, "safe", 2, 1),
    ("diagraph G {\n a -> b;\n}\n", "E001", 1, "unsafe", 2, 1),
    ("digraph G\n a -> b;\n}\n", "E001", 1, "unsafe", 2, 1),
    ("digraph {\n a -> node;\n b -> c;\n}\n", "E001", 2, "safe", 4, 2),
    ("digraph {\n a -> ;\n b -> c;\n}\n", "E001", 2, None, 2, 1),
    ('digraph {\n a [label="say "hi" now"];\n b -> c;\n}\n', "E001", 2, "unsafe", 3, 1),
    ('digraph {\n a [label:"x"];\n b -> c;\n}\n', "E001", 2, "unsafe", 3, 1),
    ('digraph {\n a [label="x"] -> b;\n b -> c;\n}\n', "E001", 2, "unsafe", 3, 2),
    ("Here is the graph:\n\ndigraph {\n b -> c;\n}\n", "E001", 1, "unsafe", 2, 1),
    ("digraph {\n b -> c;\n}\nThis graph shows it.\n", "E001", 4, "unsafe", 2, 1),
    ("digraph {\n a -> b;\n c -", "E006", 3, "unsafe", 2, 1),
    ("digraph {\n a -> b;\n b -> cup", "E006", 3, "unsafe", 2, 1),
    ("digraph {\n a -> tea\n b -> te", "E006", 3, "unsafe", 2, 1),
    ("digraph {\n a -> b;\n b -> a", "E002", 3, "unsafe", 2, 2),
    ("digraph {\n a -> b\n b -> cup", "E002", 3, "unsafe", 3, 2),
    ('digraph {\n a -> b;\n c [label="x', "E006", 3, "unsafe", 2, 1),
    ('digraph {\n a -> b;\n c [label="x",\n shape=box', "E006", 3, "unsafe", 2, 1),
    ('{"nodes": [1,2,3]}\n', "E001", 1, None, 0, 0),
    ("a -> b;\nb -> c;\n", "E007", 1, "unsafe", 3, 2),
    ('  b [label="x"];\n  q -> b;\n}\n', "E007", 1, None, 2, 1),
    ('digraph {\n a [label="x", width=1e5];\n b -> c;\n}\n', "E008", 2, "safe", 3, 1),
    ('digraph {\n a [label="x", width=10pt];\n b -> c;\n}\n', "E008", 2, "unsafe", 3, 1),
    ("digraph {\n a [label=Layer 1 (GPU 0), shape=box];\n b -> c;\n}\n", "E008", 2, "safe", 3, 1),
    ('digraph {\n node [shape=box;\n a [label="x"];\n b -> c;\n}\n', "E001", 2, "safe", 3, 1),
    ("digraph {\n a -> b\n c [label=\n d -> e\n}\n", "E001", 3, None, 4, 2),
    (
        'digraph {\n a -> b [label="x]\n c -> d [label="y"]\n e -> f [label="z"]\n}\n',
        "E003",
        2,
        "unsafe",
        6,
        3,
    ),
    (
        'digraph {\n a -> b [label=x"]\n c -> d [label="y"]\n e -> f [label="z"]\n}\n',
        "E003",
        2,
        "unsafe",
        6,
        3,
    ),
    ('digraph {\n label="title;\n a [label="x"];\n b [label="y"];\n}\n', "E003", 2, "unsafe", 2, 0),
    ('digraph {\n a [label="L1\nL2\nL3];\n b [label="y"];\n c [label="z"];\n}\n', "E003", 2, "unsafe", 3, 0),
    # the mistake after a complete value is not in the value
    (
        "digraph {\n a [label=<<b>x</b><br/>y>, style=rounded,filled];\n b [label=<z>];\n a -> b;\n}\n",
        "E008",
        2,
        "safe",
        2,
        1,
    ),
    ("digraph {\n a [label=<<b>x</b><br/>y>, =box];\n b [label=<z>];\n a -> b;\n}\n", "E012", 2, "unsafe", 2, 1),
    ("digraph {\n a [label=<<b>x</b>, shape=box];\n b [label=<<b>y</b>>];\n a -> b;\n}\n", "E004", 2, "unsafe", 2, 1),
    # an unclosed value ends on its own line, however much text follows
    (f'digraph {{\n "a" [label="x, shape=box];\n{MANY}}}\n', "E003", 2, "unsafe", 101, 0),
    (f"digraph {{\n a [label=<<b>x</b>, shape=box];\n{MANY}}}\n", "E004", 2, "unsafe", 101, 0),
    ('digraph {\n a (label="x");\n b -> c;\n}\n', "E001", 2, "unsafe", 3, 1),
    ('digraph {\n a [label="x"]]; b -> c;\n}\n', "E011", 2, "safe", 3, 1),
    ("digraph {\n subgraph cluster_0\n a -> b;\n }\n c -> d;\n}\n", "E001", 2, None, 4, 2),
]

# text, what a fix writes in place of it, and how sure it is
CERTAIN: list[tuple[str, str | None, str | None]] = [
    ("a [label=two words]", 'a [label="two words"]', "safe"),
    ("a [style=rounded,filled]", 'a [style="rounded,filled"]', "safe"),
    ("a [sides=4, label=/* why */ two /* or */ words]", 'a [sides=4, label=/* why */ "two words" /* or */]', "safe"),
    ("a ['label'='two words']; 'a' -> 'b'", 'a ["label"="two words"]; "a" -> "b"', "safe"),
    ('a label="x", shape=box];', 'a [label="x", shape=box];', "safe"),
    ("a -> b color=red];", "a -> b [color=red];", "safe"),
    ("a [shape=box; b [shape=oval];", "a [shape=box]; b [shape=oval];", "safe"),
    ("a [shape=box", "a [shape=box]", "safe"),
    ("node -> edge", '"node" -> "edge"', "safe"),
    ("a.b -> c-d", '"a.b" -> "c-d"', "safe"),
    ('a -> b";', "a -> b;", "safe"),
    ("a [height=1, fixedsize]", "a [height=1, fixedsize=true]", "unsafe"),
    ("a [shape=box fontsize12 color=red]", "a [shape=box fontsize=12 color=red]", "safe"),
    ('a [shape=box label "x"]', 'a [shape=box label="x"]', "safe"),
    ("a [label=pure fontsize12]", "a [label=pure fontsize=12]", "unsafe"),
    ("a [label=pure pure]", 'a [label="pure pure"]', "unsafe"),
    ("rankdir=LR size(3,4)", 'rankdir=LR size="3,4"', "unsafe"),
    ("a -> b; [color=red]", "a -> b [color=red]", "unsafe"),
    ("a > b;", "a -> b;", "unsafe"),
    ("a [label=<b>x</b>, shape=box]", "a [label=<<b>x</b>>, shape=box]", "unsafe"),
    ("a [label=<key> <name>]", 'a [label="<key> <name>"]', "unsafe"),
    ("a-b", None, None),
    ("a; ; b;", None, None),
    ("a [width=3cm, fontsize=16px]", "a [width=1.18, fontsize=12]", "unsafe"),
    ("a [width=3parsecs]", None, None),
    ("a [color=blue: shape=box]", None, None),
    ("a [shape=box; fixedsize; height=1]", "a [shape=box; fixedsize=true; height=1]", "unsafe"),
    ("a -> b; /* why */ [color=red]", "a -> b /* why */ [color=red]", "unsafe"),
    ("a [label=two words // why\n]", 'a [label="two words" // why\n]', "safe"),
    ('a /* why */label="x"];', None, None),
    ("a [ [color=red]", "a [ color=red]", "safe"),
    ('a [label="x" color color=red]', 'a [label="x" color=red]', "safe"),
    ('"a b" [label="x"]];', '"a b" [label="x"];', "safe"),
    ('a [label="5" pipe"]', 'a [label="5\\" pipe"]', "unsafe"),
    ("a [label=updated, note note=x]", 'a [label="updated, note" note=x]', "unsafe"),
    ("label=one, two.b", 'label="one, two.b"', "unsafe"),
    ("a [fontsize-12, shape=box]", "a [fontsize=12, shape=box]", "unsafe"),
    ("a [label=\u201cx, y=2\u201d]; \u201cb c\u201d -> a", 'a [label="x, y=2"]; "b c" -> a', "safe"),
    ("label='two\nlines [x]';", 'label="two\nlines [x]";', "safe"),
    ("{'a' 'b'} -> 'c'", '{"a" "b"} -> "c"', "safe"),
    ("a [shape=box size]", None, None),
    ("a [label=, shape=box]", None, None),
    ("a [shape: box, label: x]", "a [shape=box, label=x]", "unsafe"),
    ("a -> b [color=red] -> c", "a -> b [color=red]; b -> c", "unsafe"),
    ("bgcolor=#eeeeee;", 'bgcolor="#eeeeee";', "safe"),
    ("bob@x.org -> 50%", '"bob@x.org" -> "50%"', "unsafe"),
    ("%d -> ${x}", None, None),
    ('a (label="x (1)")', 'a [label="x (1)"]', "unsafe"),
    ("a - b;", "a -> b;", "unsafe"),
    ("/etc/hosts -> f(x)", '"/etc/hosts" -> "f(x)"', "unsafe"),
    ("(a -> b)", None, None),
    ("a;\n  -- the first part\n  b -> c;", "a;\n  // the first part\n  b -> c;", "unsafe"),
    ('a [label="x "y" z", shape=box]', 'a [label="x \\"y\\" z", shape=box]', "unsafe"),
]


@pytest.mark.parametrize(("text", "fixed", "applicability"), CERTAIN)
def test_only_what_is_certain_is_safe(text: str, fixed: str | None, applicability: str | None) -> None:
    whole = f"digraph {{\n  {text}\n}}\n"
    problems = read(whole).problems
    assert {problem.applicability for problem in problems} == {applicability}
    if fixed is not None:
        assert repaired(whole, problems) == f"digraph {{\n  {fixed}\n}}\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_closing_brace_ends_lines_as_the_file_does(newline: str) -> None:
    text = newline.join(["digraph {", "  a -> b;", "  b -> c", ""])
    assert repaired(text, read(text).problems) == f"{text}}}{newline}"


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("digraph My Plan {\n}\n", 'digraph "My Plan" {\n}\n'),
        ("digraph G\n  a -> b\n}\n", "digraph G {\n  a -> b\n}\n"),
        ("digrph {\n}\n", "digraph {\n}\n"),
        ("See: \n\ndigraph {\n}\nIs it right?\n", "// See: \n\ndigraph {\n}\n// Is it right?\n"),
    ],
)
def test_repairs_around_a_graph(text: str, fixed: str) -> None:
    problems = read(text).problems
    assert {problem.applicability for problem in problems} == {"unsafe"}
    assert repaired(text, problems) == fixed


def test_an_odd_quote_makes_other_repairs_unsafe() -> None:
    (problem, _) = read('digraph {\n a [style=rounded,filled];\n b [label="x];\n c [label="y"];\n}\n').problems
    assert (problem.code, problem.applicability) == ("E008", "unsafe")


def repaired(text: str, problems: list[Problem]) -> str:
    for start, end, put in sorted((edit for problem in problems for edit in problem.edits), reverse=True):
        text = text[:start] + put + text[end:]
    return text


@pytest.mark.parametrize(("text", "code", "line", "applicability", "nodes", "edges"), MISTAKES)
def test_one_mistake_is_one_problem(
    text: str, code: str, line: int, applicability: str | None, nodes: int, edges: int
) -> None:
    document = read(text)
    (problem,) = document.problems
    assert (problem.code, document.source.position(problem.start).line) == (code, line)
    assert (problem.applicability, bool(problem.edits)) == (applicability, applicability is not None)
    assert (document.node_count, document.edge_count) == (nodes, edges)


@pytest.mark.parametrize("text", [text for text, _, _, applicability, *_ in MISTAKES if applicability])
def test_what_a_fix_writes_has_no_problem(text: str) -> None:
    assert read(repaired(text, read(text).problems)).problems == []


@pytest.mark.parametrize("text", [text for text, _, _, applicability, *_ in MISTAKES if applicability == "safe"])
def test_a_safe_fix_keeps_what_was_understood(text: str) -> None:
    before, after = read(text), read(repaired(text, read(text).problems))
    assert [[node.name for node in graph.nodes.values()] for graph in before.graphs] == [
        [node.name for node in graph.nodes.values()] for graph in after.graphs
    ]
    assert [node.attributes for graph in before.graphs for node in graph.nodes.values()] == [
        node.attributes for graph in after.graphs for node in graph.nodes.values()
    ]


def codes(text: str) -> list[str]:
    return [problem.code for problem in read(text).problems]


def test_several_mistakes_are_all_found() -> None:
    text = 'digraph {\n a [style=rounded,filled];\n b -> c);\n c -- d;\n e [="x"];\n f -> ;\n'
    text += ' g [label="y];\n h -> i;\n}\n'
    assert codes(text) == ["E008", "E011", "E013", "E012", "E001", "E003"]
    assert [edge.head.name for edge in read(text).graphs[0].edges] == ["c", "d", "i"]


def test_a_repeated_mistake_is_one_problem() -> None:
    text = "digraph {\n" + "".join(f" n{at} [style=rounded,filled];\n" for at in range(50)) + "}\n"
    (problem,) = read(text).problems
    assert (problem.code, len(problem.edits)) == ("E008", 50)
    assert "and 49 more" in problem.message
    assert problem.related[0][1] == text.index("rounded", text.index("n1"))


def test_a_mistake_in_an_inner_block_leaves_the_blocks_as_they_are() -> None:
    document = read("digraph { subgraph s { a -> b; ! ; c } d -> e }")
    assert len(document.problems) == 1
    (graph,) = document.graphs
    assert (list(graph.subgraphs[0].nodes), [edge.tail.name for edge in graph.edges]) == (
        ["a", "b", "c"],
        ["a", "d"],
    )


def test_spans_in_an_escaped_text_are_those_of_the_file() -> None:
    text = 'digraph {\\n a [label="x\\ny"];\\n a -> b;\\n}'
    document = read(text)
    assert [problem.code for problem in document.problems] == ["E009"]
    node = document.graphs[0].nodes["b"]
    assert text[slice(*node.span)] == "b"
    assert document.graphs[0].nodes["a"].label == "x\\ny"


def test_an_escape_at_the_end_is_reported_inside_the_text() -> None:
    text = 'digraph {\n  a [label="C:\\"]<;\n  b [label="D:=\\"];\n  a -> \\'
    assert all(problem.start <= problem.end <= len(text) for problem in read(text).problems)


def test_expected_terminals_are_listed() -> None:
    (problem,) = read("digraph { a -> ; }").problems
    assert problem.expected == ("an id", "`{`")
    assert problem.help == "expected an id or `{`"


def test_text_of_the_file_is_not_printed_raw() -> None:
    (problem,) = read("digraph { a \x1b b }").problems
    assert "\x1b" not in problem.message


def test_a_discarded_repair_leaves_no_block() -> None:
    text = 'digraph {\n  subgraph cluster_a { label="a  subgraph cluster_b { label="b c" }\n  a -> b\n}\n'
    (graph,) = read(text).graphs
    assert len(graph.statement.body) == 1


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("dirgaph { a -> b }", "digraph"),
        ("grahp { a -- b }", "graph"),
        ("stct { a -> b }", "strict digraph"),
        ("stct digra\U0001f600ph { a ->", "strict digraph"),
    ],
)
def test_a_misspelled_header_suggests_the_keyword(text: str, meant: str) -> None:
    assert read(text).problems[0].suggestion == f"`{meant}`"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_wide_encoding_is_one_problem(encoding: str, mark: str) -> None:
    text = 'digraph { "caf\u00e9" -> b }\n'
    source = Source.from_bytes((mark * (encoding[-3:] in {"-le", "-be"}) + text).encode(encoding))
    (problem,) = parse(source).problems
    assert problem.code == "E017"
    assert repaired(source.text, [problem]) == text


def test_a_text_that_ends_in_a_list_and_a_string_is_read() -> None:
    assert read('n[[l="e\\').problems
