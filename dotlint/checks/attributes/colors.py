"""Colours as Graphviz reads them: `#rrggbb`, hue-saturation-value, names of a scheme, and lists of them."""

from __future__ import annotations

import re
from functools import cache

from dotlint.data.graphviz import color_names
from dotlint.text.nearest import Lexicon, Near
from dotlint.text.regex import regex

_HEX = regex(r"#\s*(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", needs=("#",))
_SHORT = regex(r"#[0-9a-fA-F]{3}")
_BARE = regex(r"(?=.*\d)[0-9a-fA-F]{6}")
_HSV = regex(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[,\s]+(?:\d+\.?\d*|\.\d+)){2,3}")
_WEIGHT = regex(r"\d+\.?\d*|\.\d+")


def parts(value: str) -> list[tuple[str, str]]:
    """Split a colour list at its colons into (colour, weight); the weight is "" where there is none."""
    found: list[tuple[str, str]] = []
    for part in value.split(":"):
        colour, _, weight = part.partition(";")
        found.append((colour, weight))
    return found


def is_colour(value: str, schemes: frozenset[str]) -> bool:
    """Whether a value is one colour.

    Names count that are in X11's or in one of the schemes that the graph sets.
    """
    word = value.strip()
    if not word or _HEX.fullmatch(word) or (not word[0].isalpha() and _HSV.fullmatch(word)):
        return True
    low = word.lower()
    if low.startswith("/"):
        scheme, _, name = low[1:].rpartition("/")
        return name in color_names(scheme or "x11")
    return low in color_names("x11") or any(low in color_names(scheme) for scheme in schemes)


def weights_fit(value: str) -> bool:
    """Whether every weight of a colour list is a number from 0 and all of them together are at most 1."""
    given = [weight.strip() for _, weight in parts(value) if weight]
    return all(_WEIGHT.fullmatch(weight) for weight in given) and sum(map(float, given)) <= 1.0001


@cache
def _lexicon() -> Lexicon:
    return Lexicon(sorted(color_names("x11")))


def meant(value: str) -> Near | None:
    """Give the colour that was meant by one that Graphviz does not know, None where none is near."""
    word = value.strip()
    if _SHORT.fullmatch(word):
        return Near("#" + "".join(digit * 2 for digit in word[1:]), 0, single=True)
    if _BARE.fullmatch(word):
        return Near(f"#{word}", 1, single=True)
    joined = re.sub(r"[\s_-]+", "", word.lower())
    if joined in color_names("x11"):
        return Near(joined, 0, single=True)
    near = _lexicon().nearest(joined)
    # `lightblue5` is as near to lightblue1 as to lightblue2: the family of shades is meant, not one of them.
    if near is not None and not near.single and joined.rstrip("0123456789") in color_names("x11"):
        return Near(joined.rstrip("0123456789"), 1, single=False)
    return near
