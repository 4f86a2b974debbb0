"""How certain a repair is: whether what is in the file can also have been meant in another way."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from dotlint.data import graphviz
from dotlint.data.colors import is_color, parts
from dotlint.data.values import takes
from dotlint.syntax.terminals import HTML, NAME, NUMBER, STRING
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

Applicability = Literal["safe", "unsafe"] | None

_RANKS: tuple[Applicability, ...] = (None, "unsafe", "safe")
_TEXT = frozenset({"text", "label", "rect", "pointList", "portPos", "cluster"})
_PORTS = ("headport", "tailport")  # of no type that could be checked, yet no words of a text
_BRACKETS = {"]": "[", ")": "(", "}": "{"}
_WORDS = regex(r"[^\s,]+")
# What separates or opens something else: a value does not start or end with it.
_LOOSE_END = regex(r"\A\s*(?:[,:;']|->|--)|(?:[,:;(\[{]|->|--|')\s*\Z")
_ITEM = regex(r"\s*([\w-]*)(?:\(.*\))?\s*")


def weakest(found: Iterable[Applicability]) -> Applicability:
    """Return the least certain of several."""
    return _RANKS[min(map(_RANKS.index, found))]


def fits(name: str, value: str) -> bool:
    """Return whether Graphviz accepts a value for an attribute; any value is accepted for an unknown one."""
    fact = graphviz.attributes().get(name)
    return fact is None or any(_is_of_type(kind, value) for kind in fact.types)


def is_typed(name: str) -> bool:
    """Return whether an attribute is known and does not accept any text."""
    fact = graphviz.attributes().get(name)
    return fact is not None and _TEXT.isdisjoint(fact.types)


def is_flag(name: str) -> bool:
    """Return whether an attribute is known and may be true or false."""
    fact = graphviz.attributes().get(name)
    return fact is not None and not {"bool", "fixedsize", "imagescale"}.isdisjoint(fact.types)


def _is_of_type(kind: str, value: str) -> bool:
    if kind == "shape":
        return value in graphviz.shapes()
    if kind == "style":
        return all((item := _ITEM.fullmatch(one)) is not None and item[1] in _styles() for one in value.split(","))
    if kind in {"color", "colors"}:
        return all(is_color(color, frozenset()) for color, _ in parts(value))
    return takes(kind, value)


@cache
def _styles() -> frozenset[str]:
    return graphviz.styles("node") | graphviz.styles("edge") | graphviz.styles("graph") | {"setlinewidth"}


def joined_name(word: str) -> int | None:
    """Return where the `=` is missing in `fontsize12`: after a known name, before a valid value of its type."""
    for at in range(len(word) - 1, 0, -1):
        name, value = word[:at], word[at:]
        if is_typed(name) and fits(name, value):
            return at
    return None


def of_value(name: str, value: str, following: str = "", *, in_list: bool = True) -> Applicability:
    """Return how certain it is that an unquoted text is one value, the one of this attribute.

    `following` is the name of the next attribute. Outside of a list, a comma may stand for the semicolon.
    """
    if not _is_balanced(value) or value.count("<") != value.replace("->", "").count(">") or not fits(name, value):
        return None
    if _LOOSE_END.search(value):
        return None
    words = [one[0] for one in _WORDS.finditer(value)]
    doubled = value[: len(value) // 2] * 2 == value
    if doubled or any(before == word for before, word in pairwise([*words, following])):
        return "unsafe"
    if is_typed(name):
        return "safe"
    if "," in value and not in_list:
        return "unsafe"
    for word in words[1:]:
        if joined_name(word) or is_typed(word) or word.startswith(_PORTS):
            return "unsafe"
    for before, word in pairwise(words):
        if word in graphviz.attributes() and value.partition(f"{before},")[2].lstrip().startswith(word):
            return "unsafe"
    return "unsafe" if '"' in value else "safe"


def _is_balanced(value: str) -> bool:
    """Return whether all brackets are closed, and what separates attributes and statements is inside of them."""
    opened: list[str] = []
    for char in value:
        if char in "[({":
            opened.append(char)
        elif char in _BRACKETS:
            if not opened or opened.pop() != _BRACKETS[char]:
                return False
        elif char in "=;\n" and not opened:
            return False
    return not opened


ID = rf"(?:{NAME}|{NUMBER}|{STRING})"
VALUE = rf"(?:{NAME}|{NUMBER}|{STRING}(?:\s*\+\s*{STRING})*+|{HTML})"
_BOUND_BEFORE = regex(r"(?:(^)|[=,\[{;>+-])[ \t]*\Z")
_BOUND_AFTER = regex(r"[ \t\r]*(?:[\]\[};,]|->|--|(\Z|\n))")
_WORD_BEFORE = regex(rf"(?:{NAME}|{NUMBER})\Z")
_WORD_AFTER = regex(rf"(?:{NAME}|{NUMBER})")
_QUOTE = regex(r'(?<!\\)(?:\\\\)*+"')


def of_quote_removal(text: str, at: int) -> Applicability:
    """Return how certain it is that a quote is stray: where the id next to it means the same with and without quotes.

    A word that is a line of its own may be a line of a string.
    """
    start = text.rfind("\n", 0, at) + 1
    word = _WORD_AFTER.match(text, at + 1)
    before, after = _BOUND_BEFORE.search(text[start:at]), _BOUND_AFTER.match(text, word.end() if word else at)
    if word is None or before is None or after is None:
        word = _WORD_BEFORE.search(text[start:at])
        before = _BOUND_BEFORE.search(text[start : start + word.start()]) if word else None
        after = _BOUND_AFTER.match(text, at + 1)
    if before is None or after is None or (before[1] is not None and after[1] is not None):
        return None
    if before[1] is not None and start and text[:start].rstrip()[-1:] not in {";", "{", "}", "]"}:
        return None
    return "safe"


def quote_is_missing(text: str) -> bool:
    """Return whether the number of quotes is odd, so that text between strings may have been read as strings."""
    return len(_QUOTE.findall(text)) % 2 == 1
