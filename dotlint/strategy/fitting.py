"""Which degrees would fit, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_LISTED: Final = 12


def divisors(number: int, most: int = 1 << 12) -> list[int]:
    """Return the divisors of a number, up to `most`."""
    return [each for each in range(1, min(number, most) + 1) if number % each == 0]


def degrees_that(axis: str, fit: str, degrees: Iterable[int]) -> str:
    """Return which degrees would do, such as "TP that divide 52 heads: 1, 2, 4, 13, 26, 52"; "" if none."""
    found = list(degrees)
    return f"{axis} that {fit}: {listed_degrees(found)}" if found else ""


def listed_degrees(degrees: list[int]) -> str:
    """Return degrees in a line, without the middle of many."""
    texts = [str(each) for each in degrees]
    return ", ".join(texts if len(texts) <= _MOST_LISTED else [*texts[: _MOST_LISTED - 2], "...", texts[-1]])
