"""`--watch`: wait until files change, by looking at their times and sizes, as works on every disk."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SECONDS = 0.5

_Look = tuple[str, int, int]


def changes(paths: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Give the word at once and after every change of the files of `paths`, which is asked anew each time.

    A file that comes or goes is a change too. Never ends by itself.
    """
    seen: set[_Look] | None = None
    while True:
        look = {_look(path) for path in paths()}
        if look != seen:
            seen = look
            yield
        else:
            time.sleep(_SECONDS)


def _look(path: str) -> _Look:
    try:
        status = os.stat(path)
    except OSError:
        return path, -1, -1
    return path, status.st_mtime_ns, status.st_size
