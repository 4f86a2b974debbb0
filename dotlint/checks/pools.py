"""D: phases that share GPUs or leave their pool, and names and clusters that contradict GPU labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import cross_file, grouping
from dotlint.checks.devices.placed import crosses
from dotlint.checks.grouping import names
from dotlint.checks.transfers import own_gpus
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.words import label_lines
from dotlint.engine.finding import Holds
from dotlint.strategy.calculations.pools import has_global_ids, misplaced
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.card import Card
    from dotlint.engine.companions import Companion
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Subgraph
    from dotlint.strategy import Strategy


def pools(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report disaggregated phases that share GPUs, and phases of a unified pool that use other GPUs."""
    strategy, deployment = context.strategy, context.deployment
    pool = None if strategy is None else strategy.pool or _implied(strategy)
    if strategy is None or pool is None:
        return
    wrong = list(_declared(context, card)) if context.graph.index == 0 else []
    elsewhere = [other for other in cross_file.in_other_files(context) if other.phase.own_gpus]
    if not wrong and pool == "disaggregated":
        wrong += _shared(context, card)
        wrong += (found for other in elsewhere for found in _shared_with(context, card, other))
    elif strategy.pool == "unified" and context.file.layout_certain:
        wrong += _outside(context, card)
    yield from wrong
    drawn = union(r.gpus for r in deployment.operators if r.gpus and own_gpus(r))
    whole = context.file.whole or strategy
    if not wrong and drawn and strategy.pool == "unified" and drawn <= whole.declared_gpus:
        yield Holds(card.section, "pool", f"every phase is on GPUs {whole.declared_gpus.short()}")
    elif not wrong and drawn and len(deployment.phases) > 1:
        yield Holds(card.section, "pool", "the phases share no GPUs")
    elif not wrong and drawn and elsewhere and all(has_global_ids(phase) for phase in strategy.phases):
        files = ", ".join(f"{other.name} in {other.file}" for other in elsewhere)
        yield Holds(card.section, "pool", f"no GPUs are shared with {files}")


def _implied(strategy: Strategy) -> str | None:
    """Return that the phases are disaggregated if the strategy gives each its own GPUs; else None."""
    phases = strategy.phases
    apart = len(phases) > 1 and sum(len(p.gpus) for p in phases) == len(union(p.gpus for p in phases))
    return "disaggregated" if apart and all(p.own_gpus and has_global_ids(p) for p in phases) else None


