"""The folder of the cache: where it is, how a file is written into it, what is deleted from it.

Paths are strings, because importing pathlib takes longer than reading an entry.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Final

from dotlint.text.regex import regex

_MOST_DAYS: Final = 30
DAY: Final = 86400.0
_HOUR: Final = 3600.0
_TEMPORARY: Final = "temporary"
_GROUP: Final = regex(r"[0-9a-f]{2}")
_OWN: Final = regex(r"[0-9a-f]{62}\.(json|msgpack)(\.\d+\.tmp)?")  # JSON: from an older version of dotlint


def cache_folder() -> str | None:
    """Return the platform's cache folder for dotlint, or `DOTLINT_CACHE_DIR` if set; None without a home folder."""
    own = os.environ.get("DOTLINT_CACHE_DIR")
    if own:
        return own
    home = os.path.expanduser("~")
    if home == "~":
        return None
    if sys.platform == "win32":
        return os.path.join(
            os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), "dotlint", "Cache"
        )
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Caches", "dotlint")
    named = os.environ.get("XDG_CACHE_HOME", "")
    return os.path.join(named if named.startswith("/") else os.path.join(home, ".cache"), "dotlint")


def temporary_path(folder: str, name: str) -> str:
    """Return a path for a file of this process, which `tidy` deletes when the process was killed."""
    return os.path.join(folder, _TEMPORARY, f"{os.getpid()}.{name}")


def store(folder: str, path: str, data: bytes) -> None:
    """Write a file of the cache folder as a whole; errors of the file system are ignored."""
    temporary = temporary_path(folder, os.path.basename(path))
    try:
        os.makedirs(os.path.dirname(temporary), exist_ok=True)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def tidy(folder: str) -> None:
    """Delete what killed processes left and, at most once a day, entries that were not used for a month.

    Only files that the cache wrote are deleted. A time in the future counts as old, because the clock must have been
    set back.
    """
    with contextlib.suppress(OSError):
        for left in os.scandir(os.path.join(folder, _TEMPORARY)):
            process = left.name.partition(".")[0]
            if process.isdecimal() and not _is_running(int(process), left):
                os.unlink(left)
    stamp = os.path.join(folder, "CACHEDIR.TAG")
    now = time.time()
    with contextlib.suppress(OSError):
        if os.path.exists(stamp) and abs(now - os.stat(stamp).st_mtime) < DAY:
            return
        # Backup programs skip a folder with this tag: https://bford.info/cachedir/
        with open(stamp, "w", encoding="ascii") as file:
            file.write("Signature: 8a477f597d28d172789f06886806bc55\n# made by dotlint\n")
        for group in os.scandir(folder):
            if _GROUP.fullmatch(group.name) and group.is_dir():
                for entry in os.scandir(group):
                    if _OWN.fullmatch(entry.name) and abs(now - entry.stat().st_mtime) > _MOST_DAYS * DAY:
                        os.unlink(entry)


def _is_running(process: int, left: os.DirEntry[str]) -> bool:
    """Return whether the process that writes a temporary file is still running, or may be."""
    if sys.platform == "win32" or process == os.getpid():  # on Windows, `os.kill` would end it
        return abs(time.time() - left.stat().st_mtime) < _HOUR
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # too large for the number of a process: not written by the cache
        return True
    return True
