"""S and G: what one of several siblings has and another lacks, other than edges that a pattern asks for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping as places
from dotlint.checks.grouping import LEFT_OUT, count, names, quoted, the
from dotlint.deployment.patterns.partial_fanout import PartialFanout, SiblingGroup, find_partial_fanouts, sibling_groups
from dotlint.deployment.unit import Unit
from dotlint.deployment.words import parse_name
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.edits.statement import edge_text, id_text
from dotlint.engine.finding import Fix, Holds, Listing, Related, Undecided
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.missing_nodes import MissingNode
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Node

_OF_DEVICES = regex(r"gpu|device", re.IGNORECASE)
_RANGE = regex(r"(\d+)\s*(?:-|–|—|to|\.\.\.?|…|through)\s*(\d+)")


def _whole(context: GraphContext) -> bool:
    """Whether the graph was read as it stands, so that what is not there was not written."""
    graph, file = context.graph, context.file
    if not graph.directed or graph.expansion_limited:
        return False
    # After other mistakes it is not known what the file would have said.
    return all(file.rules[problem.code].loses == "nothing" for problem in file.document.problems)


def _unit(deployment: Deployment, absence: MissingNode) -> Unit | None:
    if absence.stage is not None:
        return deployment.unit(absence.phase, absence.stage)
    return Unit(layer=absence.unit) if absence.level == "layer" else None


class MissingNodes(Struct, frozen=True, eq=False):
    """The nodes that a unit lacks."""

    absences: tuple[MissingNode, ...]


def add_nodes(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the nodes that sibling units have, connected as theirs are."""
    from dotlint.edits.planned_nodes import PlannedNode, Siblings  # noqa: PLC0415 - few runs write nodes
    from dotlint.edits.reroute import reroute  # noqa: PLC0415
    from dotlint.edits.write_nodes import write_nodes  # noqa: PLC0415

    data = finding.data
    assert isinstance(data, MissingNodes)
    lacking = [
        PlannedNode(
            one.name,
            parse_name(one.name).numbers,
            one.exemplar,
            (one.stage, one.unit if one.level == "layer" else None),
        )
        for one in data.absences
    ]
    siblings = Siblings(fix)
    planned = siblings.plan(lacking, more=False)
    edits = write_nodes(fix, siblings, planned, reroute(siblings, planned))
    what = f"`{lacking[0].name}`" if len(lacking) == 1 else the(len(lacking), "missing operator")
    return Fix("unsafe", tuple(edits), f"Add {what}{places.of_unit(finding.about)}")


@fixed_by(add_nodes)
def missing_sibling_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Nodes that sibling units have, connected, and a unit lacks."""
    deployment = context.deployment
    found = context.absent if _whole(context) else []
    if found and context.abridged.parts:
        yield Undecided(card.section, "siblings", LEFT_OUT)
        return
    groups: dict[Unit | None, list[MissingNode]] = defaultdict(list)
    for absence in found:
        groups[_unit(deployment, absence)].append(absence)
    by_layer, by_stage = defaultdict(list), defaultdict(list)
    for reading in deployment.operators if found else ():
        by_layer[reading.phase, reading.layer].append(reading)
        by_stage[reading.phase, reading.stage].append(reading)
    for unit, lacking in groups.items():
        exemplars = sorted({a.exemplar.name: a.exemplar for a in lacking}.values(), key=lambda r: r.node.index)
        exemplar_unit = places.unit_of(deployment, exemplars[:1])
        first = lacking[0]
        beside = by_layer[first.phase, first.unit] if first.level == "layer" else by_stage[first.phase, first.stage]
        start, end = places.of_nodes(beside[:1], context.graph)
        kinds = list(dict.fromkeys(a.exemplar.evidence.title or a.exemplar.name for a in lacking))
        has = f"that {exemplar_unit} has" if exemplar_unit and exemplar_unit != unit else "that its siblings have"
        what = f"`{lacking[0].name}`" if len(lacking) == 1 else count(len(lacking), "operator")
        share = max(lacking, key=lambda a: a.having / a.units)
        common = any(a.having * 2 >= a.units for a in lacking)
        yield card.finding(
            f"{unit or 'the graph'} lacks {what} {has}",
            start,
            end,
            outcome=None if common else "rare",
            missing_nodes=tuple(a.name for a in lacking),
            related=tuple(Related(f"as `{r.name}`", *places.of_node(r.node)) for r in exemplars[:8]),
            about=unit,
            graph=context.graph.index,
            help=f"add what is lacking, joined as `{exemplars[0].name}` is",
            note=f"{share.having} of {share.units} units have {quoted(kinds)}" if share.units > 1 else None,
            listings=(Listing(str(unit or "missing"), tuple(id_text(a.name) for a in lacking)),),
            data=MissingNodes(tuple(lacking)),
        )
    if not context.absent and _whole(context) and any(len(units) > 1 for units in deployment.units.values()):
        yield Holds("stages", "siblings", "no unit lacks an operator that its siblings have")


def complete_fans(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the other arms of a fan, each drawn as the arm that is there."""
    deployment = fix.deployment
    planned: list[PlannedEdge] = []

    def family(node: Node) -> str:
        return deployment.readings[node.index].evidence.name.family

    for pair in finding.missing_edges:
        tail, head = (deployment.by_name[name] for name in pair)
        arms = [e for e in tail.node.out_edges if family(e.head) == head.evidence.name.family]
        arms += [e for e in head.node.in_edges if family(e.tail) == tail.evidence.name.family]
        planned.append(PlannedEdge(tail, head, arms[0], fix.attributes.attributes(arms[0], tail.stage)))
    title = f"Add {the(len(planned), 'missing edge')}{places.of_unit(finding.about)}"
    return Fix("unsafe", tuple(fix.edges.edits(planned)), title)


