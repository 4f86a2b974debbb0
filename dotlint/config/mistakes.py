"""Explain a mistake in a configuration in one line: the key, its value, and what is expected."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, inspect

from dotlint.text.nearest import nearest
from dotlint.text.toml import as_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPE_NAMES: Final = {
    inspect.StrType: "a string",
    inspect.LiteralType: "a string",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.VarTupleType: "a list of strings",
    inspect.DictType: "a table",
}
_VALUES: Final[dict[type, tuple[type[inspect.Type], ...]]] = {
    str: (inspect.StrType, inspect.LiteralType),
    bool: (inspect.BoolType,),
    int: (inspect.IntType,),
    list: (inspect.VarTupleType,),
    dict: (inspect.DictType,),
}
_VALUE_NAMES: Final = {
    bool: "a boolean", int: "a number", float: "a decimal number", str: "a string", list: "a list", dict: "a table",
}  # fmt: skip


def explain(section: dict[str, Any], keys: type[Struct]) -> str | None:
    """Return the first mistake in a table with the keys of `keys`, or None."""
    declared = inspect.type_info(keys)
    assert isinstance(declared, inspect.StructType)
    fields = {field.encode_name: field.type for field in declared.fields}
    for key in section:
        if key not in fields:
            return f"unknown key `{key}`; {_did_you_mean(key.replace('_', '-'), fields, 'the keys are')}"
    return next(filter(None, (_in_key(key, value, fields[key]) for key, value in section.items())), None)


def _in_key(key: str, value: object, declared: inspect.Type) -> str | None:
    assert isinstance(declared, inspect.Metadata)
    assert declared.extra_json_schema is not None
    mistake = _mistake(value, declared.type, f"`{key}`")
    example = as_toml(declared.extra_json_schema["examples"][0])
    return mistake and f"{mistake}; for example {key} = {example}"


def _mistake(value: Any, declared: inspect.Type, where: str) -> str | None:  # noqa: ANN401 - whatever TOML holds
    kinds = [
        _without_metadata(kind) for kind in (declared.types if isinstance(declared, inspect.UnionType) else (declared,))
    ]
    taken = _VALUES.get(type(value), ())
    kind = next((kind for kind in kinds if isinstance(kind, taken)), None)
    match kind:
        case inspect.StrType(pattern=str(pattern)) if not re.search(pattern, value):
            return f"{where} is `{value}`" if value.strip() else f"{where} is empty"
        case inspect.LiteralType(values=allowed) if value not in allowed:
            return f"{where} is `{value}`; {_did_you_mean(value, map(str, allowed), 'it can be')}"
        case inspect.IntType(ge=int(least), le=int(most)) if not least <= value <= most:
            return f"{where} is {value}; it can be {least} to {most}"
        case inspect.VarTupleType(item_type=inside, min_length=least):
            if len(value) < (least or 0):
                return f"{where} is an empty list"
            mistakes = map(partial(_mistake, declared=inside, where=f"{where}: each entry"), value)
            return next(filter(None, mistakes), None)
        case inspect.DictType(value_type=inside):
            return next(
                filter(None, (_mistake(one, inside, f"{where}: `{name}`") for name, one in value.items())), None
            )
        case None if not any(isinstance(kind, inspect.AnyType) for kind in kinds):
            expected = " or ".join(dict.fromkeys(_TYPE_NAMES[type(kind)] for kind in kinds))
            return f"{where} must be {expected}, not {_VALUE_NAMES.get(type(value), 'a date')}"
    return None


def _without_metadata(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    words = list(known)
    near = nearest(word, words)
    return f"did you mean `{near}`?" if near else f"{otherwise} {', '.join(words)}"
