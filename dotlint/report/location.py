"""Where a file is for those who read a result elsewhere: its path in the repository, its URI."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from dotlint.files.exclusion import repository_of


def in_repository(path: str) -> str:
    """Give a path relative to the root of its repository, with slashes; without one, to the working folder.

    A path that lies in neither stays absolute; a name that is no path, as standard input has, stays as it is.
    """
    if path.startswith("<"):
        return path
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - a link is reported where it lies, not where it leads
    for root in (repository_of(str(whole.parent)), Path.cwd()):
        if root is not None and whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    return whole.as_posix()


def uri(path: str) -> tuple[str, bool]:
    """Give the URI reference of a path and whether it is relative to the root of the repository."""
    inside = in_repository(path)
    absolute = Path(inside).is_absolute()
    text = quote(os.fsencode(inside))
    if absolute:
        return "file://" + ("" if text.startswith("/") else "/") + text, False
    # A first segment with a colon would read as a scheme; `quote` has written it as %3A.
    return text, True
