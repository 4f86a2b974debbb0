"""S and G: nodes, edges and indices that one sibling lacks and others have, apart from edges of a pattern."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import LEFT_OUT, names
from dotlint.deployment.patterns.missing_nodes import ENDS
from dotlint.deployment.patterns.missing_titles import find_missing_titles
from dotlint.deployment.patterns.partial_fanout import PartialFanout, SiblingGroup, find_partial_fanouts, sibling_groups
from dotlint.deployment.unit import Unit
from dotlint.deployment.words import parse_name
from dotlint.edits.fix_context import fixed_by
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.edits.statement import edge_text, id_text
from dotlint.engine.finding import Fix, Holds, Listing, Related, Undecided
from dotlint.text.english import count, listed, quoted, the
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.missing_nodes import MissingNode
    from dotlint.deployment.patterns.missing_titles import MissingTitle
    from dotlint.deployment.wiring import Wiring
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.graph.model import Node

_OF_DEVICES = regex(r"gpu|device", re.IGNORECASE)
_RANGE = regex(r"(\d+)\s*(?:-|–|—|to|\.\.\.?|…|through)\s*(\d+)")


def _is_complete(context: GraphContext) -> bool:
    """Return whether parsing lost no statement, so that absent nodes are really absent."""
    graph, file = context.graph, context.file
    if not graph.directed or graph.expansion_limited:
        return False
    # After any other syntax error the content of the lost part is unknown.
    return all(file.rules[problem.code].loses == "nothing" for problem in file.document.problems)


def _unit_of_missing(deployment: Deployment, missing: MissingNode) -> Unit | None:
    if missing.stage is not None:
        return deployment.unit(missing.phase, missing.stage)
    return Unit(layer=missing.unit) if missing.level == "layer" else None


class MissingNodes(Struct, frozen=True, eq=False):
    """The nodes that a unit lacks."""

    nodes: tuple[MissingNode, ...]


def add_nodes(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the nodes that sibling units have, connected like theirs."""
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
        for one in data.nodes
    ]
    siblings = Siblings(fix)
    planned = siblings.plan(lacking, more=False)
    edits = write_nodes(fix, siblings, planned, reroute(siblings, planned))
    what = f"`{lacking[0].name}`" if len(lacking) == 1 else the(len(lacking), "missing operator")
    return Fix("unsafe", tuple(edits), f"Add {what}{grouping.of_unit(finding.about)}")


