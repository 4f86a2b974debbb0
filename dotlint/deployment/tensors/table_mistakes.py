"""Mistakes in the entries of an `operators.toml`: each as one line with the entry and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, get_args

from dotlint.deployment.tensors.placements import NAMES
from dotlint.deployment.tensors.table import PAYLOADS, Changes, Collective, Join, States
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Checker = Callable[[str, object], Iterator[str]]
"""Yields the mistakes of a value; its first argument names the value."""


_NEW_ROLE: Final = "define the role in vocabulary.toml"


def operator_mistakes(table: Mapping[str, Any], roles: Collection[str]) -> Iterator[str]:
    """Yield the mistakes in the entries of a TOML file; `roles` are the names of the roles that exist."""
    operators, statements = table.get("operators", {}), table.get("statements", [])
    if not isinstance(operators, dict):
        yield '`operators` must be a table; write an entry as [operators.norm] and gives = "same" below it'
        return
    for role, entry in operators.items():
        if role not in roles:
            yield f"[operators.{role}]: there is no role `{role}`; {_hint(role, roles, _NEW_ROLE)}"
        yield from (f"[operators.{role}]: {text}" for text in _ENTRY("", entry))
    if not isinstance(statements, list):
        yield "`statements` must be a list of tables; write [[statements]]"
        return
    statement = _table(phrases=_phrases, gives=_names(NAMES), roles=_names(roles, _NEW_ROLE))
    for number, entry in enumerate(statements, 1):
        where = f"[[statements]] number {number}"
        yield from (f"{where}: {text}" for text in statement("", entry))
        if isinstance(entry, dict):
            missing = [key for key in ("phrases", "gives") if key not in entry]
            yield from (f"{where}: `{key}` is missing; write a list" for key in missing)


def _hint(word: object, known: Iterable[str], otherwise: str = "") -> str:
    near = nearest(str(word), known)
    return f"did you mean `{near}`?" if near else otherwise or f"use one of {', '.join(known)}"


def _choice(names: Collection[str]) -> Checker:
    def check(key: str, value: object) -> Iterator[str]:
        if not isinstance(value, str) or value not in names:
            yield f"`{key}` cannot be `{value}`; {_hint(value, names)}"

    return check


def _names(known: Collection[str], otherwise: str = "") -> Checker:
    def check(key: str, value: object) -> Iterator[str]:
        if not isinstance(value, list):
            yield f'`{key}` must be a list, such as ["{next(iter(known))}"]'
            return
        for name in value:
            if not isinstance(name, str) or name not in known:
                yield f"`{key}` cannot contain `{name}`; {_hint(name, known, otherwise)}"

    return check


def _flag(key: str, value: object) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"`{key}` must be true or false"


def _phrases(key: str, value: object) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(phrase, str) and phrase for phrase in value):
        yield f'`{key}` must be a list of phrases, such as ["row parallel"]'


def _table(**checkers: Checker) -> Checker:
    def check(key: str, value: object) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{f'`{key}`' if key else 'the entry'} must be a table with keys out of {', '.join(checkers)}"
            return
        for name, inner in value.items():
            title = f"{key}.{name}" if key else name
            if name in checkers:
                yield from checkers[name](title, inner)
            else:
                yield f"`{title}` is not a key; {_hint(name, checkers)}"

    return check


def _gives(key: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value not in _SHORT:
            yield f'`{key}` cannot be `{value}`; use "same", "any" or a table such as {{ replicate = ["partial"] }}'
    elif not isinstance(value, dict):
        yield f'`{key}` must be "same", "any" or a table such as {{ replicate = ["partial"] }}'
    else:
        for placement, given in value.items():
            if placement not in NAMES:
                yield f"`{key}` has the unknown placement `{placement}`; {_hint(placement, NAMES)}"
            elif isinstance(given, str) and given not in _SHORT:
                yield f'`{key}.{placement}` cannot be `{given}`; use "same", "any" or a list such as ["partial"]'
            elif not isinstance(given, str):
                yield from _names(NAMES)(f"{key}.{placement}", given)


_SHORT: Final = ("same", "any")
_ENTRY: Final = _table(
    gives=_gives,
    joins=_choice(get_args(Join)),
    weights=_flag,
    collective=_choice(get_args(Collective)),
    words=_phrases,
    exchanges=_phrases,
    shape=_table(
        changes=_choice(get_args(Changes)),
        takes=_choice(get_args(States)),
        makes=_choice(get_args(States)),
        joins=_flag,
        fused=_flag,
        passes=_flag,
    ),
    payload=_table(needs=_choice(("hidden", "each")), gives=_names((*PAYLOADS, "same"))),
)
