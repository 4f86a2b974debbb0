"""Find the node that shows how a missing collective is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.edits.statement import own_statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Deployment, Reading

_KINDS = {"all-reduce", "all-gather", "reduce-scatter", "all-to-all", "broadcast", "gather"}


class Exemplar(Struct, frozen=True, eq=False):
    """The node that shows how a new one is written.

    `level` is 0 if it stands behind the same operators of another unit, 1 behind operators of the same role, 2 if it is
    of the same kind, 3 if it is another collective, and 4 if the file has none, so that it is no collective.
    """

    reading: Reading
    tails: tuple[Reading, ...]
    level: int


def find_exemplars(
    deployment: Deployment, kind: str, tails: Sequence[Reading], heads: Sequence[Reading]
) -> list[Exemplar]:
    """Return what shows how a collective behind `tails` is written, the best first."""
    readings = deployment.readings
    found: list[Exemplar] = []
    for one in deployment.operators:
        communicates = one.role.communicates if one.role else None
        if communicates not in _KINDS or one.summary or own_statement(one.node) is None:
            continue
        before = tuple(readings[e.tail.index] for e in one.node.in_edges)
        found.append(Exemplar(one, before, _level(kind, communicates, before, tails)))
    first = tails[0]
    found.sort(key=lambda e: (e.level, _distance(e.reading, first), abs(e.reading.node.index - first.node.index)))
    plain = next((r for r in (*heads, *tails) if own_statement(r.node) is not None), None)
    return found or ([Exemplar(plain, (), 4)] if plain else [])


def _level(kind: str, communicates: str, before: Sequence[Reading], tails: Sequence[Reading]) -> int:
    alike = communicates == kind or (kind, communicates) in {("all-reduce", "reduce-scatter"), ("all-gather", "gather")}
    if alike and before:
        same_role = {r.role for r in before} == {r.role for r in tails}
        if same_role and {r.evidence.name.family for r in before} == {r.evidence.name.family for r in tails}:
            return 0
        if same_role and tails[0].role is not None:
            return 1
    return 2 if communicates == kind else 3


def _distance(one: Reading, two: Reading) -> tuple[bool, int, int]:
    """Return how far two nodes are apart: in another phase, by stages, by layers."""
    stages, layers = (one.stage or 0) - (two.stage or 0), (one.layer or 0) - (two.layer or 0)
    return one.phase != two.phase, abs(stages), abs(layers)
