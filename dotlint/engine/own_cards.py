"""The rule cards that come with dotlint: compiled, or read from their files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.json import decode

from dotlint.engine.card import Card  # noqa: TC001 - msgspec reads the compiled cards by this type
from dotlint.engine.resources import compiled_rules
from dotlint.files.paths import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Cards(Struct):
    """What the compiled file has of cards."""

    cards: list[Card]


@cache
def own_cards() -> tuple[Card, ...]:
    """Give the cards that come with dotlint."""
    compiled = compiled_rules()
    if compiled is not None:
        return tuple(decode(read_file(compiled), type=_Cards).cards)
    from dotlint.engine.card_file import read_folder  # noqa: PLC0415 - an installed dotlint has them compiled
    from dotlint.engine.compile import keep  # noqa: PLC0415 - only after a change
    from dotlint.engine.resources import folder_version, rules_folder  # noqa: PLC0415

    version = folder_version()
    cards = tuple(read_folder(rules_folder()))
    keep(cards, version)
    return cards


def by_code(cards: Iterable[Card]) -> dict[str, Card]:
    """Give the cards by their codes; dotlint's own where there are none."""
    return {card.code: card for card in cards or own_cards()}
