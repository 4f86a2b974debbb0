"""Regular expressions that are compiled at their first use.

Compiling would take most of the import time of many modules, and a run uses only a few of all patterns. Where case is
ignored, write a class of letters for both cases and exclude it from the flag, `(?-i:[A-Za-z])`: with IGNORECASE, `s`
and `k` also match U+017F and U+212A, and a class that contains one of them compiles to a table of 65,536 entries,
which takes as long as five ordinary patterns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from dotlint.text.compiled_patterns import compiled_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_SCANS = 400  # texts after which compiling costs less than searching for words in Python
_METHODS = ("match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split")


class _Lazy:
    """A lazily compiled pattern; its first use replaces its methods by those of the compiled pattern."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        compiled = compiled_pattern(self._text, int(self._flags))
        self.__dict__.update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


class _Prefiltered(_Lazy):
    """A lazily compiled pattern that rejects texts without any of its required words before it compiles."""

    def __init__(self, text: str, flags: int, needs: tuple[str, ...]) -> None:
        super().__init__(text, flags)
        self.needs = needs
        self._scans_left = _MOST_SCANS
        self._any_case = bool(flags & re.IGNORECASE)

    def _cannot_match(self, text: str) -> bool:
        self._scans_left -= 1
        lower = text.lower() if self._any_case else text
        return self._scans_left > 0 and not any(word in lower for word in self.needs)

    def search(self, text: str, *span: int) -> re.Match[str] | None:
        return None if self._cannot_match(text) else self.__getattr__("search")(text, *span)

    def match(self, text: str, *span: int) -> re.Match[str] | None:
        return None if self._cannot_match(text) else self.__getattr__("match")(text, *span)

    def fullmatch(self, text: str, *span: int) -> re.Match[str] | None:
        return None if self._cannot_match(text) else self.__getattr__("fullmatch")(text, *span)

    def finditer(self, text: str, *span: int) -> Iterator[re.Match[str]]:
        return iter(()) if self._cannot_match(text) else self.__getattr__("finditer")(text, *span)


def regex(text: str, flags: int = 0, *, needs: tuple[str, ...] = ()) -> re.Pattern[str]:
    """Return a pattern as `re.compile` does, compiled at its first use; a mistake in it is raised only then.

    `needs` are lowercase words of which every matching text contains at least one. The pattern is not compiled for
    texts without any of them, because rare words do not occur in most files.
    """
    return cast("re.Pattern[str]", _Prefiltered(text, flags, needs) if needs else _Lazy(text, flags))
