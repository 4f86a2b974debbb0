"""A: attributes that Graphviz does not know, supports only for old files, or not for that element.

It silently ignores most of them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import LETTERS_OF, finding, uses
from dotlint.checks.attributes.value_edits import (
    rename_fix,
)
from dotlint.data import graphviz
from dotlint.data.values import is_free, takes
from dotlint.text.english import listed
from dotlint.text.nearest import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.checks.attributes.uses import Use
    from dotlint.data.graphviz import AttributeFact
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_NAMES = {"G": "graphs", "C": "clusters", "S": "subgraphs", "N": "nodes", "E": "edges"}


@cache
def _names_for(letters: str) -> Lexicon:
    return Lexicon(name for name, fact in graphviz.attributes().items() if fact.allowed(letters) and not fact.written)


def _on(element: str, number: int) -> str:
    return f"{'an' if element == 'edge' else 'a'} {element}" if number == 1 else f"{number} {element}s"


def unknown_attributes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes whose names look misspelled; DOT allows all others as attributes of the author."""
    known = graphviz.attributes()
    for (element, name), some in uses(context, card).items():
        if name in known or name in graphviz.silent_attributes():
            continue
        letters = LETTERS_OF[element]
        near = _names_for(letters).nearest(name)
        if near is None:
            continue
        fact = known[near.word]
        fits = all(is_free(fact) or any(takes(kind, use.value) for kind in fact.types) for use in some)
        if not fits or any(near.word in use.companions() for use in some):
            continue
        number = sum(use.count for use in some)
        yield finding(
            context,
            card,
            some,
            f"Graphviz has no attribute `{name}`, set on {_on(element, number)}",
            at_name=True,
            near=near,
            fix=rename_fix(some, near),
        )


def wrong_elements(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes on elements for which Graphviz ignores them."""
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or fact.written or fact.allowed(LETTERS_OF[element]):
            continue
        some = [use for use in some if use.value]  # noqa: PLW2901 - an empty value means that it is not set
        if not some:
            continue
        owners = [_NAMES[letter] for letter in fact.elements]
        number = sum(use.count for use in some)
        yield finding(
            context,
            card,
            some,
            f"`{name}` has no effect on {_on(element, number)}: it is an attribute of {listed(owners)}",
            at_name=True,
            help=_where_instead(element, name, fact),
        )


def _where_instead(element: str, name: str, fact: AttributeFact) -> str:
    if element in {"graph", "cluster", "subgraph"} and fact.allowed("NE"):
        keyword = "node" if fact.allowed("N") else "edge"
        return f"for all {keyword}s below, write `{keyword} [{name}=...]`"
    if element in {"cluster", "subgraph"}:
        return "set it for the whole graph"
    return f"set it on {listed([_NAMES[letter] for letter in fact.elements])}, or remove it"


_INSTEAD = {
    "style": "write `penwidth=...` instead",
    "shapefile": "use `image` with `shape=none`",
    "z": "give `pos` three coordinates and set `dim=3`",
}


def deprecated_attributes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attributes and styles that Graphviz supports only for old files."""
    old: dict[str, list[Use]] = defaultdict(list)
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is not None and fact.deprecated and fact.allowed(LETTERS_OF[element]):
            old[f"the attribute `{name}`"] += some
        if name == "style" and (wide := [use for use in some if "setlinewidth" in use.value]):
            old["the style `setlinewidth(...)`"] += wide
    for what, some in old.items():
        instead = _INSTEAD.get(some[0].name, "remove it")
        yield finding(context, card, some, f"{what} is deprecated", at_name=True, help=instead)
