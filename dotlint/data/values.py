"""Attribute values by type: which of them Graphviz accepts, and which it silently ignores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.data.graphviz import arrow_parts, color_names, enumeration_values
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.data.graphviz import AttributeFact

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SHAPES = regex(rf"(?:{'|'.join(sorted(arrow_parts(), key=len, reverse=True))}|half|[olre])++")
_PATTERNS: dict[str, re.Pattern[str]] = {
    "double": regex(_NUMBER),
    "int": regex(r"[+-]?\d+(?:\.0*)?"),
    "bool": regex(r"true|false|yes|no|[+-]?\d+", re.IGNORECASE),
    "point": regex(rf"{_NUMBER}(?:\s*,\s*{_NUMBER}){{0,2}}\s*!?"),
    "addDouble": regex(rf"\+?\s*{_NUMBER}"),
    "addPoint": regex(rf"\+?\s*{_NUMBER}(?:\s*,\s*{_NUMBER})?\s*!?"),
    "doubleList": regex(rf"{_NUMBER}(?::{_NUMBER})*(?:\s+equally)?|equally"),
    # Graphviz checks only the first letter.
    "labeljust": regex(r"[lcr].*", re.IGNORECASE),
    "labelloc": regex(r"[tcb].*", re.IGNORECASE),
    "orientation": regex(r"l.*|portrait", re.IGNORECASE),
    "overlap": regex(r"\d+:.*|prism\d*", re.IGNORECASE),
    "packmode": regex(r"(?:node|clust|graph|aspect|array).*"),
}
_WHOLE = frozenset({"int", "bool"})
_NUMBERS = _WHOLE | {"double", "point", "addDouble", "addPoint", "doubleList"}
# Read with the C library's strcmp: `rankdir=lr` is not valid.
_EXACT = {"rank", "rankdir", "dir", "clusterrank", "ordering", "outputorder", "pagedir", "layout", "ratio"}
_EXACT |= {"mode", "model"}
_DESCRIPTIONS: dict[str, str] = {
    "double": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "point": "a pair of numbers such as `4,3`",
    "addDouble": "a number",
    "addPoint": "a pair of numbers",
    "doubleList": "numbers separated by colons",
    "arrow": "an arrow type such as `normal`, `vee` or `odot`",
    "colorscheme": "`x11`, `svg` or a Brewer scheme such as `blues9`",
}
_FREE = frozenset({"text", "label", "rect", "pointList", "portPos", "shape", "style", "color", "colors", "cluster"})


def is_true(value: str) -> bool:
    """Return whether Graphviz reads a value as true (`mapbool` in lib/common/utils.c)."""
    return value.lower() in {"true", "yes"} or (value.isascii() and value.isdigit() and int(value) != 0)


def is_arrow(value: str) -> bool:
    """Return whether a value is an arrow type: up to four shapes with modifiers."""
    return bool(_SHAPES.fullmatch(value)) and any(part in value for part in arrow_parts())


def is_scheme(value: str) -> bool:
    """Return whether a color scheme has that name."""
    return bool(color_names(value.lower()))


_TAKES: dict[str, Callable[[str], bool]] = {"arrow": is_arrow, "colorscheme": is_scheme}


def _is_plain_number(value: str) -> bool:
    """Return whether a value is digits with at most one point, as most numbers are: faster than a pattern."""
    return value.isascii() and value.replace(".", "", 1).isdecimal()


def takes(kind: str, value: str) -> bool:
    """Return whether a value is valid for a type; an empty one always is and means the default."""
    if not value or kind in _FREE:
        return True
    if kind in _TAKES:
        return _TAKES[kind](value)
    if kind in _NUMBERS and _is_plain_number(value) and not ("." in value and kind in _WHOLE):
        return True
    pattern = _PATTERNS.get(kind)
    if pattern is not None and pattern.fullmatch(value.strip()):
        return True
    words = enumeration_values(kind)
    return value in words if kind in _EXACT else value.lower() in {word.lower() for word in words}


def is_free(fact: AttributeFact) -> bool:
    """Return whether the attribute accepts any text, as far as this module can check."""
    return not _FREE.isdisjoint(fact.types)


def too_small(fact: AttributeFact, value: str) -> bool:
    """Return whether a number is below the attribute's minimum.

    Zero is allowed if the minimum is a fraction: authors write `width=0` for the smallest width.
    """
    if fact.minimum is None or not (_is_plain_number(value) or _PATTERNS["double"].fullmatch(value.strip())):
        return False
    number = float(value)
    if fact.above:
        return number <= fact.minimum
    return number < fact.minimum and not (number >= 0 and fact.minimum < 1)


def expected(fact: AttributeFact) -> str:
    """Return a description of valid values: `a number`, or `TB, LR, BT or RL`."""
    choices: list[str] = []
    for kind in fact.types:
        words = [f"`{word}`" for word in enumeration_values(kind)]
        choices += [_DESCRIPTIONS[kind]] if kind in _DESCRIPTIONS else words
    choices = list(dict.fromkeys(choices))
    if len(choices) > 1:
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    return choices[0] if choices else "another value"


def known_words(fact: AttributeFact) -> list[str]:
    """Return the valid words with which a misspelled value is compared."""
    found = [word for kind in fact.types for word in enumeration_values(kind)]
    if "bool" in fact.types:
        found += ["true", "false"]
    if "arrow" in fact.types:
        found += [part for part in arrow_parts() if part not in {"pen", "mpty"}]
    return found
