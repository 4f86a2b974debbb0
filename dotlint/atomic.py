"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from dotlint.errors import DotlintError


class WriteError(DotlintError):
    """A file that could not be written; what was there before is still there."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write through a temporary file beside the target, synced and renamed over it; mode and link are kept.

    Raises `WriteError` with one clear line; the old content is then untouched.
    """
    target = path.resolve()
    temporary = ""
    try:
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise WriteError(f"{path}: it cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
