"""The path of a file in its repository, and its URI, for results that are read on another machine."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from dotlint.files.exclusion import repository_of


def in_repository(path: str) -> str:
    """Return a path relative to the root of the repository, or else to the current directory, with forward slashes.

    The repository is the one around the current directory, which may have submodules, or without one that around the
    file. A path outside is absolute. A name such as `<stdin>`, which is not a path, is returned unchanged.
    """
    if path.startswith("<"):
        return path
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - report the path of a symbolic link, not of its target
    here = str(Path.cwd())
    for root in (repository_of(here) or repository_of(str(whole.parent)), here):
        if root is not None and whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    return whole.as_posix()


def uri(path: str) -> tuple[str, bool]:
    """Return the URI reference of a path, and whether it is relative to the root of the repository."""
    inside = in_repository(path)
    absolute = Path(inside).is_absolute()
    text = quote(os.fsencode(inside))
    if absolute:
        return "file://" + ("" if text.startswith("/") else "/") + text, False
    # A colon in the first segment would start a scheme, but `quote` has escaped it as %3A.
    return text, True


def uri_of_file(path: str) -> str:
    """Return the absolute URI of a file on this machine."""
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - as above
