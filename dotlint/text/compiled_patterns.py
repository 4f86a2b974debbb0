"""Compiled patterns, stored beside the compiled modules as Python stores those.

Compiling its patterns took an eighth of a check of a small file. The store is only for the very Python that wrote it,
and everything that is unusual about it, from a folder that cannot be written to an interpreter without these internals,
means that patterns are compiled as usual.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import re
import sys
from functools import cache
from importlib import import_module
from typing import Any, Final

_MOST_PATTERNS: Final = 1000
_VERSION: Final = f"1 {sys.version}"

_Key = tuple[str, int]
_new: dict[_Key, bytes] = {}


def compiled_pattern(text: str, flags: int) -> re.Pattern[str]:
    """Return a pattern as `re.compile` does."""
    key = (text, flags)
    with contextlib.suppress(Exception):
        found = _stored().get(key)
        if found is None:
            found = _new[key] = _code(text, flags)
        pattern: re.Pattern[str] = import_module("_sre").compile(text, *marshal.loads(found))  # noqa: S302 - as Python itself
        return pattern
    _new.pop(key, None)
    return re.compile(text, flags)  # it raises what is wrong with the pattern


def _code(text: str, flags: int) -> bytes:
    """Return what `re.compile` computes from the text of a pattern."""
    parsed: Any = import_module("re._parser").parse(text, flags)
    state = parsed.state
    names: list[str | None] = [None] * state.groups
    for name, group in state.groupdict.items():
        names[group] = name
    code = [int(one) for one in import_module("re._compiler")._code(parsed, flags)]  # noqa: SLF001
    return marshal.dumps((flags | state.flags, code, state.groups - 1, dict(state.groupdict), tuple(names)))


def _path() -> str | None:
    module = __spec__.cached if __spec__ else None
    return f"{module.removesuffix('.pyc')}.patterns" if module else None


@cache
def _stored() -> dict[_Key, bytes]:
    with contextlib.suppress(Exception), open(_path() or os.devnull, "rb") as file:
        version, patterns = marshal.load(file)  # noqa: S302
        if version == _VERSION:
            return dict(patterns)
    return {}


def store_patterns() -> None:
    """Store the patterns that were compiled in this process, if Python may store compiled modules."""
    path = _path()
    patterns = {**_stored(), **_new}
    if not _new or path is None or sys.dont_write_bytecode or len(patterns) > _MOST_PATTERNS:
        return
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            marshal.dump((_VERSION, patterns), file)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
