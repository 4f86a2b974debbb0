"""What goes on as its siblings do: texts whose numbers follow from the numbers of the siblings' names."""

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
    """Give the text of the sibling whose name has the numbers `at`; None where the others do not tell it.

    What stands between the numbers of the texts has to be the same in all, and every number one linear
    function of the name's numbers that is true of all samples: `expert_2` on `GPU: 8-11` after `expert_0` on
    `GPU: 0-3` and `expert_1` on `GPU: 4-7`.
    """
    near = sorted(samples, key=lambda one: sum(abs(a - b) for a, b in zip(one[0], at, strict=True)))[:_MOST_SAMPLES]
    pieces = [_NUMBER.split(text) for _, text in near]
    if not pieces or any(one[::2] != pieces[0][::2] for one in pieces):
        return None
    rows = [(1, *vector) for vector, _ in near]
    numbers = [[int(digits) for digits in one[1::2]] for one in pieces]
    basis, own = _independent(rows), (1, *at)
    if own not in rows and len(_independent([*(rows[i] for i in basis), own])) > len(basis):
        return None
    found: list[int] = []
    for column in zip(*numbers, strict=True):
        scale, factors = _linear([(*rows[i], column[i]) for i in basis])
        if any(_dot(factors, row) != scale * number for row, number in zip(rows, column, strict=True)):
            return None
        number, over = divmod(_dot(factors, own), scale)
        if over or number < 0:
            return None
        found.append(number)
    written = pieces[0][:1]
    for place, number in enumerate(found):
        spelled = [one[2 * place + 1] for one in pieces]
        widths = {len(digits) for digits in spelled}
        width = widths.pop() if len(widths) == 1 and any(d.startswith("0") and len(d) > 1 for d in spelled) else 0
        written += (str(number).zfill(width), pieces[0][2 * place + 2])
    return "".join(written)


def _dot(factors: Vector, row: Vector) -> int:
    return sum(a * b for a, b in zip(factors, row, strict=True))


def _lead(row: Sequence[int]) -> int:
    return next(i for i, value in enumerate(row) if value)


def _without(row: Sequence[int], other: Sequence[int], lead: int) -> list[int]:
    """Take a multiple of another row away, so that nothing is left at `lead`; in whole numbers, as small as they get."""
    if not row[lead]:
        return list(row)
    left = [a * other[lead] - row[lead] * b for a, b in zip(row, other, strict=True)]
    common = gcd(*left)
    return [value // common for value in left] if common > 1 else left


def _independent(rows: Sequence[Vector]) -> list[int]:
    """Choose rows of which none is a combination of others, as many as there are."""
    reduced: list[tuple[int, list[int]]] = []
    chosen: list[int] = []
    for index, row in enumerate(rows):
        left = list(row)
        for lead, one in reduced:
            left = _without(left, one, lead)
        if any(left):
            reduced.append((_lead(left), left))
            chosen.append(index)
    return chosen


def _linear(equations: Sequence[Vector]) -> tuple[int, Vector]:
    """Give a linear function by its scale and its factors: of each equation's row its last number, times the scale.

    The rows are independent, so there is such a function (Gauss and Jordan, in whole numbers).
    """
    solved: list[tuple[int, list[int]]] = []
    for equation in equations:
        left = list(equation)
        for lead, one in solved:
            left = _without(left, one, lead)
        lead = _lead(left)
        solved = [(place, _without(one, left, lead)) for place, one in solved]
        solved.append((lead, left))
    scale = lcm(*(one[lead] for lead, one in solved))
    factors = [0] * (len(equations[0]) - 1)
    for lead, one in solved:
        factors[lead] = one[-1] * (scale // one[lead])
    return scale, tuple(factors)
