"""D001 and D002: operators that name no GPUs or name them vaguely, with GPUs inferred from their siblings."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Fix, Holds, Undecided
from dotlint.strategy.gpus import union
from dotlint.text.display import one_line
from dotlint.text.english import count, listed
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.vocabulary import Role
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.strategy.gpus import GpuSet

_ROLES_OF_A_FAMILY = 2  # names with more roles than these only count nodes: `n17`
_HABIT = 3  # operators without GPUs in a file where nearly all others name theirs
_EVERY = regex(r"\b(?:all|shared|replicated|distributed|across|every)\b", re.IGNORECASE)
# Words that mean some GPUs and not all: `All TP ranks`, `per EP group`.
_SOME = regex(r"\b(?:[tpesdcv]+p\d*|ranks?|pairs?|groups?|per|each|any|some|various|multiple)\b|[{}$%]", re.IGNORECASE)


def _title(finding: Finding, edits: Sequence[Edit]) -> str:
    if len(finding.nodes) == 1:
        return f"Name the GPUs of `{finding.nodes[0]}` in its label"
    return f"Name the GPUs of {count(len(edits), 'operator')}{grouping.of_unit(finding.about)} in the labels"


def write_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the GPUs inferred from the siblings of each operator."""
    from dotlint.edits.gpus.infer import GpuInference  # noqa: PLC0415 - only where GPUs are missing

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
        else "the GPUs cannot be inferred from the siblings"
    )


@fixed_by(write_gpus)
def operators_without_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators that name no GPUs although most of their family, or nearly all operators of the file, do."""
    by_name: dict[str, list[Reading]] = defaultdict(list)
    for reading in context.deployment.operators:
        if reading.kind not in {"io", None} and not reading.summary:
            by_name[reading.evidence.name.family].append(reading)
    families: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for family, named in by_name.items():
        opaque = len({r.role for r in named}) > _ROLES_OF_A_FAMILY
        for reading in named:
            families[family, reading.role.name if opaque and reading.role else ""].append(reading)
    lacking = [
        reading
        for members in families.values()
        if 2 * sum(1 for r in members if r.own_gpus) > len(members)
        for reading in members
        # What is wrong with a node that is only mentioned is that it is not declared.
        if not reading.own_gpus and reading.evidence.gpus is None and reading.node.statements
    ]
    lacking.sort(key=lambda r: r.node.index)
    for title, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, lacking)).items():
        one = len(some) == 1
        what = (
            f"`{some[0].name}` names no GPUs"
            if one
            else f"{count(len(some), 'operator')}{grouping.of_unit(title)} name no GPUs"
        )
        yield grouping.nodes_finding(
            context,
            card,
            title,
            some,
            f"{what}, although {'its' if one else 'their'} siblings do",
            help="add the GPUs to the label, for example `GPU: 0-7`",
        )
    rest = grouping.remaining_nodes(context, card, _alone_in_file(context.deployment, lacking))
    if rest:
        one = len(rest) == 1
        what = f"`{rest[0].name}` names no GPUs" if one else f"{count(len(rest), 'operator')} name no GPUs"
        yield grouping.nodes_finding(
            context,
            card,
            None,
            rest,
            f"{what}, although nearly all other operators do",
            help="add the GPUs to the label, for example `GPU: 0-7`",
        )
    unread = context.deployment.unread_devices
    if unread:
        texts = listed([f"`{one_line(text)}`" for text in unread], 3)
        yield Undecided(card.section, "operators on GPUs", f"name the devices by numbers: {texts} could not be read")


def _alone_in_file(deployment: Deployment, reported: Sequence[Reading]) -> list[Reading]:
    """Return the other operators without GPUs in a file where at least nine of ten operators name theirs.

    What splits, gathers or transfers lies between devices; one or two are reported by other rules or not at all.
    """
    every = [r for r in deployment.operators if r.role is not None and _runs_on_gpus(r.role)]
    every = [r for r in every if r.node.statements and not r.summary]
    ends = {r.node.index for r in every if not (r.node.in_edges and r.node.out_edges)}
    without = [r for r in every if r.gpus is None and r.evidence.gpus is None and r.node.index not in ends]
    if 10 * len(without) > len(every):
        return []
    known = {r.node.index for r in reported}
    rest = [r for r in without if r.node.index not in known]
    return rest if len(rest) >= _HABIT else []


def _runs_on_gpus(role: Role) -> bool:
    if role.kind in {"computation", "routing"}:
        return role.communicates is None
    return role.communicates in {"all-reduce", "all-gather", "reduce-scatter", "all-to-all"}


def name_gpus(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the ids inferred from the siblings, or those of the unit if the label names all of its GPUs."""
    from dotlint.edits.gpus.infer import GpuInference  # noqa: PLC0415 - only where GPUs are missing

    edits: list[Edit] = []
    why = "the ids that the labels mean are unknown"
    inference = GpuInference(fix.deployment)
    for reading in fix.readings(finding):
        vague = reading.evidence.gpus.vague if reading.evidence.gpus else None
        if vague is None or not _means_all(vague):
            why = f"`{vague}` does not mean all GPUs of the unit"
            continue
        unit = _unit_gpus(fix, reading)
        if unit is None:
            why = "the GPUs of its unit are unknown: the strategy does not declare them, or other operators name others"
            continue
        gpus = inference.of(reading, unit) or (None if _is_divided(fix, reading, unit) else unit)
        edit = fix.gpus.replaced(reading, gpus) if gpus and gpus <= unit else None
        if edit is None:
            why = "its siblings are on parts of the unit's GPUs, and its own part is uncertain"
        edits += [edit] if edit else []
    return Fix("unsafe", in_order(edits), _title(finding, edits)) if edits else why


