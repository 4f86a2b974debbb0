"""`--watch`: poll files for changes by modification time and size, which works on every file system."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SECONDS = 0.5

_Look = tuple[str, int, int]


def changes(paths: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Yield once at the start and after every change of the files of `paths`, which is called again for each poll.

    A file that is created or deleted counts as a change. Never ends by itself.
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
