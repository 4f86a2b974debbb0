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
    r"(?P<count>#?)(?P<name>[A-Za-z_][A-Za-z0-9_]*|[0-9]{1,3})(?P<all>\[[@*]\])?(?:(?P<op>:?[-=])(?P<default>.*))?",
    re.DOTALL,
)


def expand(cursor: Cursor, *, quoted: bool) -> None:
    """Read what `$` or a back quote at the index of the cursor stands for."""
    start = cursor.index
    word = cursor.begin()
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
    if match is None or (match["count"] and not match["all"]):
        _unknown(cursor, cursor.begin(), start)
        return
    if match["count"]:
        found = cursor.variables.value(match["name"])
        if found is None:
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
    _variable(cursor, match["name"], start, default, quoted=quoted, each=match["all"] == "[@]")


def _variable(
    cursor: Cursor, name: str, start: int, default: list[Word] | None, *, quoted: bool, each: bool = False
) -> None:
    """Add the value of a variable: split at white space if not quoted; `each` element of an array is a word."""
    variables = cursor.variables
    value = variables.values.get(name)
    words = variables.value(name) if value is not None else default
    if words is None:
        _unknown(cursor, cursor.begin(), start, value.choices if value is not None else ())
        return
    variables.expand(sum(len(word.text) + 1 for word in words), cursor.offset(start))
    if cursor.assigned is not None:
        pieces = [joined(words if default is words or each else words[:1])]  # an assignment splits nothing
    elif quoted:
        pieces = words if each else words[:1]  # "$ARGS" is the first element
    else:
        pieces = [piece for word in words for piece in word.split()]
    for number, piece in enumerate(pieces):
        if number:
            cursor.end_word()
        cursor.begin().add(piece.text, piece.at, piece.unknown, piece.choices)
