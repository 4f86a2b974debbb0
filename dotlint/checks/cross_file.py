"""What the checks ask about phases that are in other files; nothing where the file has all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.finding import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.companions import Companion
    from dotlint.engine.context import GraphContext


_COMPARED = ("prefill", "decode")


def in_other_files(context: GraphContext) -> Sequence[Companion]:
    """Give the phases that other files hold, to the first graph alone that draws anything: files are compared."""
    if context.file.part is None or not _first(context):
        return ()
    from dotlint.engine.companions import companions  # noqa: PLC0415 - few deployments have several files

    return [other for other in companions(context.file) if other.operators]


def not_named(context: GraphContext, card: Card, subject: str) -> Iterator[Undecided]:
    """Say what would be needed to compare this file's phase with prefill or decode where no file is named for it."""
    part = context.file.part
    if part is None or not _first(context) or part.only_phase not in _COMPARED:
        return
    for phase in part.others:
        if phase.file is None and phase.name in _COMPARED:
            needs = f"name the file of {phase.name} in the strategy file: phases.{phase.name}.file"
            yield Undecided(card.section, subject, needs)


def _first(context: GraphContext) -> bool:
    return context is next((graph for graph in context.file.graphs if graph.deployment.recognized), None)


def operators_here(context: GraphContext) -> list[Reading]:
    """Give the operators of every graph of this file."""
    return [r for graph in context.file.graphs if graph.deployment.recognized for r in graph.deployment.operators]


def told_here(context: GraphContext) -> bool:
    """Whether what prefill and decode have between them is told in this file, so that two files tell it once.

    It stands with decode, and with a phase that names no file in any case: the other file does not know it.
    """
    part = context.file.part
    return part is not None and (not part.named or part.only_phase == "decode")