@fixed_by(add_nodes)
def missing_sibling_nodes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report connected nodes that sibling units have and a unit lacks."""
    deployment = context.deployment
    found = context.absent if _is_complete(context) else []
    if found and context.abridged.parts:
        yield Undecided(card.section, "siblings", LEFT_OUT)
        return
    groups: dict[Unit | None, list[MissingNode]] = defaultdict(list)
    for missing in found:
        groups[_unit_of_missing(deployment, missing)].append(missing)
    by_layer, by_stage = defaultdict(list), defaultdict(list)
    for reading in deployment.operators if found else ():
        by_layer[reading.phase, reading.layer].append(reading)
        by_stage[reading.phase, reading.stage].append(reading)
    for unit, lacking in groups.items():
        exemplars = sorted({a.exemplar.name: a.exemplar for a in lacking}.values(), key=lambda r: r.node.index)
        exemplar_unit = grouping.unit_of(deployment, exemplars[:1])
        first = lacking[0]
        beside = by_layer[first.phase, first.unit] if first.level == "layer" else by_stage[first.phase, first.stage]
        beside = [r for r in beside if r.stage == first.stage] or beside
        start, end = grouping.of_nodes(beside[:1], context.graph)
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
            related=tuple(Related(f"as `{r.name}`", *grouping.of_node(r.node)) for r in exemplars[:8]),
            about=unit,
            graph=context.graph.index,
            help=f"add {'it' if len(lacking) == 1 else 'them'}, connected like `{exemplars[0].name}`",
            note=f"{share.having} of {share.units} units have {quoted(kinds)}" if share.units > 1 else None,
            listings=(Listing(str(unit or "missing"), tuple(id_text(a.name) for a in lacking)),),
            data=MissingNodes(tuple(lacking)),
        )
    unnamed = list(find_missing_titles(deployment)) if not found and _is_complete(context) else []
    if unnamed and context.abridged.parts:
        yield Undecided(card.section, "siblings", LEFT_OUT)
        return
    for one in unnamed:
        yield _lacking_title(context, card, one)
    if not context.absent and not unnamed and _is_complete(context) and _drawn_alike(deployment):
        yield Holds("stages", "siblings", "no unit lacks an operator that its siblings have")


def _lacking_title(context: GraphContext, card: Card, missing: MissingTitle) -> Finding:
    unit = grouping.unit_of(context.deployment, missing.inside)
    start, end = grouping.of_nodes(missing.inside, context.graph)
    exemplars = missing.exemplars
    other = grouping.unit_of(context.deployment, exemplars[:1])
    return card.finding(
        f"{unit} lacks what {other} has: {quoted([r.evidence.title for r in exemplars])}",
        start,
        end,
        outcome="unnamed",
        related=tuple(Related(f"as `{r.name}`", *grouping.of_node(r.node)) for r in exemplars[:8]),
        about=unit,
        graph=context.graph.index,
        help=f"add {'it' if len(exemplars) == 1 else 'them'}, connected like `{exemplars[0].name}`",
        note=f"{missing.having} of {missing.having + 1} units are alike",
    )


# Roles that the first or last unit may have alone.
_APART = ENDS | {"norm", "split", "gather"}


def _drawn_alike(deployment: Deployment) -> bool:
    """Return whether a phase has several stages and all of them have operators of the same roles."""
    several = [units.values() for units in deployment.units.values() if len(units) > 1]
    return bool(several) and all(
        len({frozenset(r.role.name for r in unit.operators if r.role) - _APART for unit in units if unit.operators}) < 2
        for units in several
    )


def complete_fans(fix: FixContext, finding: Finding) -> Fix | str:
    """Add the missing edges of a fan-out or fan-in, each like the edge that exists."""
    deployment = fix.deployment
    planned: list[PlannedEdge] = []

    def family(node: Node) -> str:
        return deployment.readings[node.index].evidence.name.family

    for pair in finding.missing_edges:
        tail, head = (deployment.by_name[name] for name in pair)
        existing = [e for e in tail.node.out_edges if family(e.head) == head.evidence.name.family]
        existing += [e for e in head.node.in_edges if family(e.tail) == tail.evidence.name.family]
        planned.append(PlannedEdge(tail, head, existing[0], fix.attributes.attributes(existing[0], tail.stage)))
    title = f"Add {the(len(planned), 'missing edge')}{grouping.of_unit(finding.about)}"
    return Fix("unsafe", tuple(fix.edges.edits(planned)), title)


@fixed_by(complete_fans)
def one_armed_fans(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report fan-outs and fan-ins that connect to only one member of a sibling group."""
    if not _is_complete(context):
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
    for unit, readings in grouping.units(deployment, (r for fan in fans for r in fan.unconnected)).items():
        inside = list({id(by_node[r.name]): by_node[r.name] for r in readings}.values())
        missing = [pair for fan in inside for pair in fan.missing]
        existing = [edges[pair] for fan in inside for pair in fan.present]
        yield card.finding(
            _fan_message(unit, inside, len(missing)),
            existing[0].start,
            existing[0].end,
            nodes=tuple(dict.fromkeys(r.name for r in readings)),
            missing_edges=tuple(missing),
            related=tuple(Related(f"{e.tail.name} -> {e.head.name}", e.start, e.end) for e in existing[1:9]),
            about=unit,
            graph=context.graph.index,
            help="add the edges to the other siblings"
            + ("; the generating script may add the edge after its loop" if all(fan.last for fan in inside) else ""),
            listings=(
                Listing(
                    str(unit or "the graph"),
                    tuple(edge_text(text, context.graph, p) for p in missing),
                    paste=True,
                ),
            ),
        )


def _fan_message(unit: Unit | None, fans: list[PartialFanout], missing: int) -> str:
    fan, number = fans[0], sum(len(fan.present) for fan in fans)
    if number > 1:
        what = "fan-outs" if all(fan.outward for fan in fans) else "fan-outs and fan-ins"
        what = what if any(fan.outward for fan in fans) else "fan-ins"
        where = grouping.of_unit(unit) if unit and unit.family is None else ""
        siblings = "one of several" if missing % number else f"only one of {missing // number + 1}"
        return f"{number} {what}{where} each connect to {siblings} siblings"
    tail, head = fan.present[0]
    others = count(missing, "sibling")
    if fan.outward:
        return f"`{tail}` feeds only `{head}` and not its {others}, which nothing feeds"
    return f"`{head}` is fed only by `{tail}` and not by its {others}, which feed nothing"


