"""Dimensions, shapes and styles: edits inside existing statements."""

from __future__ import annotations

import pytest

from dotlint.edits.apply import apply_edits
from dotlint.edits.attributes import set_attribute, shape_fix
from dotlint.graph.builder import read
from tests.dsl import fixed
from tests.unit.fix_assertions import assert_left_alone

SETS = [
    ("a", "a [shape=box]"),
    ("a;", "a [shape=box];"),
    ("a []", "a [shape=box]"),
    ("a [color=red]", "a [color=red, shape=box]"),
    ("a [color=red,style=bold]", "a [color=red,style=bold,shape=box]"),
    ("a [color=red style=bold]", "a [color=red style=bold shape=box]"),
    ("a [color=red;style=bold;width=1]", "a [color=red;style=bold;width=1;shape=box]"),
    ("a [color=red, style=bold; width=1]", "a [color=red, style=bold; width=1; shape=box]"),
    ("a [color=red /* one */ style=bold]", "a [color=red /* one */ style=bold, shape=box]"),
    ("a [color=red][style=bold]", "a [color=red][style=bold, shape=box]"),
    ("a [][]", "a [shape=box][]"),
    ("a [color=red; style=bold;]", "a [color=red; style=bold; shape=box;]"),
    ("a [color=red\n   ,style=bold]", "a [color=red\n   ,style=bold\n   ,shape=box]"),
    ("a [shape=circle]", "a [shape=box]"),
    ('a [shape="circle", color=red]', 'a [shape="box", color=red]'),
    ("a [shape=circle][color=red]", "a [shape=box][color=red]"),
    ("a [shape=x, shape=circle]", "a [shape=x, shape=box]"),
]


@pytest.mark.parametrize(("before", "after"), SETS)
def test_an_attribute_is_set_in_the_style_of_its_list(before: str, after: str) -> None:
    text = f"digraph {{ {before} }}"
    statement = read(text).graphs[0].nodes["a"].statements[0]
    assert apply_edits(text, [set_attribute(text, statement, "shape", "box")]) == f"digraph {{ {after} }}"


def routed(*styles: str) -> str:
    edges = "".join(f"  route -> expert{i}{style}\n" for i, style in enumerate(styles))
    experts = "".join(f'  expert{i} [label="Expert {i}\\nGPU: {i}"]\n' for i in range(len(styles)))
    return f'digraph {{\n  route [label="Expert Routing\\nGPU: 0-3"]\n{experts}{edges}}}\n'


@pytest.mark.parametrize(
    ("solid", "dashed"),
    [
        ("", " [style=dashed]"),
        (" [color=red]", " [color=red, style=dashed]"),
        (" [style=solid]", " [style=dashed]"),
        (' [style="bold"]', ' [style="bold,dashed"]'),
        (" [style=bold]", ' [style="bold,dashed"]'),
    ],
)
def test_a_solid_gate_edge_is_dashed(solid: str, dashed: str) -> None:
    other = " [style=dashed]"
    assert fixed(routed(other, other, solid, other), "V002", unsafe=False) == routed(other, other, dashed, other)


def test_a_statement_that_also_draws_other_edges_is_not_changed() -> None:
    text = routed(*[" [style=dashed]"] * 3).replace(
        "  route -> expert2 [style=dashed]\n", "  expert0 -> route -> expert2\n"
    )
    assert fixed(text, "V002", unsafe=False) == text


STATED = "Input: [B=2, H=64]\\nOutput: [B=2, H=64]"


def norms(*labels: str, stated: str = STATED) -> str:
    lines = [f'  norm{i} [label="{label}"]\n' for i, label in enumerate(labels)]
    return (
        f'digraph {{\n  first [label="LayerNorm 0\\n{stated}\\nGPU: 0-1"]\n  qkv [label="QKV Projection\\nGPU: 0"]\n'
        + "".join(lines)
        + "}\n"
    )


