"""F001 to F005: operators that accept none of the placements that their inputs may have."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.communication import meetings, unexchanged_phases
from dotlint.checks.expert_exchange import uncombined_phases
from dotlint.deployment.tensors.faults import reduction_of
from dotlint.deployment.tensors.placements import PARTIAL, REPLICATE, split
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.finding import Related
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    resized = {r.node.index for some in context.shapes.operators.collectives.values() for r in some}
    meeting = {r.node.index for r in meetings(context).wrong}
    phases, uncombined = unexchanged_phases(context), uncombined_phases(context)
    for fault in faults:
        if fault.at.first.phase in uncombined and any(r.is_role("expert") for r in fault.tails):
            continue
        index = fault.at.first.node.index
        told = index in (resized if fault.rule == "reduced-twice" else meeting if fault.rule in _AT_MEETINGS else ())
        if not told and not (fault.kind == "attention" and fault.at.first.phase in phases):
            yield fault


def _location(fault: Fault) -> Location:
    return grouping.at_edge(fault.edges[0]) if fault.edges else grouping.at_node(fault.at.first.node)


def _finding(context: GraphContext, card: Card, faults: list[Fault]) -> Outcome:
    first = faults[0]
    text, remedy = _TEXTS[first.rule, first.kind](first)
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
        related=tuple(Related(_what(fault.at), *grouping.of_node(fault.at.first.node)) for fault in faults[1:9]),
        about=grouping.only_unit(context.deployment, [fault.at.first for fault in faults]),
        graph=context.graph.index,
        help=remedy,
        note=f"{', then '.join(steps)}" if len(steps) > 1 else None,
        data=Faults(tuple(faults)),
    )


def _role(operator: Operator) -> str:
    return operator.first.role.name if operator.first.role else ""


def _what(operator: Operator) -> str:
    """Return the name of an operator's first node, and how many siblings it has."""
    siblings = len(operator.members) - 1
    return f"`{operator.first.name}`" + (f" and {count(siblings, 'sibling')}" if siblings else "")


def _tails(fault: Fault) -> str:
    return quoted([reading.name for reading in fault.tails])


def _over(fault: Fault) -> str:
    return f" over {fault.axis.title}" if fault.axis is not None else ""


def _slices(found: int) -> str:
    """Return `slices of the heads`, by the axes of the tensor that may be divided."""
    names = list(split(found & ~(PARTIAL | REPLICATE)))
    return f"slices of {listed(names).replace(' and ', ' or ')}" if names else "slices"


def _sums(found: int) -> str:
    return "partial sums" if found & ~REPLICATE == PARTIAL else f"partial sums or {_slices(found)}"


def _verb(operator: Operator, one: str, several: str) -> str:
    return one if len(operator.members) == 1 else several


def _partial_operator(fault: Fault) -> tuple[str, str]:
    takes = _verb(fault.at, "takes", "take")
    return (
        f"{_what(fault.at)} {takes} the {_sums(fault.found)} of {_tails(fault)}, which nothing reduces{_over(fault)}",
        f"add an all-reduce between {_tails(fault)} and {_what(fault.at)}",
    )


def _partial_residual(fault: Fault) -> tuple[str, str]:
    adds = _verb(fault.at, "adds", "add")
    if (reduction := reduction_of(fault)) is not None:
        return (
            f"{_what(fault.at)} {adds} the partial sums of {_tails(fault)} to their sum, which comes from {_what(reduction)}",
            f"connect what the block takes to {_what(fault.at)} instead of {_tails(fault)}",
        )
    return (
        f"{_what(fault.at)} {adds} the partial sums of {_tails(fault)} to the whole stream; nothing reduces them{_over(fault)} first",
        f"add an all-reduce between {_tails(fault)} and {_what(fault.at)}",
    )


def _gathered_sums(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"{_what(fault.at)} {_verb(fault.at, 'gathers', 'gather')} the partial sums of {_tails(fault)} side by side, "
            f"but they have to be added{_over(fault)}"
        ),
        "replace the gather by an all-reduce",
    )


def _slice_operator(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"{_what(fault.at)} {_verb(fault.at, 'needs', 'need')} the whole tensor, but {_tails(fault)} "
            f"{'gives' if len(fault.tails) == 1 else 'give'} {_slices(fault.found)}"
        ),
        f"gather the slices before {_what(fault.at)}",
    )


def _slice_attention(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"{_what(fault.at)} {_verb(fault.at, 'attends', 'attend')} only to {_verb(fault.at, 'its own slice', 'their own slices')} "
            "of the sequence: the keys and values of the other ranks never arrive"
        ),
        "gather the keys and values, pass them around a ring, or exchange sequence for heads with an all-to-all",
    )


