"""S and G: how data flows between stages and through the operators of one unit."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.checks.stages.between import interleaved, is_backward, stage_edges
from dotlint.checks.whole_boxes import is_whole_box, parts_of
from dotlint.deployment.shards import within_stage
from dotlint.deployment.unit import WHOLE, Unit, phase_unit
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.edits.statement import edge_text
from dotlint.engine.finding import Fix, Holds, Listing, Related
from dotlint.text.english import chain, count, listed, quoted, the

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Edge

# Words of edges that may cross stages because they do not carry the activations of the pipeline.
_NOT_PIPELINE = (
    "residual",
    "skip",
    "mask",
    "kv",
    "feedback",
    "next token",
    "loop",
    "autoregressive",
    "position",
    "cache",
    "grad",
    "weight",
)


def _is_not_pipeline(edge: Edge) -> bool:
    words = f"{edge.label} {edge.tail.name} {edge.head.name} {edge.tail.label} {edge.head.label}".lower()
    return any(word in words for word in _NOT_PIPELINE)


def _later_layer(tail: Reading, head: Reading) -> bool:
    return tail.layer is not None and head.layer is not None and tail.layer < head.layer


def stage_cycles(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report stages that feed each other in a cycle although no node is on a cycle."""
    deployment = context.deployment
    if not context.graph.directed:
        return
    cyclic = {name: i for i, cycle in enumerate(context.cycles) for name in cycle.members}
    between = list(stage_edges(context))
    for phase in deployment.phases:
        if interleaved(context, phase):
            continue
        links: dict[int, dict[int, Edge]] = defaultdict(dict)
        for edge, one, two in between:
            assert one.stage is not None
            assert two.stage is not None
            if one.phase != phase or _is_not_pipeline(edge) or edge.index in context.back_edges:
                continue
            if two.stage < one.stage and (_later_layer(one, two) or is_backward(context, edge, one, two)):
                continue
            if one.name not in cyclic or cyclic[one.name] != cyclic.get(two.name):
                links[one.stage].setdefault(two.stage, edge)
        path = _shortest_cycle(links)
        if path is None:
            continue
        edges = [links[one][two] for one, two in pairwise(path)]
        numbers = [str(deployment.stage_number(stage)) for stage in path]
        of_phase = f"{phase} " if len(deployment.phases) > 1 else ""
        yield card.finding(
            f"{of_phase}stages {chain(numbers)} form a cycle, although no nodes do",
            edges[-1].start,
            edges[-1].end,
            nodes=tuple(dict.fromkeys(n for e in edges for n in (e.tail.name, e.head.name))),
            path=tuple(str(deployment.unit(phase, stage)) for stage in path),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in edges[:-1]),
            about=phase_unit(phase),
            graph=context.graph.index,
            help="move a node to another stage or reverse an edge; for interleaved stages, declare vpp",
        )


def _shortest_cycle(links: Mapping[int, Mapping[int, Edge]]) -> list[int] | None:
    """Return a shortest cycle of stages, the first repeated at the end, from at most 64 starting stages."""
    best: list[int] | None = None
    for start in _on_cycles(links)[:64]:
        parents: dict[int, int] = {}
        queue = deque([start])
        while queue and start not in parents:
            stage = queue.popleft()
            for after in links.get(stage, ()):
                if after not in parents:
                    parents[after] = stage
                    queue.append(after)
        path = [start]
        while start in parents and (len(path) == 1 or path[-1] != start):
            path.append(parents[path[-1]])
        if len(path) > 1 and (best is None or len(path) < len(best)):
            best = path[::-1]
    return best


def _on_cycles(links: Mapping[int, Mapping[int, Edge]]) -> list[int]:
    """Return the stages that remain after removing those that lead to no cycle or that no cycle leads to."""
    left = {(one, two) for one, heads in links.items() for two in heads}
    for end in (1, 0):
        degree = Counter(pair[end] for pair in left)
        beside: dict[int, list[int]] = defaultdict(list)
        for pair in left:
            beside[pair[1 - end]].append(pair[end])
        free = [stage for stage in beside if not degree[stage]]
        gone = set(free)
        while free:
            for other in beside[free.pop()]:
                degree[other] -= 1
                if not degree[other]:
                    gone.add(other)
                    free.append(other)
        left = {pair for pair in left if pair[0] not in gone and pair[1] not in gone}
    return sorted({stage for pair in left for stage in pair})


def _joins_skip(wiring: Wiring, tail: str, head: str) -> bool:
    """Return whether the tail reaches the head through other nodes too, whose result the head takes beside it."""
    others = [name for name in wiring.outs[tail] if name != head]
    return len(wiring.ins[head]) > 1 and bool(others) and head in wiring.reach(others)


