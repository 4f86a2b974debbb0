"""Extrapolate a text from those of its siblings: its numbers are linear functions of the numbers in their names."""

from __future__ import annotations

from math import gcd, lcm
from typing import TYPE_CHECKING

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

Vector = tuple[int, ...]
_NUMBER = regex(r"(\d+)")
_MOST_SAMPLES = 48


def extrapolate(samples: Sequence[tuple[Vector, str]], at: Vector) -> str | None:
    """Return the text of the sibling whose name has the numbers `at`; None if the samples do not determine it.

    All texts must agree apart from their numbers, and each number must be a linear function of the name's numbers that
    fits every sample: `GPU: 0-3` for `expert_0` and `GPU: 4-7` for `expert_1` make `GPU: 8-11` for `expert_2`. Each
    sample is (numbers of the name, text).
    """
    near = sorted(samples, key=lambda one: sum(abs(a - b) for a, b in zip(one[0], at, strict=True)))[:_MOST_SAMPLES]
    pieces = [_NUMBER.split(text) for _, text in near]
    if not pieces or any(one[::2] != pieces[0][::2] for one in pieces):
        return None
    rows = [(1, *vector) for vector, _ in near]
    numbers = [[int(digits) for digits in one[1::2]] for one in pieces]
    basis, own = _basis(rows), (1, *at)
    if own not in rows and len(_basis([*(rows[i] for i in basis), own])) > len(basis):
        return None
    found: list[int] = []
    for column in zip(*numbers, strict=True):
        scale, factors = _solve([(*rows[i], column[i]) for i in basis])
        if any(_dot(factors, row) != scale * number for row, number in zip(rows, column, strict=True)):
            return None
        number, over = divmod(_dot(factors, own), scale)
        if over or number < 0:
            return None
        found.append(number)
    written = pieces[0][:1]
    for column_index, number in enumerate(found):
        spelled = [one[2 * column_index + 1] for one in pieces]
        widths = {len(digits) for digits in spelled}
        width = widths.pop() if len(widths) == 1 and any(d.startswith("0") and len(d) > 1 for d in spelled) else 0
        written += (str(number).zfill(width), pieces[0][2 * column_index + 2])
    return "".join(written)


def _dot(factors: Vector, row: Vector) -> int:
    return sum(a * b for a, b in zip(factors, row, strict=True))


def _pivot(row: Sequence[int]) -> int:
    return next(i for i, value in enumerate(row) if value)


def _eliminate(row: Sequence[int], other: Sequence[int], pivot: int) -> list[int]:
    """Return the row reduced by a multiple of `other` to 0 at `pivot`, in integers without a common factor."""
    if not row[pivot]:
        return list(row)
    left = [a * other[pivot] - row[pivot] * b for a, b in zip(row, other, strict=True)]
    common = gcd(*left)
    return [value // common for value in left] if common > 1 else left


def _basis(rows: Sequence[Vector]) -> list[int]:
    """Return the indices of a maximal set of linearly independent rows."""
    reduced: list[tuple[int, list[int]]] = []
    chosen: list[int] = []
    for index, row in enumerate(rows):
        left = list(row)
        for pivot, one in reduced:
            left = _eliminate(left, one, pivot)
        if any(left):
            reduced.append((_pivot(left), left))
            chosen.append(index)
    return chosen


def _solve(equations: Sequence[Vector]) -> tuple[int, Vector]:
    """Return (scale, factors) such that factors · row = scale · value for every equation (*row, value).

    The rows are independent, so a solution exists. The method is Gauss-Jordan elimination in integers.
    """
    solved: list[tuple[int, list[int]]] = []
    for equation in equations:
        left = list(equation)
        for pivot, one in solved:
            left = _eliminate(left, one, pivot)
        pivot = _pivot(left)
        solved = [(column, _eliminate(one, left, pivot)) for column, one in solved]
        solved.append((pivot, left))
    scale = lcm(*(one[pivot] for pivot, one in solved))
    factors = [0] * (len(equations[0]) - 1)
    for pivot, one in solved:
        factors[pivot] = one[-1] * (scale // one[pivot])
    return scale, tuple(factors)
