"""Phases that other files of the deployment hold; nothing if the file has all of them."""

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
    """Return the phases that other files hold; only the first recognized graph of a file gets them."""
    if context.file.part is None or not _is_first_deployment(context):
        return ()
    from dotlint.engine.companions import companions  # noqa: PLC0415 - few deployments have several files

    return [other for other in companions(context.file) if other.operators]


def not_named(context: GraphContext, card: Card, subject: str) -> Iterator[Undecided]:
    """Yield a skip if this file's phase cannot be compared with prefill or decode because that names no file."""
    part = context.file.part
    if part is None or not _is_first_deployment(context) or part.only_phase not in _COMPARED:
        return
    for phase in part.others:
        if phase.file is None and phase.name in _COMPARED:
            needs = f"name the file of {phase.name} in the strategy file: phases.{phase.name}.file"
            yield Undecided(card.section, subject, needs)


def _is_first_deployment(context: GraphContext) -> bool:
    return context is next((graph for graph in context.file.graphs if graph.deployment.recognized), None)


def operators_here(context: GraphContext) -> list[Reading]:
    """Return the operators of every graph of this file."""
    return [r for graph in context.file.graphs if graph.deployment.recognized for r in graph.deployment.operators]


def reported_here(context: GraphContext) -> bool:
    """Return whether findings about both prefill and decode belong in this file, so that only one file has them.

    They belong in the file of decode, and in any file that the strategy does not name, as the other file cannot
    refer to it.
    """
    part = context.file.part
    return part is not None and (not part.named or part.only_phase == "decode")
