"""Read the cards of folders and plugins, and validate them before a rule runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.checks import CHECKS
from dotlint.checks.parameterized import PARAMETERS, validate
from dotlint.deployment.tensors.table_mistakes import operator_mistakes
from dotlint.deployment.vocabulary import Vocabulary, VocabularyError, load_vocabulary
from dotlint.engine.card import Card, CardError
from dotlint.engine.card_file import read_files, with_facts_of
from dotlint.engine.resources import vocabulary_file
from dotlint.files.reading import read_file, reason
from dotlint.registry.plugins import find_plugin, plugin_cards
from dotlint.registry.validation import validate_cards
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CODE: Final = regex(r"[A-Z]{1,8}\d{3}")
_NAME: Final = regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def with_own_cards(cards: Sequence[Card], folders: tuple[Path, ...], plugins: tuple[str, ...]) -> tuple[Card, ...]:
    """Return `cards` and those of folders and plugins; see `dotlint.registry.rules.all_cards`."""
    every = {card.code: card for card in cards}
    origins: dict[str, str] = {}
    vocabulary = _vocabulary(read_vocabularies(folders))
    for folder in folders:
        for path, card in _read_cards(folder):
            _add(card, every, frozenset(), str(folder), vocabulary)
            origins[card.code] = path
    for plugin in plugins:
        checks = frozenset(f"{plugin}:{name}" for name in find_plugin(plugin).checks)
        for card in plugin_cards(plugin):
            _add(card, every, checks, f"plugin `{plugin}`", vocabulary)
            origins[card.code] = f"plugin `{plugin}`"
    validate_cards(every, origins)
    return tuple(sorted(every.values(), key=lambda card: card.code))


def _vocabulary(texts: tuple[str, ...]) -> Vocabulary:
    return load_vocabulary(vocabulary_file(), *texts)


def _read_cards(folder: Path) -> list[tuple[str, Card]]:
    try:
        return read_files(folder)
    except (TypeError, AttributeError, ValueError, KeyError) as error:
        raise CardError(f"{folder}: a card has a value of the wrong type: {error}") from error


def read_vocabularies(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Read the `vocabulary.toml` and `operators.toml` of each folder that has them. Raises `VocabularyError`."""
    texts: list[str] = []
    for path in (folder / name for folder in folders for name in ("vocabulary.toml", "operators.toml")):
        if path.exists():
            try:
                text = read_file(path).decode("utf-8-sig")
                _check_operators(text, texts)
                _vocabulary((*texts, text))
            except (OSError, ValueError, VocabularyError) as error:
                raise VocabularyError(f"{path}: {reason(error)}") from None
            texts.append(text)
    return tuple(texts)


def _check_operators(text: str, texts: Sequence[str]) -> None:
    table = read_toml(text)
    own = table.get("role")
    names = [str(role.get("name")) for role in own if isinstance(role, dict)] if isinstance(own, list) else []
    for mistake in operator_mistakes(table, [*_vocabulary(tuple(texts)).roles, *names]):
        raise VocabularyError(mistake)


def _add(card: Card, cards: dict[str, Card], checks: frozenset[str], where: str, vocabulary: Vocabulary) -> None:
    title = f"{where}: {card.code} {card.name}"
    if not _CODE.fullmatch(card.code):
        raise CardError(f"{title}: the code is not valid: use 1-8 capital letters and three digits, e.g. `ACME001`")
    if not _NAME.fullmatch(card.name):
        raise CardError(f"{title}: the name is not valid: use lowercase words with hyphens, e.g. `label-required`")
    taken = next((c for c in cards.values() if (c.code == card.code) == set(card.names).isdisjoint(c.names)), None)
    if taken is not None:
        raise CardError(f"{title}: the rule {taken.code} {taken.name} already exists; use another code and name")
    if card.check not in CHECKS and card.check not in checks:
        near = nearest(card.check, [*CHECKS, *(check.partition(":")[2] for check in checks)])
        remedy = f"did you mean `{near}`?" if near else f"checks for cards without Python are {', '.join(PARAMETERS)}"
        raise CardError(f"{title}: unknown check `{card.check}`; {remedy}")
    if card.check in PARAMETERS and (card.parameters or card.check != "role-shape"):
        validate(card, vocabulary)
    if replaced := cards.get(card.code):  # the card may use an earlier name of the rule
        names = dict.fromkeys((*replaced.names, *card.names))
        card = replace(with_facts_of(card, replaced), name=replaced.name, aliases=tuple(names)[1:])
    cards[card.code] = card


def validate_parameters(card: Card, folders: tuple[Path, ...]) -> None:
    """Validate the parameters of a card. Raises `CardError`."""
    validate(card, _vocabulary(read_vocabularies(folders)))
