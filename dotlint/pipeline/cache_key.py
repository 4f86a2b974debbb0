"""The key of a user, by which entries of the cache are recognized as written by dotlint for the same user.

It lies in the cache folder, readable for the user alone. So the folder can be deleted and copied, and another user who
can write there, or an editor of entries, cannot make dotlint report something else.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Final

from dotlint.files.reading import read_file
from dotlint.pipeline.cache_files import temporary_path

_SIZE: Final = 32  # bytes


def own_key(folder: str) -> bytes | None:
    """Return the user's key, which is created if there is none; None if the folder or the key cannot be used."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    path = os.path.join(folder, f"key-{user}")
    try:
        if not os.path.lexists(path):
            _create(folder, path)
        elif _is_own(path, user) and os.lstat(path).st_size != _SIZE:  # an older version was killed while it wrote
            os.unlink(path)
            _create(folder, path)
        return read_file(path, most=_SIZE) if _is_own(path, user) else None
    except OSError:
        return None


def _create(folder: str, path: str) -> None:
    """Write a new key completely or not at all, unless another process is faster."""
    temporary = temporary_path(folder, f"key-{os.urandom(4).hex()}")
    os.makedirs(os.path.dirname(temporary), exist_ok=True)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, os.urandom(_SIZE))
        finally:
            os.close(handle)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _is_own(path: str, user: int) -> bool:
    """Return whether the key is a file that no other user could have written or read."""
    status = os.lstat(path)
    foreign = hasattr(os, "getuid") and (status.st_uid != user or bool(status.st_mode & 0o077))
    return stat.S_ISREG(status.st_mode) and not foreign