@pytest.mark.parametrize(
    ("lacking", "stating"),
    [
        ("LayerNorm 1\\nGPU: 2-3", f"LayerNorm 1\\n{STATED}\\nGPU: 2-3"),
        ("LayerNorm 1\\nGPU: 2-3 (TP=2)", f"LayerNorm 1\\n{STATED}\\nGPU: 2-3 (TP=2)"),
        ("LayerNorm 1", f"LayerNorm 1\\n{STATED}"),
        ("LayerNorm 1\nGPU: 2", f"LayerNorm 1\n{STATED}\nGPU: 2".replace("H=64]\\n", "H=64]\n")),
        ("LayerNorm 1\\lGPU: 2\\l", f"LayerNorm 1\\l{STATED}\\lGPU: 2\\l".replace("H=64]\\n", "H=64]\\l")),
        # only the missing side, below or above the other one
        ("LayerNorm 1\\nInput: [B=2, H=64]", f"LayerNorm 1\\n{STATED}"),
        ("LayerNorm 1\\nOutput: [B=2, H=64]\\nGPU: 2", f"LayerNorm 1\\n{STATED}\\nGPU: 2"),
        ("LayerNorm 1\\nGPU: 2\\n", f"LayerNorm 1\\n{STATED}\\nGPU: 2\\n"),
    ],
)
def test_dimensions_go_to_the_position_that_siblings_use(lacking: str, stating: str) -> None:
    assert fixed(norms(lacking), "T001", unsafe=True) == norms(stating)


def test_dimensions_go_into_html_as_lines_of_it() -> None:
    before, after = "label=<LayerNorm 1>", f"label=<LayerNorm 1\\n{STATED}>".replace("\\n", "<br/>")
    text = norms("LayerNorm 1").replace('label="LayerNorm 1"', before)
    assert fixed(text, "T001", unsafe=True) == text.replace(before, after)


def test_one_label_is_fixed_if_other_statements_mention_the_node() -> None:
    text = norms("LayerNorm 1").replace("}\n", "  {norm0 other} -> last\n}\n")
    assert fixed(text, "T001", unsafe=True) == text.replace('"LayerNorm 1"', f'"LayerNorm 1\\n{STATED}"')


@pytest.mark.parametrize(
    ("lacking", "stated"),
    [
        # it states other dimensions than its siblings, or neither input nor output
        ('label="LayerNorm 1\\nInput: [B=3, H=64]"', STATED),
        ('label="LayerNorm 1\\n[B=2, H=64]\\nInput: [B=2, H=64]"', STATED),
        # their dimension lines are not consecutive
        ('label="LayerNorm 1"', STATED.replace("\\nOutput", "\\nTP=2\\nOutput")),
        # no separate lines of text
        ('label="LayerNorm \\d"', STATED),
        ('label="LayerNorm" + " 1"', STATED),
        ("label=LayerNorm", STATED),
        ('shape=Mrecord label="LayerNorm 1"', STATED),
        ("label=<<table><tr><td>LayerNorm 1</td></tr></table>>", STATED),
        ('color=red] norm0, other [label="LayerNorm 1"', STATED),
    ],
)
def test_ambiguous_labels_are_not_changed(lacking: str, stated: str) -> None:
    text = norms("LayerNorm 1", stated=stated).replace('label="LayerNorm 1"', lacking)
    assert_left_alone(
        text,
        "T001",
        None,
        "no automatic fix: no operator of this kind states its dimensions, or those that do disagree",
    )


def test_dimensions_are_an_unsafe_fix() -> None:
    assert fixed(norms("LayerNorm 1"), "T001", unsafe=False) == norms("LayerNorm 1")


def test_nothing_is_copied_if_siblings_disagree() -> None:
    text = norms("LayerNorm 1\\nInput: [B=2, H=9]\\nOutput: [B=2, H=9]", "LayerNorm 2")
    assert fixed(text, "T001", unsafe=True) == text


