"""Mappings of attribute names to values that share what they have in common.

A file may set a thousand defaults, each in effect for a thousand nodes. A small mapping is a dict, a large one a tree of
dicts, of which a copy with other values copies one path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast, overload

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Other = TypeVar("Other")

_SMALL = 10  # a dict of this size is copied faster than a path
_LEAF = 5  # the smallest dicts of Python have room for so many
_BITS = 3  # of a hash, that choose one of the branches of a node
_DEEPEST = 60  # bits: beyond, hashes collide
_EMPTY: dict[str, str] = {}


class Branch(Struct, eq=False):
    """A node of a tree, and which of its names were `found` when it was last asked whether they are `chosen`."""

    inner: tuple[Tree, ...]
    chosen: Callable[[str], object] | None = None
    found: tuple[str, ...] = ()


Tree = dict[str, str] | Branch


class Attributes(Mapping[str, str]):
    """A large mapping that never changes: those of `over`, and those of `under` that it lacks."""

    __slots__ = ("over", "under")

    def __init__(self, over: Tree, under: Mapping[str, str] = _EMPTY) -> None:
        self.over = over
        self.under = under

    def __getitem__(self, name: str) -> str:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return self.get(cast("str", name)) is not None

    @overload
    def get(self, key: str, /) -> str | None: ...
    @overload
    def get(self, key: str, /, default: Other) -> str | Other: ...
    def get(self, key: str, /, default: object = None) -> object:
        """Return a value, or the default."""
        here: Attributes = self
        while True:
            tree, bits = here.over, hash(key)
            while type(tree) is Branch:
                tree, bits = tree.inner[bits & (1 << _BITS) - 1], bits >> _BITS
            found = cast("dict[str, str]", tree).get(key)
            if found is not None:
                return found
            if not isinstance(here.under, Attributes):
                return here.under.get(key, default)
            here = here.under

    def names(self, chosen: Callable[[str], object]) -> list[str]:
        """Return the names for which a function is true, in their order, because that of a tree differs from run to run.

        Mappings that share most names share the answers, too.
        """
        found: set[str] = set()
        here: Mapping[str, str] = self
        while isinstance(here, Attributes):
            found.update(_chosen(here.over, chosen))
            here = here.under
        return sorted(found.union(filter(chosen, here)))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names(_any))

    def __len__(self) -> int:
        return len(self.names(_any))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return repr(dict(self))


def names_of(attributes: Mapping[str, str], chosen: Callable[[str], object]) -> Iterator[str]:
    """Return the names in a mapping for which a function is true; large mappings that share most do not ask again."""
    return iter(attributes.names(chosen)) if isinstance(attributes, Attributes) else filter(chosen, attributes)


def with_own(defaults: Mapping[str, str], own: dict[str, str]) -> Mapping[str, str]:
    """Return the attributes of one element; defaults that many elements have are not copied."""
    if not own or not defaults:
        return own or defaults
    return Attributes(own, defaults) if isinstance(defaults, Attributes) else {**defaults, **own}


def overridden(base: Mapping[str, str], values: Mapping[str, str]) -> Mapping[str, str]:
    """Return `base` with other values; neither changes, and the caller must not change the result.

    `values` are those of one block: they were made from an empty mapping.
    """
    if not values or not base:
        return values or base
    if isinstance(values, Attributes):
        return Attributes(values.over, base)
    if isinstance(base, Attributes):
        tree, under = base.over, base.under
    elif len(base) + len(values) <= _SMALL:
        return {**base, **values}
    else:
        tree, under = {}, _EMPTY
        values = {**base, **values}
    for name, value in values.items():
        tree = _with(tree, hash(name), name, value, 0)
    return Attributes(tree, under)


def _with(tree: Tree, bits: int, name: str, value: str, used: int) -> Tree:
    """Return a tree with one more value; `bits` are those of its hash that were not `used`."""
    if isinstance(tree, Branch):
        branch = bits & (1 << _BITS) - 1
        changed = _with(tree.inner[branch], bits >> _BITS, name, value, used + _BITS)
        return Branch((*tree.inner[:branch], changed, *tree.inner[branch + 1 :]))
    if len(tree) < _LEAF or name in tree or used > _DEEPEST:
        return {**tree, name: value}
    split: Tree = Branch((_EMPTY,) * (1 << _BITS))
    for other, its in (*tree.items(), (name, value)):
        split = _with(split, hash(other) >> used, other, its, used)
    return split


def _chosen(tree: Tree, chosen: Callable[[str], object]) -> tuple[str, ...]:
    if not isinstance(tree, Branch):
        return tuple(filter(chosen, tree))
    if tree.chosen is not chosen:
        found = tuple([name for one in tree.inner for name in _chosen(one, chosen)])
        if len(found) > _SMALL:
            return found  # kept for each of many versions, it would be as large as copies of them
        tree.chosen, tree.found = chosen, found
    return tree.found


def _any(_name: str) -> bool:
    return True
