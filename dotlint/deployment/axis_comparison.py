"""Compare two shapes axis by axis: what is known of each axis is compared, whatever is unknown of the others."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.axes import axes
from dotlint.deployment.sizes import Size, compared, product, read_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.dims import Dims

Symbols = tuple[tuple[str, int], ...]
"""Symbols of a file with their values, in order of the symbols."""

_FEATURES = ("hidden", "ffn", "features")


class Axis(Struct, frozen=True):
    """An axis of a shape: its name, its size as written, and that size if it is understood."""

    name: str
    text: str
    size: Size | None


class AxisPair(Struct, frozen=True):
    """An axis that both shapes have, with its sizes as written; `name` is canonical, or `axis 0` where none is stated.

    `equal` is None if the sizes cannot be compared, as one is unknown or they have other symbols. `ratio` has both as
    whole numbers in the same proportion: (2, 1) for `H` and `H/2`.
    """

    name: str
    before: str
    after: str
    equal: bool | None
    ratio: tuple[int, int] | None


class Comparison(Struct, frozen=True):
    """Two shapes by axis: the axes that both have, and the names of those that only one has."""

    pairs: tuple[AxisPair, ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[AxisPair, ...]:
        """The axes whose sizes certainly differ."""
        return tuple(pair for pair in self.pairs if pair.equal is False)

    @property
    def same(self) -> bool:
        """Whether both have the same axes and all of them certainly have the same size."""
        return not self.only_before and not self.only_after and all(pair.equal for pair in self.pairs)


@lru_cache(maxsize=4096)
def compare(before: Dims, after: Dims, symbols: Symbols = ()) -> Comparison:
    """Compare two shapes by axis.

    Axes are matched by name, and by position where one of two shapes of equal length does not name them. Batch and
    sequence match tokens, and heads and head size match hidden features, as products. Shapes without names and of
    different lengths match from both ends, and the rest as products if these are equal.
    """
    one, two = _named(before, symbols), _named(after, symbols)
    if len(one) == len(two):
        names = [a.name or b.name or f"axis {i}" for i, (a, b) in enumerate(zip(one, two, strict=True))]
        one = [
            Axis(name if not axis.name else axis.name, axis.text, axis.size)
            for name, axis in zip(names, one, strict=True)
        ]
        two = [
            Axis(name if not axis.name else axis.name, axis.text, axis.size)
            for name, axis in zip(names, two, strict=True)
        ]
    elif not all(axis.name for axis in (*one, *two)):
        return _by_position(one, two)
    one, two = list(_merged(one, two)), list(_merged(two, one))
    return _by_name(one, two)


def _named(dims: Dims, symbols: Symbols) -> list[Axis]:
    """Return the axes of a shape; the second of one name, as of scores, is another axis."""
    values = dict(symbols)
    count: Counter[str] = Counter()
    found: list[Axis] = []
    for name, text in zip(axes(dims), dims.values, strict=True):
        count[name] += bool(name)
        found.append(
            Axis(f"{name} {count[name]}" if count[name] > 1 else name, text, resolved(read_size(text), values))
        )
    return found


def resolved(size: Size | None, values: dict[str, int]) -> Size | None:
    """Return a size with its symbols replaced by their values, where these are known."""
    if size is None or not values or not any(word in values for word, _ in size.symbols):
        return size
    number = size.number
    for word, power in size.symbols:
        if word in values:
            number *= values[word] ** power if power > 0 else 1
            number /= values[word] ** -power if power < 0 else 1
    return Size(number, tuple(symbol for symbol in size.symbols if symbol[0] not in values))


def _merged(own: list[Axis], other: list[Axis]) -> Iterator[Axis]:
    """Yield the axes of one shape with those joined that the other has as one."""
    mine, yours = {axis.name for axis in own}, {axis.name for axis in other}
    joins: dict[str, tuple[str, str]] = {}
    if {"batch", "seq"} <= mine and "tokens" not in mine and "tokens" in yours and not {"batch", "seq"} & yours:
        joins["seq"] = ("batch", "tokens")
    if {"heads", "head-dim"} <= mine and not {"heads", "head-dim"} <= yours and yours.intersection(_FEATURES):
        joins["head-dim"] = ("heads", "features")
    merges = {"heads", "head-dim"} <= yours and not {"heads", "head-dim"} <= mine
    inner = {first for first, _ in joins.values()}
    by_name = {axis.name: axis for axis in own}
    for axis in own:
        if axis.name in joins:
            first, name = joins[axis.name]
            yield _joined(name, [by_name[first], axis])
        elif axis.name in _FEATURES and merges:
            yield Axis("features", axis.text, axis.size)
        elif axis.name not in inner:
            yield axis


def _joined(name: str, some: list[Axis]) -> Axis:
    return Axis(name, "·".join(axis.text for axis in some), product([axis.size for axis in some]))


def _pair(name: str, one: Axis, two: Axis) -> AxisPair:
    ratio = compared(one.size, two.size)
    if ratio is not None:
        return AxisPair(name, one.text, two.text, ratio[0] == ratio[1], ratio)
    unknown = one.size is None and two.size is None and one.text.lower() == two.text.lower()
    return AxisPair(name, one.text, two.text, True if unknown else None, None)


def _by_name(one: list[Axis], two: list[Axis]) -> Comparison:
    yours = {axis.name: axis for axis in two}
    pairs = tuple(_pair(axis.name, axis, yours[axis.name]) for axis in one if axis.name in yours)
    shared = {pair.name for pair in pairs}
    return Comparison(
        pairs,
        tuple(axis.name for axis in one if axis.name not in shared),
        tuple(axis.name for axis in two if axis.name not in shared),
    )


def _by_position(one: list[Axis], two: list[Axis]) -> Comparison:
    """Match the axes of shapes of different lengths from the front, and then from the back, as far as they are equal."""
    front = 0
    while front < min(len(one), len(two)) - 1 and _matches(one[front], two[front]):
        front += 1
    back = 0
    while back < min(len(one), len(two)) - front and _matches(one[-1 - back], two[-1 - back]):
        back += 1
    pairs = [
        _pair(a.name or b.name or f"axis {i}", a, b)
        for i, (a, b) in enumerate(zip(one[:front], two[:front], strict=True))
    ]
    tail = [
        _pair(a.name or b.name or "last axis", a, b)
        for a, b in zip(one[len(one) - back :], two[len(two) - back :], strict=True)
    ]
    rest, other = one[front : len(one) - back], two[front : len(two) - back]
    middle = _pair("product", _joined("product", rest), _joined("product", other)) if rest and other else None
    if middle is not None and middle.equal:
        return Comparison((*pairs, middle, *tail))
    return Comparison((*pairs, *tail), _labels(rest, front), _labels(other, front))


def _matches(one: Axis, two: Axis) -> bool:
    return (not one.name or not two.name or one.name == two.name) and _pair("", one, two).equal is True


def _labels(some: list[Axis], first: int) -> tuple[str, ...]:
    return tuple(axis.name or f"axis {index}" for index, axis in enumerate(some, first))
