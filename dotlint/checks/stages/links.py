"""S004: adjacent stages that no path connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.copies import ANY, copies
from dotlint.checks.grouping import LEFT_OUT, names
from dotlint.deployment.model import Stage
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.links import link_exemplar, stage_links
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.edits.statement import edge_text
from dotlint.engine.finding import Fix, Holds, Listing, Related, Undecided
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dotlint.checks.copies import Copy
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome


class MissingLink(Struct, frozen=True, eq=False):
    """The one end of a stage and the one beginning of the next, which no edge connects.

    Either may be a transfer between the stages that the stage feeds or is fed by.
    """

    tail: Reading
    head: Reading
    stages: tuple[Stage, Stage]
    proposed: bool


def link_stages(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the one edge that connects two stages, like the phase's other links.

    If those pass through other nodes, there is no fix.
    """
    data = finding.data
    assert isinstance(data, MissingLink)
    deployment, tail, head = fix.deployment, data.tail, data.head
    unit = data.stages[0]
    for reading, beyond in (
        (tail, [e.head for e in tail.node.out_edges]),
        (head, [e.tail for e in head.node.in_edges]),
    ):
        others = {deployment.readings[node.index].stage for node in beyond}
        if reading.stage is not None and others - {None, reading.stage}:
            return f"`{reading.name}` is already connected to another stage"
    if not data.proposed:
        return "the other stages are connected through nodes between them"
    links = stage_links(deployment)
    own = [(stage, edge) for phase, stage, edge in links if phase == unit.phase]
    through = tail.stage is None or head.stage is None
    nearest = None if through else min(own, key=lambda one: abs(one[0] - unit.stage), default=None)
    exemplar = nearest[1] if nearest else next(iter((*reversed(tail.node.in_edges), *head.node.out_edges)), None)
    if exemplar is None:
        return "there is no exemplar for the edge"
    attributes = link_exemplar(deployment, fix.attributes, unit.phase, unit.stage)[0] if links and not through else ""
    planned = PlannedEdge(tail, head, exemplar, attributes, alike=nearest is not None)
    return Fix("safe", tuple(fix.edges.edits([planned])), f"Add the edge from `{tail.name}` to `{head.name}`")


