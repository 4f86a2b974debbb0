"""`--watch`: poll files for changes by modification time and size, which works on every file system."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_IDLE, _SETTLING = 0.5, 0.1  # seconds between two polls

_Look = tuple[str, int, int]


def changes(paths: Callable[[], Iterable[str]], wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Yield once at the start and after every change of the files of `paths`, which is called again for each poll.

    A file that is created or deleted counts as a change. An editor saves in several steps (truncate, write, rename), so
    a change is yielded only when two polls in a row find the same: one save, one run. Never ends by itself.
    """
    seen = before = _look(paths())
    yield
    while True:
        wait(_IDLE if before == seen else _SETTLING)
        look = _look(paths())
        if before == look != seen:
            seen = look
            yield
        before = look


def _look(paths: Iterable[str]) -> set[_Look]:
    return set(map(_at, paths))


def _at(path: str) -> _Look:
    try:
        status = os.stat(path)
    except OSError:
        return path, -1, -1
    return path, status.st_mtime_ns, status.st_size
