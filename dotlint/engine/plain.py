"""Frozen data to JSON and back, by the types that its fields declare, so that what is read back can be trusted."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any data goes in
    """Write dataclasses, named tuples, tuples, sets and mappings as lists, paths as text; the same value gives the same lists always."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, PurePath)):
        return str(value)
    if is_dataclass(value):
        return [to_plain(getattr(value, field.name)) for field in fields(value) if field.init]
    if isinstance(value, Mapping):
        return [[to_plain(key), to_plain(item)] for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted((to_plain(item) for item in value), key=repr)
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no plain data")


def from_plain(wanted: Any, data: Any, names: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Make a value of the wanted type out of what `to_plain` wrote; raises `ValueError` where the data does not fit.

    `names` are the types that annotations mention without importing them at run time.
    """
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return _first_that_fits(inner, data, names)
    if origin is Literal:
        return _checked(data in inner, data)
    if wanted is None or wanted is type(None):
        return _checked(data is None, data)
    if wanted in (bool, int, float, str):
        return _checked(type(data) is wanted, data)
    _checked(isinstance(data, list), data)
    if isinstance(wanted, type) and (is_dataclass(wanted) or hasattr(wanted, "_fields")):
        return _record(wanted, _hints(wanted, names), data, names)
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(from_plain(inner[0], item, names) for item in data)
    if origin is tuple:
        _checked(len(inner) == len(data), data)
        return tuple(from_plain(one, item, names) for one, item in zip(inner, data, strict=True))
    if origin in (list, frozenset):
        return origin(from_plain(inner[0], item, names) for item in data)
    if origin in (dict, Mapping):
        _checked(all(isinstance(item, list) and len(item) == 2 for item in data), data)
        return {from_plain(inner[0], key, names): from_plain(inner[1], item, names) for key, item in data}
    raise ValueError(f"{wanted} is no plain data")


def _checked(fits: bool, data: Any) -> Any:  # noqa: ANN401
    if not fits:
        raise ValueError(f"unexpected {type(data).__name__}")
    return data


def _first_that_fits(kinds: tuple[Any, ...], data: Any, names: Mapping[str, Any]) -> Any:  # noqa: ANN401
    for kind in kinds:
        try:
            return from_plain(kind, data, names)
        except ValueError:
            continue
    raise ValueError(f"unexpected {type(data).__name__}")


_HINTS: dict[type, dict[str, Any]] = {}


def _hints(kind: type, names: Mapping[str, Any]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = _read_hints(kind, names)
    return _HINTS[kind]


def _read_hints(kind: type, names: Mapping[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=dict(names))
    if is_dataclass(kind):
        return {field.name: hints[field.name] for field in fields(kind) if field.init}
    return hints


def _record(kind: Any, hints: dict[str, Any], data: list[Any], names: Mapping[str, Any]) -> Any:  # noqa: ANN401
    _checked(len(hints) == len(data), data)
    values = {name: from_plain(hint, item, names) for (name, hint), item in zip(hints.items(), data, strict=True)}
    return kind(**values)
