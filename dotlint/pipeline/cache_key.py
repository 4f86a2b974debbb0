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

_SIZE: Final = 32  # bytes


def own_key(folder: str) -> bytes | None:
    """Return the user's key, which is created if there is none; None if the folder or the key cannot be used."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    path = os.path.join(folder, f"key-{user}")
    try:
        return _read(path, user) if os.path.lexists(path) else _created(path, user)
    except OSError:
        return None


def _created(path: str, user: int) -> bytes | None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    key = os.urandom(_SIZE)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster
        return _read(path, user)
    try:
        os.write(handle, key)
    except BaseException:  # also an interrupt: a part of a key would turn the cache off for good
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(handle)
    return key


def _read(path: str, user: int) -> bytes | None:
    """Return the key; None if another user could have written or read it, or another process is still writing it."""
    status = os.lstat(path)
    foreign = hasattr(os, "getuid") and (status.st_uid != user or bool(status.st_mode & 0o077))
    if foreign or not stat.S_ISREG(status.st_mode):
        return None
    key = read_file(path, most=_SIZE)
    return key if len(key) == _SIZE else None
