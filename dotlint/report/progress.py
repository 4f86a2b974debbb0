"""A progress line in the terminal, removed at the end of the run."""

from __future__ import annotations

import time
from typing import IO

_DELAY_SECONDS = 0.5
_INTERVAL_SECONDS = 0.1


class Progress:
    """Writes how many of `total` files are done to a terminal, unless the run is short."""

    def __init__(self, stream: IO[str], total: int) -> None:
        self._stream = stream
        self._total = total
        self._started = time.monotonic()
        self._updated = 0.0
        self._width = 0

    def __call__(self, done: int) -> None:
        """Update the line, at most ten times per second."""
        now = time.monotonic()
        if now - self._started < _DELAY_SECONDS or now - self._updated < _INTERVAL_SECONDS:
            return
        self._updated = now
        text = f"dotlint: {done} of {self._total} files"
        self._stream.write(f"\r{text}")
        self._stream.flush()
        self._width = len(text)

    def end(self) -> None:
        """Remove the line."""
        if self._width:
            self._stream.write(f"\r{' ' * self._width}\r")
            self._stream.flush()
            self._width = 0
