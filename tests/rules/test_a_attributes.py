"""The A rules: every example of their cards, and what the examples cannot show."""

from __future__ import annotations

import time

import pytest

from dotlint.checks.attributes.html import flaw, looks_like_html, ports
from dotlint.data.colors import is_color, meant, weights_fit
from dotlint.data.graphviz import attributes
from dotlint.data.values import is_arrow, takes, too_small
from tests.dsl import apply_fixes, find


@pytest.mark.parametrize(
    "attribute",
    [
        "INPUT",
        "OUTPUT",
        "GPU",
        "gpu",
        "wt",
        "row",
        "kind",
        "fname",
        "levels_",
        "level",
        "shard",
        "scope",
        "stage",
        "heads",
    ],
)
def test_a001_attributes_of_the_authors_own_are_left_alone(attribute: str) -> None:
    assert find(f'digraph {{ a [{attribute}="x"]; b [{attribute}="y"]; a -> b }}', "A") == []


def test_a001_a_name_beside_the_known_one_is_no_misspelling() -> None:
    assert find('digraph { a [label="x", labels="y"]; a -> b }', "A001") == []


def test_a001_a_misspelling_has_to_fit_the_value_too() -> None:
    assert find("digraph { a -> b [minlem=2] }", "A001")[0].fixable == "safe"
    assert find('digraph { a -> b [minlem="fast"] }', "A001") == []


def test_a004_the_same_mistake_of_many_nodes_is_one_finding_that_fixes_all() -> None:
    text = "digraph { " + "".join(f"n{i} [shape=rectangel]; " for i in range(40)) + "}"
    (found,) = find(text, "A")
    assert len(found.nodes) == 40
    assert found.fix is not None
    assert len(found.fix.edits) == 40
    assert apply_fixes(text, [found]) == text.replace("rectangel", "rectangle")


def test_a003_many_different_bad_values_of_one_attribute_are_one_finding() -> None:
    text = "digraph { " + "".join(f"n{i} [fontsize=big{i}]; " for i in range(30)) + "}"
    assert len(find(text, "A003")) == 1


def test_a002_what_clusters_inherit_may_stand_in_the_graph() -> None:
    assert find("digraph { style=filled; pencolor=red; penwidth=2; subgraph cluster_a { a } a -> b }", "A") == []


def test_a003_a_statement_with_a_syntax_error_is_not_judged_twice() -> None:
    assert find("digraph { a [penwidth={}]; a -> b }", "A003") == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("double", "1 -1.5 .5 1e3 2.", "one 12pt 1,5"),
        ("int", "1 -2 3.0", "1.5 x"),
        ("bool", "true FALSE yes no 0 2", "on off tru"),
        ("point", "1,2 1.5,2.5! 3 1,2,3", "1;2 a,b 1x2"),
        ("addDouble", "+4 4 -1", "+x"),
        ("doubleList", "1 0.5:1 1.0", "1:x"),
        ("rankdir", "TB LR BT RL", "lr tb XY"),
        ("rank", "same min max source sink", "Same left"),
        ("dir", "forward back both none", "BOTH to"),
        ("splines", "ortho LINE curved none polyline", "straight"),
        ("overlap", "scale prism1000 9:prism Voronoi", "prims"),
        ("packmode", "node clust graph array_c4 array", "grid"),
        ("labelloc", "t b c top", "x"),
        ("colorscheme", "svg blues9 X11", "blues12 nice"),
        (
            "arrow",
            "normal lteeoldiamond open ediamond crowvee none halfopen invempty",
            "forward arrow triangle o",
        ),
    ],
)
def test_a003_types(kind: str, good: str, bad: str) -> None:
    assert [value for value in good.split() if not takes(kind, value)] == []
    assert [value for value in bad.split() if takes(kind, value)] == []
    assert takes(kind, "")


def test_a003_arrow_types_take_linear_time() -> None:
    start = time.process_time()
    assert not is_arrow("o" * 100_000 + "x")
    assert time.process_time() - start < 1


def test_a003_zero_is_a_fine_least_where_the_least_is_a_fraction() -> None:
    facts = attributes()
    assert not too_small(facts["width"], "0")
    assert too_small(facts["width"], "-1")
    assert too_small(facts["peripheries"], "-1")
    assert too_small(facts["area"], "0")


def test_a005_colors() -> None:
    none: frozenset[str] = frozenset()
    good = [
        "red",
        "Red",
        "#ff0000",
        "#ff000080",
        "0.1 0.2 0.3",
        "0.1,0.2,0.3",
        "/svg/red",
        "//red",
        "/blues9/3",
        "transparent",
        "",
    ]
    bad = ["rde", "#ff", "#ggg", "/blues9/10", "5", "light blue"]
    assert [value for value in good if not is_color(value, none)] == []
    assert [value for value in bad if is_color(value, none)] == []
    assert is_color("5", frozenset({"blues9"}))
    assert weights_fit("red;0.5:blue;0.5")
    assert not weights_fit("red;0.7:blue;0.5")
    assert not weights_fit("red;x")


