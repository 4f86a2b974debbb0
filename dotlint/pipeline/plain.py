"""Data to JSON and back, by the types that its fields declare, so that what is read back can be trusted."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

Reader = Callable[[Any], Any]


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any data goes in
    """Write structs, tuples, sets and mappings as lists, paths as text; equal values give equal lists."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, PurePath)):
        return str(value)
    if isinstance(value, Struct):
        return [to_plain(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, Mapping):
        return [[to_plain(key), to_plain(item)] for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted((to_plain(item) for item in value), key=repr)
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no plain data")


def reader(wanted: Any, names: Mapping[str, Any]) -> Reader:  # noqa: ANN401 - a type, or what stands for one
    """Give what makes a value of a type from what `to_plain` wrote; it raises `ValueError` where it cannot.

    `names` are the types that annotations mention without importing them at run time. Raises `TypeError` for
    a type that is no plain data.
    """
    return _Readers(names).of(wanted)


class _Readers:
    """Readers made once for each type."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._records: dict[type, Reader] = {}

    def of(self, wanted: Any) -> Reader:  # noqa: ANN401
        origin, inner = get_origin(wanted), get_args(wanted)
        if origin in (Union, types.UnionType):
            return _either([self.of(kind) for kind in inner])
        if origin is Literal:
            return _checked(lambda data: isinstance(data, str) and data in inner)
        if wanted is None or wanted is type(None):
            return _checked(lambda data: data is None)
        if wanted in (bool, int, float, str):
            return _checked(lambda data: type(data) is wanted)
        if isinstance(wanted, type) and (issubclass(wanted, Struct) or hasattr(wanted, "_fields")):
            if wanted not in self._records:
                self._records[wanted] = self._record(wanted)
            return self._records[wanted]
        if origin in (dict, Mapping):
            return _mapping(self.of(inner[0]), self.of(inner[1]))
        if origin in (list, frozenset) or (origin is tuple and inner[-1] is Ellipsis):
            return _several(origin, self.of(inner[0]))
        if origin is tuple:
            return _fixed(tuple, [self.of(kind) for kind in inner])
        raise TypeError(f"{wanted} is no plain data")

    def _record(self, kind: Any) -> Reader:  # noqa: ANN401
        hints = get_type_hints(kind, localns=self._names)
        if issubclass(kind, Struct):
            hints = {name: hints[name] for name in kind.__struct_fields__}
        return _fixed(lambda values: kind(**dict(zip(hints, values, strict=True))), [*map(self.of, hints.values())])


def _checked(fits: Callable[[Any], bool]) -> Reader:
    def read(data: Any) -> Any:  # noqa: ANN401
        if not fits(data):
            raise ValueError(f"unexpected {type(data).__name__}")
        return data

    return read


_LIST = _checked(lambda data: isinstance(data, list))
_PAIR = _checked(lambda data: isinstance(data, list) and len(data) == 2)


def _either(readers: list[Reader]) -> Reader:
    def read(data: Any) -> Any:  # noqa: ANN401
        for one in readers:
            try:
                return one(data)
            except ValueError:
                continue
        raise ValueError(f"unexpected {type(data).__name__}")

    return read


def _several(kind: Callable[[list[Any]], Any], item: Reader) -> Reader:
    return lambda data: kind([item(one) for one in _LIST(data)])


def _mapping(key: Reader, value: Reader) -> Reader:
    return lambda data: {key(one[0]): value(one[1]) for one in map(_PAIR, _LIST(data))}


def _fixed(kind: Callable[[list[Any]], Any], readers: list[Reader]) -> Reader:
    # `strict` raises ValueError for lists that are too long or too short.
    return lambda data: kind([one(item) for one, item in zip(readers, _LIST(data), strict=True)])
