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


def contents(path: str | Path) -> bytes:
    """Read a whole file; raises what `open` raises."""
    with open(path, "rb") as stream:
        return stream.read()


def own_text(path: str) -> str:
    """Read a text of ours, whatever a checkout made of its line ends."""
    with open(path, encoding="utf-8") as stream:
        return stream.read()
