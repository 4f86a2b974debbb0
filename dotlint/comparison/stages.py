"""Phases, stages and layers that only one graph has: reported as a whole, with their operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.comparison.changes import Single, unit_of
from dotlint.comparison.model import Item
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.comparison.correspondence import Correspondence
    from dotlint.comparison.elements import Element
    from dotlint.comparison.model import Change

_KINDS = (("phase",), ("phase", "stage"), ("phase", "layer"))


class WholeUnit(Struct, frozen=True):
    """A phase, stage or layer that only one graph has, with the indexes of its nodes there."""

    single: Single
    members: frozenset[int]


def whole_units(found: Correspondence) -> tuple[list[WholeUnit], list[WholeUnit]]:
    """Return the units that only the first graph has, and those that only the second has."""
    grouped = (
        {index for some, _ in found.groups for index in some},
        {index for _, some in found.groups for index in some},
    )
    return (
        list(_whole(found.first, found.second, set(found.pairs) | grouped[0], "removed")),
        list(_whole(found.second, found.first, set(found.back) | grouped[1], "added")),
    )


def _whole(side: Sequence[Element], other: Sequence[Element], matched: set[int], change: Change) -> Iterator[WholeUnit]:
    covered: set[int] = set()
    for fields in _KINDS:
        known = {_key(one, fields) for one in other} - {None}
        members: dict[tuple[object, ...], list[Element]] = {}
        for one in side:
            key = _key(one, fields)
            if key is not None and key not in known and known:
                members.setdefault(key, []).append(one)
        for some in members.values():
            indexes = {one.index for one in some}
            operators = [one for one in some if one.reading is not None and not one.reading.annotation]
            if indexes & (matched | covered) or len(operators) < 2:
                continue
            covered |= indexes
            yield WholeUnit(_single(some, operators, fields, change), frozenset(indexes))


def _key(one: Element, fields: tuple[str, ...]) -> tuple[object, ...] | None:
    values = tuple(one.facts.get(name) for name in fields)
    return None if values[-1] in (None, "") else values


def _single(some: Sequence[Element], operators: Sequence[Element], fields: tuple[str, ...], change: Change) -> Single:
    unit = {name: value for name, value in unit_of(some[0]).items() if name in fields}
    gpus = union(one.stated["GPUs"] for one in operators if one.stated["GPUs"])
    names = tuple(one.name for one in some)
    before, after = (names, None) if change == "removed" else (None, names)
    return Single("stages", change, fields[-1], Item(before, after, {**unit, "gpus": str(gpus)} if gpus else unit))
