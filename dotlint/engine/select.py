"""Select the rules of a run by code, code prefix, name or preset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.errors import DotlintError
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.card import Card


class SelectionError(DotlintError):
    """A selected rule does not exist."""


class Selection(Struct, frozen=True):
    """The user's selection of rules; without `select` the preset counts. Rules in `off` never run."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    preset: str = "recommended"
    off: tuple[str, ...] = ()


def split_names(values: Iterable[str]) -> tuple[str, ...]:
    """Split option values such as `S,G001` at commas and blanks."""
    return tuple(word for value in values for word in re.split(r"[,\s]+", value) if word)


def matching(word: str, cards: Sequence[Card]) -> list[Card]:
    """Return the cards with this code, code prefix or name; raises `SelectionError` if there are none."""
    upper = word.upper()
    if upper == "ALL":
        return list(cards)
    found = [card for card in cards if card.code.startswith(upper) or word.lower() in card.names]
    if not found:
        near = nearest(word, [name for card in cards for name in (card.code, card.name)])
        raise SelectionError(
            f"unknown rule `{word}`"
            + (f"; did you mean `{near}`?" if near else "; run `dotlint rules` to list all rules")
        )
    return found


def chosen(cards: Sequence[Card], selection: Selection) -> list[Card]:
    """Return the cards that run; a longer (more exact) word overrides a shorter one, as in ruff."""
    if selection.select is None:
        asked = {card.code for card in cards if card.parameters.get("everywhere") is True}
        weight = {c.code: (0 if selection.preset in c.presets or c.code in asked else -1) for c in cards}
    else:
        weight = dict.fromkeys((card.code for card in cards), -1)
    on = {card.code: weight[card.code] >= 0 for card in cards}
    words = [(word, True) for word in (selection.select or ())] + [(word, True) for word in selection.extend_select]
    words += [(word, False) for word in selection.ignore]
    for word, enable in words:
        for card in matching(word, cards):
            exact = 100 if word.lower() in card.names else 0 if word.upper() == "ALL" else len(word)
            if exact > weight[card.code] or (exact == weight[card.code] and not enable):
                weight[card.code], on[card.code] = exact, enable
    for word in selection.off:
        on.update((card.code, False) for card in matching(word, cards))
    named = {word.lower() for word in (*(selection.select or ()), *selection.extend_select)}
    return [_asked(card) if named & {card.code.lower(), *card.names} else card for card in cards if on[card.code]]


def _asked(card: Card) -> Card:
    """Return a rule that was selected by its own code or name: its parameter `everywhere`, if it has one, is true."""
    if "everywhere" not in card.parameters:
        return card
    return replace(card, parameters={**card.parameters, "everywhere": True})
