"""Devices that a text names by coordinates: along axes of a mesh, on a host, or by a number that may be a device."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.deployment.devices.tokens import Cursor

AXES: Final = frozenset({"dp", "tp", "pp", "ep", "sp", "cp", "etp", "edp"})
_MOST: Final = 1 << 16  # devices that one expression names


class Coordinates(Struct, frozen=True):
    """Devices as points: a number along each of the `axes`, which are "" if they have no name.

    `sure` is whether the points are devices for certain, or may be something else, such as the ranks of a group; `text`
    is as written.
    """

    axes: tuple[str, ...]
    points: tuple[tuple[int, ...], ...]
    sure: bool = True
    text: str = ""


def read_coordinates(cursor: Cursor) -> Coordinates | None:
    """Read `DP1_TP0-DP1_TP3`, `TP0-TP7` or `EP0, TP0-TP7`; None, without moving, if there are none."""
    start = cursor.at
    axes: tuple[str, ...] = ()
    points: list[tuple[int, ...]] = [()]
    cursor.accept("[", "(", "{")
    while True:
        more = _range(cursor)
        if more is None or set(more.axes) & set(axes) or len(points) * len(more.points) > _MOST:
            break
        axes += more.axes
        points = [one + two for one, two in itertools.product(points, more.points)]
        if not cursor.accept(",", "，"):
            break
    if not axes:
        cursor.at = start
        return None
    cursor.accept("]", ")", "}")
    return Coordinates(axes, tuple(points))


def _range(cursor: Cursor) -> Coordinates | None:
    """Read a point, or two points that differ along one axis and all between them."""
    first = _coordinate(cursor)
    if first is None:
        return None
    axes, low = first
    here = cursor.at
    if cursor.accept("-", "–", "~", "to", "..", "…") is None:
        return Coordinates(axes, (low,))
    last = _coordinate(cursor)
    if last is None:
        number = cursor.number()
        high = None if number is None else (*low[:-1], number)
    else:
        high = last[1] if last[0] == axes else None
    if high is None:
        cursor.at = here
        return Coordinates(axes, (low,))
    if any(one > two for one, two in zip(low, high, strict=True)):
        return None
    spans = [range(one, two + 1) for one, two in zip(low, high, strict=True)]
    size = 1
    for span in spans:
        size *= len(span)
    return Coordinates(axes, tuple(itertools.product(*spans))) if size <= _MOST else None


def _coordinate(cursor: Cursor) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """Read `DP1_TP0`: axes and numbers that underscores, dots or slashes join."""
    start = cursor.at
    axes: list[str] = []
    numbers: list[int] = []
    while (word := cursor.peek()) is not None and word.text in AXES and word.text not in axes:
        here = cursor.at
        cursor.at += 1
        cursor.accept("_", "-")
        number = cursor.number()
        if number is None:
            cursor.at = here
            break
        axes.append(word.text)
        numbers.append(number)
        joined = cursor.at
        if cursor.accept("_", ".", "/") is None:
            continue
        following = cursor.peek()
        if following is None or following.text not in AXES:
            cursor.at = joined
            break
    if not axes:
        cursor.at = start
        return None
    return tuple(axes), tuple(numbers)
