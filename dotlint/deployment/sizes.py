"""Sizes of axes: numbers, symbols and products or quotients of them, as labels write them."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from functools import lru_cache

from msgspec import Struct

from dotlint.text.regex import regex

_TERM = regex(
    r"(?P<operator>\s?(?://|[*/×·⋅÷])\s?|(?<=\d)x(?=\d)|\s+x\s+|)"
    r"(?:(?P<number>\d{1,15})(?P<kilo>[kKM](?!\w))?|(?P<word>[^\W\d]\w*))",
)
_GROUP = regex(r"(?P<over>/\s?)?\((?P<inside>[^()]*)\)")
_THOUSANDS = regex(r"(?<=\d)[_,](?=\d{3})")
_OVER = frozenset({"/", "//", "÷"})
_KILO = 1024
_OPEN = frozenset({"variable", "dynamic", "any", "unknown", "none", "var", "tbd", "n/a"})


class Size(Struct, frozen=True):
    """A number times symbols, each with its power: `2*H/tp` is 2 · h¹ · tp⁻¹."""

    number: Fraction
    symbols: tuple[tuple[str, int], ...] = ()

    @property
    def whole(self) -> int | None:
        """The size, if it is a whole number without symbols."""
        return self.number.numerator if not self.symbols and self.number.denominator == 1 else None


@lru_cache(maxsize=4096)
def read_size(text: str) -> Size | None:
    """Parse `4096`, `1,024`, `4k`, `16*64`, `H`, `3F/2`, `hidden/tp` or `S/(cp*sp)`; None if it is none of these or unknown (`?`)."""
    number, powers, position = Fraction(1), Counter[str](), 0
    text = text.strip()
    if "(" in text:
        # Inside parentheses only products are read; `S/(cp*sp)` is S/cp/sp.
        text = _GROUP.sub(lambda found: _opened(found["inside"], over=bool(found["over"])), text)
    if "_" in text or "," in text:
        text = _THOUSANDS.sub("", text)
    while position < len(text) or not text:
        term = _TERM.match(text, position)
        # Only a symbol may directly follow a number: `3F`.
        if term is None or bool(term["operator"] or (term["word"] and text[:position][-1:].isdigit())) != (
            position > 0
        ):
            return None
        power = -1 if term["operator"].strip() in _OVER else 1
        if term["word"]:
            powers[term["word"].lower()] += power
        elif value := int(term["number"]) * _unit(term["number"], term["kilo"]):
            number *= Fraction(value) ** power
        else:
            return None
        position = term.end()
    if _OPEN.intersection(powers):
        return None
    return Size(number, tuple(sorted((word, power) for word, power in powers.items() if power)))


def _opened(inside: str, *, over: bool) -> str:
    return f"/{inside.replace('*', '/').replace('×', '/').replace('·', '/')}" if over and "/" not in inside else inside


def _unit(digits: str, kilo: str | None) -> int:
    """Return what `k` or `M` multiplies by: sizes that are powers of two count in 1024, others in 1000."""
    if kilo is None:
        return 1
    value = int(digits)
    base = _KILO if value and value & (value - 1) == 0 else 1000
    return base * base if kilo == "M" else base


def compared(before: Size | None, after: Size | None) -> tuple[int, int] | None:
    """Return two sizes as whole numbers in the same proportion; None if they have other symbols or are not known."""
    if before is None or after is None or before.symbols != after.symbols:
        return None
    scale = math.lcm(before.number.denominator, after.number.denominator)
    return int(before.number * scale), int(after.number * scale)


def product(sizes: list[Size | None]) -> Size | None:
    """Return the product of sizes; None if one is not known."""
    number, powers = Fraction(1), Counter[str]()
    for size in sizes:
        if size is None:
            return None
        number *= size.number
        for word, power in size.symbols:
            powers[word] += power
    return Size(number, tuple(sorted((word, power) for word, power in powers.items() if power)))
