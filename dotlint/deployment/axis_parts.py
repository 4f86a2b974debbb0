"""Split a list of dimensions into its axes: the key and the size of each, as written.

Labels separate axes by commas, semicolons, multiplication signs or blanks, and write sizes with separators of thousands.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dotlint.deployment.axes import is_axis
from dotlint.deployment.sizes import read_size
from dotlint.text.regex import regex

Part = tuple[str, str]

_FACTOR = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*[kKM]?|[^\W\d]\w*)(?:/\w+)?"
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+[kKM]?)"
CHAIN = regex(
    # `8x4096x1024`, `B×S×H/2`, `B x S x H`: neither part of a word nor a number of repetitions.
    rf"(?<![\w./×*])(?<!\d )(?:{_FACTOR}(?:\s?[×✕]\s?{_FACTOR})+|{_NUMBER}(?:\s?x\s?{_NUMBER})+"
    rf"|{_FACTOR}(?:\sx\s{_FACTOR})+|[A-Z](?:x(?:[A-Z]|\d+))+)(?![\w×])"
)
_TIMES = regex(r"\s?[x×✕*]\s?")
_CROSS = regex(r"\s?[×✕]\s?")
_WORD_TIMES = regex(r"\sx\s|x(?=[A-Z\d])")
_STARS = regex(rf"{_FACTOR}(?:\s?\*\s?{_FACTOR}){{2,}}")
_AROUND = regex(r"\s+(//|[*/×·÷])\s?|(?<=[*/×·÷])\s")
_COMMA = regex(r"[,，、]")
_BETWEEN = regex(r"[(),，、;]")
_IS = regex(r"[=:：]")
_KEY = regex(r"(?:(?P<factor>\d{1,6})\s?[×*]\s?)?(?P<key>[^\W\d][\w -]*)")
_VALUE = regex(r"[\w?*/.×·⋅÷x ~()]+")
_BLANKS = regex(r"~?\d+(?:\s~?\d+)+")
_PAIRS_APART = regex(r"\s(?=[^\W\d]\w{0,30}\s?=)")
_THOUSANDS = regex(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w.])(?!,\d)")
_KEYED_THOUSANDS = regex(r"(?<=[=:])\s?\d{1,3}(?:,\d{3})+(?![\w.])(?!,\d)")
_ZEROED = regex(r"\d,0\d\d(?!\d)")
_TYPE = regex(r"(?:dtype\s?[=:]\s?)?(?:bf16|fp\d{1,2}\w{0,8}|float\d{0,2}|u?int\d{1,2})", re.IGNORECASE)
_COUNTED = regex(r"(?P<count>\d+)_(?P<word>[^\W\d]+)")
_MOST_WORDS = 2  # `local heads`; more words are a remark, not a size


def parts(text: str) -> list[Part] | None:
    """Return the key ("" if unnamed) and size of each axis of `batch=4, seq=1,024` or `4×1024`; None if it is no list."""
    text = text.strip()
    if (chain := CHAIN.fullmatch(text)) and (factors := factors_of(chain[0])):
        return [("", factor) for factor in factors]
    if "*" in text and _STARS.fullmatch(text):
        return [("", factor) for factor in _TIMES.split(text)]
    found: list[Part] = []
    for word in _split(_without_thousands(text)):
        part = _part(word.strip())
        if part is None:
            return None
        if part[1]:
            found.append(part)
    return found or None


def factors_of(chain: str) -> list[str] | None:
    """Return the factors of `B×S×H`; None if a word among them names no axis."""
    crossed = "×" in chain or "✕" in chain
    factors = (_CROSS if crossed else _TIMES if chain[0].isdigit() else _WORD_TIMES).split(chain)
    words = [name for factor in factors if not (name := factor.partition("/")[0])[0].isdigit()]
    if not all((len(word) == 1 and word.isupper()) or is_axis(word) for word in words):
        return None
    # `heads × head_dim` is the size of one axis, but `B×S` are two.
    return factors if len(factors) > 2 or all(len(word) == 1 for word in words) else None


def _without_thousands(text: str) -> str:
    if "," not in text:
        return text
    if "=" in text or ":" in text:
        # `seq=1,024` where other commas are followed by a blank; in `seq=1,024,256` each comma may separate axes.
        if ", " in text or ";" in text or _ZEROED.search(text) or text.count("=") == 1 == text.count(","):
            return _KEYED_THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
        return text
    if _ZEROED.search(text) and (", " in text or ";" in text or text.count(",") == 1):
        return _THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    return text


def _split(text: str) -> list[str]:
    apart = ";" in text and ("=" in text or ":" in text)
    if "(" not in text and not apart:
        found = _COMMA.split(text)
    else:
        found, depth, position = [], 0, 0
        for sign in _BETWEEN.finditer(text):
            depth += {"(": 1, ")": -1}.get(sign[0], 0)
            if (depth == 0 and sign[0] not in "();") or (sign[0] == ";" and apart):
                found.append(text[position : sign.start()])
                position = sign.end()
        found.append(text[position:])
    if len(found) == 1:
        if _BLANKS.fullmatch(text):
            return text.split()
        if text.count("=") > 1:
            return _PAIRS_APART.split(text)
    return found


@lru_cache(maxsize=4096)
def _part(word: str) -> Part | None:
    """Return the key and size of one axis: `batch=4`, `4`, `16 heads`; an empty size if there is nothing."""
    if not word or _TYPE.fullmatch(word):
        return "", ""
    word = _AROUND.sub(r"\1", word)
    sign = _IS.search(word)
    if sign is None:
        return _unnamed(word) if _VALUE.fullmatch(word) else None
    before, value = word[: sign.start()].strip(), word[sign.end() :].strip()
    if before[:1].isdigit() and value.isdigit() and (size := read_size(before)) and size.whole == int(value):
        return "", value  # `8×32=256`
    key = _KEY.fullmatch(before)
    if key is None or not value or any(mark in value for mark in ("=", ";", "]", "->", "→", "⇒")):
        return None
    if " " in value:
        value, rest = value.split(" ", 1)
        if not value[0].isdigit() or "=" in rest or ":" in rest:
            return None
    return key["key"].strip().lower(), f"{key['factor']}*{value}" if key["factor"] else value


def _unnamed(word: str) -> Part | None:
    words = word.split()
    if "_" in word and (counted := _COUNTED.fullmatch(word)):
        words = [counted["count"], counted["word"]]
    if len(words) > _MOST_WORDS:
        return None
    if len(words) == _MOST_WORDS:
        first, last = words
        if first[0].isdigit() and is_axis(last):
            return last.lower(), first
        if last[0].isdigit() and is_axis(first):
            return first.lower(), last
    return "", word
