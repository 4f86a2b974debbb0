"""Colours as Graphviz reads them: `#rrggbb`, hue-saturation-value, names of a scheme, and lists of them."""

from __future__ import annotations

import re
from colorsys import hsv_to_rgb
from functools import cache

from dotlint.data.graphviz import color_names, color_values
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


def rgb(value: str) -> tuple[int, int, int] | None:
    """Give red, green and blue (0 to 255) of one opaque color; None where it is see-through, or not of X11."""
    word = value.strip().lower()
    if _HEX.fullmatch(word):
        digits = word[1:].strip()
        return _bytes(int(digits[:6], 16)) if digits[6:] in {"", "ff"} else None
    if word and not word[0].isalpha() and _HSV.fullmatch(word):
        hue, saturation, brightness, *alpha = (min(max(float(n), 0.0), 1.0) for n in re.split(r"[,\s]+", word))
        red, green, blue = (round(255 * part) for part in hsv_to_rgb(hue, saturation, brightness))
        return (red, green, blue) if alpha in ([], [1.0]) else None
    found = color_values().get(word.removeprefix("/x11/"))
    return None if found is None else _bytes(found)


def contrast(one: tuple[int, int, int], two: tuple[int, int, int]) -> float:
    """Give the contrast ratio of two colors, from 1 to 21 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    dark, light = sorted((_luminance(one), _luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: tuple[int, int, int]) -> float:
    linear = (part / 255 for part in color)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _bytes(number: int) -> tuple[int, int, int]:
    return number >> 16, number >> 8 & 0xFF, number & 0xFF
