"""A: shapes that Graphviz does not know and draws as a box."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.checks.attributes.uses import finding, replaced, uses
from dotlint.checks.attributes.value_edits import (
    fix_of,
    separately,
    to_word,
    use_text,
    value_fix,
    values_of,
)
from dotlint.data import graphviz
from dotlint.text.nearest import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.checks.attributes.uses import Use
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Fix, Outcome


@cache
def _shape_names() -> Lexicon:
    return Lexicon(sorted(graphviz.shapes()))


def unknown_shapes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report shapes that Graphviz does not know and draws as a box."""
    some = uses(context, card).get(("node", "shape"), [])
    wrong = [
        use for use in some if use.value and use.value not in graphviz.shapes() and "shapefile" not in use.companions()
    ]
    for bad in separately(wrong):
        number = sum(use.count for use in bad)
        style = bad[0].value.lower() if len(bad) == 1 else ""
        if style in graphviz.styles("node"):
            yield finding(
                context,
                card,
                bad,
                f"`{bad[0].value}` is a style, not a shape; Graphviz draws {'a box' if number == 1 else f'{number} boxes'}",
                help=f"write `shape=box, style={style}`",
                fix=_styled_box(bad[0], style),
            )
            continue
        near = _shape_names().nearest(bad[0].value) if len(bad) == 1 else None
        yield finding(
            context,
            card,
            bad,
            f"Graphviz has no shape {values_of(bad)} and draws {'a box' if number == 1 else f'{number} boxes'} instead",
            near=near,
            fix=value_fix(bad, to_word(near.word), near) if near else None,
        )


def _styled_box(use: Use, style: str) -> Fix | None:
    """Return the fix that writes a style instead of a shape, in statements without another style."""
    if "style" in use.companions():
        return None
    edits: list[Edit | None] = []
    for attribute in use.attributes():
        edit = replaced(use_text(attribute.value), attribute.value, "box")
        edits.append(edit and replace(edit, text=f"{edit.text}, style={style}"))
    return fix_of(edits, f"Write `shape=box, style={style}`", applicability="unsafe")
