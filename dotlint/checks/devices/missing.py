"""D001 and D002: operators that name no GPUs, or say vaguely which, and the GPUs that their siblings point to."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, names
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.edits.gpus.infer import GpuInference
from dotlint.engine.finding import Fix, Holds
from dotlint.strategy.gpus import union
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.strategy.gpus import GpuSet

_EVERY = regex(r"\b(?:all|shared|replicated|distributed|across|every)\b", re.IGNORECASE)
# Words that speak of some GPUs and not of all: `All TP ranks`, `per EP group`.
_SOME = regex(r"\b(?:[tpesdcv]+p\d*|ranks?|pairs?|groups?|per|each|any|some|various|multiple)\b|[{}$%]", re.IGNORECASE)


def _title(finding: Finding, edits: Sequence[Edit]) -> str:
    if len(finding.nodes) == 1:
        return f"Name the GPUs of `{finding.nodes[0]}` in its label"
    return f"Name the GPUs of {count(len(edits), 'operator')}{places.of_unit(finding.about)} in the labels"


def write_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the GPUs that the siblings of each operator point to."""
    inference = GpuInference(fix.deployment)
    edits: list[Edit] = []
    for reading in fix.readings(finding):
        gpus = inference.of(reading)
        family = reading.evidence.name.family
        near = [r for r in fix.deployment.operators if r.evidence.name.family == family]
        edit = fix.gpus.added(reading, gpus, near) if gpus else None
        edits += [edit] if edit else []
    return (
        Fix("unsafe", in_order(edits), _title(finding, edits))
        if edits
        else "the siblings do not tell which GPUs they are"
    )


@fixed_by(write_gpus)
def operators_without_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators that name no GPU where most of their family do."""
    families: dict[str, list[Reading]] = defaultdict(list)
    for reading in context.deployment.operators:
        if reading.kind not in {"io", None} and not reading.summary:
            families[reading.evidence.name.family].append(reading)
    lacking = [
        reading
        for members in families.values()
        if 2 * sum(1 for r in members if r.own_gpus) > len(members)
        for reading in members
        if not reading.own_gpus and reading.evidence.gpus is None
    ]
    lacking.sort(key=lambda r: r.node.index)
    for title, some in places.units(context.deployment, places.remaining_nodes(context, card, lacking)).items():
        start, end = places.of_node(some[0].node)
        one = len(some) == 1
        what = (
            f"`{some[0].name}` names no GPU"
            if one
            else f"{count(len(some), 'operator')}{places.of_unit(title)} name no GPU"
        )
        yield card.finding(
            f"{what}, though {'its' if one else 'their'} siblings do",
            start,
            end,
            nodes=names(some),
            locations=places.at_nodes(some),
            about=title,
            graph=context.graph.index,
            help="add the GPUs to the label, as `GPU: 0-7`",
        )


def name_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the ids that the siblings point to, else those of the unit where a label says that it has all."""
    edits: list[Edit] = []
    why = "the labels cannot be told which ids they mean"
    inference = GpuInference(fix.deployment)
    for reading in fix.readings(finding):
        said = reading.evidence.gpus.vague if reading.evidence.gpus else None
        if said is None or not _EVERY.search(said) or _SOME.search(said):
            why = f"`{said}` does not mean all GPUs of the unit"
            continue
        unit = _of_unit(fix, reading)
        if unit is None:
            why = "the strategy does not tell which GPUs its unit has, or its other operators name others"
            continue
        gpus = inference.of(reading, unit) or (None if _divided(fix, reading, unit) else unit)
        edit = fix.gpus.replaced(reading, gpus) if gpus and gpus <= unit else None
        if edit is None:
            why = "its siblings have parts of the unit's GPUs, and which part it has is not certain"
        edits += [edit] if edit else []
    return Fix("unsafe", in_order(edits), _title(finding, edits)) if edits else why


def _divided(fix: FixContext, reading: Reading, unit: GpuSet) -> bool:
    """Whether siblings have parts of the unit, or belong to stages where the node is known to be in none."""
    family = reading.evidence.name.family
    siblings = [
        r
        for r in fix.deployment.operators
        if r is not reading and r.phase == reading.phase and r.evidence.name.family == family and r.own_gpus
    ]
    beside = {r.gpus for r in siblings if (r.stage, r.layer) == (reading.stage, reading.layer)}
    staged = reading.stage is None and any(r.stage is not None for r in siblings)
    return staged or any(gpus is not None and gpus != unit for gpus in beside)


def _of_unit(fix: FixContext, reading: Reading) -> GpuSet | None:
    """Give the GPUs that the strategy gives the node's stage, else those of its whole phase.

    None where its other operators name others. Where the strategy's layout is not certain, they have to name
    all of them.
    """
    phase = fix.context.phase(reading.phase)
    if phase is None:
        return None
    deployment = fix.deployment
    if reading.stage is None:
        if phase.stage_count > 1 and reading.kind != "io":
            return None  # it is in some stage, and nobody says in which
        beside = [r for r in deployment.operators if r.phase == reading.phase]
        whole = [phase.gpus]
    elif 0 <= reading.stage < phase.stage_count:
        beside = deployment.units[reading.phase or ""][reading.stage].operators
        whole = [phase.stage_gpus(reading.stage), *phase.replica_stage_gpus(reading.stage)]
    else:
        return None
    named = union(r.gpus for r in beside if r.own_gpus and r.gpus)
    if named in whole:
        return named
    certain = fix.context.file.layout_certain and not phase.assumed
    return whole[0] if certain and named <= whole[0] and reading.stage is not None else None


@fixed_by(name_gpus)
def vague_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Labels that speak of GPUs and say not which."""
    vague = [
        r
        for r in context.deployment.operators
        if r.evidence.gpus and r.evidence.gpus.vague and r.evidence.gpus.ids is None
    ]
    for title, some in places.units(context.deployment, places.remaining_nodes(context, card, vague)).items():
        start, end = places.of_node(some[0].node)
        said = some[0].evidence.gpus.vague if some[0].evidence.gpus else ""
        what = (
            f"`{some[0].name}` says" if len(some) == 1 else f"{count(len(some), 'operator')}{places.of_unit(title)} say"
        )
        yield card.finding(
            f"{what} not which GPUs: `{said}`",
            start,
            end,
            nodes=names(some),
            locations=places.at_nodes(some),
            about=title,
            graph=context.graph.index,
            help="name the ids, as `GPU: 0-7`",
        )
    if not vague and any(r.gpus for r in context.deployment.operators):
        yield Holds("gpus", "GPU labels", "no vague words such as `all GPUs`")