def _slice_projection(fault: Fault) -> tuple[str, str]:
    return (
        f"{_what(fault.at)} {_verb(fault.at, 'multiplies a slice', 'multiply slices')} of the hidden axis, and nothing adds up the results",
        f"feed the whole hidden axis to {_what(fault.at)}, or add an all-reduce behind {_verb(fault.at, 'it', 'them')}",
    )


def _reduced_whole(fault: Fault) -> tuple[str, str]:
    size = fault.axis.size if fault.axis is not None else 0
    times = f" {size} times" if size else ""
    return (
        f"{_what(fault.at)} {_adds_up(fault.at)} what every rank already has whole: the result counts it{times}",
        f"remove {_what(fault.at)}, or put it where the ranks have partial sums",
    )


def _adds_up(operator: Operator) -> str:
    return _verb(operator, "adds up", "add up")


def _reduced_slices(fault: Fault) -> tuple[str, str]:
    if len(list(split(fault.found))) > 1:
        return _no_sum(fault)  # of which axis they are slices is not known
    return (
        f"{_what(fault.at)} {_adds_up(fault.at)} {_slices(fault.found)} from {_tails(fault)}, which are different parts and no partial sums",
        "replace the reduction by an all-gather, or put it behind the row-parallel projection",
    )


def _no_sum(fault: Fault) -> tuple[str, str]:
    return (
        f"{_what(fault.at)} {_adds_up(fault.at)} the output of {_tails(fault)}, which is no partial sum",
        "put the reduction directly behind the operator whose ranks have partial sums",
    )


def _gathered_whole(fault: Fault) -> tuple[str, str]:
    return (
        f"{_what(fault.at)} {_verb(fault.at, 'gathers', 'gather')} what every rank already has whole: each part occurs several times",
        f"remove {_what(fault.at)}, or split the tensor before it",
    )


def _crosses(fault: Fault) -> tuple[str, str]:
    where = fault.at.first.gpus
    return (
        (
            f"{_what(fault.at)}{f' on GPUs {where.short()}' if where else ''} adds up the partial sums of {_tails(fault)}, "
            "which belong to different sums; the other summands of each are left out"
        ),
        f"reduce{_over(fault)}, the ranks that divide one operator",
    )


def _cuts(fault: Fault) -> tuple[str, str]:
    size = fault.at.axis.size if fault.at.axis is not None else 0
    return (
        (
            f"{_what(fault.at)} {_verb(fault.at, 'joins', 'join')} only {size} of the {fault.axis.size if fault.axis else 0} ranks that have "
            f"the parts of {_tails(fault)}, and nothing joins the others"
        ),
        f"join all ranks{_over(fault)}",
    )


def _mixed_slices(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"the inputs of {_what(fault.at)} are placed differently{_over(fault)}: {_tails(fault)} "
            f"{'gives' if len(fault.tails) == 1 else 'give'} {_slices(fault.found)}, the other input is whole or divided otherwise"
        ),
        "split or gather one of the inputs so that both are divided alike",
    )


def _reduced_late(fault: Fault) -> tuple[str, str]:
    size = f"{fault.axis.size} times" if fault.axis is not None else "several times"
    return (
        (
            f"{_what(fault.at)} adds the partial sums of {_tails(fault)} to the whole stream, and the reduction behind it counts "
            f"the stream {size}"
        ),
        f"move the all-reduce between {_tails(fault)} and {_what(fault.at)}",
    )


_TEXTS: dict[tuple[FaultRule, str], Callable[[Fault], tuple[str, str]]] = {
    ("partial-consumed", "operator"): _partial_operator,
    ("partial-consumed", "residual"): _partial_residual,
    ("partial-consumed", "gathered"): _gathered_sums,
    ("shard-consumed", "operator"): _slice_operator,
    ("shard-consumed", "attention"): _slice_attention,
    ("shard-consumed", "projection"): _slice_projection,
    ("reduced-twice", "whole"): _reduced_whole,
    ("reduced-twice", "slices"): _reduced_slices,
    ("reduced-twice", "no-sum"): _no_sum,
    ("reduced-twice", "gathered"): _gathered_whole,
    ("wrong-group", "crosses"): _crosses,
    ("wrong-group", "cuts"): _cuts,
    ("mixed-placement", "slices"): _mixed_slices,
    ("mixed-placement", "reduced-late"): _reduced_late,
}
