"""Deployments of several files: which phases of a strategy a file contains."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.strategy.phase import Phase
    from dotlint.strategy.phases import Strategy


class FilePhases(Struct, frozen=True):
    """The phases of one file in a deployment whose strategy assigns phases to files.

    `phases` are those that the file contains: the ones that name it or else (`named` is then False) the ones that
    name no file; none if every phase names another file. `others` are the remaining phases.
    """

    phases: tuple[Phase, ...]
    others: tuple[Phase, ...]
    named: bool

    @property
    def only_phase(self) -> str | None:
        """The phase of every node of the file, whatever its name; None if the file has several phases or none."""
        return self.phases[0].name if len(self.phases) == 1 else None


def phases_of_file(strategy: Strategy, path: str) -> FilePhases | None:
    """Return the phases of the file at `path`, or None if no phase of the strategy names a file.

    Files are identified by their resolved paths, never by similar names.
    """
    if not strategy.has_files:
        return None
    here = os.path.realpath(path)
    named = tuple(phase for phase in strategy.phases if phase.path and os.path.realpath(phase.path) == here)
    carried = named or tuple(phase for phase in strategy.phases if phase.file is None)
    return FilePhases(carried, tuple(phase for phase in strategy.phases if phase not in carried), bool(named))