def bypass_links(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges between stages that do not start at an exit or do not end at an entry."""
    deployment, wiring = context.deployment, context.wiring
    if not context.graph.directed:
        return
    stage_of = {r.name: (r.phase, r.stage) for r in deployment.operators}
    groups: dict[tuple[str | None, int, int], list[tuple[Edge, bool]]] = defaultdict(list)
    linked: set[tuple[str | None, int, int]] = set()
    for edge, one, two in stage_edges(context):
        assert one.stage is not None
        assert two.stage is not None
        if any(r.role and r.role.collective and not within_stage(deployment, wiring, r) for r in (one, two)):
            continue  # a collective that several stages share belongs to none of them
        leaves = not any(stage_of[head] == stage_of[one.name] for head in wiring.outs[one.name] if head in stage_of)
        enters = not any(stage_of[tail] == stage_of[two.name] for tail in wiring.ins[two.name] if tail in stage_of)
        key = (one.phase, one.stage, two.stage)
        if leaves and (enters or (two.role is None and _joins_skip(wiring, one.name, two.name))):
            linked.add(key)
        elif not (_is_not_pipeline(edge) or one.is_role("residual", "kv-cache") or two.is_role("residual", "kv-cache")):
            groups[key].append((edge, leaves))
    for key, found in groups.items():
        some = grouping.remaining(context.file, card, found, lambda one: grouping.at_edge(one[0]))
        if key not in linked or not some:
            continue
        phase, tail, head = key
        edges = [edge for edge, _ in some]
        before, after = deployment.unit(phase, tail), deployment.unit(phase, head)
        way = f"enters {after} after its first operator" if some[0][1] else f"leaves {before} before its last operator"
        first = f"`{edges[0].tail.name} -> {edges[0].head.name}`"
        several = f"{count(len(edges), 'edge')} from {before} to {after} bypass its entries or exits; {first} {way}"
        yield grouping.edges_finding(
            context,
            card,
            before,
            edges,
            f"{first} {way}" if len(edges) == 1 else several,
            help="connect the last operator of one stage to the first of the other, or label the edge residual, mask or KV",
        )


def residuals_with_one_input(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report residual adds with a single input."""
    if not context.graph.directed:
        return
    ins, drawn = context.completed.wiring.ins, context.wiring.ins
    adds = [
        r
        for r in context.deployment.operators
        if r.is_role("residual")
        and not r.summary
        and not _skips_inside(context, r)
        and drawn[r.name]
        and "embed" not in f"{r.name} {r.evidence.title}".lower()
    ]
    single = [r for r in adds if len(set(ins[r.name])) == 1]
    for title, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, single)).items():
        where = grouping.of_unit(title) if title is None or title.family is None else ""
        what = (
            f"the residual add `{some[0].name}`{where} has one input"
            if len(some) == 1
            else f"{len(some)} residual adds{where} have one input each"
        )
        yield grouping.nodes_finding(
            context,
            card,
            title,
            some,
            f"{what}: the skip edge around the block is missing",
            help="add an edge from the input of the block to the residual add",
        )
    unfed = any(r.is_role("residual") and not r.summary and not drawn[r.name] for r in context.deployment.operators)
    if adds and not unfed and all(len(set(drawn[r.name])) > 1 for r in adds):
        text = "the residual add has" if len(adds) == 1 else f"{len(adds)} residual adds have"
        yield Holds("connectivity", "residuals", f"{text} at least two inputs")


def _skips_inside(context: GraphContext, reading: Reading) -> bool:
    """Return whether the node is a block with its skip edge inside: it lists the block and states one input."""
    parts = parts_of(context, reading) - {"norm", "residual"}
    return is_whole_box(context, reading) or (bool(parts) and len(reading.evidence.tensors.inputs) < 2)


