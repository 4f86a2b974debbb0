"""All the rules of a run: dotlint's own cards, those of folders and those of plugins, looked at before anything runs."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dotlint.checks import CHECKS
from dotlint.checks.custom import PARAMETERS, validate
from dotlint.deployment.vocabulary import Vocabulary, VocabularyError, load_vocabulary
from dotlint.engine.card import Card, CardError, own_cards, read_folder
from dotlint.engine.plugins import find_plugin, plugin_cards
from dotlint.engine.resources import rules_folder
from dotlint.engine.select import matching, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dotlint.engine.finding import Severity

_CODE: Final = re.compile(r"[A-Z]{1,8}\d{3}")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@cache
def all_cards(folders: tuple[Path, ...] = (), plugins: tuple[str, ...] = ()) -> tuple[Card, ...]:
    """Give dotlint's own cards and those of folders and plugins, by code.

    A card with code and name of an earlier one takes its place; one with the code or the name alone is refused, as
    is one whose check or parameters there are not: `CardError`. `PluginError` where a plugin cannot be used.
    """
    cards = {card.code: card for card in own_cards()}
    vocabulary = load_vocabulary(rules_folder() / "vocabulary.toml", *vocabularies(folders))
    for folder in folders:
        for card in _guarded(folder):
            _take_in(card, cards, frozenset(), str(folder), vocabulary)
    for plugin in plugins:
        checks = frozenset(f"{plugin}:{name}" for name in find_plugin(plugin).checks)
        for card in plugin_cards(plugin):
            _take_in(card, cards, checks, f"plugin `{plugin}`", vocabulary)
    return tuple(sorted(cards.values(), key=lambda card: card.code))


def _guarded(folder: Path) -> list[Card]:
    try:
        return read_folder(folder)
    except (TypeError, AttributeError, ValueError, KeyError) as error:
        raise CardError(f"{folder}: a card has something of a wrong kind: {error}") from error


def vocabularies(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Read the `vocabulary.toml` of each folder that has one; raises `VocabularyError` where one is no vocabulary."""
    texts: list[str] = []
    for folder in folders:
        path = folder / "vocabulary.toml"
        if path.is_file():
            try:
                text = path.read_text(encoding="utf-8-sig")
                load_vocabulary(rules_folder() / "vocabulary.toml", *texts, text)
            except (OSError, ValueError, VocabularyError) as error:
                raise VocabularyError(f"{path}: {error}") from None
            texts.append(text)
    return tuple(texts)


def _take_in(
    card: Card, cards: dict[str, Card], checks: frozenset[str], where: str, vocabulary: Vocabulary
) -> None:
    title = f"{where}: {card.code} {card.name}"
    if not _CODE.fullmatch(card.code):
        raise CardError(f"{title}: a code is one to eight capitals and three digits, such as ACME001")
    if not _NAME.fullmatch(card.name):
        raise CardError(f"{title}: a name is words in lower case joined by hyphens, such as label-required")
    there = cards.get(card.code) or next((other for other in cards.values() if other.name == card.name), None)
    if there is not None and (there.code, there.name) != (card.code, card.name):
        raise CardError(f"{title}: {there.code} is {there.name} already; take a code and a name of your own")
    if card.check not in CHECKS and card.check not in checks:
        near = nearest(card.check, [*CHECKS, *(check.partition(":")[2] for check in checks)])
        remedy = f"did you mean `{near}`?" if near else f"a card without code may use {', '.join(PARAMETERS)}"
        raise CardError(f"{title}: there is no check `{card.check}`; {remedy}")
    if card.check in PARAMETERS and (card.parameters or card.check != "role-shape"):
        validate(card, vocabulary)
    cards[card.code] = card


def tuned(
    cards: tuple[Card, ...],
    severity: Mapping[str, str],
    parameters: Mapping[str, Mapping[str, Any]],
    folders: tuple[Path, ...] = (),
) -> tuple[Card, ...]:
    """Give the cards with severities and parameters as a configuration has them; a longer word wins over a shorter.

    `off` is left to the selection. Raises `SelectionError` for a rule that there is not, `CardError` for a parameter
    that the rule has not or that is of another kind.
    """
    changed = {card.code: card for card in cards}
    for word in sorted(severity, key=lambda word: len(word) if word.upper() != "ALL" else 0):
        for card in matching(word, cards):
            if severity[word] != "off":
                changed[card.code] = _with_severity(changed[card.code], severity[word])  # type: ignore[arg-type]
    for word, table in parameters.items():
        found = matching(word, cards)
        exact = [card for card in found if word.upper() == card.code or word.lower() == card.name]
        if not exact:
            raise CardError(f"`{word}` is a prefix of {len(found)} rules; parameters are those of one rule")
        changed[exact[0].code] = _with_parameters(changed[exact[0].code], table, folders)
    return tuple(changed.values())


def _with_severity(card: Card, severity: Severity) -> Card:
    outcomes = {name: replace(variant, severity=None) for name, variant in card.outcomes.items()}
    return replace(card, severity=severity, outcomes=outcomes)


def _with_parameters(card: Card, table: Mapping[str, Any], folders: tuple[Path, ...]) -> Card:
    known: dict[str, Any] = {**dict.fromkeys(PARAMETERS.get(card.check, {})), **card.parameters}
    if card.check == "role-shape" and not card.parameters:
        known = {}
    title = f"{card.code} {card.name}"
    for key, value in table.items():
        if key not in known:
            near = nearest(key, known)
            some = f"it has {', '.join(known)}" if known else "it has none"
            raise CardError(
                f"{title} has no parameter `{key}`; {f'did you mean `{near}`?' if near else some}"
            )
        before = known[key]
        alike = isinstance(before, int | float) and isinstance(value, int | float)
        if before is not None and (
            type(value) is not type(before) and not (alike and not isinstance(value, bool))
        ):
            raise CardError(f"{title}: `{key}` is {value!r}, but must be of the kind of {before!r}")
    merged = replace(card, parameters={**card.parameters, **table})
    if card.check in PARAMETERS and merged.parameters:
        validate(merged, load_vocabulary(rules_folder() / "vocabulary.toml", *vocabularies(folders)))
    return merged
