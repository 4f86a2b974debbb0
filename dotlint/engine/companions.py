"""The other phases of a deployment that are files of their own: read, never linted."""

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
    """Another phase and the file that holds it; `file` is its name as the strategy file has it.

    `operators` are those of the phase, in the order of the file; none where no deployment is recognized in it.
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
    """Read a file as its part of the deployment; fixing asks again for each text that it tries."""
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
