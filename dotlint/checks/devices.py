"""D: which GPUs nodes name, and whether those are the ones that the strategy gives them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, listed, names
from dotlint.deployment.model import Unit
from dotlint.deployment.shards import SHARDED, Group, groups, one_layer_each
from dotlint.engine.finding import Holds, Related
from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.strategy import Phase


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
    for title, some in places.units(context.deployment, lacking).items():
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
            unit=title or None,
            graph=context.graph.index,
            help="add the GPUs to the label, as `GPU: 0-7`",
        )


def vague_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Labels that speak of GPUs and say not which."""
    vague = [
        r
        for r in context.deployment.operators
        if r.evidence.gpus and r.evidence.gpus.vague and r.evidence.gpus.ids is None
    ]
    for title, some in places.units(context.deployment, vague).items():
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
            unit=title or None,
            graph=context.graph.index,
            help="name the ids, as `GPU: 0-7`",
        )
    if not vague and any(r.gpus for r in context.deployment.operators):
        yield Holds("gpus", "GPU labels", "no vague words such as `all GPUs`")


def gpus_of_unit(unit: Unit) -> GpuSet | None:
    """The GPUs that the unit's operators name; None where none does."""
    sets = [r.gpus for r in unit.operators if r.gpus]
    return union(sets) if sets else unit.stated


def placed_units(context: GraphContext, phase: str) -> dict[int, tuple[Unit, GpuSet]]:
    """Give the stages of a phase that name GPUs, each with those that it is on.

    Where the operators of every stage are on a part of the GPUs of its header, the file draws a share of each and the
    header tells; a stage that does so alone is on what its operators name.
    """
    found, stated = {}, {}
    for stage, unit in context.deployment.units.get(phase, {}).items():
        gpus = gpus_of_unit(unit)
        if unit.operators and gpus:
            found[stage] = unit, gpus
            if unit.stated is not None and gpus <= unit.stated and gpus != unit.stated:
                stated[stage] = unit, unit.stated
    return found | stated if context.abridged.parts or len(stated) == len(found) else found


def _local(units: dict[int, tuple[Unit, GpuSet]]) -> bool:
    """Whether every stage numbers its own GPUs from the same base, so that ids say nothing across stages."""
    return len(units) > 1 and len({gpus for _, gpus in units.values()}) == 1


