"""Paths where a plain check goes, without pathlib: to load that takes longer than to read a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def as_path(*parts: str | Path) -> Path:
    """Make a `Path` as the class does, which is loaded with the first one."""
    from pathlib import Path  # noqa: PLC0415 - see above

    return Path(*parts)


def beside(module: str, name: str) -> str:
    """Give the path of a file that lies beside a module, by the module's `__file__`."""
    return os.path.join(os.path.dirname(module), name)


def nearest_path(path: str | Path, *, endings: tuple[str, ...] = ("",)) -> str | None:
    """Return the path whose name is most like that of a missing one beside it; None if there is none."""
    from dotlint.text.nearest import nearest  # noqa: PLC0415 - only where a file is missing

    wanted = as_path(path)
    try:
        names = [name for name in sorted(os.listdir(wanted.parent)) if name.lower().endswith(endings)]
    except OSError:
        return None
    near = nearest(wanted.name, names, least=0.7)
    return str(wanted.with_name(near)) if near else None


def contents(path: str | Path) -> bytes:
    """Read a whole file; raises what `open` raises."""
    with open(path, "rb") as stream:
        return stream.read()


def own_text(path: str) -> str:
    """Read a text of ours, whatever a checkout made of its line ends."""
    with open(path, encoding="utf-8") as stream:
        return stream.read()
