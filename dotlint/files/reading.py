"""Read files: the only place that opens one for reading, so that none can hang a run or fill the memory.

A linted folder, and whatever a configuration names, belongs to other people: there, only regular files are read, for
`/dev/zero` never ends and a FIFO may never begin. A path that the user types may also be a FIFO, `/dev/stdin` or
`/dev/null`, as process substitution and git need them.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES: Final = 256 * 1000 * 1000
"""The size of the largest file that is read unless a configuration sets `max-file-size`."""

PATIENCE: Final = 60.0
"""Seconds that a FIFO may be silent."""

_CHUNK: Final = 1 << 20
# A FIFO must not block `open`. Only Windows has O_BINARY, only POSIX the others.
_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)  # fmt: skip
_DESCRIPTORS: Final = ("/dev/fd/", "/proc/self/fd/")

_FileId = tuple[int, int]
_read: ContextVar[set[_FileId] | None] = ContextVar("read", default=None)


@contextmanager
def recorded() -> Iterator[None]:
    """Remember the files that are read within the block, for `was_read`."""
    token = _read.set(set())
    try:
        yield
    finally:
        _read.reset(token)


def was_read(path: str) -> bool:
    """Return whether a file was read since `recorded`, under this name or another."""
    known = _read.get()
    if not known:
        return False
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return (status.st_dev, status.st_ino) in known


def read_file(path: str | Path, *, piped: bool = False, most: int = MOST_BYTES) -> bytes:
    """Read a whole file of at most `most` bytes: a regular one or, if `piped`, a FIFO, `/dev/stdin` or `/dev/null`.

    Raises `OSError`, whose `strerror` is the reason, or `ValueError` for a path with a NUL.
    """
    status = os.stat(path)
    if stat.S_ISREG(status.st_mode):
        return _read_regular(path, most)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if piped and stat.S_ISCHR(status.st_mode) and os.path.samestat(status, os.stat(os.devnull)):
        return b""
    own = _own_descriptor(os.fspath(path))
    if piped and (stat.S_ISFIFO(status.st_mode) or own == 0):
        handle = os.open(path, _FLAGS) if own is None else os.dup(own)
        try:
            return _read_pipe(handle, path, most)
        finally:
            os.close(handle)
    raise _refusal(path, f"{_kind(status.st_mode)}, not a regular file")


def is_pipe(path: str) -> bool:
    """Return whether a path exists and is neither a regular file nor a folder, so that it can be read only once."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_stream(stream: IO[bytes], most: int = MOST_BYTES) -> bytes:
    """Read the rest of a stream such as standard input, at most `most` bytes. Raises `OSError` if it has more."""
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.read(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise _too_large("<stdin>", most)
    return b"".join(chunks)


def reason(error: Exception) -> str:
    """Return why a file cannot be read, without its name."""
    return getattr(error, "strerror", None) or str(error)


def read_package_text(path: str | Path) -> str:
    """Read a text file of this package; line ends become LF, whatever a checkout made of them."""
    return read_file(path).decode("utf-8").replace("\r\n", "\n")


def _read_regular(path: str | Path, most: int) -> bytes:
    handle = os.open(path, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):  # replaced in between
            raise _refusal(path, f"{_kind(status.st_mode)}, not a regular file")
        if status.st_size > most:
            raise _too_large(path, most)
        known = _read.get()
        if known is not None:
            known.add((status.st_dev, status.st_ino))
        data = os.read(handle, status.st_size + 1)
        if len(data) == status.st_size:
            return data
        chunks = [data]  # it grows, or has no size, as in /proc
        size = len(data)
        while chunk := os.read(handle, _CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise _too_large(path, most)
        return b"".join(chunks)
    finally:
        os.close(handle)


def _read_pipe(handle: int, path: str | Path, most: int) -> bytes:
    """Read until the last writer closes the pipe; the first one may not have opened it yet."""
    import select  # noqa: PLC0415 - few files are pipes

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    chunks: list[bytes] = []
    size = 0
    while True:
        if not poll.poll(PATIENCE * 1000):
            raise _refusal(path, f"no data for {PATIENCE:g} seconds")
        chunk = os.read(handle, _CHUNK)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise _too_large(path, most)


def _own_descriptor(path: str) -> int | None:
    """Return the descriptor of this process that a path names; opening the path would fail on a socket."""
    if path == "/dev/stdin":
        return 0
    number = next((path[len(start) :] for start in _DESCRIPTORS if path.startswith(start)), "")
    return int(number) if number.isascii() and number.isdigit() else None


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _refusal(path: str | Path, reason: str) -> OSError:
    return OSError(errno.EINVAL, reason, str(path))


def _too_large(path: str | Path, most: int) -> OSError:
    return OSError(errno.EFBIG, f"larger than {most / 1_000_000:g} MB; `max-file-size` sets the limit", str(path))