def test_unknown_sizes_are_not_copied() -> None:
    text = norms("LayerNorm 1", stated=STATED.replace("B=2", "B=?"))
    assert fixed(text, "T001", unsafe=True) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", " [shape=box]"),
        (" [shape=ellipse]", " [shape=box]"),
        (" [fillcolor=red, form=ellipse]", " [fillcolor=red, form=ellipse, shape=box]"),
        # an unknown attribute instead of `shape`
        (" [fillcolor=red mythology=box]", " [fillcolor=red shape=box]"),
        # `peripheries` is used together with `shape` elsewhere, so it does not mean the shape
        (" [peripheries=box]", " [peripheries=box, shape=box]"),
    ],
)
def test_a_shape_is_set_or_its_attribute_renamed(before: str, after: str) -> None:
    others = "".join(f' c{i} [label="Attention {i}\\nGPU: {i}", shape=box, peripheries=1]\n' for i in range(4))
    text = f"digraph {{\n{others} a{before}\n}}\n"
    graph = read(text).graphs[0]
    fix = shape_fix(text, graph, [graph.nodes["a"]], "box")
    assert fix is not None
    assert apply_edits(text, fix.edits) == text.replace(f" a{before}\n", f" a{after}\n")


CLIPPED = "  subgraph cluster_a { a }\n  a -> b [ltail=cluster_a];\n}\n"


@pytest.mark.parametrize(
    ("head", "after"),
    [
        ("", "  compound=true;\n"),
        ("  // Nodes\n  node [shape=box];\n", "  compound=true;\n  // Nodes\n  node [shape=box];\n"),
        ("  rankdir=TB\n  ranksep=1 // wide\n\n", "  rankdir=TB\n  ranksep=1 // wide\n  compound=true\n\n"),
        ("  graph [rankdir=TB, ranksep=1];\n", "  graph [rankdir=TB, ranksep=1, compound=true];\n"),
        ("  rankdir=TB; ranksep=1;\n", "  rankdir=TB; ranksep=1; compound=true;\n"),
        ("  rankdir=TB;\n  graph [ranksep=1];\n", "  rankdir=TB;\n  graph [ranksep=1, compound=true];\n"),
        ("  edge [color=red];\n", "  compound=true;\n  edge [color=red];\n"),
        ("  graph [];\n", "  compound=true;\n  graph [];\n"),
        ("  graph [rankdir=TB,\n    ranksep=1];\n", "  graph [rankdir=TB,\n    ranksep=1,\n    compound=true];\n"),
    ],
)
def test_a_graph_attribute_is_added_to_the_others(head: str, after: str) -> None:
    assert fixed(f"digraph {{\n{head}{CLIPPED}", "A008", unsafe=True) == f"digraph {{\n{after}{CLIPPED}"


def test_a_graph_whose_brace_is_missing_gets_no_attribute() -> None:
    assert_left_alone(f"digraph\n{CLIPPED}", "A008", None, "no automatic fix: the graph has no opening brace")


def test_a_graph_on_one_line_gets_its_attribute_there() -> None:
    text = "digraph { a -> b [ltail=cluster_a]; subgraph cluster_a { a } }"
    assert fixed(text, "A008", unsafe=True) == text.replace("{ a ->", "{ compound=true; a ->")


@pytest.mark.parametrize(
    ("above", "after"),
    [
        ("", "digraph G {\n"),
        ("// the whole\n", "// the whole\ndigraph G {\n"),
        ("// the whole\n\n", "// the whole\n\ndigraph G {\n"),
        ("// the whole\n\n// Input\n", "// the whole\n\ndigraph G {\n// Input\n"),
        ("/* the whole */\n\n// Input\n// and more\n", "/* the whole */\n\ndigraph G {\n// Input\n// and more\n"),
    ],
)
def test_a_header_goes_above_the_comment_of_the_first_statement(above: str, after: str) -> None:
    assert fixed(f"{above}a -> b\nb -> c\n", "E007", unsafe=True) == f"{after}a -> b\nb -> c\n}}\n"