def _means_all(vague: str) -> bool:
    return _EVERY.search(vague) is not None and not _SOME.search(vague)


def _is_divided(fix: FixContext, reading: Reading, unit: GpuSet) -> bool:
    """Return whether siblings are on parts of the unit, or belong to stages while the node has none."""
    family = reading.evidence.name.family
    siblings = [
        r
        for r in fix.deployment.operators
        if r is not reading and r.phase == reading.phase and r.evidence.name.family == family and r.own_gpus
    ]
    beside = {r.gpus for r in siblings if (r.stage, r.layer) == (reading.stage, reading.layer)}
    staged = reading.stage is None and any(r.stage is not None for r in siblings)
    return staged or any(gpus is not None and gpus != unit for gpus in beside)


def _unit_gpus(fix: FixContext, reading: Reading) -> GpuSet | None:
    """Return the GPUs of the node's stage in the strategy, or those of its phase if it has no stage.

    Return None if other operators of the unit name other GPUs, or, if the strategy's layout is uncertain, not all.
    """
    phase = fix.context.phase(reading.phase)
    if phase is None:
        return None
    deployment = fix.deployment
    if reading.stage is None:
        if phase.stage_count > 1 and reading.kind != "io":
            return None  # its stage is unknown
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
    """Report labels that mention GPUs without their ids.

    All GPUs is a fact about the input and output of a model, which every GPU may read or write.
    """
    vague = [
        r
        for r in context.deployment.operators
        if r.evidence.gpus and r.evidence.gpus.vague and r.evidence.gpus.ids is None
    ]
    doubtful = [r for r in vague if r.kind != "io" or not _means_all(_vague_words(r))]
    for title, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, doubtful)).items():
        what = (
            f"`{some[0].name}` does"
            if len(some) == 1
            else f"{count(len(some), 'operator')}{grouping.of_unit(title)} do"
        )
        yield grouping.nodes_finding(
            context,
            card,
            title,
            some,
            f"{what} not say which GPUs {'it runs' if len(some) == 1 else 'they run'} on: `{_vague_words(some[0])}`",
            help="name the GPU ids, for example `GPU: 0-7`",
        )
    if not vague and any(r.gpus for r in context.deployment.operators):
        yield Holds("gpus", "GPU labels", "no vague labels such as `all GPUs`")


def _vague_words(reading: Reading) -> str:
    return (reading.evidence.gpus.vague if reading.evidence.gpus else None) or ""
