"""The other files of a deployment whose phases are files of their own: read, never linted."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.result import PhaseFile
from dotlint.files.discovery import UnreadableError, read_bytes
from dotlint.strategy.phase_files import phases_of_file

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.engine.context import FileContext
    from dotlint.strategy import Phase, Strategy

_Signature = tuple[int, int, int] | None


class Companion(Struct, frozen=True):
    """Another phase and the file that holds it; `file` is its name as the strategy file has it.

    `operators` are those of the phase, in the order of the file; none where no deployment is recognised in it.
    """

    phase: Phase
    file: str
    operators: tuple[Reading, ...]

    @property
    def name(self) -> str:
        """The phase's name."""
        return self.phase.name


def companions(context: FileContext) -> tuple[Companion, ...]:
    """Read the files of the phases that a file does not carry; those that cannot be read are left out."""
    if context.part is None or context.whole is None or not context.part.phases:
        return ()
    found: list[Companion] = []
    for phase in context.part.others:
        if phase.path is None or phase.file is None:
            continue
        other = _context(phase.path, _signature(phase.path), context.whole, context.vocabularies)
        if other is not None:
            operators = tuple(
                reading
                for graph in other.graphs
                if graph.deployment.recognised
                for reading in graph.deployment.operators
                if reading.phase == phase.name
            )
            found.append(Companion(phase, phase.file, operators))
    return tuple(found)


def phase_files(context: FileContext) -> tuple[PhaseFile, ...]:
    """Say of each phase which file holds it, and of files that cannot be read why."""
    if context.part is None or context.whole is None:
        return ()
    carried = {phase.name for phase in context.part.phases}
    return tuple(
        PhaseFile(
            phase.name,
            phase.file,
            phase.name in carried,
            phase.origin,
            None if phase.name in carried or phase.path is None else _problem(phase.path),
        )
        for phase in context.whole.phases
    )


def fingerprint(strategy: Strategy | None, path: str) -> str:
    """Say in a word what the result of a file depends on besides itself; "" where that is nothing."""
    part = phases_of_file(strategy, path) if strategy is not None else None
    if part is None:
        return ""
    seen = [f"{phase.name}:here" for phase in part.phases]
    for phase in part.others:
        data = _read(phase.path, _signature(phase.path)) if phase.path else ""
        seen.append(f"{phase.name}:{data if isinstance(data, str) else hashlib.sha256(data).hexdigest()}")
    return "\0".join(seen)


def _problem(path: str) -> str | None:
    data = _read(path, _signature(path))
    return data if isinstance(data, str) else None


def _signature(path: str) -> _Signature:
    """What changes when a file does, so that what was read is read anew."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every file of a run
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=8)
def _read(path: str, _version: _Signature) -> bytes | str:
    """Give a file's bytes, else why it cannot be read."""
    try:
        return read_bytes(path)
    except UnreadableError as error:
        return str(error)


@lru_cache(maxsize=4)
def _context(path: str, signature: _Signature, whole: Strategy, vocabularies: tuple[str, ...]) -> FileContext | None:
    """Read a file as its part of the deployment; fixing asks again for each text that it tries."""
    from dotlint.engine.context import FileContext  # noqa: PLC0415 - it asks for companions itself
    from dotlint.graph.builder import read  # noqa: PLC0415
    from dotlint.syntax.source import Source  # noqa: PLC0415

    data = _read(path, signature)
    if isinstance(data, str):
        return None
    document = read(Source.from_bytes(data, path))
    if any(problem.code == "E010" for problem in document.problems):
        return None  # a program that would write the file: what it writes is not there yet
    context = FileContext(document, path, vocabularies=vocabularies)
    context.whole, context.part = whole, phases_of_file(whole, path)
    context.strategy = context.carried
    return context
