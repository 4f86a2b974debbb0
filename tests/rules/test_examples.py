"""The examples on the cards, each checked with its rule alone, and what its fix writes."""

from __future__ import annotations

import pytest

from dotlint.engine.card import Card
from dotlint.engine.own_cards import own_cards
from tests.dsl import apply_fixes, find

CATEGORIES = ("A", "N")  # of these no example needs a strategy, and each has one fix at most
CARDS = [card for card in own_cards() if card.code.startswith(CATEGORIES)]
BAD = [(card, e.bad, e.fixed) for card in CARDS for e in card.examples if e.bad]
GOOD = [(card, e.good) for card in CARDS for e in card.examples if e.good]
# Every example of these has a bad and a good text.
PAIRED = {"G002", "G009", "S003", "S006", "S007", "S008", "S011", "S012", "S013", "S014"}
PAIRS = [card for card in own_cards() if card.code in PAIRED]


def code(value: object) -> str:
    return value.code if isinstance(value, Card) else ""


def test_every_card_has_a_bad_and_a_good_example() -> None:
    assert {card.code for card, *_ in BAD} == {card.code for card, *_ in GOOD} == {card.code for card in CARDS}


@pytest.mark.parametrize(("card", "bad", "fixed"), BAD, ids=code)
def test_bad_examples_are_found_and_fixed(card: Card, bad: str, fixed: str | None) -> None:
    (finding,) = find(bad, card.code)
    assert finding.code == card.code
    assert 0 <= finding.start < finding.end <= len(bad)
    assert (finding.fix is not None) == (finding.fixable is not None)
    if fixed is not None:
        assert apply_fixes(bad, [finding]) == fixed
        assert find(fixed, card.code) == []


@pytest.mark.parametrize(("card", "good"), GOOD, ids=code)
def test_good_examples_break_no_rule(card: Card, good: str) -> None:
    """Those of attributes break no rule about attributes at all."""
    assert find(good, "A" if card.code.startswith("A") else card.code) == []


@pytest.mark.parametrize("card", PAIRS, ids=code)
def test_pairs_of_a_bad_and_a_good_example(card: Card) -> None:
    for example in card.examples:
        assert find(example.bad or "", card.code, strategy=example.toml or "")
        assert not find(example.good or "", card.code, strategy=example.toml or "")
