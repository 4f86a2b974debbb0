"""A: values that do not have the type of the attribute, or are below its minimum."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.checks.attributes.clipped_edges import clusters_elsewhere, missing_clusters
from dotlint.checks.attributes.uses import LETTERS_OF, finding, uses
from dotlint.checks.attributes.value_edits import (
    separately,
    to_word,
    value_fix,
    values_of,
)
from dotlint.data import graphviz
from dotlint.data.values import expected, is_free, known_words, takes, too_small
from dotlint.text.nearest import Lexicon, Near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.data.graphviz import AttributeFact
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def bad_values(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report values that do not have the type of the attribute, are below its minimum, or name no cluster."""
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or not fact.allowed(LETTERS_OF[element]):
            continue
        if fact.types == ("cluster",):
            yield from missing_clusters(context, card, some)
            yield from clusters_elsewhere(context, card, name)
            continue
        if is_free(fact):
            continue
        wrong = [use for use in some if not any(takes(kind, use.value) for kind in fact.types)]
        small = [use for use in some if use not in wrong and too_small(fact, use.value)]
        for bad in separately(wrong):
            near = _near_word(fact, bad[0].value) if len(bad) == 1 else None
            yield finding(
                context,
                card,
                bad,
                f"`{name}` is {values_of(bad)}, but must be {expected(fact)}",
                near=near,
                note="Graphviz silently uses the default, or the part of the value that it can read",
                fix=value_fix(bad, to_word(near.word), near) if near else None,
            )
        for bad in separately(small):
            least = f"{'more than' if fact.above else 'at least'} {fact.minimum:g}"
            yield finding(
                context,
                card,
                bad,
                f"`{name}` is {values_of(bad)}, but must be {least}",
            )


def _near_word(fact: AttributeFact, value: str) -> Near | None:
    words = known_words(fact)
    same = [word for word in words if word.lower() == value.strip().lower()]
    if same:
        return Near(same[0], 0, single=True)
    if "double" in fact.types and (number := re.fullmatch(r"([\d.]+)\s*(?:pt|px|in|inch)?", value)):
        return Near(number[1], 2, single=True) if takes("double", number[1]) else None
    return Lexicon(words).nearest(value)