@fixed_by(complete_fans)
def one_armed_fans(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Fan-outs and fan-ins that reach one member of a sibling group only."""
    if not _whole(context):
        return
    deployment = context.deployment
    proposed = {name for missing in context.missing for name in missing.pair}
    fans = [
        fan
        for fan in find_partial_fanouts(deployment, sibling_groups(deployment), context.wiring)
        if not all(r.name in proposed for r in fan.unconnected)
    ]
    by_node = {r.name: fan for fan in fans for r in fan.unconnected}
    text = context.file.document.text
    edges = {(e.tail.name, e.head.name): e for e in context.graph.edges} if fans else {}
    for unit, readings in places.units(deployment, (r for fan in fans for r in fan.unconnected)).items():
        inside = list({id(by_node[r.name]): by_node[r.name] for r in readings}.values())
        missing = [pair for fan in inside for pair in fan.missing]
        shown = [edges[pair] for fan in inside for pair in fan.present]
        yield card.finding(
            _fan_message(unit, inside, len(missing)),
            shown[0].start,
            shown[0].end,
            nodes=tuple(dict.fromkeys(r.name for r in readings)),
            missing_edges=tuple(missing),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in shown[1:9]),
            about=unit,
            graph=context.graph.index,
            help="add the edges to the other siblings"
            + (": a statement stands after its loop instead of in it" if all(fan.last for fan in inside) else ""),
            listings=(
                Listing(
                    str(unit or "the graph"),
                    tuple(edge_text(text, context.graph, p) for p in missing),
                    paste=True,
                ),
            ),
        )


def _fan_message(unit: Unit | None, fans: list[PartialFanout], missing: int) -> str:
    fan = fans[0]
    if len(fans) > 1:
        where = f"in {unit}, " if unit and unit.family is None else ""
        return f"{where}{len(fans)} fans reach one of their siblings each and leave {missing} out"
    if len(fan.present) > 1:
        return f"{len(fan.present)} fans reach one of their siblings each and leave {missing} out"
    tail, head = fan.present[0]
    others = count(missing, "sibling")
    if fan.outward:
        return f"`{tail}` feeds `{head}` and none of its {others}, which nothing else feeds"
    return f"`{head}` takes the result of `{tail}` and of none of its {others}, whose results nothing takes"


def index_gaps(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Families that jump an index which no summary node, range or edge label covers."""
    deployment = context.deployment
    if not _whole(context) or any(r.summary for r in deployment.readings) or context.abridged.parts:
        return
    covered, of_experts = _ranges(context)
    told = {a.exemplar.evidence.name.family for a in context.absent}
    layers = sorted({r.layer for r in deployment.operators if r.layer is not None})
    missing_layers = _gaps(layers, covered)
    if missing_layers:
        after = [r for r in deployment.operators if r.layer is not None and r.layer > missing_layers[0]]
        yield _gap(context, card, "layer", missing_layers, after)
    families: dict[str, list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        families[reading.evidence.name.family].append(reading)
    alike: dict[tuple[int, ...], list[tuple[str, list[Reading]]]] = defaultdict(list)
    for family, members in families.items():
        name = members[0].evidence.name
        if family in told or members[0].role is None or len({r.role for r in members}) > 2:
            continue
        for i, word in enumerate(name.words):
            column = [r.evidence.name.numbers[i] for r in members]
            if column == [r.layer for r in members]:
                continue
            covering = [*covered, *of_experts] if members[0].is_role("expert") else covered
            missing = _gaps(sorted(set(column)), covering)
            if missing:
                after = [r for r, value in zip(members, column, strict=True) if value > missing[0]]
                alike[tuple(missing)].append((f"{word or 'number'} of `{family}`", after))
                break
    for jumped, found in alike.items():
        more = f" and {count(len(found) - 1, 'more family', 'more families')}" if len(found) > 1 else ""
        yield _gap(context, card, found[0][0] + more, list(jumped), found[0][1])


def _ranges(context: GraphContext) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Every range of numbers that an edge's label or a node's says, those of experts apart.

    What a header says of a stage is what it is to have, and stands for nothing.
    """
    said = [edge.label for edge in context.graph.edges if edge.attributes.get("label")]
    for reading in context.deployment.readings:
        if not (reading.annotation and reading.evidence.stage is not None):
            said += [line for line in reading.evidence.lines if not _OF_DEVICES.search(line)]

    def ranges(texts: Iterable[str]) -> list[tuple[int, int]]:
        found = (pair for text in texts for pair in _RANGE.findall(text))
        return sorted({(int(low), int(high)) for low, high in found if len(low) < 7 > len(high)})

    experts = [text for text in said if "expert" in text.lower()]
    return ranges(text for text in said if "expert" not in text.lower()), ranges(experts)


def _gaps(values: list[int], covered: list[tuple[int, int]]) -> list[int]:
    """List the indices that a row leaves out which is else without gaps; steps and samples leave out none."""
    if len(values) < 4 or values[-1] - values[0] > 2 * len(values):
        return []
    if 2 * sum(two - one == 1 for one, two in pairwise(values)) < len(values) - 1:
        return []  # most are not next to each other: the first GPU of each shard, every second layer
    missing = [n for one, two in pairwise(values) for n in range(one + 1, two)]
    missing = [n for n in missing if not any(low <= n <= high for low, high in covered)]
    return missing if len(missing) * 3 <= len(values) else []


def _gap(context: GraphContext, card: Card, what: str, missing: list[int], after: list[Reading]) -> Outcome:
    start, end = places.of_nodes(after, context.graph)
    shown = places.listed([str(n) for n in missing], 8)
    return card.finding(
        f"{what} {shown} {'is' if len(missing) == 1 else 'are'} left out",
        start,
        end,
        nodes=names(after[:1]),
        graph=context.graph.index,
        help="draw what is missing, or cover it with a summary node or an edge label such as `layers 4-7`",
    )


def sibling_degrees(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """One sibling whose number of producers or consumers differs from that of all others."""
    if not _whole(context):
        return
    wiring = context.wiring
    groups = sibling_groups(context.deployment)
    explained = {name for missing in context.missing for name in missing.pair}
    for fan in find_partial_fanouts(context.deployment, groups, wiring):
        explained |= {name for pair in (*fan.present, *fan.missing) for name in pair}
    odd: list[tuple[SiblingGroup, Reading, tuple[int, int], tuple[int, int]]] = []
    for group in groups:
        degrees = [(len(set(wiring.ins[r.name])), len(set(wiring.outs[r.name]))) for r in group.members]
        usual, number = Counter(degrees).most_common(1)[0]
        if len(degrees) < 4 or number != len(degrees) - 1 or 0 in usual:
            continue
        index = next(i for i, degree in enumerate(degrees) if degree != usual)
        if 0 in degrees[index] or group.members[index].name in explained:
            continue
        if not group.parallel and index in (0, len(degrees) - 1):
            continue  # what comes first or last in a row is joined otherwise
        odd.append((group, group.members[index], degrees[index], usual))
    # An oddity that every unit repeats is how the thing is built.
    often = Counter(group.members[0].evidence.name.family for group, *_ in odd)
    for group, reading, degree, usual in odd:
        if often[reading.evidence.name.family] > 1:
            continue
        sides = [
            f"{d} {what} where they have {u}"
            for d, u, what in zip(degree, usual, ("producers", "consumers"), strict=True)
            if d != u
        ]
        start, end = places.of_node(reading.node)
        yield card.finding(
            f"`{reading.name}` differs from its {len(group.members) - 1} siblings: {' and '.join(sides)}",
            start,
            end,
            nodes=(reading.name,),
            graph=context.graph.index,
            help="join it as its siblings are, or say why it differs",
        )