@fixed_by(link_stages)
def missing_pipeline_links(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report adjacent stages that no path connects, directly or through nodes of no stage."""
    deployment = context.deployment
    wiring, copy_of = context.completed.wiring, deployment.derived(copies)
    for phase_name in deployment.phases:
        phase = context.phase(phase_name)
        units = {s: u for s, u in deployment.units.get(phase_name, {}).items() if u.operators}
        if phase is None or phase.stage_count < 2 or len(units) < 2:
            continue
        if context.abridged.edges:
            yield Undecided(card.section, "pipeline", LEFT_OUT)
            return
        free = {r.name for r in deployment.operators if r.stage is None}
        connected = pairs = 0
        unclear: list[str] = []
        for stage, unit in units.items():
            after = units.get(stage + 1)
            if after is None:
                continue
            pairs += 1
            apart = [
                (one, two) for one, two in _in_each_copy(unit, after, copy_of) if not _leads(wiring, one, two, free)
            ]
            connected += not apart and _leads(context.wiring, unit, after, free)
            for one, two in apart:
                if _joined_otherwise(context, one, two, wiring):
                    unclear.append(f"{deployment.unit(phase_name, stage)} to {deployment.unit(phase_name, two.stage)}")
                else:
                    yield _missing_link(context, card, one, two, wiring, only=len(units) == 2)
        if unclear:
            needs = f"label the stages, whose order is unclear: every node is connected, but no path leads from {listed(unclear, 4)}"
            yield Undecided(card.section, "pipeline", needs)
        if connected == pairs == len(units) - 1 >= phase.stage_count - 1:
            prefix = f"{phase_name}: " if len(deployment.phases) > 1 else ""
            yield Holds(
                "connections", "pipeline", f"{prefix}every stage is connected to the next ({count(pairs, 'link')})"
            )


def _in_each_copy(unit: Stage, after: Stage, copy_of: Callable[[Reading], Copy]) -> list[tuple[Stage, Stage]]:
    """Return two stages in each of the data replicas and micro-batches that both have, or as they are."""
    both = {copy_of(r) for r in unit.operators} & {copy_of(r) for r in after.operators} - {ANY}
    if len(both) < 2:
        return [(unit, after)]

    def part(whole: Stage, copy: Copy) -> Stage:
        return Stage(whole.phase, whole.stage, [r for r in whole.operators if copy_of(r) in {copy, ANY}])

    return [(part(unit, copy), part(after, copy)) for copy in sorted(both, key=str)]


def _leads(wiring: Wiring, unit: Stage, after: Stage, free: set[str]) -> bool:
    """Return whether a path leads from a stage to another, directly or through nodes of no stage."""
    inside, beyond = set(names(unit.operators)), set(names(after.operators))
    outside = [head for name in inside for head in wiring.outs[name] if head not in inside]
    passed = [name for name in wiring.reach(outside, within=free) if name in free]
    return any(head in beyond for name in (*inside, *passed) for head in wiring.outs[name])


def _joined_otherwise(context: GraphContext, unit: Stage, after: Stage, wiring: Wiring) -> bool:
    """Return whether the graph is connected as a whole and neither of two stages has a loose end.

    A link that is missing leaves such an end; where there is none, the stages were read in another order than they have.
    """
    if not context.connected_throughout:
        return False
    inside, beyond = set(names(unit.operators)), set(names(after.operators))
    exits = [wiring.outs[name] for name in inside if not inside.intersection(wiring.outs[name])]
    entries = [wiring.ins[name] for name in beyond if not beyond.intersection(wiring.ins[name])]
    return all(exits) and all(entries)


def _missing_link(
    context: GraphContext, card: Card, unit: Stage, after: Stage, wiring: Wiring, *, only: bool
) -> Outcome:
    deployment = context.deployment
    inside, beyond = set(names(unit.operators)), set(names(after.operators))
    exits = [r for r in unit.operators if wiring.ins[r.name] and not any(h in inside for h in wiring.outs[r.name])]
    entries = [r for r in after.operators if wiring.outs[r.name] and not any(t in beyond for t in wiring.ins[r.name])]
    ends = _past_transfers(deployment, exits, wiring.outs)
    beginnings = _past_transfers(deployment, entries, wiring.ins)
    one, two = deployment.unit(unit.phase, unit.stage), deployment.unit(after.phase, after.stage)
    # While operators of either stage are isolated, its end is unknown.
    whole = all(wiring.ins[r.name] or wiring.outs[r.name] for r in (*unit.operators, *after.operators))
    direct = only or any(phase == unit.phase for phase, _, _ in stage_links(deployment))
    through = ends != exits or beginnings != entries
    unique = whole and len(ends) == 1 and len(beginnings) == 1
    pair = (ends[0].name, beginnings[0].name) if unique and (direct or through) else None
    line = edge_text(context.file.document.text, context.graph, pair) if pair else ""
    start, end = grouping.of_nodes(exits or unit.operators, context.graph)
    return card.finding(
        f"no path leads from {one} to {two}",
        start,
        end,
        nodes=names(exits + entries),
        missing_edges=(pair,) if pair else (),
        related=(Related(f"start of {two}", *grouping.of_nodes(entries or after.operators, context.graph)),),
        about=one,
        graph=context.graph.index,
        help=f"add {line}" if pair else f"connect the last operators of {one} to the first of {two}",
        listings=(Listing(f"{one} to {two}", (line,), paste=True),) if pair else (),
        fixable="safe" if unique else None,
        data=MissingLink(ends[0], beginnings[0], (unit, after), pair is not None) if unique else None,
    )


def _past_transfers(deployment: Deployment, found: list[Reading], along: Mapping[str, list[str]]) -> list[Reading]:
    """Return the transfers where the paths of these operators end outside their stage, or the operators themselves."""
    open_ends: dict[str, Reading] = {}
    todo = names(found)
    seen = set(todo)
    while todo:
        steps = [
            reading
            for name in todo
            for after in along[name]
            if after not in seen
            and (reading := deployment.by_name.get(after)) is not None
            and reading.stage is None
            and reading.kind == "communication"
        ]
        open_ends.update({r.name: r for r in steps if not along[r.name]})
        seen.update(r.name for r in steps)
        todo = names(steps)
    return list(open_ends.values()) or found
