"""Superfluous tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.syntax.lexer import OPEN_STRING
from dotlint.syntax.recovery.certainty import VALUE, of_quote_removal
from dotlint.syntax.recovery.remedy import BrokenStatement, Remedy
from dotlint.syntax.recovery.wording import excerpt
from dotlint.syntax.terminals import HTML, NAME, STRING
from dotlint.text.lines import line_end
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.syntax.recovery.certainty import Applicability

_STRAY = regex(r"""[)('",;\]\[=`\\}>@]+""")
_LONGEST_VALUE = 1_000
_AFTER_PAIR = regex(rf"=\s*+{VALUE}[\s,;]*+\Z")
_SINCE_LIST = regex(r"[;{}\]]")
_STRING = regex(rf"{STRING}|{HTML}")
_LAST_WORD = regex(rf"({NAME})\s+\Z")
_NAMED = regex(rf"(?:{NAME}|{STRING})\s*=")
_ASSIGNMENT = regex(rf"[ \t]*(?:{NAME}|{STRING})\s*=[^=,;\[\]]*\Z")


def strays(broken: BrokenStatement) -> Iterator[Remedy]:
    """Yield the removals of a superfluous token at which the parser stops."""
    text, at = broken.text, broken.at
    if "EQUAL" in broken.accepted and _NAMED.match(text, at, broken.end):
        word = _LAST_WORD.search(text, broken.start, at)
        if word is not None:
            start, end = word.span(1)
            yield Remedy(
                "E011",
                f"a stray `{excerpt(word[1])}`",
                start,
                end,
                ((start, end if text[end:at].strip() else at, ""),),
                "safe" if broken.lexeme.raw == word[1] else None,
                help="remove it, or give it a value",
            )
    kind = broken.lexeme.type
    stray = _STRAY.match(text, at, broken.end)
    if stray is None:
        return
    for end in dict.fromkeys((at + 1, stray.end())):
        token = text[at:end]
        yield Remedy(
            "E011",
            f"a stray `{token}`",
            at,
            end,
            ((at, end, ""),),
            _certainty(broken, end),
            "remove it",
            f"stray {token}" if kind != OPEN_STRING else None,
        )


def _own_line(broken: BrokenStatement) -> bool:
    """Return whether the statement begins where another one ended, so that it is not in a list whose `[` is lost."""
    before = broken.text[: broken.start].rstrip()
    return before[-1:] in {";", "{", "}", "]"}


def _certainty(broken: BrokenStatement, end: int) -> Applicability:
    """Return how certain it is that nothing is missing, but the token is superfluous."""
    text, at = broken.text, broken.at
    token = text[at:end]
    if len(set(token)) > 1:
        return None
    before, after = text[broken.start : at].rstrip(), text[end : line_end(text, end)].strip()
    last = before[-1:]
    if token[0] in "\"'`" and len(token) == 1:
        return of_quote_removal(text, at)
    if token in {"[", "="}:
        return "safe" if last == token else None
    if token[0] == "]":  # one of a pair, unless the list before it has both
        since = _SINCE_LIST.split(_STRING.sub("", text[broken.start : at]))[-1]
        paired = "=" in since or _STRING.fullmatch(before)
        return None if paired or _AFTER_PAIR.search(text, max(0, at - _LONGEST_VALUE), at) else "safe"
    if token[0] == ";":  # an id may be missing between two of them
        return "safe" if text[at - 1 : at] == ";" and text[at - 2 : at - 1].strip() and not after else None
    if token[0] == ",":
        if last == "]" and _NAMED.match(after):
            return None
        return "safe" if last in {",", "]", "[", "}"} or (_ASSIGNMENT.match(before) and _own_line(broken)) else None
    if token[0] == ")":
        return None if "(" in before else "safe"
    return "safe" if token[0] in "`@" else "unsafe" if token[0] == "\\" else None
