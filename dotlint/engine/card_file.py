"""Read rule cards from TOML files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast, get_args

from msgspec.structs import replace

from dotlint.engine.card import (
    PRESETS,
    Absence,
    Axis,
    Card,
    CardError,
    Convention,
    Damage,
    Example,
    FixEffect,
    FixTrial,
    LossKind,
    NodeState,
    Remedy,
    Variant,
)
from dotlint.engine.finding import SEVERITIES, Applicability, Severity
from dotlint.engine.sections import SECTIONS
from dotlint.files.reading import read_file, reason
from dotlint.text.regex import regex
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path

_FILE = regex(r"(?P<code>[A-Z]{1,8}\d{3})-(?P<name>[a-z0-9-]+)\.toml")
_NAME = regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION = regex(r"[0-9]+(\.[0-9]+)*")
_NEEDS = {"strategy", "model"}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "claims-absence": get_args(Absence),
    "concerns": ("nodes", "unit"),
    "convention": get_args(Convention),
    "damages": get_args(Damage),
    "editor-tag": ("unnecessary", "deprecated"),
    "fix-trial": get_args(FixTrial),
    "loses": get_args(LossKind),
    "node-state": get_args(NodeState),
    "overview-remedy": get_args(Remedy),
    "suppressible": ("always", "by-name", "never"),
}
_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "axes": get_args(Axis),
    "causes": (),
    "fix-effects": get_args(FixEffect),
    "model-facts": (),
    "summary-lines": (),
}
_FLAGS: Final = ("guards-fixes", "repeats-in-copies", "report-once", "report-skip")


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CardError(f"{where}: `{key}` must be a non-empty string")
    return value.strip()


def _aliases(table: dict[str, Any], where: str) -> tuple[str, ...]:
    aliases = table.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in aliases):
        raise CardError(f"{where}: `aliases` must be a list of names in lower case, with hyphens between words")
    if len({table["name"], *aliases}) <= len(aliases):
        raise CardError(f"{where}: `aliases` must differ from the name and from each other")
    return tuple(aliases)


def _choice(value: object, allowed: tuple[str, ...], key: str, where: str) -> str:
    if value not in allowed:
        raise CardError(f"{where}: `{key}` is {value!r}, but must be one of {', '.join(allowed)}")
    return str(value)


def _facts(table: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the other fields of a card, by name."""
    found: dict[str, Any] = {}
    for key in (*_CHOICES, *_LISTS, *_FLAGS):
        if key not in table:
            continue
        value = table[key]
        if key in _CHOICES:
            _choice(value, _CHOICES[key], key, where)
        elif key in _FLAGS:
            if not isinstance(value, bool):
                raise CardError(f"{where}: `{key}` is {value!r}, but must be true or false")
        elif not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise CardError(f"{where}: `{key}` must be a list of strings")
        elif len(set(value)) < len(value):
            raise CardError(f"{where}: `{key}` has a repeated entry")
        else:
            for one in value if _LISTS[key] else ():
                _choice(one, _LISTS[key], key, where)
            value = tuple(value)
        found[key.replace("-", "_")] = value
    return found


VALUES: Final = {**_CHOICES, **_LISTS}
KEYS: Final = {
    "code", "name", "summary", "check", "severity", "section", "why", "fix", "needs", "presets", "parameters",
    "parameter-help", "since", "outcome", "example", "aliases", *_CHOICES, *_LISTS, *_FLAGS,
}  # fmt: skip


def read_card(text: str, where: str) -> Card:
    """Return the card in a TOML text; raises `CardError` with a message that starts with `where`, its file."""
    try:
        table = read_toml(text)
    except ValueError as error:
        raise CardError(f"{where}: invalid TOML: {error}") from error
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise CardError(f"{where}: unknown key `{unknown[0]}`; the keys of a card are {', '.join(sorted(KEYS))}")
    outcomes = {
        name: Variant(
            severity=cast("Severity", _choice(v["severity"], SEVERITIES, "severity", where))
            if "severity" in v
            else None,
            fix=cast("Any", _choice(v["fix"], ("safe", "unsafe", "none"), "fix", where)) if "fix" in v else None,
            section=_choice(v["section"], tuple(SECTIONS), "section", where) if "section" in v else None,
        )
        for name, v in table.get("outcome", {}).items()
    }
    since = table.get("since")
    if since is not None and not (isinstance(since, str) and _VERSION.fullmatch(since)):
        raise CardError(f"{where}: `since` is {since!r}, but must be a version such as 1.2.0")
    parameters, explained = dict(table.get("parameters", {})), dict(table.get("parameter-help", {}))
    if unknown := sorted(set(explained) - set(parameters)):
        raise CardError(f"{where}: `parameter-help` explains `{unknown[0]}`, which is not under `[parameters]`")
    needs = tuple(table.get("needs", ()))
    if set(needs) - _NEEDS:
        raise CardError(
            f"{where}: `needs` can contain only strategy and model, not {', '.join(sorted(set(needs) - _NEEDS))}"
        )
    fix = table.get("fix", "none")
    return Card(
        code=_text(table, "code", where),
        name=_text(table, "name", where),
        summary=_text(table, "summary", where),
        check=_text(table, "check", where),
        severity=cast("Severity", _choice(table.get("severity"), SEVERITIES, "severity", where)),
        section=_choice(table.get("section"), tuple(SECTIONS), "section", where),
        why=_text(table, "why", where),
        fix=None if fix == "none" else cast("Applicability", _choice(fix, ("safe", "unsafe", "none"), "fix", where)),
        needs=needs,
        presets=tuple(_choice(p, PRESETS, "presets", where) for p in table.get("presets", ("recommended", "strict"))),
        parameters=parameters,
        parameter_help={name: _text(explained, name, where) for name in explained},
        since=since,
        outcomes=outcomes,
        examples=tuple(Example(**example) for example in table.get("example", ())),
        aliases=_aliases(table, where),
        **_facts(table, where),
    )


def read_files(folder: Path) -> list[tuple[str, Card]]:
    """Return the path and card of each TOML file in a folder tree, ordered by code, without those of the vocabulary."""
    cards: list[tuple[str, Card]] = []
    for path in sorted(folder.rglob("*.toml")):
        if path.name in {"vocabulary.toml", "operators.toml"}:
            continue
        try:
            card = read_card(read_file(path).decode("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise CardError(f"{path}: cannot be read: {reason(error)}") from error
        named = _FILE.fullmatch(path.name)
        if named and (named["code"], named["name"]) != (card.code, card.name):
            raise CardError(
                f"{path}: the file is named {named['code']}-{named['name']}, but the card is {card.code}-{card.name}"
            )
        cards.append((str(path), card))
    return sorted(cards, key=lambda found: found[1].code)


def read_folder(folder: Path) -> list[Card]:
    """Return the cards in a folder tree, ordered by code."""
    return [card for _, card in read_files(folder)]


def with_facts_of(card: Card, replaced: Card) -> Card:
    """Return the card with its unset fields taken from the card that it replaces, if both have the same check."""
    if card.check != replaced.check:
        return card
    usual = dict(zip(reversed(Card.__struct_fields__), reversed(Card.__struct_defaults__), strict=False))
    names = (key.replace("-", "_") for key in (*_CHOICES, *_LISTS, *_FLAGS))
    kept = {
        name: getattr(replaced, name)
        for name in names
        if getattr(card, name) == usual[name] and (card.may_fix or not name.startswith("fix_"))
    }
    return replace(card, **kept)
