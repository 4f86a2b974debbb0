"""Integer arithmetic of a shell, `$((NODES * 8))`, computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN: Final = regex(r"\s*(?:([0-9]{1,18})|\$?\{?([A-Za-z_][A-Za-z0-9_]*)\}?|([-+*/%()]))")
_LONGEST: Final = 200
_MOST: Final = 1 << 62


def evaluated(text: str, value: Callable[[str], str | None]) -> int | None:
    """Return the result of an expression, whose variables `value` knows; None if it has none or is too large."""
    tokens: list[str] = []
    position, text = 0, text.strip()
    if not text or len(text) > _LONGEST:
        return None
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        token = match[1] or match[3] or value(match[2])
        if token is None or not (match[3] or (token.isascii() and token.isdigit() and len(token) <= 18)):
            return None
        tokens.append(token)
        position = match.end()
    try:
        result, rest = _sum(tokens)
    except (IndexError, ValueError, ZeroDivisionError):
        return None
    return result if not rest and abs(result) < _MOST else None


def _sum(tokens: list[str]) -> tuple[int, list[str]]:
    total, rest = _product(tokens)
    while rest and rest[0] in "+-":
        right, after = _product(rest[1:])
        total = total + right if rest[0] == "+" else total - right
        rest = after
    return total, rest


def _product(tokens: list[str]) -> tuple[int, list[str]]:
    total, rest = _atom(tokens)
    while rest and rest[0] in "*/%":
        right, after = _atom(rest[1:])
        total = total * right if rest[0] == "*" else total // right if rest[0] == "/" else total % right
        rest = after
    return total, rest


def _atom(tokens: list[str]) -> tuple[int, list[str]]:
    if tokens[0] == "-":
        value, rest = _atom(tokens[1:])
        return -value, rest
    if tokens[0] != "(":
        return int(tokens[0]), tokens[1:]
    value, rest = _sum(tokens[1:])
    if rest[0] != ")":
        raise ValueError
    return value, rest[1:]
