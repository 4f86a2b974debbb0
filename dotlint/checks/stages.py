"""S: what one unit has and its siblings lack, and how stages follow each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import LEFT_OUT, count, listed, names
from dotlint.edits.edge_attributes import Carrier
from dotlint.edits.statement import edge_text, id_text, ports_like
from dotlint.engine.finding import Holds, Listing, Related, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading, Unit
    from dotlint.deployment.patterns.proposals import MissingEdge
    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.deployment.wiring import Wiring
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge

_FEEDBACK = {"residual", "skip", "mask", "kv", "kvcache", "feedback", "loop", "autoregressive"}


def missing_stage_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Edges that the patterns of the graph ask for and a unit lacks."""
    deployment, text = context.deployment, context.file.document.text
    if context.missing and context.abridged.edges:
        yield Undecided(card.section, "patterns", LEFT_OUT)
        return
    groups: dict[str, list[MissingEdge]] = defaultdict(list)
    owners = places.units(deployment, [_owner(missing) for missing in context.missing])
    for title, owned in owners.items():
        inside = {reading.name for reading in owned}
        groups[title] = [missing for missing in context.missing if _owner(missing).name in inside]
    carrier = Carrier(text, deployment) if groups else None
    for title, missing in groups.items():
        assert carrier is not None
        readings = sorted(
            {r.node.index: r for m in missing for r in (m.tail, m.head)}.values(), key=lambda r: r.node.index
        )
        teachers = Counter(_unit_of(context, m.exemplar) for m in missing)
        teacher = teachers.most_common(1)[0][0]
        shown = [m.exemplar for m in missing if _unit_of(context, m.exemplar) == teacher]
        exemplars = sorted(shown, key=lambda e: e.index)
        first, last = exemplars[0], exemplars[-1]
        attributes = {m.pair: own for m in missing if (own := carrier.attributes(m.exemplar, m.tail.stage))}
        start, end = places.of_nodes(readings, context.graph)
        subject = title or "the graph"
        has = f"that {teacher} has" if teacher and teacher != title else "that siblings within it have"
        yield card.finding(
            f"{subject} lacks {count(len(missing), 'edge')} {has}",
            start,
            end,
            nodes=names(readings),
            missing_edges=tuple(m.pair for m in missing),
            edge_attributes=attributes,
            related=(
                Related(
                    f"the pattern: {teacher or 'its siblings'}",
                    first.start,
                    last.end if last.end > first.start else first.end,
                ),
            ),
            unit=title or None,
            graph=context.graph.index,
            help="add the edges",
            note=f"as `{first.tail.name} -> {first.head.name}`" if len(missing) == 1 else None,
            listings=(
                Listing(
                    subject,
                    tuple(_line(text, m, attributes.get(m.pair, "")) for m in missing),
                    paste=True,
                ),
            ),
        )
    if context.closing:
        edges = count(context.closing, "edge that siblings show", "edges that siblings show")
        yield Undecided(
            "connections", "patterns", f"edges without cycles: {edges} would close one with those that are there"
        )
    elif not context.missing and any(len(units) > 1 for units in deployment.units.values()):
        yield Holds("connections", "patterns", "no unit lacks an edge that its siblings show")


def _line(text: str, missing: MissingEdge, attributes: str) -> str:
    ports = ports_like(text, missing.exemplar, missing.tail.node, missing.head.node)
    return edge_text(text, missing.exemplar.graph, missing.pair, attributes, ports)


def _owner(missing: MissingEdge) -> Reading:
    return missing.head if missing.tail.stage is None and missing.head.stage is not None else missing.tail


def _unit_of(context: GraphContext, edge: Edge) -> str:
    readings = context.deployment.readings
    tail, head = readings[edge.tail.index], readings[edge.head.index]
    return next(
        iter(places.units(context.deployment, [head if tail.stage is None and head.stage is not None else tail]))
    )


