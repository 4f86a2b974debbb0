"""The files of a deployment with one file for each phase: their names and contents."""

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
    """Return each phase of the strategy `whole` with its file, and the reason if that cannot be read."""
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
    """Return a text that changes whenever another file that the result of `path` depends on changes; "" if there is none."""
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
    """Return a value that changes when the file changes, as a key for caches; None if the file cannot be found."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every file of a run
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=8)
def contents_of(path: str, _version: Signature) -> bytes | str:
    """Return the bytes of a file, or the reason why it cannot be read."""
    try:
        return read_bytes(path)
    except UnreadableError as error:
        return str(error)
