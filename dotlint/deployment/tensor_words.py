"""The words beside a shape: whether it is an input or an output, what the label calls the tensor, and how many there are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.dims import Dims
    from dotlint.deployment.shapes import Shape

_WHAT = r"[\s_]{0,3}(?:dim(?:ension)?s?|shapes?|tensors?|sizes?|维度|形状|张量|尺寸|form(?:en?)?)"
_IN = r"in(?:puts?)?|输入|entr[ée]es?|eing(?:aben?|[aä]nge?)"
_OUT = r"out(?:puts?)?|输出|sorties?|ausg(?:aben?|[aä]nge?)"
_NEEDS = ("in", "out", "输", "entr", "sort", "ausg")
_SIDES = rf"(?P<both>(?:{_IN})\s?(?:/|&|and|und|et|和|、)\s?(?:{_OUT}))|(?P<into>{_IN})|{_OUT}"
_OF = r"(?:formes?|dimensions?|shapes?|dims?)\s(?:d['’]|de\s(?:l['’]|la\s)?|of\s(?:the\s)?)"  # `forme d'entrée`
SIDE = regex(
    rf"(?<![\w.])(?:{_OF})?(?:{_SIDES})(?:{_WHAT})?[\s_]{{0,3}}(?P<number>(?:\d{{1,4}}(?!\d|\s?[x×✕]))?)"
    # `Input (hidden): [4]`, `Input Q: [4]`, but no `Input Embedding: [4]`
    r"(?:\s?\((?P<label>[^()\[\]=:：,]{1,40})\)(?=\s?[:：=])"
    r"|\s(?P<word>(?!proj|embed|layer|linear|norm|gate|head|weight)(?-i:[a-z]\w{0,30}(?:\s[a-z]\w{0,30})?|[QKV]{1,3}))(?=\s?[:：=]\s?[\[(\d]))?"
    r"\s{0,3}(?:[:：=]{1,2}|(?=[\[(（]|\d{1,6}\s?[x×✕]\s?[\[\d]))\s{0,3}",
    re.IGNORECASE,
    needs=_NEEDS,
)
ONLY_SIDE = regex(rf"(?:{_SIDES})(?:{_WHAT})?", re.IGNORECASE, needs=_NEEDS)
SHAPE_KEY = regex(
    rf"(?P<key>(?:[^\W\d_]+)?{_WHAT})\s{{0,3}}[:：=]\s{{0,3}}",
    re.IGNORECASE,
    needs=("dim", "shape", "tensor", "size", "维度", "形状", "张量", "尺寸", "form"),
)
_SIGN = r"(?:[-–=]{1,3}>|[→⇒⟶➔])"
ARROW = regex(
    rf"\s?(?:\(?\s?[×x✕*]\s?\d{{1,6}}\s?\)?)?\s?{_SIGN}\s?(?:[^\W\d]\w{{0,20}}\s?[:=]\s?)?(?:\d{{1,6}}\s?[×x✕*]\s?)?"
)
CONTINUES = regex(rf"(?:{_SIGN}|[×+*])\s?(?:\d{{1,6}}\s?[×x✕*]\s?)?[\[(]")
CHANGE = regex(r"\s?(?:->|=>|→|⇒)\s?", needs=("->", "=>", "→", "⇒"))
_COUNT_BEFORE = regex(r"(?<!\w)(\d{1,6})\s?[×x✕*]\s?$")
_COUNT_AFTER = regex(r"\s?\(?\s?[×x✕*]\s?(\d{1,6})(?![\w.])(?!\s?[×x✕*])")
_AND = regex(r"\s?[,/&+、]\s?|\s(?:and|und|et)\s|和", needs=(",", "/", "&", "+", "、", "and", "und", "et", "和"))
_NAME = regex(r"[^\W\d][\w -]*")
_WORDS = regex(r"[^\W\d_]+|[A-Z]+")
_ATTRIBUTE = regex(
    r"(?:(?P<into>inputs?|in)|(?P<out>outputs?|out)|)_?(?P<what>tensors?|shapes?|dim(?:ension)?s?)?_?\d*"
)
_GRAPHVIZ = frozenset({"", "shape", "dim", "dimension"})
_PROJECTED = frozenset(["q", "k", "v", "qkv", "kv", "query", "queries", "key", "keys", "value", "values"])
_NO_NAMES = frozenset(
    ["shape", "shapes", "dim", "dims", "dimension", "dimensions", "size", "tensor", "tensors", "each", "data"]
)
_REACH = 48  # characters before a shape in which its name is sought


def is_projection(name: str) -> bool:
    """Return whether a name is that of a query, key or value: `q`, `local k`, `v_all`."""
    return not _PROJECTED.isdisjoint(_WORDS.findall(name.lower()))


@lru_cache(maxsize=1024)
def side_of_attribute(key: str) -> str | None:
    """Return `in`, `out` or `both` for the key of an attribute that states a shape, such as `input_shape` or `tensor`."""
    found = _ATTRIBUTE.fullmatch(key.lower())
    if found is None or key.lower() in _GRAPHVIZ:
        return None
    return "in" if found["into"] else "out" if found["out"] else "both" if found["what"] else None


def described(line: str, shape: Shape, low: int, otherwise: str = "") -> Dims:
    """Return the dimensions of a shape with the names and the count that stand beside it.

    `low` is where the text before the shape begins that belongs to it; `otherwise` is its name if that text has none.
    """
    before = line[max(low, shape.start - _REACH) : shape.start]
    times = _COUNT_BEFORE.search(before)
    names = _names(before[: times.start()] if times else before)
    after = _COUNT_AFTER.match(line, shape.end)
    number = int(times[1]) if times else int(after[1]) if after else 1
    names = names or ((otherwise,) if otherwise.isdigit() else _names(otherwise))
    count = number * shape.dims.count * max(len(names), 1)
    return replace(shape.dims, names=names, count=count) if names or count != 1 else shape.dims


def _names(before: str) -> tuple[str, ...]:
    """Return the names at the end of a text: `k` and `v` of `, K,V=`, `routing weights` of `+ routing weights`."""
    text = before.strip(" \t:=：,;|+&→>×([{-").lower()
    if not text:
        return ()
    names: list[str] = []
    for word in reversed(_AND.split(text)):
        if not _NAME.fullmatch(word) or word.count(" ") > 2 or (names and not (is_projection(word) and len(word) < 9)):
            break
        names.append(word)
    if len(names) > 1 and not is_projection(names[0]):
        names = names[:1]
    return tuple(reversed(names)) if names and names[0] not in _NO_NAMES else ()
