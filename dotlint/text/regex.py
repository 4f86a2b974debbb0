"""Regular expressions that are compiled when they are first used.

Compiling is what most modules would spend their import on, and a run uses few of all patterns. Where case is ignored,
a class of letters is best written for both and taken out, `(?-i:[A-Za-z])`: ignoring case, `s` and `k` bring in letters
from far away (U+017F, U+212A), and a class that holds one beside such a letter is a table of 65,536, as long in the
making as five patterns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANY = 400  # texts after which compiling is cheaper than looking for words in Python
_METHODS = ("match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split")


class _Late:
    """Stands for a compiled pattern; after the first use its methods are the compiled one's own."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        compiled = re.compile(self._text, self._flags)
        self.__dict__.update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


class _Needy(_Late):
    """Stands for a pattern until a text has one of the words without which nothing matches."""

    def __init__(self, text: str, flags: int, needs: tuple[str, ...]) -> None:
        super().__init__(text, flags)
        self.needs = needs
        self._patience = _MANY
        self._any_case = bool(flags & re.IGNORECASE)

    def _hopeless(self, text: str) -> bool:
        self._patience -= 1
        lower = text.lower() if self._any_case else text
        return self._patience > 0 and not any(word in lower for word in self.needs)

    def search(self, text: str, *span: int) -> re.Match[str] | None:
        return None if self._hopeless(text) else self.__getattr__("search")(text, *span)

    def match(self, text: str, *span: int) -> re.Match[str] | None:
        return None if self._hopeless(text) else self.__getattr__("match")(text, *span)

    def fullmatch(self, text: str, *span: int) -> re.Match[str] | None:
        return None if self._hopeless(text) else self.__getattr__("fullmatch")(text, *span)

    def finditer(self, text: str, *span: int) -> Iterator[re.Match[str]]:
        return iter(()) if self._hopeless(text) else self.__getattr__("finditer")(text, *span)


def regex(text: str, flags: int = 0, *, needs: tuple[str, ...] = ()) -> re.Pattern[str]:
    """Give a pattern as `re.compile` does; a mistake in it is raised at its first use.

    `needs` are words, in lower case, of which every text that it finds something in has one: it is not even compiled
    for a text that has none of them, as rare words do not occur in most files.
    """
    return cast("re.Pattern[str]", _Needy(text, flags, needs) if needs else _Late(text, flags))
