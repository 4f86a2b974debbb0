"""F001 to F005: operators that accept none of the placements that their inputs may have."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.communication import meetings, unexchanged_phases
from dotlint.checks.expert_exchange import uncombined_phases
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.finding import Related
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.tensors.model import Fault, FaultRule, Operator
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Fix, Location, Outcome

_AT_MEETINGS = ("partial-consumed", "shard-consumed")
_OUTCOMES = {("reduced-twice", "gathered"): "gathered"}


class Faults(Struct, frozen=True, eq=False):
    """The faults that one finding reports."""

    faults: tuple[Fault, ...]


def add_collectives(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the collective that is missing at each place of a finding."""
    from dotlint.checks.tensors import added_collectives  # noqa: PLC0415 - few runs write collectives

    data = finding.data
    assert isinstance(data, Faults)
    return added_collectives.add_collectives(fix, data.faults)


def _findings(rule: FaultRule, context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report each kind of fault of a rule once, with all places where it occurs."""
    kinds: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in _own_faults(context, rule):
        key = fault.kind, _role(fault.at), fault.tails[0].role.name if fault.tails and fault.tails[0].role else ""
        kinds.setdefault(key, []).append(fault)
    for faults in kinds.values():
        left = grouping.remaining(context.file, card, faults, _location)
        if left:
            yield _finding(context, card, left)


partial_sums = fixed_by(add_collectives)(partial(_findings, "partial-consumed"))
slices = fixed_by(add_collectives)(partial(_findings, "shard-consumed"))
reduced_twice = partial(_findings, "reduced-twice")
wrong_groups = partial(_findings, "wrong-group")
mixed_placements = fixed_by(add_collectives)(partial(_findings, "mixed-placement"))


def _own_faults(context: GraphContext, rule: FaultRule) -> Iterator[Fault]:
    """Yield the faults of a rule that no rule about communication reports already."""
    faults = [fault for fault in context.flow.faults if fault.rule == rule]
    if not faults:
        return
    reported = _reported(context, rule)
    phases, uncombined = unexchanged_phases(context), uncombined_phases(context)
    for fault in faults:
        if fault.at.first.phase in uncombined and any(r.is_role("expert") for r in fault.tails):
            continue
        exchange_missing = fault.kind == "attention" and fault.at.first.phase in phases
        if not exchange_missing and fault.at.first.node.index not in reported:
            yield fault


def _reported(context: GraphContext, rule: FaultRule) -> set[int]:
    """Return the nodes at which another rule reports the same fault."""
    if rule == "reduced-twice":
        return {r.node.index for some in context.shapes.operators.collectives.values() for r in some}
    return {r.node.index for r in meetings(context).wrong} if rule in _AT_MEETINGS else set()


def _location(fault: Fault) -> Location:
    return grouping.at_edge(fault.edges[0]) if fault.edges else grouping.at_node(fault.at.first.node)


def _finding(context: GraphContext, card: Card, faults: list[Fault]) -> Outcome:
    from dotlint.checks.tensors.fault_texts import texts_of, titled  # noqa: PLC0415 - few files have faults

    first = faults[0]
    text, remedy = texts_of(first)
    more = f", and {count(len(faults) - 1, 'more place')}" if len(faults) > 1 else ""
    start, end = grouping.of_node(first.at.first.node)
    if first.edges:
        start, end = first.edges[0].start, first.edges[0].end
    names = dict.fromkeys(r.name for fault in faults for r in (*fault.at.members, *fault.tails))
    steps = [f"`{step.name}` {step.text}" for step in first.chain]
    return card.finding(
        f"{text}{more}",
        start,
        end,
        outcome=_OUTCOMES.get((first.rule, first.kind)),
        slip=first.kind,
        nodes=tuple(names),
        locations=tuple(_location(fault) for fault in faults),
        related=tuple(Related(titled(fault.at), *grouping.of_node(fault.at.first.node)) for fault in faults[1:9]),
        about=grouping.only_unit(context.deployment, [fault.at.first for fault in faults]),
        graph=context.graph.index,
        help=remedy,
        note=f"{', then '.join(steps)}" if len(steps) > 1 else None,
        data=Faults(tuple(faults)),
    )


def _role(operator: Operator) -> str:
    return operator.first.role.name if operator.first.role else ""
