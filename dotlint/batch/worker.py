"""`python -m dotlint.batch.worker`: lint rows from standard input, in a process that a row may end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import msgspec

from dotlint.batch.messages import Start, receive, send
from dotlint.batch.rows import Row, failed, row_linter
from dotlint.errors import DotlintError


def main() -> None:
    """Answer until standard input is closed."""
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    sys.stdout = sys.stderr  # a plugin may print
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this one
    first = receive(stdin)
    if first is None:
        return
    start = msgspec.msgpack.decode(first, type=Start)
    try:
        lint_row = row_linter(start.options)
    except DotlintError as error:
        send(stdout, str(error).encode())
        return
    send(stdout, b"")
    if start.limits.memory is not None:
        _limit_memory(start.limits.memory)
    fresh = True
    while (message := receive(stdin)) is not None:
        _arm(start.limits.seconds)
        try:
            answer = lint_row(Row(*msgspec.msgpack.decode(message)))
        except MemoryError:
            _arm(None)
            if fresh:  # else earlier rows may have filled the memory, and the next process tries it again
                send(stdout, failed(f"needs more than {start.limits.memory} bytes of memory"))
            return  # its memory is fragmented, and another process takes over
        _arm(None)
        send(stdout, answer)
        fresh = False


def _arm(seconds: float | None) -> None:
    """Let the system kill this process after some seconds; None disarms. No Python code has to run for it."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds or 0)


def _limit_memory(size: int) -> None:
    """Limit the address space to what is used now and `size` bytes more."""
    try:
        import resource  # noqa: PLC0415 - not on Windows

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (ImportError, OSError):
        return  # only Linux limits the address space
    used = pages * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + size, hard))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the parent process has ended
        main()
