"""What is said when a strategy cannot be understood: one line, the place, the nearest right spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.errors import DotlintError
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN_AT_MOST = 40


class StrategyError(DotlintError):
    """A strategy that cannot be read or cannot be.

    `str(error)` is one line. `text` is what was read, `position` the 0-based offset of the mistake in it in
    code points (None where there is no text to point into), `length` how far the mistake reaches, and
    `suggestion` the nearest right spelling where there is one.
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
        """Return the text with carets under the mistake, in two lines; empty where there is no place."""
        if self.position is None:
            return ""
        line = "".join(character if character.isprintable() else " " for character in self.text)
        reach = min(self.length, max(1, len(line) - self.position))
        return f"{line}\n{' ' * self.position}{'^' * reach}"


def mistake(
    what: str, text: str, position: int, *, length: int = 1, remedy: str = "", suggestion: str | None = None
) -> StrategyError:
    """Return a StrategyError at `position` of `text`: "<what> at column N of '<text>'", then the remedy."""
    tail = f": {remedy}" if remedy else ""
    message = f"{what} at column {position + 1} of {shown(text)}{tail}"
    return StrategyError(message, text=text, position=position, length=length, suggestion=suggestion)


def shown(text: str) -> str:
    """`text` quoted for one line of a message: shortened, control characters and lone surrogates escaped."""
    short = text if len(text) <= _SHOWN_AT_MOST else text[: _SHOWN_AT_MOST - 3] + "..."
    return repr(short)


def did_you_mean(word: str, known: Iterable[str]) -> tuple[str, str | None]:
    """Return the remedy for a name that is not among `known`, and the suggestion in it, if any."""
    names = list(known)
    suggestion = nearest(word, names)
    if suggestion is not None:
        return f"did you mean {suggestion!r}?", suggestion
    return f"it is one of {', '.join(names)}", None
