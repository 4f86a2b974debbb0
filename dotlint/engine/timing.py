"""Measure the time that each rule takes, if a caller asks for it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

READING: Final = "reading"

_seconds: ContextVar[dict[str, float] | None] = ContextVar("seconds", default=None)


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Yield a dict to which the seconds of everything timed in this context are added, by rule code or `READING`."""
    seconds: dict[str, float] = {}
    token = _seconds.set(seconds)
    try:
        yield seconds
    finally:
        _seconds.reset(token)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Add the time that the context takes, if it is measured."""
    seconds = _seconds.get()
    if seconds is None:
        yield
        return
    start = perf_counter()
    try:
        yield
    finally:
        seconds[what] = seconds.get(what, 0.0) + perf_counter() - start
