"""All rules of a run: built-in cards and those of folders and plugins, with the configured changes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dotlint.engine.card import Card, CardError
from dotlint.engine.own_cards import own_cards
from dotlint.engine.select import matching
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dotlint.engine.finding import Severity


@cache
def all_cards(folders: tuple[Path, ...] = (), plugins: tuple[str, ...] = ()) -> tuple[Card, ...]:
    """Return the built-in cards and those of folders and plugins, sorted by code.

    A card with the code and name of an earlier card replaces it. Raises `CardError` if a card has only the code or
    only the name of another, or an unknown check or parameter, and `PluginError` if a plugin cannot be used.
    """
    if not folders and not plugins:
        return own_cards()
    from dotlint.registry.user_rules import with_own_cards  # noqa: PLC0415 - most runs have none

    return with_own_cards(own_cards(), folders, plugins)


def vocabularies(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Read the `vocabulary.toml` of each folder that has one. Raises `VocabularyError`."""
    if not folders:
        return ()
    from dotlint.registry.user_rules import read_vocabularies  # noqa: PLC0415 - most runs have none

    return read_vocabularies(folders)


def tuned(
    cards: tuple[Card, ...],
    severity: Mapping[str, str],
    parameters: Mapping[str, Mapping[str, Any]],
    folders: tuple[Path, ...] = (),
) -> tuple[Card, ...]:
    """Return the cards with the severities and parameters of a configuration.

    A longer prefix of a code overrides a shorter one; `off` is left to the selection. Raises `SelectionError` for an
    unknown rule, and `CardError` for an unknown parameter or one of another type.
    """
    changed = {card.code: card for card in cards}
    for word in sorted(severity, key=lambda word: len(word) if word.upper() != "ALL" else 0):
        for card in matching(word, cards):
            if severity[word] != "off":
                changed[card.code] = _with_severity(changed[card.code], severity[word])  # type: ignore[arg-type]
    for word, table in parameters.items():
        found = matching(word, cards)
        exact = [card for card in found if word.upper() == card.code or word.lower() in card.names]
        if not exact:
            raise CardError(f"`{word}` is a prefix of {len(found)} rules; parameters can be set for one rule only")
        changed[exact[0].code] = _with_parameters(changed[exact[0].code], table, folders)
    return tuple(changed.values())


def _with_severity(card: Card, severity: Severity) -> Card:
    outcomes = {name: replace(variant, severity=None) for name, variant in card.outcomes.items()}
    return replace(card, severity=severity, outcomes=outcomes)


def _with_parameters(card: Card, table: Mapping[str, Any], folders: tuple[Path, ...]) -> Card:
    from dotlint.checks.parameterized import PARAMETERS  # noqa: PLC0415 - most runs tune none

    taken = {} if card.check == "role-shape" and not card.parameters else PARAMETERS.get(card.check, {})
    known: dict[str, Any] = {**dict.fromkeys(taken), **card.parameters}
    title = f"{card.code} {card.name}"
    for key, value in table.items():
        if key not in known:
            near = nearest(key, known)
            some = f"its parameters are {', '.join(known)}" if known else "it has no parameters"
            raise CardError(f"{title} has no parameter `{key}`; {f'did you mean `{near}`?' if near else some}")
        before = known[key]
        numbers = isinstance(before, int | float) and isinstance(value, int | float) and not isinstance(value, bool)
        if before is not None and type(value) is not type(before) and not numbers:
            raise CardError(f"{title}: `{key}` is {value!r}, but must have the type of {before!r}")
    merged = replace(card, parameters={**card.parameters, **table})
    if taken:
        from dotlint.registry.user_rules import validate_parameters  # noqa: PLC0415

        validate_parameters(merged, folders)
    return merged
