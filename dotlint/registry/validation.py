"""Find the contradictions in a rule card, and the names in it that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.engine.card import CardError
from dotlint.engine.own_cards import own_cards
from dotlint.strategy.model import MODEL_FACTS
from dotlint.text.english import listed
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dotlint.engine.card import Card

# The sections of the checks that do not check a graph: the parser and the run itself make their findings.
_NO_GRAPH: Final = {
    "syntax-problem": "syntax",
    "check-crashed": "meta",
    "unused-suppression": "meta",
    "unknown-suppression": "meta",
}
_OF_GRAPHS: Final = (
    "needs", "axes", "claims_absence", "damages", "guards_fixes", "model_facts", "node_state", "overview_remedy",
    "repeats_in_copies", "report_once", "report_skip", "summary_lines",
)  # fmt: skip
_CHANGES: Final = {"adds-edges", "adds-nodes", "moves-edges", "reroutes"}


def validate_cards(cards: Mapping[str, Card], origins: Mapping[str, str]) -> None:
    """Raise `CardError` for the first mistake in a card; `origins` has the source of each card to validate, by code."""
    lines = list(dict.fromkeys(line for card in own_cards() for line in card.summary_lines))
    for code, where in origins.items():
        for mistake in contradictions(cards[code], cards, lines):
            raise CardError(f"{where}: {code} {cards[code].name}: {mistake}")


def contradictions(card: Card, cards: Mapping[str, Card], lines: Collection[str]) -> Iterator[str]:
    """Yield the mistakes in a card, each with its key and the remedy; `lines` are the lines of the summary."""
    yield from _scope(card)
    yield from _fixes(card)
    yield from _causes(card, cards)
    if card.model_facts and "model" not in card.needs:
        yield '`model-facts` needs facts of the model: also write `needs = ["model"]`'
    yield from _unknown("model-facts", card.model_facts, MODEL_FACTS)
    if card.report_skip and not card.needs:
        yield "`report-skip` requires a rule that can be skipped: add `needs`, or remove it"
    yield from _unknown("summary-lines", card.summary_lines, lines)


def _scope(card: Card) -> Iterator[str]:
    section = _NO_GRAPH.get(card.check)
    if section is None:
        if card.section in _NO_GRAPH.values():
            yield f"the section `{card.section}` is reserved for findings of the parser and the run: use another"
        if card.loses:
            yield "`loses` requires the check `syntax-problem`: remove it"
        return
    if card.section != section:
        yield f"`section` of the check `{card.check}` must be `{section}`"
    if (card.loses is None) == (section == "syntax"):
        yield "`loses` must state what is unknown after the error" if section == "syntax" else "`loses` has no effect"
    for key in _OF_GRAPHS:
        if getattr(card, key):
            yield f"`{key.replace('_', '-')}` requires a rule about graphs: `{card.check}` does not check a graph"


def _fixes(card: Card) -> Iterator[str]:
    if not card.may_fix:
        for key in ("fix-effects", "fix-trial"):
            if getattr(card, key.replace("-", "_")) not in {(), "always"}:
                yield f"`{key}` requires a fix: add `fix`, or remove it"
    elif card.fix_trial == "never" and (changes := _CHANGES.intersection(card.fix_effects)):
        yield f'`fix-trial` must be "always", for a fix that {listed(sorted(changes))} may be refused'
    for number, example in enumerate(card.examples, start=1):
        if example.fixed is not None and not card.may_fix:
            yield f"example {number} has `fixed`, but the card has no fix: add `fix`, or remove it"
        elif example.fixed is not None and example.bad is None:
            yield f"example {number} has `fixed`, but no `bad`"
        elif example.bad is None and example.good is None:
            yield f"example {number} has neither `bad` nor `good`"


def _causes(card: Card, cards: Mapping[str, Card]) -> Iterator[str]:
    yield from _unknown("causes", card.causes, cards)
    if card.code in card.causes:
        yield "`causes` names the rule itself"
        return
    todo: list[tuple[str, tuple[str, ...]]] = [(code, (card.code, code)) for code in card.causes if code in cards]
    seen: set[str] = set()
    while todo:
        code, path = todo.pop()
        for other in cards[code].causes:
            if other == card.code:
                yield f"`causes` forms a cycle: {' causes '.join((*path, other))}"
                return
            if other in cards and other not in seen:
                seen.add(other)
                todo.append((other, (*path, other)))


def _unknown(key: str, values: Collection[str], known: Collection[str]) -> Iterator[str]:
    for value in values:
        if value not in known:
            near = nearest(value, known)
            remedy = f"did you mean `{near}`?" if near else f"use one of {listed(list(known), 12)}"
            yield f"`{key}` names `{value}`, which does not exist; {remedy}"
