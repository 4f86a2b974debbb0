"""Deployments of several files: which phases of a strategy a file carries, and where the others are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.strategy.phases import Phase, Strategy


class Part(Struct, frozen=True):
    """What one file is of a deployment whose strategy gives phases files of their own.

    `phases` are those that it carries: the ones that name it, else (`named` is then false) the ones that name
    no file; none where every phase names another. `others` are the phases that it does not carry.
    """

    phases: tuple[Phase, ...]
    others: tuple[Phase, ...]
    named: bool

    @property
    def only_phase(self) -> str | None:
        """The phase of every node of the file, whatever its name; None where several share the file, or none."""
        return self.phases[0].name if len(self.phases) == 1 else None


def part_of(strategy: Strategy, path: str) -> Part | None:
    """Tell what the file at `path` is of the deployment; None where no phase is a file of its own.

    Files are known by where they lie, links followed, and never by a likeness of names.
    """
    if not strategy.has_files:
        return None
    here = os.path.realpath(path)
    named = tuple(phase for phase in strategy.phases if phase.path and os.path.realpath(phase.path) == here)
    carried = named or tuple(phase for phase in strategy.phases if phase.file is None)
    return Part(carried, tuple(phase for phase in strategy.phases if phase not in carried), bool(named))
