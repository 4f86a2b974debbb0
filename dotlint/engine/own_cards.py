"""The built-in rule cards, from the compiled file or from their TOML files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.json import decode

from dotlint.engine.card import Card  # noqa: TC001 - msgspec reads the compiled cards by this type
from dotlint.engine.resources import compiled_rules
from dotlint.files.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Cards(Struct):
    """The part of the compiled file with the cards."""

    cards: list[Card]


@cache
def own_cards() -> tuple[Card, ...]:
    """Return the built-in cards, ordered by code."""
    compiled = compiled_rules()
    if compiled is not None:
        return tuple(decode(read_file(compiled), type=_Cards).cards)
    from dotlint.engine.card_file import read_folder  # noqa: PLC0415 - an installed dotlint has compiled cards
    from dotlint.engine.compile import keep  # noqa: PLC0415 - only after a change
    from dotlint.engine.resources import folder_version, rules_folder  # noqa: PLC0415

    version = folder_version()
    cards = tuple(read_folder(rules_folder()))
    keep(cards, version)
    return cards


def by_code(cards: Iterable[Card]) -> dict[str, Card]:
    """Return the cards by code; if there are none, the built-in cards."""
    return {card.code: card for card in cards or own_cards()}
