"""A018: text that has almost the color of the fill behind it."""

from __future__ import annotations

import pytest

from dotlint.data.colors import contrast, rgb
from dotlint.edits.apply import apply_edits
from tests.dsl import find


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("navy", (0, 0, 128)),
        (" Navy ", (0, 0, 128)),
        ("/x11/navy", (0, 0, 128)),
        ("gray50", (127, 127, 127)),
        ("#ff8000", (255, 128, 0)),
        ("#ff8000ff", (255, 128, 0)),
        ("#ff800080", None),
        ("0.0 1.0 1.0", (255, 0, 0)),
        ("transparent", None),
        ("red:blue", None),
        ("/blues9/3", None),
        ("", None),
    ],
)
def test_a018_colors_are_read_as_graphviz_reads_them(value: str, expected: tuple[int, int, int] | None) -> None:
    assert rgb(value) == expected


def test_a018_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert contrast((7, 8, 9), (7, 8, 9)) == 1


def test_a018_one_finding_tells_all_elements_of_two_colors() -> None:
    text = "digraph { node [style=filled fillcolor=navy]; a; b; c [fontcolor=white]; d [fillcolor=yellow] a -> b }"
    (finding,) = find(text, "A018")
    assert (
        finding.message
        == "the text of `a` is black on navy, a contrast ratio of 1.3 to 1, as is the text of 1 more element"
    )
    assert (finding.nodes, finding.fix, finding.severity) == (("a", "b"), None, "info")
    assert finding.help == "set `fontcolor=white`, or change the fill color"


@pytest.mark.parametrize(
    "attributes",
    [
        "fillcolor=navy",
        'style=filled fillcolor=navy label=""',
        "style=filled fillcolor=navy label=<<b>x</b>>",
        'style=filled fillcolor="navy:black"',
        "style=filled fillcolor=navy shape=point",
        'style="filled,invis" fillcolor=navy',
        "style=filled fillcolor=3 colorscheme=blues9",
        "style=filled",
        "style=filled fillcolor=nocolor",
    ],
)
def test_a018_what_has_no_fill_no_text_or_no_one_color_is_left_alone(attributes: str) -> None:
    assert find(f"digraph {{ a [{attributes}] }}", "A018") == []


def test_a018_the_color_of_a_node_fills_it_where_no_fill_is_set() -> None:
    assert find("digraph { a [style=filled color=navy] }", "A018")
    assert find("digraph { subgraph cluster_a { label=x style=filled color=navy a } }", "A018")


def test_a018_text_of_the_color_of_its_fill_is_made_to_show() -> None:
    text = "digraph { a [style=filled fillcolor=navy fontcolor=navy]; b [style=filled fillcolor=navy fontcolor=navy] }"
    (finding,) = find(text, "A018")
    assert finding.fix is not None
    assert (finding.fix.title, finding.fix.applicability) == ("Set fontcolor=white on the 2 nodes", "unsafe")
    assert apply_edits(text, finding.fix.edits) == text.replace("fontcolor=navy", "fontcolor=white")


def test_a018_a_node_without_a_statement_of_its_own_has_no_fix() -> None:
    (finding,) = find("digraph { node [style=filled fillcolor=black]; a -> b }", "A018")
    assert finding.fix is None
    assert "`a` has no statement of its own" in (finding.help or "")
