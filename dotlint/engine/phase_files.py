"""The other files of a deployment whose phases are files of their own: which they are, and what is in them."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from dotlint.engine.facts import PhaseFile
from dotlint.files.discovery import UnreadableError, read_bytes
from dotlint.strategy.phase_files import phases_of_file

if TYPE_CHECKING:
    from dotlint.strategy import Strategy
    from dotlint.strategy.phase_files import FilePhases

Signature = tuple[int, int, int] | None


def phase_files(whole: Strategy, part: FilePhases) -> tuple[PhaseFile, ...]:
    """Say of each phase of the `whole` which file holds it, and of files that cannot be read why."""
    carried = {phase.name for phase in part.phases}
    return tuple(
        PhaseFile(
            phase.name,
            phase.file,
            phase.name in carried,
            phase.origin,
            None if phase.name in carried or phase.path is None else _problem(phase.path),
        )
        for phase in whole.phases
    )


def fingerprint(strategy: Strategy | None, path: str) -> str:
    """Say in a word what the result of a file depends on besides itself; "" where that is nothing."""
    part = phases_of_file(strategy, path) if strategy is not None else None
    if part is None:
        return ""
    seen = [f"{phase.name}:here" for phase in part.phases]
    for phase in part.others:
        data = contents_of(phase.path, signature(phase.path)) if phase.path else ""
        seen.append(f"{phase.name}:{data if isinstance(data, str) else hashlib.sha256(data).hexdigest()}")
    return "\0".join(seen)


def _problem(path: str) -> str | None:
    data = contents_of(path, signature(path))
    return data if isinstance(data, str) else None


def signature(path: str) -> Signature:
    """What changes when a file does, so that what was read is read anew."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every file of a run
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=8)
def contents_of(path: str, _version: Signature) -> bytes | str:
    """Give a file's bytes, else why it cannot be read."""
    try:
        return read_bytes(path)
    except UnreadableError as error:
        return str(error)
