"""Find the node that shows how a missing collective is written."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.edits.statement import own_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading

_Key = tuple[object, ...]
_LIKE = {"all-reduce": ("reduce-scatter",), "all-gather": ("gather",)}
_KINDS = {"all-reduce", "all-gather", "reduce-scatter", "all-to-all", "broadcast", "gather"}


class Exemplar(Struct, frozen=True, eq=False):
    """The node that shows how a new one is written.

    `level` is 0 if it stands behind the same operators of another unit, 1 behind operators of the same role, 2 if it is
    of the same kind, 3 if it is another collective, and 4 if the file has none, so that it is no collective.
    """

    reading: Reading
    tails: tuple[Reading, ...]
    level: int


def find_exemplar(
    deployment: Deployment, kind: str, tails: Sequence[Reading], heads: Sequence[Reading]
) -> Exemplar | None:
    """Return what shows best how a collective behind `tails` is written; None if nothing does."""
    drawn = deployment.derived(_collectives)
    roles, families = _alike(tails)
    kinds = [kind, *_LIKE.get(kind, ())]
    levels: list[list[_Key]] = [
        [(one, roles, families) for one in kinds],
        [(one, roles) for one in kinds] if tails[0].role is not None else [],
        [(kind,)],
        [()],
    ]
    for level, keys in enumerate(levels):
        found = [_nearest(drawn[key], tails[0]) for key in keys if key in drawn]
        if found:
            best = min(found, key=lambda one: _distance(one, tails[0]))
            return Exemplar(best, tuple(_before(deployment, best)), level)
    plain = next((r for r in (*heads, *tails) if own_statement(r.node) is not None), None)
    return Exemplar(plain, (), 4) if plain else None


def _collectives(deployment: Deployment) -> dict[_Key, dict[_Key, list[Reading]]]:
    """Return the collectives that have a statement of their own, by what they have in common, and by stage and layer."""
    found: dict[_Key, dict[_Key, list[Reading]]] = {}
    for one in deployment.operators:
        communicates = one.role.communicates if one.role else None
        if communicates in _KINDS and not one.summary and own_statement(one.node) is not None:
            roles, families = _alike(_before(deployment, one))
            for key in ((communicates, roles, families), (communicates, roles), (communicates,), ()):
                found.setdefault(key, {}).setdefault(_unit_key(one), []).append(one)
    return found


def _before(deployment: Deployment, one: Reading) -> list[Reading]:
    return [deployment.readings[e.tail.index] for e in one.node.in_edges]


def _alike(before: Iterable[Reading]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the roles and the families of names of producers."""
    return frozenset(r.role.name if r.role else "" for r in before), frozenset(r.evidence.name.family for r in before)


def _unit_key(one: Reading) -> _Key:
    return one.phase, one.stage or 0, one.layer or 0


def _nearest(by_unit: Mapping[_Key, list[Reading]], to: Reading) -> Reading:
    """Return the nearest of some nodes, which are given by phase, stage and layer, in document order."""
    found: list[Reading] = []
    own = by_unit.get(_unit_key(to))
    for some in [own] if own else by_unit.values():
        at = bisect_left(some, to.node.index, key=lambda one: one.node.index)
        found += some[max(at - 1, 0) : at + 1]
    return min(found, key=lambda one: _distance(one, to))


def _distance(one: Reading, two: Reading) -> tuple[bool, int, int, int, int]:
    """Return how far two nodes are apart: in another phase, by stages, by layers, and in the document."""
    stages, layers = (one.stage or 0) - (two.stage or 0), (one.layer or 0) - (two.layer or 0)
    index = one.node.index
    return one.phase != two.phase, abs(stages), abs(layers), abs(index - two.node.index), index
