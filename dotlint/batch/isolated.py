"""Lint rows in another process, so that a row that takes too long or too much memory fails alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from dotlint.batch.messages import Start, receive, send
from dotlint.batch.rows import failed
from dotlint.errors import DotlintError
from dotlint.pipeline.processes import exit_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from dotlint.batch.options import Limits, RowOptions
    from dotlint.batch.rows import Row

_PATIENCE = 5.0
_TIMED_OUT = -getattr(signal, "SIGALRM", 0)


def isolated_linter(options: RowOptions, limits: Limits) -> Callable[[Row], bytes]:
    """Return the function that lints a row in another process; see `row_linter`.

    The process is kept for later calls of this thread. It is replaced if a row ends it; the error of that row is why.
    """
    worker = _worker_of(Start(options, limits))
    worker.start()  # reports a mistake in the options

    def lint_row(row: Row) -> bytes:
        return worker.lint(row)

    return lint_row


class _Worker:
    """A process with `dotlint.batch.worker`, started at the first row and after each end."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def _ended_by_interrupts(self) -> Iterator[None]:
        """Kill the process at Ctrl-C and the like: a later row would get the answer that is still to come."""
        try:
            yield
        except BaseException:
            if self._process is not None:
                self._process.kill()
                self._end()
            raise

    def start(self) -> None:
        """Start the process unless it runs. Raises `DotlintError` for a mistake in the options."""
        with self._ended_by_interrupts():
            self._running()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        paths = [*filter(None, sys.path), str(Path(__file__).parents[2])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dotlint.batch.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._process = process
        try:
            send(cast("BinaryIO", process.stdin), msgspec.msgpack.encode(self._start))
            mistake = receive(cast("BinaryIO", process.stdout))
        except OSError:
            mistake = None
        if mistake is None:
            raise DotlintError(f"the process that lints the rows does not start: {exit_reason(self._end())}")
        if mistake:
            self._end()
            raise DotlintError(mistake.decode())
        return process

    def lint(self, row: Row) -> bytes:
        """Lint a row. If something else ends the process, such as the system for lack of memory, try once more."""
        with self._ended_by_interrupts():
            return self._lint(row)

    def _lint(self, row: Row) -> bytes:
        why = ""
        for _ in range(2):
            process = self._running()
            with contextlib.suppress(OSError):  # `receive` reports it
                send(cast("BinaryIO", process.stdin), msgspec.msgpack.encode(row))
            answer = receive(cast("BinaryIO", process.stdout))
            if answer is not None:
                return answer
            status = self._end()
            why = self._why(status)
            if status == _TIMED_OUT:
                break
        return failed(why)

    def _end(self) -> int:
        """End the process, and return its status."""
        process = cast("subprocess.Popen[bytes]", self._process)
        self._process = None
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                cast("BinaryIO", pipe).close()
        try:
            return process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _why(self, status: int) -> str:
        timed_out = status == _TIMED_OUT and self._start.limits.seconds is not None
        return f"takes longer than {self._start.limits.seconds:g} s" if timed_out else exit_reason(status)


_kept = threading.local()


def _worker_of(start: Start) -> _Worker:
    """Return the worker of this thread; a fork must not share it, because its pipes would be shared too."""
    key = (os.getpid(), start)
    if getattr(_kept, "key", None) != key:
        _kept.key, _kept.worker = key, _Worker(start)
    return cast("_Worker", _kept.worker)
