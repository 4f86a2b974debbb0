"""What a token has in a tensor: which kind of features, and how many."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment import axes
from dotlint.deployment.sizes import Size, compared, product, read_size

if TYPE_CHECKING:
    from dotlint.deployment.shapes import Dims

_TOKENS = {"batch", "seq", "tokens"}
_CHOICES = {"experts", "top-k"}
_WIDE = {"hidden", "ffn", "vocab"}


class Features(Struct, frozen=True):
    """The features of a tensor: their kind (`hidden`, `ffn`, `vocab`, `heads`, `choice`, `ids`, or "") and number.

    `choice` are the experts that a router chose, `ids` token ids, which have no features; "" is not known. The number
    of `heads` is heads times head size. `heads` and `head_size` are what the shape states of them.
    """

    kind: str
    width: Size | None = None
    heads: Size | None = None
    head_size: Size | None = None
    axes: int = 3  # how many axes the shape has, one for all heads


Symbols = tuple[tuple[str, int], ...]
"""Symbols whose values are known, such as the declared degrees."""


@lru_cache(maxsize=4096)
def features(dims: Dims, symbols: Symbols = ()) -> Features | None:
    """Return the features of a tensor; None if its shape does not decide them, as for attention scores."""
    names = axes.axes(dims)
    sizes = _sizes(dims, symbols)
    of = dict(zip(names, sizes, strict=True))
    if len(of) < len(names):  # two axes have one name: attention scores, or nothing is named
        return _by_position(sizes) if set(names[1:]) == {""} and names[0] in {"", *_TOKENS} else None
    unknown = [name for name in names if name and name not in {*_TOKENS, *_CHOICES, *_WIDE, "heads", "head-dim"}]
    wide = [name for name in names if name in _WIDE]
    if unknown or len(wide) > 1 or (wide and {"heads", "head-dim"} & of.keys()):
        return None
    if wide:
        return Features(wide[0], of[wide[0]], axes=len(names))
    if "heads" in of:
        size = of.get("head-dim")
        number = len(names) - ("head-dim" in of)
        return Features("heads", product([of["heads"], size]) if size else None, of["heads"], size, number)
    if _CHOICES & of.keys():
        return Features("choice")
    if "" in of:
        return _by_position(sizes) if names[-1] == "" and len(names) > 1 else None
    return Features("ids") if "seq" in of and len(names) > 1 else None


def _sizes(dims: Dims, symbols: Symbols) -> list[Size | None]:
    values = dict(symbols)
    return [_resolved(read_size(value), values) for value in dims.values]


def _resolved(size: Size | None, values: dict[str, int]) -> Size | None:
    if size is None or not any(word in values for word, _ in size.symbols):
        return size
    number = size.number
    for word, power in size.symbols:
        number *= Fraction(values.get(word, 1)) ** power
    return Size(number, tuple(symbol for symbol in size.symbols if symbol[0] not in values))


def _by_position(sizes: list[Size | None]) -> Features | None:
    """Return the features of a shape without names: of three axes or fewer the last are its features."""
    return Features("", sizes[-1], axes=len(sizes)) if len(sizes) in {2, 3} else None


@lru_cache(maxsize=4096)
def widths(before: Dims, after: Dims, symbols: Symbols = ()) -> tuple[int, int] | None:
    """Return how many features two tensors have, in proportion; None if one does not state it."""
    one, two = features_beside(before, after, symbols), features_beside(after, before, symbols)
    if one is None or two is None or ("" in {one.kind, two.kind} and one.axes != two.axes):
        return None
    return compared(one.width, two.width)


def change(before: Dims, after: Dims) -> axes.Change | None:
    """Compare two shapes by axis, or by their features where one of them has heads and the other does not show them."""
    found = axes.change(before, after)
    if found is not None or {len(before.values), len(after.values)} != {3, 4} or any(axes.axes(before)):
        return found
    sizes = widths(before, after)
    return axes.Change((("features", *sizes),) if sizes[0] != sizes[1] else ()) if sizes else None


def features_beside(dims: Dims, other: Dims, symbols: Symbols = ()) -> Features | None:
    """Return the features of a tensor, by the shape beside it if its own axes have no names.

    `[8, 1024, 32, 128]` and `[8, 32, 1024, 128]` have 32 heads beside `[8, 1024, 4096]`; `[8, 1024]` has none.
    """
    if any(axes.axes(dims)) or len(dims.values) not in {2, 4} or len(other.values) not in {3, 4}:
        return features(dims, symbols)
    batch, *rest = _sizes(dims, symbols)
    first, *others = _sizes(other, symbols)
    if batch is None or batch != first:
        return None
    if len(other.values) == 4:
        same = len(rest) == 3 and rest[0] is not None and rest[0] == others[0]
        return Features("", product(rest[1:])) if same else None
    seq = others[0]
    if seq is None or rest.count(seq) != 1 or rest[-1] == seq:
        return Features("ids") if seq is not None and rest == [seq] else None
    rest.remove(seq)
    return Features("", product(rest))
