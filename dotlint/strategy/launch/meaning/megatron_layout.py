"""The two small notations of Megatron-LM's arguments: layers of pipeline stages, and which layers have experts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.strategy.launch.location import SourceSpan

_TIMES: Final = regex(r"\*([0-9]{1,6})")
_GROUP: Final = regex(r"\[([01](?:,[01]){0,4096})\](?:\*([0-9]{1,5}))?")
_LETTERS: Final = "EtmL"
_LONGEST: Final = 100_000


def chunks_of(text: str, location: SourceSpan) -> list[int]:
    """Return the decoder layers of each stage of a layout such as "Et*3|(tt|)*29,m|L" (E, t, m, L and `|`).

    Raises `StrategyError` at the option if it is malformed or expands to too much.
    """
    expanded, end = _expanded(text.replace(" ", "").replace(",", ""), 0, location)
    if end is not None:
        raise location.mistake("a parenthesis of the pipeline layout is not opened")
    return [stage.count("t") for stage in expanded.split("|")]


def _expanded(text: str, depth: int, location: SourceSpan) -> tuple[str, str | None]:
    """Return the expansion of `text` up to a closing parenthesis, and the text after that; None if there is none."""
    found: list[str] = []
    size = 0
    while text:
        character, text = text[0], text[1:]
        if character == ")":
            return "".join(found), text
        if character == "(":
            if depth > 16:
                raise location.mistake("the pipeline layout is nested too deeply")
            item, rest = _expanded(text, depth + 1, location)
            if rest is None:
                raise location.mistake("a parenthesis of the pipeline layout is not closed")
            text = rest
        elif character in _LETTERS or character == "|":
            item = character
        else:
            raise location.mistake(
                f"unexpected {character!r} in the pipeline layout", "write E, t, m, L, |, *N and (...)"
            )
        times = _TIMES.match(text)
        count = int(times[1]) if times else 1
        text = text[times.end() :] if times else text
        size += len(item) * count
        if size > _LONGEST:
            raise location.mistake("the pipeline layout is too long")
        found.append(item * count)
    return "".join(found), None


def repeated(text: str) -> list[int] | None:
    """Return the list that an expression such as "([0]*3+[1]*58)" stands for; None if it is another one."""
    found: list[int] = []
    for part in text.replace(" ", "").strip("()").split("+"):
        match = _GROUP.fullmatch(part)
        if match is None:
            return None
        found += [int(kind) for kind in match[1].split(",")] * int(match[2] or 1)
        if len(found) > _LONGEST:
            return None
    return found