@pytest.mark.parametrize(
    ("value", "word", "safe"),
    [
        ("light blue", "lightblue", True),
        ("greeen", "green", True),
        ("gren", "green", False),
        ("ff8800", "#ff8800", True),
        ("#f80", "#ff8800", True),
        ("lightblue9", "lightblue", False),
    ],
)
def test_a005_the_color_that_was_meant(value: str, word: str, safe: bool) -> None:
    near = meant(value)
    assert near is not None
    assert (near.word, near.single and near.edits < 2) == (word, safe)
    assert meant("lightolive") is None


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("<b>x", "`<b>` is never closed"),
        ("<b><i>x</b></i>", "`</b>` closes `<i>`"),
        ("x</b>", "`</b>` closes nothing"),
        ("<p>x</p>", "Graphviz has no tag `<p>`"),
        ("a & b", "a bare `&`; write `&amp;`"),
        ("<table><tr>x<td></td></tr></table>", "text directly inside `<tr>` is not drawn"),
        ("<table><tr><td class='x'>y</td></tr></table>", "`<td>` has no attribute `class`"),
        ("<table><tr><td/></tr></table>", "`<td/>`; write `<td></td>`"),
        ("<s><table><tr><td></td></tr></table></s>", "`<s>` around a table"),
        ("<B>x</b>", "`</b>` closes `<B>`; write both alike"),
        ("<b>\n</b>", "`<b>` is empty"),
        ("\n<!-- x -->", "there is no text and no table in it"),
        ("<b>x &check;</b>", "Graphviz does not know `&check;`"),
        (
            "<b><i><table><tr><td></td></tr></table></i></b>",
            "`<b>` around another tag around a table; only one is allowed",
        ),
        ("<br align='left' align='left'/>", "`<br>` has the attribute `align` twice"),
        ("<table><tr><td><img/></td></tr></table>", "`<img>` names no image with `src`"),
        ("<table><tr><td title='a&b'>x</td></tr></table>", "a bare `&`; write `&amp;`"),
        ("<td>x</td>", "`<td>` is allowed only directly inside `<tr>`"),
        ("<font color=red>x</font>", 'the attributes of `<font>` must be written as `name="value"`'),
        ("a < b", "a `<` that does not start a tag; write `&lt;`"),
        ("<table><tr><td></td></tr><hr/></table>", "`<hr/>` is allowed only between two rows"),
        ("<table><tr><vr/><td></td></tr></table>", "`<vr/>` is allowed only between two cells"),
        ("<table></table>", "`<table>` has no rows"),
        ("x<table><tr><td></td></tr></table>", "a table beside text; a label or cell contains only one of them"),
        (
            "<table><tr><td></td></tr></table>x",
            "text beside a table or image; a label or cell contains only one of them",
        ),
        (" <b><table><tr><td></td></tr></table></b>", "text or a blank before `<b>`, which contains a table"),
    ],
)
def test_a009_flaws_of_html_labels(label: str, what: str) -> None:
    found = flaw(label)
    assert found is not None
    assert found[0] == what
    assert 0 <= found[1] < found[2] <= len(label)


@pytest.mark.parametrize(
    "label",
    [
        "x",
        "",
        "<b>x</b> &amp; &#955; &lambda;",
        '<TABLE BORDER="0" CELLBORDER=\'1\'><TR><TD PORT="a b">x</TD><VR/><TD></TD></TR><HR/><TR><TD></TD></TR></TABLE>',
        "\n<font> <table><tr><td><img src='x.png'/></td></tr></table> </font>\n",
        " <table><tr><td> x </td></tr></table> ",
        "<TABLE><TR><TD><TABLE><TR><TD>y</TD></TR></TABLE></TD></TR></TABLE>",
        '<!-- note --><font point-size="12">a<br/>b<BR ALIGN="LEFT"/></font>',
    ],
)
def test_a009_html_labels_that_graphviz_draws(label: str) -> None:
    assert flaw(label) is None


def test_a007_a009_html_in_quotes_and_what_is_none() -> None:
    assert looks_like_html("a<br/>b")
    assert looks_like_html("<b>x</b>")
    assert not looks_like_html("<f0> left|<f1> right")
    assert not looks_like_html("vector<int> <b> a < b > c")
    assert ports("<td PORT=\"x\"></td><td port='y'/>") == {"x", "y"}


def test_a007_ports_of_families_are_one_finding() -> None:
    text = "digraph { " + "".join(f"n{i}:left -> out; " for i in range(20)) + "}"
    (found,) = find(text, "A007")
    assert len(found.nodes) == 20


def test_a007_ports_of_defaults_and_records_without_a_label() -> None:
    assert len(find("digraph { edge [headport=top]; a -> b }", "A007")) == 1
    assert find('digraph { "{<x> a|b}" [shape=record]; "{<x> a|b}":x -> c:_; d:":e" -> c:se }', "A007") == []


def test_a_many_labels_take_linear_time() -> None:
    text = (
        "digraph {\n"
        + "".join(
            f'n{i} [label="op {i}" shape=box style=filled fillcolor=red];\nn{i} -> n{i + 1} [style=dashed];\n'
            for i in range(20_000)
        )
        + "}"
    )
    start = time.process_time()
    assert find(text, "A") == []
    assert time.process_time() - start < 10


def test_a009_writes_quotes_and_slashes() -> None:
    text = "digraph { a [label=<<table border=0 cellpadding = '2'><tr><td port=p>x<br>y</td></tr></table>>] a -> b }"
    fixed = text.replace("border=0", 'border="0"').replace("port=p", 'port="p"').replace("<br>", "<br/>")
    assert apply_fixes(text, find(text, "A009")) == fixed


def test_a009_writes_ampersands_and_straight_quotes() -> None:
    text = "digraph { a [label=<R&B &amp; <font color=”red”>“D&D”</font>>] b [label=<<b>x & y>] a -> b }"
    fixed = 'digraph { a [label=<R&amp;B &amp; <font color="red">“D&amp;D”</font>>] b [label=<<b>x & y>] a -> b }'
    assert apply_fixes(text, find(text, "A009")) == fixed


def test_a_byte_that_is_not_utf8_hides_no_attribute() -> None:
    (found,) = find(b'digraph { c [colr=red label="caf\xe9"] }', "A001")
    assert (found.message, found.start) == ("Graphviz has no attribute `colr`, set on a node", 13)