def _declared(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report contradictions between the declared pool and the declared GPUs of the phases."""
    strategy = context.strategy
    assert strategy is not None
    declared = [p for p in strategy.phases if not p.assumed and has_global_ids(p)]
    elsewhere = [p for p in (context.file.part.others if context.file.part else ()) if has_global_ids(p)]
    start, end = context.graph.header
    for index, phase in enumerate(declared):
        before = [*declared[:index], *elsewhere]
        wrong = misplaced(phase, before, strategy.pool)
        if wrong is None:
            continue
        yield card.finding(
            wrong.text, start, end, about=phase_unit(phase.name), graph=context.graph.index, help=wrong.advice
        )


def _shared(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases that are drawn on GPUs of another phase."""
    deployment = context.deployment
    placed = {name: _operators_with_gpus(context, name) for name in deployment.phases}
    for index, name in enumerate(deployment.phases):
        for before in deployment.phases[:index]:
            shared = union(g for _, g in placed[name]) & union(g for _, g in placed[before])
            if not shared:
                continue
            guilty = [r for r, gpus in placed[name] if not gpus.isdisjoint(shared)]
            guilty = grouping.remaining_nodes(context, card, guilty)
            if not guilty:
                continue
            shared &= union(r.gpus for r in guilty if r.gpus)
            yield card.finding(
                f"{before} and {name} are disaggregated, but both use GPUs {shared.short()}",
                *grouping.of_nodes(guilty, context.graph),
                nodes=names(guilty),
                locations=grouping.at_nodes(guilty),
                about=phase_unit(name),
                graph=context.graph.index,
                help=f"give {name} its own GPUs",
            )


def _shared_with(context: GraphContext, card: Card, other: Companion) -> Iterator[Outcome]:
    """Report phases of this file that use GPUs of a phase in another file."""
    there = union(r.gpus for r in other.operators if r.gpus and own_gpus(r))
    for name in context.deployment.phases:
        phase = context.phase(name)
        placed = _operators_with_gpus(context, name)
        shared = union(g for _, g in placed) & there
        if not shared or phase is None or not has_global_ids(phase):
            continue
        guilty = [r for r, gpus in placed if not gpus.isdisjoint(shared)]
        guilty = grouping.remaining_nodes(context, card, guilty)
        if not guilty:
            continue
        shared &= union(r.gpus for r in guilty if r.gpus)
        yield card.finding(
            f"{name} and {other.name} are disaggregated, but {name} here and {other.name} in {other.file} "
            f"both use GPUs {shared.short()}",
            *grouping.of_nodes(guilty, context.graph),
            nodes=names(guilty),
            locations=grouping.at_nodes(guilty),
            about=phase_unit(name),
            graph=context.graph.index,
            help="give each phase its own GPUs",
            other_file=other.file,
        )


def _outside(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases that use GPUs of no declared phase; another rule reports ids past the last one."""
    strategy = context.file.whole or context.strategy
    assert strategy is not None
    pool = strategy.declared_gpus
    between = GpuSet.span(0, pool.last + 1) - pool
    for name in context.deployment.phases:
        guilty = [r for r, gpus in _operators_with_gpus(context, name) if not gpus.isdisjoint(between)]
        guilty = grouping.remaining_nodes(context, card, guilty)
        if guilty:
            out = union(r.gpus for r in guilty if r.gpus) & between
            subject = name or "the graph"
            yield grouping.nodes_finding(
                context,
                card,
                phase_unit(name),
                guilty,
                f"{subject} uses GPUs {out.short()}, which are not in the pool ({pool.short()})",
                help=f"use GPUs {pool.short()}",
            )


def _operators_with_gpus(context: GraphContext, phase: str) -> list[tuple[Reading, GpuSet]]:
    """Return the operators of a phase that name their GPUs, with these GPUs."""
    return [
        (r, r.gpus)
        for r in context.deployment.operators
        if r.phase == phase and r.gpus and own_gpus(r) and not crosses(context.deployment, r)
    ]


def _name_gpu(reading: Reading, devices: DeviceReader) -> int | None:
    """Return the GPU in the node's name; None if it names none or several."""
    name = reading.evidence.name
    found = [n for word, n in zip(name.words, name.numbers, strict=True) if word in devices.words.names]
    return found[0] if len(found) == 1 else None


def _label_gpus(reading: Reading) -> GpuSet | None:
    label = reading.evidence.gpus
    return label.ids if label is not None and not label.transfer and label.vague is None else None


def contradicting_names(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes whose label names other GPUs than their name or their cluster."""
    deployment = context.deployment
    wrong: dict[int, str] = {}
    right = {r.node.index for r in (*_by_name(deployment, wrong), *_by_cluster(context, wrong))}
    for unit, some in grouping.units(
        deployment, grouping.remaining_nodes(context, card, [r for r in deployment.operators if r.node.index in wrong])
    ).items():
        more = "" if len(some) == 1 else f", and {count(len(some) - 1, 'more node')}{grouping.of_unit(unit)}"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{wrong[some[0].node.index]}{more}",
            help="name the same GPUs in both",
        )
    if right and not wrong:
        yield Holds(
            card.section,
            "names and labels",
            f"labels and names (or clusters) agree on the GPUs of {count(len(right), 'node')}",
        )


def _by_name(deployment: Deployment, wrong: dict[int, str]) -> list[Reading]:
    """Compare names with labels if most of a family agree; otherwise the name's number is not a GPU id.

    Add a message for each contradiction to `wrong`; return the nodes that agree.
    """
    families: dict[str, list[tuple[Reading, int, GpuSet]]] = defaultdict(list)
    for reading in deployment.operators:
        named, ids = _name_gpu(reading, deployment.vocabulary.devices), _label_gpus(reading)
        if named is not None and ids:
            families[reading.evidence.name.family].append((reading, named, ids))
    right: list[Reading] = []
    firsts: dict[tuple[str | None, int | None], int | None] = {}
    for members in families.values():
        # A name may count within a stage or replica: then its offset to the label's first id recurs.
        offsets = Counter(ids.first - named for _, named, ids in members)
        odd: list[tuple[Reading, int, GpuSet]] = []
        for reading, named, ids in members:
            offset = ids.first - named
            if ids & GpuSet.of([named]) or offsets[offset] > 1:
                continue
            stage = reading.phase, reading.stage
            if stage not in firsts:
                firsts[stage] = _first_of_stage(deployment, reading)
            if offset != firsts[stage]:
                odd.append((reading, named, ids))
        agreeing = len(members) - len(odd)
        right += [r for r, named, ids in members if (r, named, ids) not in odd]
        if odd and agreeing >= 3 * len(odd):
            for reading, named, ids in odd:
                wrong[reading.node.index] = (
                    f"the name `{reading.name}` means GPU {named}, but its label names GPUs {ids.short()}"
                )
    return right


def _first_of_stage(deployment: Deployment, reading: Reading) -> int | None:
    """Return the first GPU of the node's stage, from its header or else its operators."""
    unit = deployment.units.get(reading.phase or "", {}).get(-1 if reading.stage is None else reading.stage)
    if unit is None:
        return None
    return unit.stated.first if unit.stated else min((r.gpus.first for r in unit.operators if r.gpus), default=None)


def _cluster_gpus(subgraph: Subgraph, devices: DeviceReader) -> GpuSet | None:
    label = subgraph.own_attributes.get("label", "")
    lines = label_lines(label)
    stated = devices.read(lines) if label else None
    if (
        stated is None
        or stated.ids is None
        or stated.transfer
        or stated.vague
        or sum(len(devices.spans(line)) for line in lines) != 1
    ):
        return None
    return stated.ids


def _by_cluster(context: GraphContext, wrong: dict[int, str]) -> list[Reading]:
    """Compare labels with the innermost cluster that names GPUs, unless ids count within the cluster.

    Add a message for each contradiction to `wrong`; return the nodes that agree.
    """
    stated: dict[int, GpuSet | None] = {}
    inside: dict[int, list[tuple[Reading, GpuSet]]] = defaultdict(list)
    titles: dict[int, str] = {}
    for reading in context.deployment.operators:
        ids = _label_gpus(reading)
        if not ids or reading.kind in {"communication", "io"} or reading.summary or len(reading.node.subgraphs) != 1:
            continue
        innermost = reading.node.subgraphs[0]
        for subgraph in (innermost, *innermost.ancestors):
            if id(subgraph) not in stated:
                stated[id(subgraph)] = _cluster_gpus(subgraph, context.deployment.vocabulary.devices)
                titles[id(subgraph)] = subgraph.name or ""
            if stated[id(subgraph)]:
                inside[id(subgraph)].append((reading, ids))
                break
    sets = Counter(gpus for key, gpus in stated.items() if gpus and key in inside)
    right: list[Reading] = []
    for key, members in inside.items():
        gpus = stated[key]
        assert gpus is not None
        out = [(r, s) for r, s in members if not s <= gpus]
        right += [r for r, s in members if s <= gpus]
        # Ids that count within their cluster cannot be compared with those of the cluster; if most are in it, none do.
        through = (
            len(members) >= 4 * len(out)
            and all(r.kind == "computation" for r, _ in out)
            and any(s <= gpus and s.last >= len(gpus) for _, s in members)
        )
        if (all(ids.last < len(gpus) for _, ids in out) and not through) or (
            sets[gpus] > 1 and len(out) == len(members)
        ):
            continue
        for reading, ids in out:
            wrong.setdefault(
                reading.node.index,
                f"`{reading.name}` is on GPUs {ids.short()}, but its cluster `{titles[key]}` is on {gpus.short()}",
            )
    return right
