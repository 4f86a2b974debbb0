"""Write files completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from functools import cache
from pathlib import Path

from dotlint.errors import DotlintError
from dotlint.files.reading import read_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".dotlint-tmp"


class WriteError(DotlintError):
    """A file could not be written; its previous content is unchanged."""


def write_atomically(path: Path, data: bytes, *, expected: bytes | None = None) -> None:
    """Write through a temporary file in the same folder, which is synced and renamed over the target.

    The file keeps its mode and, where the system permits, its owner; a symbolic link stays one, and its target is
    written. `expected` is the content the file had when it was read: if the content differs or the file is gone,
    nothing is written. A target that is not a regular file (`/dev/stdout`, a pipe) is written directly.

    Raises `WriteError`; the previous content is then unchanged.
    """
    target = Path(os.path.realpath(path))
    temporary = ""
    try:
        before = _status(target)
        if before is not None and not stat.S_ISREG(before.st_mode):
            _write_through(path, data)
            return
        _check_replaceable(path, target, before, expected)
        mode = stat.S_IMODE(before.st_mode) if before else 0o666 & ~_umask()
        _sweep(target.parent)
        # Named before it is created, so that an interrupt in between leaves nothing.
        temporary = str(target.with_name(f".{target.name[:50]}.{os.urandom(8).hex()}{_SUFFIX}"))
        handle = _created(temporary)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if before is not None and hasattr(os, "fchown"):
                _keep_owner(file.fileno(), before)
            if hasattr(os, "fchmod"):  # Windows has neither, and no modes to keep
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        _check_replaceable(path, target, _status(target), expected)
        Path(temporary).replace(target)
        temporary = ""
        _sync_folder(target.parent)
    except OSError as error:
        raise WriteError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _created(temporary: str) -> int:
    """Create a file that is locked as long as it is open."""
    while True:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        _lock(handle, waits=True)
        if os.path.lexists(temporary):  # else another process took it for a left one before it was locked
            return handle
        os.close(handle)


@cache
def _sweep(folder: Path) -> None:
    """Delete the temporary files of killed processes: those without a lock."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for left in entries:
            if left.name.startswith(".") and left.name.endswith(_SUFFIX) and left.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # one may be of another user
                    _delete_unlocked(left)


def _delete_unlocked(left: os.DirEntry[str]) -> None:
    handle = os.open(left, os.O_RDWR | os.O_NOFOLLOW)
    try:
        if _lock(handle, waits=False):
            os.unlink(left)
    finally:
        os.close(handle)


def _lock(handle: int, *, waits: bool) -> bool:
    """Lock a file until it is closed; return whether this was possible."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError:  # another process has it, or the file system has no locks
        return False
    return True


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


def _check_replaceable(path: Path, target: Path, status: os.stat_result | None, expected: bytes | None) -> None:
    """Raise `WriteError` if the file must not be replaced.

    The check is needed because a rename succeeds even on a file that is not writable.
    """
    if status is not None and not os.access(target, os.W_OK):
        raise WriteError(f"{path}: cannot be written: the file is read-only")
    if expected is None:
        return
    if status is None:
        raise WriteError(f"{path}: not written: the file was deleted after it was read")
    if status.st_size != len(expected) or not _has_content(target, expected):
        raise WriteError(f"{path}: not written: the file was changed after it was read")


def _has_content(target: Path, expected: bytes) -> bool:
    try:
        return read_file(target, most=len(expected)) == expected
    except OSError as error:
        if error.errno == errno.EFBIG:  # it has grown just now
            return False
        raise


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)


def _keep_owner(handle: int, before: os.stat_result) -> None:
    """Copy owner and group of the old file to the new one; if not permitted, only the group."""
    for owner in (before.st_uid, -1):
        try:
            os.fchown(handle, owner, before.st_gid)
        except OSError:
            continue
        return


def _sync_folder(folder: Path) -> None:
    """Sync the folder so that the rename is durable, on systems that can sync folders."""
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