def missing_stages(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Stages that the strategy declares and a phase does not draw."""
    deployment = context.deployment
    for phase_name in deployment.phases:
        phase = context.phase(phase_name)
        if phase is None or phase.stage_count < 2:
            continue
        units = {s: u for s, u in deployment.units.get(phase_name, {}).items() if u.operators}
        plans = context.plans.get(phase_name, [])
        if len([s for s in units if 0 <= s < phase.stage_count]) == phase.stage_count:
            prefix = f"{phase_name} has " if phase_name else ""
            yield Holds("stages", "stages", f"{prefix}{phase.stage_count} of {phase.stage_count} stages")
        if not plans:
            continue
        template = plans[0].exemplar
        lacking = [plan.stage for plan in plans]
        numbers = listed([str(deployment.stage_number(s)) for s in lacking], 12)
        nodes = template.headers + template.operators
        start, end = places.of_nodes(nodes, context.graph)
        subject = phase_name or "the graph"
        drawn = [str(deployment.stage_number(s)) for s in units]
        yield card.finding(
            f"{subject} has {'stage' if len(drawn) == 1 else 'stages'} {listed(drawn, 12)} of {phase.stage_count}; "
            f"{'stage' if len(lacking) == 1 else 'stages'} {numbers} {'is' if len(lacking) == 1 else 'are'} missing",
            start,
            end,
            missing_nodes=tuple(name for plan in plans for name in _new_names(plan)),
            planned_edges=tuple(pair for plan in plans for pair in plan.edges),
            related=(Related(f"the pattern: {deployment.unit_title(phase_name, template.stage)}", start, end),),
            unit=phase_name or None,
            graph=context.graph.index,
            help=f"write {'it' if len(lacking) == 1 else 'them'} as {deployment.unit_title(phase_name, template.stage)} is written",
            note="the phase was not declared: it is assumed to have the degrees of prefill, on the same GPUs"
            if phase.assumed
            else None,
            listings=tuple(_stage_listing(context, plan) for plan in plans),
        )


def _new_names(plan: StagePlan) -> tuple[str, ...]:
    written = tuple(name for _, name in plan.copies)
    return (*written, plan.new_output) if plan.new_output else written


def _stage_listing(context: GraphContext, plan: StagePlan) -> Listing:
    written = [id_text(name) for _, name in plan.copies]
    lines = [f"{count(len(written), 'operator')}: {', '.join(written)}"]
    if plan.entering:
        lines.append(f"entered by {_shown_links(plan.entering)}")
    if plan.leaving:
        lines.append(f"left by {_shown_links(plan.leaving)}" + (", a new output" if plan.new_output else ""))
    return Listing(
        context.deployment.unit_title(plan.phase, plan.stage),
        tuple(lines),
        note=f"GPUs {plan.gpus}" if plan.gpus else "",
    )


def _shown_links(pairs: Sequence[tuple[str, str]]) -> str:
    return listed([f"`{id_text(tail)} -> {id_text(head)}`" for tail, head in pairs], 12)


def missing_pipeline_links(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Neighbouring stages that no path joins through nodes which no stage owns."""
    deployment = context.deployment
    wiring = context.mended.wiring
    for phase_name in deployment.phases:
        phase = context.phase(phase_name)
        units = {s: u for s, u in deployment.units.get(phase_name, {}).items() if u.operators}
        if phase is None or phase.stage_count < 2 or len(units) < 2:
            continue
        if context.abridged.edges:
            yield Undecided(card.section, "pipeline", LEFT_OUT)
            return
        free = {r.name for r in deployment.operators if r.stage is None}
        joined = pairs = 0
        for stage, unit in units.items():
            after = units.get(stage + 1)
            if after is None:
                continue
            pairs += 1
            inside = set(names(unit.operators))
            beyond = set(names(after.operators))
            reach = wiring.reach(
                [head for name in inside for head in wiring.outs[name] if head not in inside], within=free
            )
            direct = any(head in beyond for name in inside for head in wiring.outs[name])
            if direct or any(head in beyond for name in reach if name in free for head in wiring.outs[name]):
                joined += 1
                continue
            yield _unlinked(context, card, unit, after, wiring)
        if pairs and joined == pairs:
            prefix = f"{phase_name}: " if len(deployment.phases) > 1 else ""
            yield Holds("connections", "pipeline", f"{prefix}every stage leads to the next, {count(pairs, 'link')}")


def _unlinked(context: GraphContext, card: Card, unit: Unit, after: Unit, wiring: Wiring) -> Outcome:
    deployment = context.deployment
    inside, beyond = set(names(unit.operators)), set(names(after.operators))
    exits = [r for r in unit.operators if wiring.ins[r.name] and not any(h in inside for h in wiring.outs[r.name])]
    entries = [r for r in after.operators if wiring.outs[r.name] and not any(t in beyond for t in wiring.ins[r.name])]
    one, two = deployment.unit_title(unit.phase, unit.stage), deployment.unit_title(after.phase, after.stage)
    unique = len(exits) == 1 and len(entries) == 1
    pair = (exits[0].name, entries[0].name) if unique else None
    line = edge_text(context.file.document.text, context.graph, pair) if pair else ""
    start, end = places.of_nodes(exits or unit.operators, context.graph)
    return card.finding(
        f"no path leads from {one} to {two}",
        start,
        end,
        nodes=names(exits + entries),
        missing_edges=(pair,) if pair else (),
        related=(Related(f"{two} starts here", *places.of_nodes(entries or after.operators, context.graph)),),
        unit=one,
        graph=context.graph.index,
        help=f"add {line}" if pair else f"join what leaves {one} to what enters {two}",
        listings=(Listing(f"{one} to {two}", (line,), paste=True),) if pair else (),
        fixable="safe" if unique else None,
    )


def edges_out_of_order(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Edges that go back to an earlier stage of the same phase, or skip one."""
    deployment = context.deployment
    if any((phase := context.phase(name)) and phase.degrees.vpp > 1 for name in deployment.phases):
        yield Undecided("connections", "order of stages", "virtual stages: say which chunk each node belongs to")
        return
    groups: dict[tuple[str | None, int, int], list[Edge]] = defaultdict(list)
    for edge in context.graph.edges:
        before, after = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if before.phase != after.phase or before.stage is None or after.stage is None:
            continue
        if after.stage - before.stage in (0, 1):
            continue
        words = set(deployment.vocabulary.normalize(f"{edge.label} {edge.tail.name} {edge.head.name}").split())
        if not words & _FEEDBACK:
            groups[before.phase, before.stage, after.stage].append(edge)
    for (phase_name, tail, head), edges in groups.items():
        one, two = deployment.unit_title(phase_name, tail), deployment.unit_title(phase_name, head)
        what = "go back" if head < tail else "skip a stage"
        what = what.replace("go ", "goes ").replace("skip ", "skips ") if len(edges) == 1 else what
        yield card.finding(
            f"{count(len(edges), 'edge')} from {one} to {two} {what}",
            edges[0].start,
            edges[0].end,
            nodes=tuple(dict.fromkeys(name for e in edges for name in (e.tail.name, e.head.name))),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[1:9]),
            unit=one,
            graph=context.graph.index,
            help="data flows from each stage to the next",
        )


def splits_without_gather(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Sequence splits that reach no sequence gather of their unit, and gathers that no split reaches.

    Where the file has only the one kind, the other is called something else, and nothing can be said.
    """
    wiring, deployment = context.wiring, context.deployment
    drawn = {r.role.name for r in deployment.operators if r.role and r.is_role("sequence-split", "sequence-gather")}
    if len(drawn) < 2:
        return
    whole = total = 0
    unplaced = deployment.by_unit(r for r in deployment.operators if r.stage is None)
    for (phase, stage), readings in deployment.by_unit(deployment.operators).items():
        splits = [r for r in readings if r.is_role("sequence-split")]
        gathers = [r for r in readings if r.is_role("sequence-gather")]
        if (not splits and not gathers) or (stage is None and deployment.units.get(phase or "")):
            continue  # what no stage owns, where others have one, belongs to a unit that is not known
        total += 1
        # What no stage owns may well stand between the two.
        within = {r.name for r in (*readings, *unplaced.get((phase, None), ()))}
        lost = [r for r in splits if not any(g.name in wiring.reach([r.name], within=within) for g in gathers)]
        reached = wiring.reach(names(splits), within=within)
        lost += [g for g in gathers if g.name not in reached]
        if not lost:
            whole += 1
            continue
        start, end = places.of_node(lost[0].node)
        title = deployment.unit_title(phase, stage)
        only = "split" if not gathers else "gather" if not splits else ""
        message = (
            f"{title} has a sequence {only} and no {'gather' if only == 'split' else 'split'}"
            if only
            else f"no path leads from the sequence split of {title} to its gather"
        )
        yield card.finding(
            message,
            start,
            end,
            nodes=names(lost),
            unit=title,
            graph=context.graph.index,
            help="every sequence split needs a gather that it reaches within its unit",
        )
    if whole:
        yield Holds("communication", "sequence", f"split and gather are joined in {_of_units(whole, total)}")


def _of_units(number: int, total: int) -> str:
    return f"{number} of {total} units" if total > 1 else "the one unit"


def _whole_units(deployment: Deployment) -> dict[tuple[str | None, int | None], list[Reading]]:
    """Group operators by phase and stage; one without a stage goes with the only stage that has its layer."""
    stages: dict[tuple[str | None, int], set[int]] = defaultdict(set)
    for reading in deployment.operators:
        if reading.layer is not None and reading.stage is not None:
            stages[reading.phase, reading.layer].add(reading.stage)
    units = deployment.by_unit(deployment.operators)
    for (phase, stage), readings in list(units.items()):
        if stage is not None:
            continue
        units[phase, None] = []
        for reading in readings:
            own = stages.get((phase, reading.layer), set()) if reading.layer is not None else set()
            units[phase, next(iter(own)) if len(own) == 1 else None].append(reading)
    return units


def attention_in_one_node(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Attention drawn without its QKV projection as a node of its own, everywhere or in some units only."""
    deployment = context.deployment
    projections = ("qkv", "query", "key-projection", "value-projection")
    with_parts: list[tuple[str, list[Reading]]] = []
    what: set[str] = set()
    without: list[tuple[str, list[Reading]]] = []
    units = _whole_units(deployment)
    for (phase, stage), readings in units.items():
        compute = [r for r in readings if r.is_role("attention", "scores", "softmax")]
        parts = [r for r in readings if r.is_role(*projections)]
        if stage is not None and bool(compute) != bool(parts):
            other = projections if compute else ("attention", "scores", "softmax")
            if any(r.is_role(*other) for r in units.get((phase, None), ())):
                continue  # one that no stage owns may be this one's
        if compute and stage is not None and all(r.summary for r in compute):
            continue
        if compute or parts:
            title = deployment.unit_title(phase, stage)
            (with_parts if parts and compute else without).append((title, compute or parts))
            what |= set() if parts and compute else {"attention compute" if parts else "the QKV projection"}
    if with_parts:
        # Nodes of no stage are of no unit that could be compared with the others.
        without = [pair for pair in without if pair[1][0].stage is not None]
        if without and context.abridged.parts:
            yield Undecided(card.section, "attention", LEFT_OUT)
            return
    if without:
        lacking = [r for _, some in without for r in some]
        start, end = places.of_node(lacking[0].node)
        where = "" if not with_parts else " in " + listed([title for title, _ in without])
        subject = " and ".join(sorted(what, reverse=True))
        verb = "are not drawn as nodes" if len(what) > 1 else "is not drawn as a node"
        yield card.finding(
            f"{subject} {verb} of {'their' if len(what) > 1 else 'its'} own{where}",
            start,
            end,
            nodes=names(lacking),
            graph=context.graph.index,
            help="draw the QKV projection and the attention compute apart, a node for each shard",
        )
    elif with_parts:
        shards = Counter(len(list(some)) for _, some in with_parts)
        each = f", {next(iter(shards))} each" if len(shards) == 1 else ""
        total = len(with_parts)
        yield Holds(
            "attention",
            "attention",
            f"QKV projection and compute are nodes of their own{each}, in {_of_units(total, total)}",
        )
