"""Where a collective is missing: the producers, the edges that it should take, and what shows how it is written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.tensors.placements import FEATURES
from dotlint.edits.collective_exemplars import find_exemplar
from dotlint.edits.fix_context import NotCertain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.model import Fault
    from dotlint.edits.collective_exemplars import Exemplar
    from dotlint.edits.fix_context import FixContext
    from dotlint.graph.model import Edge

_KEEPS_PLACEMENT = ("residual", "norm", "activation")
_DECISIVE = 1  # the last level of an exemplar that shows which collective follows operators of this kind


class Insertion(Struct, frozen=True, eq=False):
    """Where one collective is missing: all edges from the producers that are to be led through it.

    `exemplar` shows how it is written; `existing` is the node that already collects the producers' results, if any.
    """

    kind: str
    tails: tuple[Reading, ...]
    heads: tuple[Reading, ...]
    edges: tuple[Edge, ...]
    exemplar: Exemplar | None = None
    existing: Reading | None = None

    @property
    def rank(self) -> int:
        """How far it is from what the file does elsewhere."""
        return -1 if self.existing is not None else self.exemplar.level if self.exemplar is not None else 9


def communicates(reading: Reading, kind: str) -> bool:
    """Return whether an operator is a collective of this kind."""
    return reading.role is not None and reading.role.communicates == kind


def insertions_for(fix: FixContext, faults: Sequence[Fault]) -> Iterator[list[Insertion]]:
    """Yield the possible insertions for each group of producers, the best first. Raises `NotCertain` if there is none."""
    by_tails: dict[tuple[int, ...], list[Fault]] = {}
    for fault in faults:
        by_tails.setdefault(tuple(r.node.index for r in fault.tails), []).append(fault)
    for some in by_tails.values():
        fault = some[0]
        if fault.rule != "partial-consumed" and fault.tails[0].is_role("split", "sequence-split"):
            raise NotCertain(f"`{fault.tails[0].name}` may divide the wrong axis")
        kind, owed = fault.remedy or "all-gather", fault.rule == "partial-consumed"
        insertions: list[Insertion] = []
        if not (fault.found & FEATURES and fault.tails[0].is_role(*_KEEPS_PLACEMENT)):
            # Slices of features are gathered before they are added or normalized.
            edges = {edge.index: edge for one in some for edge in one.edges}
            insertions.append(insertion_behind(fix, kind, fault.tails, edges, owed=owed))
        insertions += _upstream(fix, kind, fault)
        if not insertions:
            raise NotCertain(f"the collective may be missing in front of `{fault.tails[0].name}`")
        if fault.kind == "slices":  # either input can be divided or gathered, unless siblings show which
            insertions = [insertion for insertion in insertions if insertion.rank <= _DECISIVE]
            if not insertions:
                raise NotCertain("one input can be gathered, or the other one divided")
        yield sorted(insertions, key=lambda insertion: insertion.rank)


def insertions_like_others(
    fix: FixContext,
    tails: Sequence[Reading],
    edges: Mapping[int, Edge],
    kinds: Sequence[str] = ("all-reduce", "all-gather", "reduce-scatter"),
) -> list[Insertion]:
    """Return the insertions of the collectives that follow operators of the same kind elsewhere in the file."""
    found = [insertion_behind(fix, kind, tails, edges, owed=True) for kind in kinds]
    return sorted(
        (insertion for insertion in found if insertion.rank <= _DECISIVE), key=lambda insertion: insertion.rank
    )


def _upstream(fix: FixContext, kind: str, fault: Fault) -> Iterator[Insertion]:
    """Yield the insertions in front of the operators that only hand on what their producers give, the nearest first."""
    by_node = fix.context.flow.by_node
    operator = by_node[fault.tails[0].node.index]
    seen: set[int] = set()
    while operator.first.is_role(*_KEEPS_PLACEMENT) and operator.index not in seen:
        seen.add(operator.index)
        sources = [s for s in operator.sources if (on := s.on(fault.axis)) and not on & ~fault.found]
        if len(sources) != 1:
            return
        source = sources[0]
        edges = {e.index: e for r in source.members for e in r.node.out_edges if by_node.get(e.head.index) is operator}
        if edges:
            yield insertion_behind(fix, kind, source.members, edges, owed=fault.rule == "partial-consumed")
        operator = source


def insertion_behind(
    fix: FixContext,
    kind: str,
    tails: Sequence[Reading],
    edges: Mapping[int, Edge],
    *,
    owed: bool,
) -> Insertion:
    """Return the insertion behind some producers; what is `owed` is owed to every consumer."""
    readings = fix.deployment.readings
    beside = [e for tail in tails for e in tail.node.out_edges if e.index not in fix.context.back_edges]
    led = dict(edges)
    if owed:
        heads = (readings[e.head.index] for e in beside)
        led |= {
            e.index: e for e, r in zip(beside, heads, strict=True) if not (r.annotation or r.kind == "communication")
        }
    ordered = tuple(led[index] for index in sorted(led))
    consumers = tuple(readings[index] for index in dict.fromkeys(e.head.index for e in ordered))
    fed = Counter(e.head.index for e in beside)
    whole = [readings[index] for index, number in fed.items() if number == len(tails)]
    existing = next((reading for reading in whole if communicates(reading, kind)), None)
    exemplar = find_exemplar(fix.deployment, kind, tails, consumers)
    return Insertion(kind, tuple(tails), consumers, ordered, exemplar, existing)
