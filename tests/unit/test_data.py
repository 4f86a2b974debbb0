"""The facts about Graphviz."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dotlint.data import graphviz
from dotlint.data.values import expected, is_free


def test_attributes_have_their_elements_types_and_least_values() -> None:
    facts = graphviz.attributes()
    assert len(facts) > 170
    assert facts["rankdir"].elements == "G"
    assert facts["fillcolor"].types == ("color", "colors")
    assert facts["penwidth"].minimum == 0
    assert facts["area"].above
    assert facts["shapefile"].deprecated
    assert facts["bb"].written
    assert facts["weight"].allowed("E")
    assert not facts["weight"].allowed("GN")


def test_every_type_is_free_or_described() -> None:
    for fact in graphviz.attributes().values():
        assert is_free(fact) or expected(fact) != "another value", fact


@pytest.mark.parametrize(
    ("scheme", "size", "some"),
    [
        ("x11", 679, "antiquewhite3"),
        ("x11", 679, "gray100"),
        ("svg", 147, "rebeccapurple"),
        ("blues9", 9, "9"),
        ("set312", 12, "12"),
        ("dark28", 8, "8"),
    ],
)
def test_color_schemes(scheme: str, size: int, some: str) -> None:
    colors = graphviz.color_names(scheme)
    assert abs(len(colors) - size) <= 1
    assert some in colors or scheme == "svg"


@pytest.mark.parametrize("scheme", ["blues2", "blues10", "blues09", "blues", "nothing", "", "9"])
def test_no_such_scheme(scheme: str) -> None:
    assert graphviz.color_names(scheme) == frozenset()


def test_shapes_styles_and_words() -> None:
    assert {"box", "Mrecord", "parallelogram", "cds"} <= graphviz.shapes()
    assert "tapered" in graphviz.styles("edge")
    assert "rounded" not in graphviz.styles("edge")
    assert "rounded" in graphviz.styles("graph")
    assert graphviz.enumeration_values("rank") == ("same", "min", "source", "max", "sink")
    assert graphviz.enumeration_values("nothing") == ()


def test_facts_are_read_at_first_use() -> None:
    code = (
        "import dotlint.data.graphviz as g; read = lambda: g._table.cache_info().currsize;"
        "assert not read(); g.shapes(); assert read()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
