"""All the rules of a run: dotlint's own cards, those of folders and plugins, tuned by a configuration."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dotlint.engine.card import Card, CardError, own_cards
from dotlint.engine.select import matching
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dotlint.engine.finding import Severity


@cache
def all_cards(folders: tuple[Path, ...] = (), plugins: tuple[str, ...] = ()) -> tuple[Card, ...]:
    """Return dotlint's own cards and those of folders and plugins, by code.

    A card with code and name of an earlier one takes its place; one with the code or the name alone is
    refused, as is one whose check or parameters there are not: `CardError`. `PluginError` where a plugin
    cannot be used.
    """
    if not folders and not plugins:
        return own_cards()
    from dotlint.registry.user_rules import with_own_cards  # noqa: PLC0415 - most runs have none

    return with_own_cards(own_cards(), folders, plugins)


def vocabularies(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Read the `vocabulary.toml` of each folder that has one; `VocabularyError` where one is none."""
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
    """Return the cards with severities and parameters as a configuration has them.

    A longer word wins over a shorter; `off` is left to the selection. Raises `SelectionError` for a rule that
    there is not, `CardError` for a parameter that the rule has not or that is of another kind.
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
            raise CardError(f"`{word}` is a prefix of {len(found)} rules; parameters are those of one rule")
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
            some = f"it has {', '.join(known)}" if known else "it has none"
            raise CardError(f"{title} has no parameter `{key}`; {f'did you mean `{near}`?' if near else some}")
        before = known[key]
        alike = isinstance(before, int | float) and isinstance(value, int | float)
        if before is not None and (type(value) is not type(before) and not (alike and not isinstance(value, bool))):
            raise CardError(f"{title}: `{key}` is {value!r}, but must be of the kind of {before!r}")
    merged = replace(card, parameters={**card.parameters, **table})
    if taken:
        from dotlint.registry.user_rules import look_at_parameters  # noqa: PLC0415

        look_at_parameters(merged, folders)
    return merged
