"""The other files of a deployment with one file for each phase: they are read, but not linted."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.context import FileContext
from dotlint.engine.phase_files import contents_of, signature
from dotlint.graph.builder import read
from dotlint.strategy.phase_files import phases_of_file
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.deployment.model import Reading
    from dotlint.engine.phase_files import Signature
    from dotlint.strategy import Phase, Strategy


class Companion(Struct, frozen=True):
    """Another phase and its file; `file` is the path as written in the strategy file.

    `operators` are those of the phase, in file order; empty if no deployment is recognized.
    """

    phase: Phase
    file: str
    operators: tuple[Reading, ...]

    @property
    def name(self) -> str:
        """The phase's name."""
        return self.phase.name


def companions(context: FileContext) -> tuple[Companion, ...]:
    """Return the phases that are in other files, without those whose files cannot be read."""
    if context.part is None or context.whole is None or not context.part.phases:
        return ()
    found: list[Companion] = []
    for phase in context.part.others:
        if phase.path is None or phase.file is None:
            continue
        other = _context(phase.path, signature(phase.path), context.whole, context.vocabularies)
        if other is not None:
            operators = tuple(
                reading
                for graph in other.graphs
                if graph.deployment.recognized
                for reading in graph.deployment.operators
                if reading.phase == phase.name
            )
            found.append(Companion(phase, phase.file, operators))
    return tuple(found)


@lru_cache(maxsize=4)
def _context(path: str, version: Signature, whole: Strategy, vocabularies: tuple[str, ...]) -> FileContext | None:
    """Read a file as its part of the deployment; None if it cannot be read. Cached, since every trial of a fix needs it."""
    data = contents_of(path, version)
    if isinstance(data, str):
        return None
    document = read(Source.from_bytes(data, path))
    context = FileContext(document, path, vocabularies=vocabularies)
    if context.is_program:
        return None
    context.whole, context.part = whole, phases_of_file(whole, path)
    context.strategy = context.carried
    return context
