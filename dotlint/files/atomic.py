"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from dotlint.errors import DotlintError


class WriteError(DotlintError):
    """A file that could not be written; what was there before is still there."""


def write_atomically(path: Path, data: bytes, *, expected: bytes | None = None) -> None:
    """Write through a temporary file beside the target, synced and renamed over it.

    The file keeps its mode, its owner where the system lets us, and a symbolic link stays one: what it leads
    to is written. `expected` is what the file held when it was read: where it holds something else by now, or
    is gone, nothing is written. Something that is no regular file (`/dev/stdout`, a pipe) is written to as it
    is.

    Raises `WriteError` with one clear line; the old content is then untouched.
    """
    target = Path(os.path.realpath(path))
    temporary = ""
    try:
        before = _status(target)
        if before is not None and not stat.S_ISREG(before.st_mode):
            _write_through(path, data)
            return
        _refuse(path, target, before, expected)
        mode = stat.S_IMODE(before.st_mode) if before else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if before is not None:
                _keep_owner(file.fileno(), before)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        _refuse(path, target, _status(target), expected)
        Path(temporary).replace(target)
        temporary = ""
        _sync_folder(target.parent)
    except OSError as error:
        raise WriteError(f"{path}: it cannot be written: {error.strerror or error}") from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


def _refuse(path: Path, target: Path, status: os.stat_result | None, expected: bytes | None) -> None:
    """Raise where the file must not be replaced.

    A rename goes through even where we could not write to the file.
    """
    if status is not None and not os.access(target, os.W_OK):
        raise WriteError(f"{path}: it cannot be written: it is read-only")
    if expected is None:
        return
    if status is None:
        raise WriteError(f"{path}: it is gone since it was read; nothing was written")
    if status.st_size != len(expected) or target.read_bytes() != expected:
        raise WriteError(f"{path}: it was changed since it was read; nothing was written")


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)


def _keep_owner(handle: int, before: os.stat_result) -> None:
    """Give the new file the owner and group of the old one, the group at least where we are not root."""
    for owner in (before.st_uid, -1):
        try:
            os.fchown(handle, owner, before.st_gid)
        except OSError:
            continue
        return


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; a system that cannot sync folders does without."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