def connect_roles(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the edges between two consecutive roles if it is clear which node feeds which."""
    deployment = fix.deployment
    if not finding.missing_edges:
        return "it is unclear which node feeds which"
    inside = set(finding.nodes)
    planned: list[PlannedEdge] = []
    for pair in finding.missing_edges:
        tail, head = (deployment.by_name[name] for name in pair)
        nearby = [*reversed(tail.node.in_edges), *head.node.out_edges]
        nearby += [e for name in inside for e in (*_edges_of(deployment.by_name[name]),)]
        if not nearby:
            return "no nearby edge shows where to write it"
        planned.append(PlannedEdge(tail, head, nearby[0], "", alike=False))
    title = f"Add {the(len(planned), 'missing edge')}{grouping.of_unit(finding.about)}"
    return Fix("unsafe", tuple(fix.edges.edits(planned)), title)


def _edges_of(reading: Reading) -> list[Edge]:
    return [*reading.node.in_edges, *reading.node.out_edges]


@fixed_by(connect_roles)
def role_flows(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report pairs of consecutive roles that both occur but are connected in no unit."""
    if not context.graph.directed or not context.graph.edges or context.file.document.problems:
        return
    deployment, wiring = context.deployment, context.completed.wiring
    flow = [(str(tail), str(head)) for tail, head in card.parameters.get("flow", ())]
    units = _units(deployment)
    by_role = {title: _by_role(unit) for title, unit in units.items()}
    connected = {
        (tail, head)
        for tail, head in flow
        if any(_are_connected(wiring, roles.get(tail), roles.get(head)) for roles in by_role.values())
    }
    for title, unit in units.items():
        roles = by_role[title]
        gaps = [
            (tail, head)
            for tail, head in flow
            if (tail, head) not in connected and _lacks_edge(wiring, roles.get(tail), roles.get(head))
        ]
        if not gaps:
            continue
        ends = [r for pair in gaps for role in pair for r in unit if r.is_role(role)]
        nodes = list({r.name: r for r in ends}.values())
        lines = [pair for tail, head in gaps for pair in _pairs(unit, tail, head)]
        start, end = grouping.of_nodes(nodes, context.graph)
        pairs = listed([f"{tail} to {head}" for tail, head in gaps], 4)
        firsts = [quoted([r.name for r in nodes if r.is_role(role)]) for role in gaps[0]]
        where = grouping.of_unit(title)
        if len(units) > 1:
            where = f"{where} or of any other unit" if where else " of any unit"
        yield card.finding(
            f"no edge leads from {pairs}{where}",
            start,
            end,
            nodes=names(nodes),
            missing_edges=tuple(lines),
            about=title,
            graph=context.graph.index,
            help=f"connect {firsts[0]} to {firsts[1]}"
            if lines
            else f"connect the {gaps[0][0]} operators to the {gaps[0][1]} operators",
            listings=(
                Listing(
                    str(title or "the graph"),
                    tuple(edge_text(context.file.document.text, context.graph, p) for p in lines),
                    paste=True,
                ),
            )
            if lines
            else (),
        )


def _units(deployment: Deployment) -> dict[Unit | None, list[Reading]]:
    """Group operators by layer, else stage, else phase; units without edges are left out."""
    found: dict[tuple[str | None, int | None, int | None], list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        if not reading.summary:
            found[reading.phase, reading.stage, reading.layer].append(reading)
    titled: dict[str, tuple[Unit | None, list[Reading]]] = {}
    for (phase, stage, layer), inside in found.items():
        unit = deployment.unit(phase, stage, layer)
        if any(r.node.in_edges or r.node.out_edges for r in inside):
            titled[str(unit)] = None if str(unit) == WHOLE else unit, inside
    return dict(titled.values())


def _by_role(unit: list[Reading]) -> dict[str, list[Reading]]:
    found: dict[str, list[Reading]] = defaultdict(list)
    for reading in unit:
        if reading.role is not None:
            found[reading.role.name].append(reading)
    return found


def _are_connected(wiring: Wiring, tails: list[Reading] | None, heads: list[Reading] | None) -> bool:
    if not tails or not heads:
        return False
    return any(wiring.outs[r.name] for r in tails) and any(wiring.ins[r.name] for r in heads)


def _lacks_edge(wiring: Wiring, tails: list[Reading] | None, heads: list[Reading] | None) -> bool:
    """Return whether both roles occur, the first has no consumer and the second no producer."""
    if not tails or not heads:
        return False
    return (
        not any(wiring.outs[r.name] for r in tails)
        and not any(wiring.ins[r.name] for r in heads)
        and any(wiring.ins[r.name] or wiring.outs[r.name] for r in (*tails, *heads))
    )


def _pairs(unit: list[Reading], tail: str, head: str) -> list[tuple[str, str]]:
    """Return the pairs of nodes of two roles, one with all or one to one in order; empty if neither fits."""
    ends = [r for r in unit if r.is_role(tail)], [r for r in unit if r.is_role(head)]
    if any(len({r.evidence.name.family for r in some}) > 1 for some in ends):
        return []
    tails, heads = names(ends[0]), names(ends[1])
    if len(tails) == 1 or len(heads) == 1:
        return [(one, two) for one in tails for two in heads]
    return list(zip(tails, heads, strict=True)) if len(tails) == len(heads) else []
