"""Numbers and the words before them: in a name (`st3_l07_qkv`), in a label (`Layer 2 RMSNorm`), in those of a cluster."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.words import Name

Origin = Literal["label", "cluster label", "cluster", "name"]

_TOKEN = regex(r"\d+|[^\W\d_]+|\S")
_FILLERS = {"rank", "id", "index", "idx", "no", "number", "nr", "group", "第"}
_OTHER_END = {"to", "from", "into", "towards", "toward", "2"}
_RANGE = {"-", "–", "—", "~", "to", "..", ".", "…", "through"}
_LINK = {"-", "–", "to", "→", "/", "and"}
_MOST_DIGITS = 6


class Mark(Struct, frozen=True, gc=False):
    """A number with the word before it, in lower case ("" if there is none), and the word before that."""

    word: str
    before: str
    number: int


class Marks(Struct, frozen=True):
    """The marks of a text, and the pairs of numbers that name two ends: (word, first, second)."""

    single: tuple[Mark, ...] = ()
    links: tuple[tuple[str, int, int], ...] = ()


@lru_cache(maxsize=16384)
def marks_of_line(line: str) -> Marks:
    """Return the marks of a line of a label; ranges (`Layers 0-3`), sizes (`TP=4`, `8x`) and dimensions are none."""
    if not any(c.isdigit() for c in line):
        return Marks()
    tokens = [(m[0], m.start(), m.end()) for m in _TOKEN.finditer(line)]
    single: list[Mark] = []
    links: list[tuple[str, int, int]] = []
    skip = -1
    for i, (token, _, end) in enumerate(tokens):
        if i <= skip or not token[0].isdigit() or len(token) > _MOST_DIGITS:
            continue
        word, before, equals = _words_before(tokens, i)
        if not word and i and tokens[i - 1][0].endswith("第") and i + 1 < len(tokens):
            single.append(Mark(tokens[i + 1][0], "", int(token)))  # an ordinal stands before its word: `第 3 层`
            continue
        if not word:
            continue
        after = tokens[i + 1][0] if i + 1 < len(tokens) else ""
        glued = i + 1 < len(tokens) and tokens[i + 1][1] == end
        if (glued and (after.isalpha() or after in {"%", "×"})) or (glued and after == "." and _digit(tokens, i + 2)):
            continue
        if equals and (len(word) < 4 or before in {"size", "degree"}):
            continue
        if after == "," and _digit(tokens, i + 2):
            skip = i + 2
            continue
        other = _second_number(tokens, i, word)
        if other is not None:
            skip, second = other
            named_twice = second[1]
            if named_twice or after in {"→", "->"} or (after == "-" and _is(tokens, i + 2, ">")):
                links.append((word, int(token), second[0]))
            continue
        if before not in _OTHER_END:  # `Send to stage 1` names the stage at the other end
            single.append(Mark(word, before, int(token)))
    return Marks(tuple(single), tuple(links))


def _digit(tokens: list[tuple[str, int, int]], i: int) -> bool:
    return i < len(tokens) and tokens[i][0][0].isdigit()


def _is(tokens: list[tuple[str, int, int]], i: int, text: str) -> bool:
    return i < len(tokens) and tokens[i][0] == text


def _words_before(tokens: list[tuple[str, int, int]], i: int) -> tuple[str, str, bool]:
    """Return the word before a number, the word before that, and whether `=` stands between.

    Fillers are passed over (`PP rank: 0`), unless they are the only word.
    """
    equals, filler = False, ""
    for j in range(i - 1, max(i - 6, -1), -1):
        text = tokens[j][0]
        lower = text.lower()
        if text[0].isalpha():
            if lower in _FILLERS and not filler:
                filler = lower
                continue
            earlier = j - 2 if j > 1 and tokens[j - 1][0] in {"-", "_"} else j - 1
            before = tokens[earlier][0].lower() if earlier >= 0 and tokens[earlier][0][0].isalpha() else ""
            return lower, before, equals
        if text == "=":
            equals = True
        elif text not in {":", "#", "_", "(", ".", "-", "：", "["} or (text == "-" and j + 1 != i):
            break
    return ("" if filler == "第" else filler), "", equals


def _second_number(tokens: list[tuple[str, int, int]], i: int, word: str) -> tuple[int, tuple[int, bool]] | None:
    """Return the end of a range or of a link after a number: its position, the number, and whether it repeats the word."""
    j = i + 1
    joined = False
    repeated = False
    while j < len(tokens) and j <= i + 5:
        text = tokens[j][0].lower()
        if text[0].isdigit():
            return (j, (int(text), repeated)) if joined and len(text) <= _MOST_DIGITS else None
        if text in _RANGE or text in _LINK or text in {">", ","}:
            joined = joined or text != ","
        elif text == word or text.rstrip("s") == word:
            repeated = True
        elif text not in {"_", "#"}:
            return None
        j += 1
    return None


def is_other_end(name: Name, i: int) -> bool:
    """Return whether a number names the other end of a transfer: `send_to_stage1`, `recv_from_0`."""
    return name.before[i] in _OTHER_END or name.words[i] in {"to", "from"}


def linked_positions(name: Name) -> tuple[int, ...]:
    """Return the positions of the two numbers that name the two ends of a transfer: `s0_to_s1`."""
    for i in range(1, len(name.words)):
        if is_other_end(name, i) and (name.words[i] in {"to", "2"} or name.words[i - 1] == name.words[i]):
            return i - 1, i
    return ()


def merge(lines: tuple[Marks, ...]) -> Marks:
    """Return the marks of all lines of a label; a word with several numbers has none."""
    if not lines:
        return Marks()
    numbers: dict[str, set[int]] = {}
    for line in lines:
        for mark in line.single:
            numbers.setdefault(mark.word, set()).add(mark.number)
    single = {mark.word: mark for line in lines for mark in line.single if len(numbers[mark.word]) == 1}
    return Marks(
        tuple(single.values()),
        tuple(link for line in lines for link in line.links),
    )
