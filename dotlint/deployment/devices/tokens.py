"""Split a line into the tokens of which expressions of devices are made: numbers, words, arrows and punctuation."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from dotlint.text.regex import regex

_TOKEN: Final = regex(
    r"(?P<number>0[xX][0-9a-fA-F]+\b|\d+)|(?P<word>[^\W\d_]+)"
    r"|(?P<arrow><?-+>|<?=+>|→|↔|⇒|⇔|⟶)|(?P<mark>\.\.\.?|[^\s\w]|_)"
)
_TO: Final = frozenset({"-", "–", "—", "~", "～", "..", "...", "…", "to", "through", "至", "到"})
_AND: Final = frozenset({",", "，", "、", ";", "；", "&", "+", "and", "or", "和", "与", "及"})
_OVER: Final = frozenset({"/"})  # between ranges: `GPU 3/8` is one of eight
_ELLIPSES: Final = ("..", "...", "…")
_CLOSING: Final = {"[": "]", "(": ")", "{": "}", "（": "）", "【": "】"}
_LONGEST: Final = 1 << 20  # ids of one range
_HIGHEST: Final = 10_000_000


class Token(Struct, frozen=True):
    """A token: its `kind` is number, word, arrow or mark; `text` is in lower case, `at` and `end` are its offsets."""

    kind: str
    text: str
    at: int
    end: int

    @property
    def value(self) -> int:
        """The number that it writes, in decimals or hexadecimal."""
        return int(self.text, 16) if self.text.startswith("0x") else int(self.text)


def tokens(line: str) -> list[Token]:
    """Return the tokens of a line in order; blanks only separate them."""
    return [Token(m.lastgroup or "", m[0].lower(), m.start(), m.end()) for m in _TOKEN.finditer(line)]


class Cursor:
    """A position in the tokens of a line, which moves on over what it accepts."""

    def __init__(self, found: list[Token], at: int = 0) -> None:
        self.tokens = found
        self.at = at

    def peek(self, ahead: int = 0) -> Token | None:
        """Return the token at the position or so many after (or before) it."""
        index = self.at + ahead
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def accept(self, *texts: str) -> Token | None:
        """Return the next token and go past it if it is one of these texts."""
        token = self.peek()
        if token is None or token.text not in texts:
            return None
        self.at += 1
        return token

    def number(self) -> int | None:
        """Read a number that is an id: nothing makes it a size (`80GB`), a share (`5%`) or a decimal."""
        token, after, beyond = self.peek(), self.peek(1), self.peek(2)
        if token is None or token.kind != "number":
            return None
        if after is not None and after.at == token.end:
            if (after.kind == "word" and after.text.isascii()) or after.text == "%":
                return None
            if after.text == "." and beyond is not None and beyond.at == after.end and beyond.kind == "number":
                return None
        self.at += 1
        return token.value if token.value <= _HIGHEST else None

    def between(self, marks: frozenset[str], repeated: frozenset[str]) -> bool:
        """Go past one of these marks and the device word that may be repeated after it, if a number follows."""
        start = self.at
        token = self.peek()
        if token is None or token.text not in marks:
            return False
        self.at += 1
        if (word := self.peek()) is not None and word.text in repeated:
            self.at += 1
            self.accept("_", "-", "#", ":")
        following = self.peek()
        if following is None or following.kind != "number":
            self.at = start
            return False
        return True


def id_range(cursor: Cursor, repeated: frozenset[str], *, to: bool = True) -> list[int] | None:
    """Read `3`, `0-7`, `0~7`, `0..7` or `GPU0-GPU7`; None, without moving, if it is none or descends.

    `to` is whether `GPU 0 to GPU 7` is a range, not a transfer.
    """
    start = cursor.at
    first = cursor.number()
    if first is None:
        cursor.at = start
        return None
    plus = (token := cursor.peek()) is not None and token.text == "+"
    ahead = [token.text for i in range(6) if (token := cursor.peek(i)) is not None] if plus else []
    # `128+0-128+7` is a base and offsets; `0 + 2-3 + 5` is a list.
    if ahead[::2] == ["+", "-", "+"] and ahead[3] == str(first) and ahead[1].isdigit() and ahead[5].isdigit():
        low, high = first + int(ahead[1]), first + int(ahead[5])
        if low <= high < low + _LONGEST:
            cursor.at += 6
            return list(range(low, high + 1))
    here = cursor.at
    if not cursor.between(_TO, repeated if to else frozenset()):
        return [first]
    last = cursor.number()
    if last is None:
        cursor.at = here
        return [first]
    if not first <= last < first + _LONGEST:
        cursor.at = start
        return None
    return list(range(first, last + 1))


def id_list(cursor: Cursor, repeated: frozenset[str], *, to: bool = True, many: bool = False) -> list[int] | None:
    """Read ranges and brackets with ranges, separated by commas, `and` and the like; None if there is none.

    Also None if a bracket does not close after what was read: then the text names more than that. `many` is whether
    ids may follow one another without commas.
    """
    start = cursor.at
    found = _part(cursor, repeated, to=to, many=many)
    while found is not None:
        here = cursor.at
        token, following = cursor.peek(), cursor.peek(1)
        if not (token and token.text in _AND | _OVER and following and following.text in _CLOSING):
            return found
        cursor.at += 1
        more = _part(cursor, repeated, to=to, many=many)
        if more is None:
            cursor.at = here
            return found
        found += more
    cursor.at = start
    return None


def _part(cursor: Cursor, repeated: frozenset[str], *, to: bool, many: bool) -> list[int] | None:
    """Read ids with or without a bracket around them."""
    start = cursor.at
    opening = cursor.accept(*_CLOSING)
    if opening is None:
        return _ids(cursor, repeated, to=to, many=many)
    found = _ids(cursor, repeated, to=to, many=True)
    if found is not None and len(found) == 1 and opening.text == "[" and cursor.accept(":"):
        stop = cursor.number()  # a slice of Python: its end is not part of it
        found = None if stop is None or not found[0] < stop < found[0] + _LONGEST else list(range(found[0], stop))
    if found is None or not cursor.accept(_CLOSING[opening.text]):
        cursor.at = start
        return None
    return found


def _ids(cursor: Cursor, repeated: frozenset[str], *, to: bool, many: bool) -> list[int] | None:
    found, bare = id_range(cursor, repeated, to=to), False
    while found is not None:
        here = cursor.at
        if (more := _elided(cursor, found)) is None:
            apart = cursor.between(_AND, repeated) or (len(found) > 1 and cursor.between(_OVER, repeated))
            bare = bare or (not apart and many and _only_numbers(cursor))  # once bare, numbers follow to the end
            if not apart and not bare:
                return found
            more = id_range(cursor, repeated, to=to)
        if more is None:
            cursor.at = here
            return found
        found += more
    return None


def _elided(cursor: Cursor, found: list[int]) -> list[int] | None:
    """Read the rest of `0, 2, ..., 14`, which goes on in the steps before it; None, without moving, if it does not."""
    start = cursor.at
    step = found[-1] - found[-2] if len(found) > 1 else 1
    if cursor.accept(*_AND) and cursor.accept(*_ELLIPSES):
        cursor.accept(*_AND)
        last = cursor.number()
        if last is not None and step > 0 and last > found[-1] and (last - found[-1]) % step == 0:
            return list(range(found[-1] + step, last + 1, step))
    cursor.at = start
    return None


def _only_numbers(cursor: Cursor) -> bool:
    """Return whether nothing but numbers follows up to a bracket or the end, as in `0 1 2 3`."""
    ahead = 0
    while (token := cursor.peek(ahead)) is not None and token.kind == "number":
        ahead += 1
    return ahead > 0 and (token is None or token.text in _CLOSING.values())


def point(cursor: Cursor) -> tuple[int, ...] | None:
    """Read coordinates, `(2,1)` or `[2][1]`; None, without moving, if there are fewer than two numbers."""
    start = cursor.at
    found: list[int] = []
    if cursor.accept("("):
        while (number := cursor.number()) is not None:
            found.append(number)
            if not cursor.accept(",", "，"):
                break
        if len(found) > 1 and cursor.accept(")"):
            return tuple(found)
    cursor.at = start
    return None
