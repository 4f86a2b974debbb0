"""Texts extrapolated from those of their siblings."""

from __future__ import annotations

import pytest

from dotlint.edits.apply import apply_edits
from dotlint.edits.compose import compose
from dotlint.edits.extrapolate import extrapolate
from dotlint.engine.finding import Edit

EXTRAPOLATED = [
    ([((0,), "e0 [GPU 0-3]"), ((1,), "e1 [GPU 4-7]")], (2,), "e2 [GPU 8-11]"),
    ([((0,), "e0"), ((2,), "e2")], (1,), "e1"),
    ([((1,), "GPU: [4,5]"), ((2,), "GPU: [6,7]")], (0,), "GPU: [2,3]"),
    ([((1,), "x01"), ((2,), "x02")], (10,), "x10"),
    ([((0, 3), "Experts 0-3"), ((4, 7), "Experts 4-7")], (8, 11), "Experts 8-11"),
    ([((0, 0), "a 0"), ((0, 1), "a 1"), ((1, 0), "a 10")], (1, 1), "a 11"),
    ([((3,), "x"), ((5,), "x")], (4,), "x"),
    ([((1,), "only 1")], (1,), "only 1"),
    # not determined
    ([((1,), "only 1")], (2,), None),
    ([((0,), "GPU 0"), ((1,), "GPU 1"), ((2,), "GPU 5")], (3,), None),
    ([((0,), "a"), ((1,), "b")], (2,), None),
    ([((1,), "GPU 0"), ((2,), "GPU 8")], (0,), None),  # below zero
    ([((0,), "GPU 0"), ((2,), "GPU 1")], (1,), None),  # half a GPU
    ([((0, 0), "a 0"), ((0, 1), "a 1")], (1, 1), None),  # a unit without a sibling
    ([], (0,), None),
]


@pytest.mark.parametrize(("samples", "at", "expected"), EXTRAPOLATED)
def test_texts_are_extrapolated(
    samples: list[tuple[tuple[int, ...], str]], at: tuple[int, ...], expected: str | None
) -> None:
    assert extrapolate(samples, at) == expected


COMPOSED = [
    ("abcd", [Edit(1, 1, "XY")], [Edit(3, 3, "+")]),
    ("abcd", [Edit(1, 1, "XY")], [Edit(2, 2, "+")]),
    ("abcd", [Edit(1, 1, "XY"), Edit(3, 4, "")], [Edit(0, 0, "+"), Edit(1, 1, "-"), Edit(5, 5, "*")]),
    ("abcd", [Edit(0, 2, "Q")], [Edit(3, 3, "end")]),
    ("abcd", [], [Edit(2, 2, "+")]),
]


@pytest.mark.parametrize(("text", "first", "second"), COMPOSED)
def test_successive_edits_are_composed(text: str, first: list[Edit], second: list[Edit]) -> None:
    assert apply_edits(text, compose(first, second)) == apply_edits(apply_edits(text, first), second)
