"""What `$` and back quotes stand for: variables, their defaults and counts, and integer arithmetic."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotlint.strategy.launch.shell.arithmetic import evaluated
from dotlint.strategy.launch.shell.words import Word, joined
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.strategy.launch.shell.cursor import Cursor

NAME: Final = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER: Final = regex(
    r"(?P<count>#?)(?P<name>[A-Za-z_][A-Za-z0-9_]*|[0-9]{1,3})(?:\[(?P<index>[@*]|[0-9]{1,6})\])?(?:(?P<op>:?[-=])(?P<default>.*))?",
    re.DOTALL,
)


def expand(cursor: Cursor, *, quoted: bool) -> None:
    """Read what `$` or a back quote at the index of the cursor stands for."""
    start, fresh = cursor.index, cursor.word is None
    word = cursor.begin()
    _expand(cursor, word, start, quoted=quoted)
    if fresh and not quoted and cursor.assigned is None and cursor.word is not None and not cursor.word.text:
        cursor.word = None  # what expands to nothing is no word


def _expand(cursor: Cursor, word: Word, start: int, *, quoted: bool) -> None:
    if cursor.text[start] == "`":
        cursor.index = cursor.closing("`", start + 1) + 1
        _unknown(cursor, word, start)
        return
    following = cursor.text[start + 1 : start + 2]
    cursor.index += 1
    if following == "(":
        inner = cursor.enclosed("(", ")")
        body = cursor.text[inner]
        value = evaluated(body[1:-1], cursor.number) if body[:1] == "(" and body[-1:] == ")" else None
        if value is None:
            _unknown(cursor, word, start)
        else:
            word.add(str(value), [cursor.offset(start)] * len(str(value)))
    elif following == "{":
        _parameter(cursor, start, cursor.enclosed("{", "}"), quoted=quoted)
    elif following in ("'", '"') and not quoted:
        return  # $'...' and $"..." are quoted text
    else:
        name = NAME.match(cursor.text, start + 1)
        if name is not None:
            cursor.index = name.end()
            _variable(cursor, name[0], start, None, quoted=quoted)
        elif following and following in "0123456789@*#?!$-":
            cursor.index += 1
            _unknown(cursor, word, start)
        else:
            word.add("$", [cursor.offset(start)])
    cursor.plain = False


def _unknown(cursor: Cursor, word: Word, start: int, choices: tuple[str, ...] = ()) -> None:
    text = cursor.text[start : cursor.index]
    word.add(text, cursor.at[start : cursor.index], text, choices)


def _parameter(cursor: Cursor, start: int, inner: slice, *, quoted: bool) -> None:
    match = _PARAMETER.fullmatch(cursor.text[inner])
    if match is None or (match["count"] and match["index"] not in ("@", "*")):
        _unknown(cursor, cursor.begin(), start)
        return
    if match["count"]:
        found = cursor.variables.value(match["name"])
        if found is None or any(word.unknown for word in found):
            _unknown(cursor, cursor.begin(), start)
        else:
            count = str(len(found))
            cursor.begin().add(count, [cursor.offset(start)] * len(count))
        return
    default = None
    if match["op"] is not None:
        default = cursor.words(slice(inner.start + match.start("default"), inner.stop))
        if match["op"].endswith("=") and match["name"] not in cursor.variables.values:
            cursor.variables.set(match["name"], [joined(default)])
    known = cursor.variables.values.get(match["name"])
    if (
        default is not None
        and (match["op"] or "").startswith(":")
        and known is not None
        and not any(known.texts or "?")
    ):
        pieces = [joined(default)] if quoted or cursor.assigned is not None else default
        _add(cursor, pieces)
        return
    _variable(cursor, match["name"], start, default, quoted=quoted, index=match["index"] or "0")


def _variable(
    cursor: Cursor, name: str, start: int, default: list[Word] | None, *, quoted: bool, index: str = "0"
) -> None:
    """Add the value of a variable, split at white space if it is not quoted.

    `index` is that of an element of an array, `@` for each as a word, `*` for all as one; `$ARGS` is the first element.
    """
    variables = cursor.variables
    value = variables.values.get(name)
    words = variables.value(name) if value is not None else default
    if words is None:
        _unknown(cursor, cursor.begin(), start, value.choices if value is not None else ())
        return
    variables.expand(sum(len(word.text) + 1 for word in words), cursor.offset(start))
    is_default = words is default
    if not is_default and index not in ("@", "*"):
        words = words[int(index) : int(index) + 1]
    if cursor.assigned is not None or (quoted and (is_default or index == "*")):
        pieces = [joined(words)]  # an assignment splits nothing
    elif quoted or is_default:
        cursor.vanishes = not words
        pieces = words  # a default was split where it is written
    else:
        _add_split(cursor, words)
        return
    _add(cursor, pieces)


def _add_split(cursor: Cursor, words: list[Word]) -> None:
    """Add words that are split at white space, which also separates them from the text before and after."""
    for number, word in enumerate(words):
        if number or word.text[:1].isspace():
            cursor.end_word()
        _add(cursor, [piece for piece in word.split() if piece.text])
        if word.text[-1:].isspace():
            cursor.end_word()


def _add(cursor: Cursor, pieces: list[Word]) -> None:
    """Add pieces to the word, each but the first as a word of its own."""
    for number, piece in enumerate(pieces):
        if number:
            cursor.end_word()
        cursor.begin().add(piece.text, piece.at, piece.unknown, piece.choices)
