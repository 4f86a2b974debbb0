"""Colors as Graphviz reads them: `#rrggbb`, hue-saturation-value, names of a scheme, and lists of them."""

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
    """Split a color list at its colons into (color, weight); the weight is "" if there is none."""
    found: list[tuple[str, str]] = []
    for part in value.split(":"):
        color, _, weight = part.partition(";")
        found.append((color, weight))
    return found


def is_color(value: str, schemes: frozenset[str]) -> bool:
    """Return whether a value is one color; names may be from X11 or from `schemes`, the schemes that the graph sets."""
    word = value.strip()
    if not word or _HEX.fullmatch(word) or (not word[0].isalpha() and _HSV.fullmatch(word)):
        return True
    low = word.lower()
    if low.startswith("/"):
        scheme, _, name = low[1:].rpartition("/")
        return name in color_names(scheme or "x11")
    return low in color_names("x11") or any(low in color_names(scheme) for scheme in schemes)


def weights_fit(value: str) -> bool:
    """Return whether every weight of a color list is a number of at least 0, and their sum is at most 1."""
    weights = [weight.strip() for _, weight in parts(value) if weight]
    return all(_WEIGHT.fullmatch(weight) for weight in weights) and sum(map(float, weights)) <= 1.0001


@cache
def _lexicon() -> Lexicon:
    return Lexicon(sorted(color_names("x11")))


def meant(value: str) -> Near | None:
    """Return the color that an unknown one was meant to be, None if none is similar."""
    word = value.strip()
    if _SHORT.fullmatch(word):
        return Near("#" + "".join(digit * 2 for digit in word[1:]), 0, single=True)
    if _BARE.fullmatch(word):
        return Near(f"#{word}", 1, single=True)
    joined = re.sub(r"[\s_-]+", "", word.lower())
    if joined in color_names("x11"):
        return Near(joined, 0, single=True)
    near = _lexicon().nearest(joined)
    # `lightblue5` is as close to lightblue1 as to lightblue2: the color without a shade is meant.
    if near is not None and not near.single and joined.rstrip("0123456789") in color_names("x11"):
        return Near(joined.rstrip("0123456789"), 1, single=False)
    return near


def rgb(value: str) -> tuple[int, int, int] | None:
    """Return red, green and blue (0 to 255) of an opaque color; None if it is transparent or not in X11."""
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
    """Return the contrast ratio of two colors, from 1 to 21 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    dark, light = sorted((_luminance(one), _luminance(two)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: tuple[int, int, int]) -> float:
    linear = (part / 255 for part in color)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _bytes(number: int) -> tuple[int, int, int]:
    return number >> 16, number >> 8 & 0xFF, number & 0xFF
