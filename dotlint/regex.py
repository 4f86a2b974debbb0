"""Regular expressions that are compiled when they are first used.

Compiling is what most modules would spend their import on, and a run uses few of all patterns.
"""

from __future__ import annotations

import re
from typing import Any, cast

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


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """Give a pattern as `re.compile` does; a mistake in it is raised at its first use."""
    return cast("re.Pattern[str]", _Late(text, flags))