def index_gaps(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report families that skip an index that no summary node, range or edge label covers."""
    deployment = context.deployment
    if not _is_complete(context) or any(r.summary for r in deployment.readings) or context.abridged.parts:
        return
    covered, of_experts = _ranges(context)
    reported = {a.exemplar.evidence.name.family for a in context.absent}
    layers = sorted({r.layer for r in deployment.operators if r.layer is not None})
    missing_layers = _gaps(layers, covered)
    if missing_layers:
        after = [r for r in deployment.operators if r.layer is not None and r.layer > missing_layers[0]]
        yield _gap(context, card, "layer", missing_layers, after)
    families: dict[str, list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        families[reading.evidence.name.family].append(reading)
    alike: dict[tuple[int, ...], list[tuple[str, str, list[Reading]]]] = defaultdict(list)
    for family, members in families.items():
        name = members[0].evidence.name
        if family in reported or members[0].role is None or len({r.role for r in members}) > 2:
            continue
        for i, word in enumerate(name.words):
            column = [r.evidence.name.numbers[i] for r in members]
            if column == [r.layer for r in members]:
                continue
            covering = [*covered, *of_experts] if members[0].is_role("expert") else covered
            missing = _gaps(sorted(set(column)), covering)
            if missing:
                after = [r for r, value in zip(members, column, strict=True) if value > missing[0]]
                alike[tuple(missing)].append((word or "number", family, after))
                break
    for skipped, found in alike.items():
        word, family, after = found[0]
        more = f" and of {count(len(found) - 1, 'more family', 'more families')}" if len(found) > 1 else ""
        yield _gap(context, card, word, list(skipped), after, f" of `{family}`{more}")


def _ranges(context: GraphContext) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the ranges of numbers in labels of edges and nodes, and separately those of experts.

    The ranges of a stage header are excluded: they describe the stage and stand for no missing node.
    """
    texts = [edge.label for edge in context.graph.edges if edge.attributes.get("label")]
    for reading in context.deployment.readings:
        if not (reading.annotation and reading.stage_named):
            texts += [line for line in reading.evidence.lines if not _OF_DEVICES.search(line)]

    def ranges(lines: Iterable[str]) -> list[tuple[int, int]]:
        found = (pair for line in lines for pair in _RANGE.findall(line))
        return sorted({(int(low), int(high)) for low, high in found if len(low) < 7 > len(high)})

    experts = [text for text in texts if "expert" in text.lower()]
    return ranges(text for text in texts if "expert" not in text.lower()), ranges(experts)


def _gaps(values: list[int], covered: list[tuple[int, int]]) -> list[int]:
    """Return the indices that an otherwise consecutive sequence lacks; steps and samples lack none."""
    if len(values) < 4 or values[-1] - values[0] > 2 * len(values):
        return []
    if 2 * sum(two - one == 1 for one, two in pairwise(values)) < len(values) - 1:
        return []  # most are not next to each other: the first GPU of each shard, every second layer
    missing = [n for one, two in pairwise(values) for n in range(one + 1, two)]
    missing = [n for n in missing if not any(low <= n <= high for low, high in covered)]
    return missing if len(missing) * 3 <= len(values) else []


def _gap(
    context: GraphContext, card: Card, what: str, missing: list[int], after: list[Reading], of: str = ""
) -> Outcome:
    start, end = grouping.of_nodes(after, context.graph)
    indices = listed([str(n) for n in missing], 8)
    return card.finding(
        f"{what} {indices}{of} {'is' if len(missing) == 1 else 'are'} missing",
        start,
        end,
        nodes=names(after[:1]),
        graph=context.graph.index,
        help="add the missing nodes, or cover them with a summary node or an edge label such as `layers 4-7`",
    )


def _in_turn(group: SiblingGroup, wiring: Wiring) -> bool:
    """Return whether a sibling leads to another, directly or through one node, as in a chain or ring of ranks."""
    return any(
        head in group.names or not group.names.isdisjoint(wiring.outs[head])
        for name in group.names
        for head in wiring.outs[name]
    )


def sibling_degrees(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report a sibling whose number of producers or consumers differs from that of all others."""
    if not _is_complete(context):
        return
    wiring = context.wiring
    groups = sibling_groups(context.deployment)
    explained = {name for missing in context.missing for name in missing.pair}
    for fan in find_partial_fanouts(context.deployment, groups, wiring):
        explained |= {name for pair in (*fan.present, *fan.missing) for name in pair}
    odd: list[tuple[Reading, tuple[int, int], tuple[int, int]]] = []
    for group in groups:
        degrees = [(len(set(wiring.ins[r.name])), len(set(wiring.outs[r.name]))) for r in group.members]
        usual, number = Counter(degrees).most_common(1)[0]
        if len(degrees) < 4 or number != len(degrees) - 1 or 0 in usual:
            continue
        index = next(i for i, degree in enumerate(degrees) if degree != usual)
        if 0 in degrees[index] or group.members[index].name in explained:
            continue
        if index in (0, len(degrees) - 1) and (not group.parallel or _in_turn(group, wiring)):
            continue  # the first and the last of a sequence are connected differently
        odd.append((group.members[index], degrees[index], usual))
    # A difference that every unit repeats is intended.
    often = Counter(reading.evidence.name.family for reading, *_ in odd)
    for reading, degree, usual in odd:
        if often[reading.evidence.name.family] > 1:
            continue
        sides = [
            f"{count(own, what)}; its siblings have {others}"
            for own, others, what in zip(degree, usual, ("producer", "consumer"), strict=True)
            if own != others
        ]
        start, end = grouping.of_node(reading.node)
        yield card.finding(
            f"`{reading.name}` has {', and '.join(sides)}",
            start,
            end,
            nodes=(reading.name,),
            graph=context.graph.index,
            help="connect it like its siblings, or suppress this finding with a comment if the difference is intended",
        )
