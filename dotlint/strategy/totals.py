"""Numbers of GPUs that free text states for a whole deployment, such as "64 GPUs Total"."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from dotlint.text.regex import regex

_NUMBER: Final = r"(?<![0-9.:-])(?<![0-9],)(?P<number>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})"
_LATER: Final = _NUMBER[_NUMBER.index("(?P") :]
_SIGN: Final = r"(?:[ \t]*[:=][ \t]*|[ \t]+)"
_STRONG: Final = tuple(
    regex(pattern, re.IGNORECASE, needs=needs)
    for pattern, needs in (
        (rf"{_NUMBER}[ \t-]?GPUs?[ \t,]+(?:in[ \t]+)?total\b", ("total",)),
        (rf"{_NUMBER}[ \t]+total[ \t]+GPUs?\b", ("total",)),
        (rf"\btotal[ \t]*[:=]?[ \t]*{_LATER}[ \t-]?GPUs?\b", ("total",)),
        (rf"\btotal[ \t_]*(?:number[ \t]+of[ \t]+|of[ \t]+)?GPUs?{_SIGN}{_LATER}\b(?![ \t]?-)", ("total",)),
        (rf"\bGPUs?[ \t_-]?(?:count|total)[ \t]*[:=][ \t]*{_LATER}\b", ("count", "total")),
        (rf"\bGPUs?[ \t]*[:=][ \t]*{_LATER}[ \t]+(?:in[ \t]+)?total\b", ("total",)),
        (rf"\b(?:world[ \t_-]?size|num[ \t_]?gpus)[ \t]*[:=][ \t]*{_LATER}\b", ("world", "num")),
    )
)
_WEAK: Final = regex(
    rf"{_NUMBER}[ \t-]?GPUs?\b(?![ \t]*(?:/|per\b|each\b|a\b|for\b|active|group|\w*[ \t]*pool))",
    re.IGNORECASE,
)
_PART_OF: Final = regex(
    r"(?:\b(?:all|across|first|last|next|other|to|of|per|over|for|from|with|each|every|by)[ \t]+"
    r"|[x×*][ \t]*)$",
    re.IGNORECASE,
)


class Total(Struct, frozen=True):
    """A number of GPUs: the spans of the phrase and of its number."""

    value: int
    start: int
    end: int
    number_start: int
    number_end: int


def find_totals(text: str, *, several_axes: bool) -> list[Total]:
    """Return the totals of `text` in order.

    A bare "64 GPUs" counts only if the text declares a strategy (`several_axes`) and no other total; "all 64 GPUs"
    and "8 GPUs per stage" never count.
    """
    low = text.lower()
    if "gpu" not in low and "world" not in low:
        return []
    stated = any(word in low for word in ("total", "world", "count", "num"))
    matches = [match for each in _STRONG for match in each.finditer(text)] if stated else []
    if not matches and several_axes:
        matches = [match for match in _WEAK.finditer(text) if not _PART_OF.search(_words_before(match))]
    matches.sort(key=lambda match: match.start())
    found: list[Total] = []
    for match in matches:
        if not found or match.start() >= found[-1].end:  # "128 GPUs Total: 16 nodes" is 128
            found.append(_total(match))
    return [total for total in found if total.value]


def _words_before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 12) : match.start()]


def _total(match: re.Match[str]) -> Total:
    value = int(match["number"].replace(",", ""))
    return Total(value, match.start(), match.end(), match.start("number"), match.end("number"))