def stage_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Stages whose GPUs are not those that the layout gives them."""
    deployment = context.deployment
    for name in deployment.phases:
        phase = context.phase(name)
        units = placed_units(context, name)
        if phase is None or phase.assumed or not units or _local(units) or not context.file.layout_certain:
            continue
        wrong = {s: pair for s, pair in units.items() if not _fits(phase, s, pair[1])}
        if not wrong:
            shown = listed([gpus.short() for _, gpus in units.values()], 16).replace(" and ", ", ")
            prefix = f"{name} " if len(deployment.phases) > 1 else ""
            yield Holds("gpus", "GPUs", f"{prefix}stages on {shown}")
            continue
        other = _other_model(phase, units)
        if other is not None:
            start, end = places.of_nodes(next(iter(wrong.values()))[0].operators, context.graph)
            yield card.finding(
                f"the GPUs of every stage fit the `{other}` layout model, not `{phase.layout.name}`",
                start,
                end,
                outcome="other-model",
                unit=name or None,
                graph=context.graph.index,
                help=f"declare it with `--layout {other}`",
            )
            continue
        for stage, (unit, gpus) in wrong.items():
            title = deployment.unit_title(name, stage)
            nodes = unit.headers + unit.operators
            start, end = places.of_nodes(nodes, context.graph)
            drawn = {s: each for s, (_, each) in units.items()}
            expected = expected_gpus(phase, stage, drawn) if stage < phase.stage_count else None
            if expected is None:
                message = f"{title} is on GPUs {gpus.short()}, but the strategy has {count(phase.stage_count, 'stage')}"
            elif unit.stated == expected and gpus <= expected:
                message = f"the operators of {title} are on GPUs {gpus.short()} alone, where its label gives it {expected.short()}"
            else:
                message = f"{title} is on GPUs {gpus.short()}, where the strategy gives it {expected.short()}"
            yield card.finding(
                message,
                start,
                end,
                nodes=names(r for r in unit.operators if r.gpus and expected and not r.gpus <= expected)
                or names(unit.operators),
                unit=title,
                graph=context.graph.index,
                help=_remedy(gpus, expected),
            )


def _fits(phase: Phase, stage: int, gpus: GpuSet) -> bool:
    if not 0 <= stage < phase.stage_count:
        return False
    return gpus == phase.stage_gpus(stage) or gpus in phase.replica_stage_gpus(stage)


def expected_gpus(phase: Phase, stage: int, drawn: Mapping[int, GpuSet]) -> GpuSet:
    """Give the set of the layout that the stage is meant to have: that of the replica that the other stages show.

    `drawn` are the GPUs of all stages. Where no replica shows, it is the smallest set that holds the stage's own,
    else the whole one.
    """
    gpus = drawn[stage]
    replicas = phase.replica_stage_gpus(stage)
    shown = [
        {i for i, each in enumerate(phase.replica_stage_gpus(other)) if each == theirs}
        for other, theirs in drawn.items()
        if other != stage and 0 <= other < phase.stage_count
    ]
    agreed = set.intersection(*shown) if shown else set()
    if len(agreed) == 1 and (replica := replicas[agreed.pop()]) and len(replica) >= len(gpus):
        return replica
    holding = [each for each in replicas if gpus <= each]
    return min(holding, key=len, default=phase.stage_gpus(stage))


def _remedy(gpus: GpuSet, expected: GpuSet | None) -> str:
    if expected is None:
        return "remove it, or declare more stages"
    return f"spread it over all of GPUs {expected}" if gpus <= expected else f"move it to GPUs {expected}"


def _other_model(phase: Phase, units: dict[int, tuple[Unit, GpuSet]]) -> str | None:
    for name in ("product", "overlay"):
        if name == phase.layout.name:
            continue
        placed = Layout.named(name).placement(phase.degrees)
        if (
            units.keys() == set(range(phase.stage_count))
            and placed.verdict == "ok"
            and all(placed.stage(s) == gpus for s, (_, gpus) in units.items())
        ):
            return name
    return None


def gpu_overlaps(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Stages of one phase that share some, but not all, of their GPUs."""
    deployment = context.deployment
    for name in deployment.phases:
        units = placed_units(context, name)
        if _local(units):
            continue
        found = False
        meeting = _meeting({gpus for _, gpus in units.values()})
        owners: dict[GpuSet, list[int]] = defaultdict(list)
        for stage, (unit, gpus) in units.items():
            for other in sorted(other for theirs in meeting[gpus] for other in owners[theirs]):
                before, theirs = units[other]
                shared = gpus & theirs
                found = True
                start, end = places.of_nodes(unit.headers + unit.operators, context.graph)
                one, two = deployment.unit_title(name, other), deployment.unit_title(name, stage)
                guilty = [r for r in unit.operators if r.gpus and r.gpus & theirs]
                yield card.finding(
                    f"{one} and {two} share GPUs {shared}",
                    start,
                    end,
                    nodes=names(guilty),
                    related=(Related(one, *places.of_nodes(before.headers + before.operators, context.graph)),),
                    unit=two,
                    graph=context.graph.index,
                    help="each stage has GPUs of its own",
                )
            owners[gpus].append(stage)
        for straddling in _straddling(context, card, name):
            found = True
            yield straddling
        if not found and len(units) > 1:
            prefix = f"{name}: " if len(deployment.phases) > 1 else ""
            yield Holds("gpus", "stages apart", f"{prefix}no GPU belongs to two stages")


def _meeting(sets: Iterable[GpuSet]) -> dict[GpuSet, set[GpuSet]]:
    """Give for each of these sets the others that share a GPU with it, by one pass over all runs."""
    found: dict[GpuSet, set[GpuSet]] = defaultdict(set)
    begun: list[tuple[int, GpuSet]] = []
    for start, stop, gpus in sorted(
        ((start, stop, s) for s in sets for start, stop in s.runs), key=lambda run: run[:2]
    ):
        begun = [(end, other) for end, other in begun if end > start]
        for _, other in begun:
            found[gpus].add(other)
            found[other].add(gpus)
        begun.append((stop, gpus))
    return found


