"""A: styles that Graphviz does not know, or not for that element."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.attributes.uses import finding, uses
from dotlint.checks.attributes.value_edits import (
    value_fix,
)
from dotlint.data import graphviz
from dotlint.text.english import listed
from dotlint.text.nearest import Lexicon, Near
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.checks.attributes.uses import Use, Uses
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

# Attributes and styles of dot2tex, which hands the styles on to TikZ: `fill=green!20`.
_OF_DOT2TEX = {
    "d2tdocpreamble",
    "d2tfigpreamble",
    "d2tgraphstyle",
    "d2toptions",
    "d2ttikzedgelabels",
    "texlbl",
    "topath",
}
_STYLE_OF_TIKZ = regex(r"[=!]", needs=("=", "!"))
_STYLE = regex(r"[^\s,()]+(?:\([^()]*\))?")


def unknown_styles(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report styles that Graphviz does not know, or not for that element, in graphs that are not written for TikZ."""
    if _for_tikz(uses(context, card)):
        return
    for element in graphviz.LETTERS:
        known = graphviz.styles(element)
        wrong: dict[str, list[Use]] = defaultdict(list)
        for use in uses(context, card).get((element, "style"), []):
            for word in _STYLE.findall(use.value):
                if word.partition("(")[0] not in {*known, "setlinewidth"}:
                    wrong[word].append(use)
        for word, some in wrong.items():
            yield _style_finding(context, card, element, word, some)


def _for_tikz(every: Uses) -> bool:
    return any(
        name in _OF_DOT2TEX or (name == "style" and any(_STYLE_OF_TIKZ.search(use.value) for use in some))
        for (_, name), some in every.items()
    )


# Words of other languages and tools for a style.
_STYLES_OF_OTHERS = {
    "invisible": "invis", "hidden": "invis", "dash": "dashed", "dot": "dotted", "fill": "filled", "round": "rounded",
    "thick": "bold", "stripe": "striped", "stripes": "striped", "wedge": "wedged",
}  # fmt: skip


def _style_finding(context: GraphContext, card: Card, element: str, word: str, some: list[Use]) -> Outcome:
    elsewhere = [other for other in ("node", "edge", "cluster") if word in graphviz.styles(other)]
    if elsewhere:
        return finding(
            context,
            card,
            some,
            f"the style `{word}` has no effect on {element}s: it is a style of {listed([f'{other}s' for other in elsewhere])}",
            outcome="elsewhere",
        )  # fmt: skip
    meant = _STYLES_OF_OTHERS.get(word.lower(), "")
    near = Near(meant, 2, single=True) if meant in graphviz.styles(element) else None
    near = near or Lexicon(sorted(graphviz.styles(element))).nearest(word)
    if word.lower() in graphviz.shapes():
        help_text = f"to set a shape, write `shape={word}`"
    else:
        styles = [f"`{style}`" for style in sorted(graphviz.styles(element))]
        help_text = f"the styles of {element}s are {listed(styles, 12)}"
    return finding(
        context,
        card,
        some,
        f"Graphviz has no style `{word}`",
        near=near,
        help=help_text,
        fix=value_fix(some, lambda value: re.sub(rf"(?<![^\s,]){re.escape(word)}(?![^\s,(])", near.word, value), near)
        if near
        else None,
    )
