"""Errors in strategies: one line with the mistake, its location and the nearest correct spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.errors import DotlintError
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_QUOTE = 40


class StrategyError(DotlintError):
    """A strategy that cannot be parsed or is impossible.

    `str(error)` is one line. `text` is the text that was parsed; `position` is the 0-based offset of the mistake in
    it in code points, or None; `length` is the length of the mistake. `suggestion` is the nearest correct spelling,
    if any.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        position: int | None = None,
        length: int = 1,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message)
        self.text = text
        self.position = position
        self.length = max(1, length)
        self.suggestion = suggestion

    def frame(self) -> str:
        """Return two lines, the text and carets under the mistake; "" if the mistake has no position."""
        if self.position is None:
            return ""
        line = "".join(character if character.isprintable() else " " for character in self.text)
        reach = min(self.length, max(1, len(line) - self.position))
        return f"{line}\n{' ' * self.position}{'^' * reach}"


def error_at(
    what: str, text: str, position: int, *, length: int = 1, remedy: str = "", suggestion: str | None = None
) -> StrategyError:
    """Return a `StrategyError` at `position` of `text`: "<what> at column N of '<text>'", then the remedy."""
    tail = f": {remedy}" if remedy else ""
    message = f"{what} at column {position + 1} of {quoted(text)}{tail}"
    return StrategyError(message, text=text, position=position, length=length, suggestion=suggestion)


def quoted(text: str) -> str:
    """Return `text` quoted for a one-line message: shortened, with control characters and lone surrogates escaped."""
    short = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."
    return repr(short)


def did_you_mean(word: str, known: Iterable[str]) -> tuple[str, str | None]:
    """Return the remedy for a name that is not among `known`, and the suggestion in it or None."""
    names = list(known)
    suggestion = nearest(word, names)
    if suggestion is not None:
        return f"did you mean {suggestion!r}?", suggestion
    return f"use one of {', '.join(names)}", None
