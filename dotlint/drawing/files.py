"""Which phases of a strategy one file draws, if phases have files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.drawing.refusal import DrawingError
from dotlint.text.english import listed

if TYPE_CHECKING:
    from dotlint.strategy.phases import Strategy


def phases_to_draw(strategy: Strategy, output: str | None) -> Strategy:
    """Return the strategy with the phases that belong into the file `output`: its own ones, or those without a file.

    Raises `DrawingError` if every phase has a file, and `output` is none of them.
    """
    if not strategy.has_files:
        return strategy
    files = {phase.name: phase.path for phase in strategy.phases if phase.path is not None}
    own = [name for name, path in files.items() if output and Path(path).resolve() == Path(output).resolve()]
    rest = [phase.name for phase in strategy.phases if phase.path is None]
    if not own and not rest:
        commands = listed([f"-o {path} for {name}" for name, path in files.items()])
        raise DrawingError(f"each phase has a file of its own: write {commands}")
    return strategy.narrowed(own or rest)
