"""File access without pathlib, whose import takes longer than reading a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def as_path(*parts: str | Path) -> Path:
    """Return `Path(*parts)`; pathlib is imported at the first call."""
    from pathlib import Path  # noqa: PLC0415 - see above

    return Path(*parts)


def sibling_path(module: str, name: str) -> str:
    """Return the path of a file in the folder of a module or another file, given the path of that."""
    return os.path.join(os.path.dirname(module), name)


def nearest_path(path: str | Path, *, endings: tuple[str, ...] = ("",)) -> str | None:
    """Return the path whose name is most like that of a missing one beside it; None if there is none."""
    from dotlint.text.nearest import nearest  # noqa: PLC0415 - only where a file is missing

    missing = as_path(path)
    try:
        names = [name for name in sorted(os.listdir(missing.parent)) if name.lower().endswith(endings)]
    except OSError:
        return None
    near = nearest(missing.name, names, least=0.7)
    return str(missing.with_name(near)) if near else None
