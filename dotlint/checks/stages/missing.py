"""S002: stages that the strategy declares but the graph lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment.unit import phase_unit
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.finding import Fix, Holds, Listing, NameList, Related, Undecided
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome


class MissingStages(Struct, frozen=True, eq=False):
    """The stages that a phase lacks, each planned as a copy of an existing one."""

    plans: tuple[StagePlan, ...]


def add_stages(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the stages that a phase lacks as copies of the most complete one."""
    from dotlint.edits.stages.write import StageWriter  # noqa: PLC0415 - only where a stage is missing

    data = finding.data
    assert isinstance(data, MissingStages)
    plans = data.plans
    if any(plan.shift is None for plan in plans):
        return "the existing stages are not on the GPUs of the layout, so the GPUs of the missing ones are unknown"
    edits = StageWriter(fix.text, fix.deployment, fix.comments, fix.attributes, plans).edits()
    if isinstance(edits, str):
        return edits
    numbers = [str(fix.deployment.stage_number(plan.stage)) for plan in plans]
    what = f"stage{'' if len(plans) == 1 else 's'} {listed(numbers, 12)}"
    return Fix("unsafe", tuple(edits), f"Add {what}{grouping.of_unit(finding.about)}")


@fixed_by(add_stages)
def missing_stages(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report stages that the strategy declares but the graph lacks."""
    deployment = context.deployment
    for phase_name in deployment.phases:
        phase = context.phase(phase_name)
        if phase is None or phase.stage_count < 2:
            continue
        units = {s: u for s, u in deployment.units.get(phase_name, {}).items() if u.operators}
        plans = context.plans.get(phase_name, [])
        if len([s for s in units if 0 <= s < phase.stage_count]) == phase.stage_count:
            prefix = f"{phase_name} has " if phase_name else ""
            yield Holds("stages", "stages", f"{prefix}all {phase.stage_count} stages")
        if not plans:
            apart = context.drawn_apart(phase_name) if units and len(units) < phase.stage_count else []
            if apart:
                needs = f"state the stage of {quoted(names(apart), 3)} in a label or cluster (no other stage has their GPUs)"
                yield Undecided(card.section, "stages", needs)
            continue
        exemplar = plans[0].exemplar
        lacking = [plan.stage for plan in plans]
        numbers = listed([str(deployment.stage_number(s)) for s in lacking], 12)
        nodes = exemplar.headers + exemplar.operators
        start, end = grouping.of_nodes(nodes, context.graph)
        subject = phase_name or "the graph"
        drawn = [str(deployment.stage_number(s)) for s in units]
        yield card.finding(
            f"{subject} has only {'stage' if len(drawn) == 1 else 'stages'} {listed(drawn, 12)} of {phase.stage_count}; "
            f"{'stage' if len(lacking) == 1 else 'stages'} {numbers} {'is' if len(lacking) == 1 else 'are'} missing",
            start,
            end,
            missing_nodes=tuple(name for plan in plans for name in _new_names(plan)),
            planned_edges=tuple(pair for plan in plans for pair in plan.edges),
            related=(Related(f"exemplar: {deployment.unit(phase_name, exemplar.stage)}", start, end),),
            about=phase_unit(phase_name),
            graph=context.graph.index,
            help=f"add {'it' if len(lacking) == 1 else 'them'} like {deployment.unit(phase_name, exemplar.stage)}",
            note="the phase is not declared; it is assumed to have the degrees and GPUs of prefill"
            if phase.assumed
            else None,
            listings=tuple(_stage_listing(context, plan) for plan in plans),
            data=MissingStages(tuple(plans)),
        )


def _new_names(plan: StagePlan) -> tuple[str, ...]:
    written = tuple(name for _, name in plan.copies)
    return (*written, plan.new_output) if plan.new_output else written


def _stage_listing(context: GraphContext, plan: StagePlan) -> Listing:
    copies = tuple(name for _, name in plan.copies)
    every = (
        NameList(count(len(copies), "operator"), copies),
        NameList("incoming", edges=tuple(plan.entering)),
        NameList("outgoing", edges=tuple(plan.leaving), end=", to a new output" if plan.new_output else ""),
    )
    return Listing(
        str(context.deployment.unit(plan.phase, plan.stage)),
        (),
        note=f"GPUs {plan.gpus}" if plan.gpus else "",
        names=tuple(one for one in every if one.names or one.edges),
    )
