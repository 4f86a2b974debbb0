"""The cards say what the sets of codes say; this goes away with the sets."""

from __future__ import annotations

from dotlint.engine.own_cards import own_cards
from dotlint.pipeline import acceptance, preview

CARDS = own_cards()


def _codes(key: str, *values: object) -> set[str]:
    return {card.code for card in CARDS if getattr(card, key) in values}


def test_fixes() -> None:
    # Two that are harmless have no fix at all.
    assert _codes("fix_trial", "never") == preview._HARMLESS - {"A002", "A010"}
    assert {card.code for card in CARDS if "copies-siblings" in card.fix_effects} == acceptance._COPYING
    assert _codes("claims_absence", "connection") == set(acceptance._CONNECTIVITY)
    assert _codes("guards_fixes", True) == {card.code for card in CARDS if card.code[0] in "GS"}  # noqa: FBT003
    assert _codes("repeats_in_copies", True) == {card.code for card in CARDS if card.code[0] in "CS"}  # noqa: FBT003