def _straddling(context: GraphContext, card: Card, name: str) -> Iterator[Outcome]:
    """Operators that no stage owns because they are on a part of one stage's GPUs and on a part of the next one's."""
    phase = context.phase(name)
    if phase is None or phase.assumed or not context.file.layout_certain or phase.degrees.dp > 1:
        return
    stages = phase.stages if phase.stage_count > 1 else ()
    touched: dict[str, list[int]] = {}
    guilty: list[Reading] = []
    for reading in context.deployment.operators:
        if reading.phase != name or reading.stage is not None or reading.kind not in {"computation", "routing"}:
            continue
        gpus = reading.gpus if reading.own_gpus and reading.gpus else None
        parts = [s for s, own in enumerate(stages) if gpus and gpus & own]
        if (
            gpus
            and len(parts) == 2
            and gpus <= union(stages[s] for s in parts)
            and not any(stages[s] <= gpus for s in parts)
        ):
            touched[reading.name] = parts
            guilty.append(reading)
    if guilty:
        first = guilty[0]
        one, two = (context.deployment.unit_title(name, s) for s in touched[first.name])
        more = "" if len(guilty) == 1 else f", and {count(len(guilty) - 1, 'more operator')} like it"
        yield card.finding(
            f"`{first.name}` is on GPUs {first.gpus.short() if first.gpus else ''}, a part of {one} and a part of {two}{more}",
            *places.of_node(first.node),
            nodes=names(guilty),
            unit=name or None,
            graph=context.graph.index,
            help="place each operator on GPUs of one stage",
        )


def shard_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Shards and expert groups that do not divide the GPUs of their unit into equal parts."""
    fine = 0
    for group in groups(context.deployment, *SHARDED, "expert"):
        phase = context.phase(group.phase)
        if phase is None or not group.placed or len(group.gpu_sets) < 2:
            continue
        if not one_layer_each(context.deployment, group):
            continue
        whole, sets = _whole(context, group, phase), group.gpu_sets
        if whole is None:
            continue
        sizes = {len(s) for s in sets}
        problem = ""
        if not group.disjoint:
            problem = "share GPUs"
        elif len(sizes) > 1:
            problem = f"have {listed([str(size) for size in sorted(sizes)])} GPUs"
        elif (
            group.layer is None
            and union(sets) != whole
            and union(sets) <= whole
            and len(sets) == (phase.degrees.ep if group.role == "expert" else phase.degrees.tp)
        ):
            problem = f"leave out GPUs {whole - union(sets)}"
        if not problem:
            fine += 1
            continue
        title = context.deployment.unit_title(group.phase, group.stage)
        start, end = places.of_node(group.members[0].node)
        kind = "expert groups" if group.role == "expert" else f"{group.role} shards"
        yield card.finding(
            f"the {kind} of {title} {problem}: {listed([str(s) for s in sets], 8)}",
            start,
            end,
            nodes=names(group.members),
            unit=title,
            graph=context.graph.index,
            help=f"divide GPUs {whole} into {len(sets)} equal parts",
        )
    if fine:
        yield Holds(
            "gpus",
            "shards",
            f"shards and expert groups divide the GPUs of their unit equally, {count(fine, 'group')}",
        )


def _whole(context: GraphContext, group: Group, phase: Phase) -> GpuSet | None:
    """Give the GPUs of the group's stage; where there is but one stage nobody has to name it."""
    if group.stage is None:
        alone = phase.stage_count == 1 and context.file.layout_certain
        return phase.gpus if alone and union(group.gpu_sets) <= phase.gpus else None
    unit = context.deployment.units.get(group.phase or "", {}).get(group.stage)
    whole = None if unit is None else unit.stated or gpus_of_unit(unit)
    # What is past the last GPU of the phase is another rule's, and nothing that shards could leave out.
    return whole & phase.gpus or whole if whole is not None and context.file.layout_certain else whole


