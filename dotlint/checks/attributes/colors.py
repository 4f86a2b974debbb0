"""A: colors that Graphviz does not know and draws black."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import LETTERS_OF, finding, uses
from dotlint.checks.attributes.value_edits import (
    MOST,
    value_fix,
)
from dotlint.data import graphviz
from dotlint.data.colors import is_color, meant, parts, weights_fit
from dotlint.syntax.tree import Html
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.checks.attributes.uses import Use
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def unknown_colors(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report colors that Graphviz does not know and draws black, and color lists with wrong weights."""
    schemes = frozenset(
        use.value.lower()
        for (_, name), some in uses(context, card).items()
        if name == "colorscheme"
        for use in some
        if use.value
    )
    wrong: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for (element, name), some in uses(context, card).items():
        fact = graphviz.attributes().get(name)
        if fact is None or "color" not in fact.types or not fact.allowed(LETTERS_OF[element]):
            continue
        for use in some:
            if isinstance(use.value, Html):
                continue
            listing = "colors" in fact.types
            for color, _ in parts(use.value) if listing else [(use.value, "")]:
                if not is_color(color, schemes):
                    wrong[color, ""].append(use)
            if listing and not weights_fit(use.value):
                yield finding(
                    context,
                    card,
                    [use],
                    f"the weights in `{use.value}` must be at least 0, with a sum of at most 1",
                )
    if len(wrong) > MOST:
        whole = list(dict.fromkeys(use for some in wrong.values() for use in some))
        names = listed([f"`{color}`" for color, _ in wrong], 3)
        yield finding(context, card, whole, f"Graphviz has no colors {names} and draws them black")
        return
    for (color, _), some in wrong.items():
        near = meant(color)
        yield finding(
            context,
            card,
            some,
            f"Graphviz has no color `{color}` and draws it black",
            near=near,
            help="use an X11 color name or `#rrggbb`",
            fix=value_fix(some, _in_list(color, near.word), near) if near else None,
        )


def _in_list(color: str, word: str) -> Callable[[str], str]:
    def change(value: str) -> str:
        return ":".join(
            word + part[len(color) :] if part.partition(";")[0] == color else part for part in value.split(":")
        )

    return change
