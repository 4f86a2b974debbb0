"""From paths on a command line to the files that are linted."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENDINGS = (".dot", ".gv")


class UnreadableError(DotlintError):
    """A file that cannot be read, and why."""


def discover(paths: Iterable[str]) -> Iterator[str]:
    """Give the files to lint: a file as named, a folder's `*.dot` and `*.gv` in order, hidden folders left out.

    A path that is not there is given as it is: reading it says so, and the others go on.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _inside(path) if path != "-" and Path(path).is_dir() else [path]:
            key = found if found == "-" else os.path.realpath(found)
            if key not in seen:
                seen.add(key)
                yield found


def _inside(folder: str) -> Iterator[str]:
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(ENDINGS):
                yield str(Path(base) / name)


def read_bytes(path: str) -> bytes:
    """Read a file; raises `UnreadableError` with one clear line."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        near = _nearest(path)
        raise UnreadableError("no such file" + (f"; did you mean `{near}`?" if near else "")) from None
    except IsADirectoryError:
        raise UnreadableError("it is a folder") from None
    except PermissionError:
        raise UnreadableError("permission denied") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"it cannot be read: {reason}") from None
    refuse_binary(data)
    return data


def refuse_binary(data: bytes) -> None:
    """Raise `UnreadableError` where the bytes are no text: control bytes that no DOT file has, and many of them."""
    head = data[:8192]
    if b"\0" not in head:
        return
    strange = sum(1 for byte in head if byte < 9 or 13 < byte < 32)
    if strange * 10 > len(head):
        raise UnreadableError("it is not a text file; dotlint reads DOT, not the pictures made of it")


def _nearest(path: str) -> str | None:
    folder = Path(path).parent
    try:
        names = [entry.name for entry in folder.iterdir() if entry.suffix.lower() in ENDINGS]
    except OSError:
        return None
    close = difflib.get_close_matches(Path(path).name, names, n=1, cutoff=0.7)
    return str(folder / close[0]) if close else None
