"""What a finding states about a fault of placements: the message, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.tensors.faults import reduction_of
from dotlint.deployment.tensors.placements import PARTIAL, REPLICATE, split
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.deployment.tensors.model import Fault, FaultRule, Operator


def texts_of(fault: Fault) -> tuple[str, str]:
    """Return the message and the help for a fault."""
    return _TEXTS[fault.rule, fault.kind](fault)


def titled(operator: Operator) -> str:
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
        f"{titled(fault.at)} {takes} the {_sums(fault.found)} of {_tails(fault)}, which nothing reduces{_over(fault)}",
        f"add an all-reduce between {_tails(fault)} and {titled(fault.at)}",
    )


def _partial_residual(fault: Fault) -> tuple[str, str]:
    adds = _verb(fault.at, "adds", "add")
    if (reduction := reduction_of(fault)) is not None:
        return (
            f"{titled(fault.at)} {adds} the partial sums of {_tails(fault)} to their sum, which comes from {titled(reduction)}",
            f"connect what the block takes to {titled(fault.at)} instead of {_tails(fault)}",
        )
    return (
        f"{titled(fault.at)} {adds} the partial sums of {_tails(fault)} to the whole stream; nothing reduces them{_over(fault)} first",
        f"add an all-reduce between {_tails(fault)} and {titled(fault.at)}",
    )


def _gathered_sums(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"{titled(fault.at)} {_verb(fault.at, 'gathers', 'gather')} the partial sums of {_tails(fault)} side by side, "
            f"but they have to be added{_over(fault)}"
        ),
        "replace the gather by an all-reduce",
    )


def _slice_operator(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"{titled(fault.at)} {_verb(fault.at, 'needs', 'need')} the whole tensor, but {_tails(fault)} "
            f"{'gives' if len(fault.tails) == 1 else 'give'} {_slices(fault.found)}"
        ),
        f"gather the slices before {titled(fault.at)}",
    )


def _slice_attention(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"{titled(fault.at)} {_verb(fault.at, 'attends', 'attend')} only to {_verb(fault.at, 'its own slice', 'their own slices')} "
            "of the sequence: the keys and values of the other ranks never arrive"
        ),
        "gather the keys and values, pass them around a ring, or exchange sequence for heads with an all-to-all",
    )


def _slice_projection(fault: Fault) -> tuple[str, str]:
    return (
        f"{titled(fault.at)} {_verb(fault.at, 'multiplies a slice', 'multiply slices')} of the hidden axis, and nothing adds up the results",
        f"feed the whole hidden axis to {titled(fault.at)}, or add an all-reduce behind {_verb(fault.at, 'it', 'them')}",
    )


def _reduced_whole(fault: Fault) -> tuple[str, str]:
    size = fault.axis.size if fault.axis is not None else 0
    times = f" {size} times" if size else ""
    return (
        f"{titled(fault.at)} {_adds_up(fault.at)} what every rank already has whole: the result counts it{times}",
        f"remove {titled(fault.at)}, or put it where the ranks have partial sums",
    )


def _adds_up(operator: Operator) -> str:
    return _verb(operator, "adds up", "add up")


def _reduced_slices(fault: Fault) -> tuple[str, str]:
    if len(list(split(fault.found))) > 1:
        return _no_sum(fault)  # of which axis they are slices is not known
    return (
        f"{titled(fault.at)} {_adds_up(fault.at)} {_slices(fault.found)} from {_tails(fault)}, which are different parts and no partial sums",
        "replace the reduction by an all-gather, or put it behind the row-parallel projection",
    )


def _no_sum(fault: Fault) -> tuple[str, str]:
    return (
        f"{titled(fault.at)} {_adds_up(fault.at)} the output of {_tails(fault)}, which is no partial sum",
        "put the reduction directly behind the operator whose ranks have partial sums",
    )


def _gathered_whole(fault: Fault) -> tuple[str, str]:
    return (
        f"{titled(fault.at)} {_verb(fault.at, 'gathers', 'gather')} what every rank already has whole: each part occurs several times",
        f"remove {titled(fault.at)}, or split the tensor before it",
    )


def _crosses(fault: Fault) -> tuple[str, str]:
    where = fault.at.first.gpus
    at = f"{titled(fault.at)}{f' on GPUs {where.short()}' if where else ''}"
    if not fault.at.reduces:
        return (
            f"{at} gathers {_tails(fault)}, which have slices of different tensors; the other slices of each are left out",
            f"gather{_over(fault)}, the ranks that divide one operator",
        )
    return (
        (
            f"{at} adds up the partial sums of {_tails(fault)}, which belong to different sums; the other summands of "
            "each are left out"
        ),
        f"reduce{_over(fault)}, the ranks that divide one operator",
    )


def _cuts(fault: Fault) -> tuple[str, str]:
    joined = len(fault.edges) // len(fault.at.members)
    return (
        (
            f"{titled(fault.at)} {_verb(fault.at, 'joins', 'join')} only {joined} of the {fault.axis.size if fault.axis else 0} ranks that have "
            f"the parts of {_tails(fault)}, and nothing joins the others"
        ),
        f"join all ranks{_over(fault)}",
    )


def _mixed_slices(fault: Fault) -> tuple[str, str]:
    return (
        (
            f"the inputs of {titled(fault.at)} are placed differently{_over(fault)}: {_tails(fault)} "
            f"{'gives' if len(fault.tails) == 1 else 'give'} {_slices(fault.found)}, the other input is whole or divided otherwise"
        ),
        "split or gather one of the inputs so that both are divided alike",
    )


def _reduced_late(fault: Fault) -> tuple[str, str]:
    size = f"{fault.axis.size} times" if fault.axis is not None else "several times"
    return (
        (
            f"{titled(fault.at)} adds the partial sums of {_tails(fault)} to the whole stream, and the reduction behind it counts "
            f"the stream {size}"
        ),
        f"move the all-reduce between {_tails(fault)} and {titled(fault.at)}",
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
