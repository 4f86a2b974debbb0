"""What goes on as its siblings do: texts whose numbers follow from the numbers of the siblings' names."""

from __future__ import annotations

from fractions import Fraction
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
    basis = _independent(rows)
    chosen = [rows[i] for i in basis]
    numbers = [[int(digits) for digits in one[1::2]] for one in pieces]
    for row, own in zip(rows, numbers, strict=True):
        if _combined(chosen, [numbers[i] for i in basis], row) != own:
            return None
    found = _combined(chosen, [numbers[i] for i in basis], (1, *at))
    if found is None or any(number < 0 for number in found):
        return None
    written = pieces[0][:1]
    for place, number in enumerate(found):
        spelled = [one[2 * place + 1] for one in pieces]
        widths = {len(digits) for digits in spelled}
        width = widths.pop() if len(widths) == 1 and any(d.startswith("0") and len(d) > 1 for d in spelled) else 0
        written += (str(number).zfill(width), pieces[0][2 * place + 2])
    return "".join(written)


def _independent(rows: Sequence[Vector]) -> list[int]:
    """Choose rows of which none is a combination of others, as many as there are."""
    reduced: list[list[Fraction]] = []
    chosen: list[int] = []
    for index, row in enumerate(rows):
        left = [Fraction(value) for value in row]
        for one in reduced:
            lead = next(i for i, value in enumerate(one) if value)
            factor = left[lead] / one[lead]
            left = [a - factor * b for a, b in zip(left, one, strict=True)]
        if any(left):
            reduced.append(left)
            chosen.append(index)
    return chosen


def _combined(basis: Sequence[Vector], values: Sequence[Sequence[int]], row: Vector) -> list[int] | None:
    """Combine the values of the basis as `row` is combined of it; None where it is not, or not in whole numbers."""
    weights = _weights(basis, row)
    if weights is None:
        return None
    found: list[int] = []
    for column in zip(*values, strict=True):
        total = sum((w * value for w, value in zip(weights, column, strict=True)), Fraction(0))
        if total.denominator != 1:
            return None
        found.append(int(total))
    return found


def _weights(basis: Sequence[Vector], row: Vector) -> list[Fraction] | None:
    """Solve `basis` · weights = `row`; the rows of the basis are independent, so there is one solution or none."""
    matrix = [[Fraction(one[i]) for one in basis] + [Fraction(row[i])] for i in range(len(row))]
    width = len(basis)
    done = 0
    for column in range(width):
        pivot = next((i for i in range(done, len(matrix)) if matrix[i][column]), None)
        if pivot is None:
            return None
        matrix[done], matrix[pivot] = matrix[pivot], matrix[done]
        lead = matrix[done][column]
        matrix[done] = [value / lead for value in matrix[done]]
        for i, line in enumerate(matrix):
            if i != done and line[column]:
                factor = line[column]
                matrix[i] = [a - factor * b for a, b in zip(line, matrix[done], strict=True)]
        done += 1
    if any(line[width] for line in matrix[done:]):
        return None
    return [matrix[i][width] for i in range(width)]
