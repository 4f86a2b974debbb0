"""How far a long run is, in one line of a terminal that is gone when the run is over."""

from __future__ import annotations

import time
from typing import IO

_SILENT_SECONDS = 0.5
_EVERY_SECONDS = 0.1


class Progress:
    """Told how many of `total` files are done, writes it to a terminal; a short run writes nothing."""

    def __init__(self, stream: IO[str], total: int) -> None:
        self._stream = stream
        self._total = total
        self._started = time.monotonic()
        self._said = 0.0
        self._width = 0

    def __call__(self, done: int) -> None:
        """Say it, though not more often than an eye can follow."""
        now = time.monotonic()
        if now - self._started < _SILENT_SECONDS or now - self._said < _EVERY_SECONDS:
            return
        self._said = now
        text = f"dotlint: {done} of {self._total} files"
        self._stream.write(f"\r{text}")
        self._stream.flush()
        self._width = len(text)

    def end(self) -> None:
        """Take the line away."""
        if self._width:
            self._stream.write(f"\r{' ' * self._width}\r")
            self._stream.flush()
            self._width = 0