def _whole_phase(context: GraphContext, name: str) -> dict[int, tuple[Unit, GpuSet]]:
    """Give a phase of one stage, which nobody has to name, where its operators are all drawn and say where they are."""
    inside = [r for r in context.deployment.operators if r.phase == name and r.kind not in {"io", None}]
    placed = [r for r in inside if r.gpus and r.own_gpus]
    if any(r.summary for r in inside) or len(placed) * 5 < len(inside) * 4 or not placed or context.abridged.parts:
        return {}
    return {0: (Unit(name, 0, placed), union(r.gpus for r in placed if r.gpus))}


def gpu_totals(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Phases whose stages together are on other GPUs than declared; for an assumed phase what its header says."""
    deployment = context.deployment
    for name in deployment.phases:
        phase = context.phase(name)
        if phase is None:
            continue
        units = placed_units(context, name)
        if phase.assumed:
            yield from _assumed_total(context, card, phase, units)
            continue
        if not units and phase.stage_count == 1 and context.file.layout_certain:
            units = _whole_phase(context, name)
        if not units or len(units) < phase.stage_count or _local(units) or not context.file.layout_certain:
            continue
        if _other_model(phase, units) is not None:
            continue  # said once, of the stages
        whole = union(gpus for _, gpus in units.values())
        whole |= union(r.gpus for r in deployment.operators if r.phase == name and r.stage is None and r.gpus)
        replica = phase.total // max(1, phase.degrees.dp)
        if len(whole) in (phase.total, replica):
            prefix = f"{name} " if len(deployment.phases) > 1 else ""
            yield Holds("gpus", "total", f"{prefix}{count(len(whole), 'GPU')} in all, as declared")
            continue
        nodes = [r for unit, _ in units.values() for r in unit.headers + unit.operators]
        start, end = places.of_nodes(nodes, context.graph)
        yield card.finding(
            f"{name or 'the graph'} is on {count(len(whole), 'GPU')} ({whole.short()}), where the strategy has {phase.total}",
            start,
            end,
            unit=name or None,
            graph=context.graph.index,
            help="name the GPUs of every stage, or declare the strategy that is drawn",
        )


def _assumed_total(
    context: GraphContext, card: Card, phase: Phase, units: dict[int, tuple[Unit, GpuSet]]
) -> Iterator[Outcome]:
    for declaration in context.file.declarations:
        if (
            declaration.phase != phase.name
            or declaration.gpus in (None, phase.total)
            or declaration.graph not in (None, context.graph.index)
        ):
            continue
        said = declaration.gpus
        message = f"{declaration.where} says {said} GPUs for {phase.name}, which nobody declared: it is assumed on the {phase.total} of prefill"
        note = None
        if units and said and said % phase.stage_count == 0:
            stage, (_, gpus) = next(iter(units.items()))
            each = said // phase.stage_count
            if len(gpus) != each:
                note = (
                    f"{context.deployment.unit_title(phase.name, stage)} takes {count(len(gpus), 'GPU')} ({gpus.short()}), "
                    f"where PP={phase.stage_count} over {said} leaves {each}"
                )
        yield card.finding(
            message,
            declaration.start,
            declaration.end,
            outcome="assumed",
            unit=phase.name,
            graph=context.graph.index,
            note=note,
            help=f"declare it, as with `--strategy '{phase.name}={phase.degrees}@...'`",
        )


def gpus_out_of_range(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Ids past the last GPU that the strategy has."""
    strategy = context.strategy
    if strategy is None or not context.file.layout_certain:
        return
    elsewhere = context.file.part.others if context.file.part else ()
    last = max(phase.gpus.last for phase in (*strategy.phases, *(p for p in elsewhere if p.own_gpus)))
    beyond = [r for r in context.deployment.operators if r.gpus and r.gpus.last > last]
    for title, some in places.units(context.deployment, beyond).items():
        start, end = places.of_node(some[0].node)
        gpus = union(r.gpus for r in some if r.gpus)
        over = gpus - GpuSet.span(0, last + 1)
        what = (
            f"`{some[0].name}` is" if len(some) == 1 else f"{count(len(some), 'operator')}{places.of_unit(title)} are"
        )
        yield card.finding(
            f"{what} on GPUs {over.short()}, but the last GPU of the strategy is {last}",
            start,
            end,
            nodes=names(some),
            unit=title or None,
            graph=context.graph.index,
            help="ids are global ranks, counted from 0",
        )
