"""P007, P008 and S003: nodes that siblings have and a unit lacks, written with their edges."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.deployment.gpus_and_dims import read_gpus
from dotlint.deployment.patterns.renumber import with_numbers
from dotlint.deployment.shards import groups
from dotlint.deployment.words import label_lines, parse_name
from dotlint.edits.apply import apply_edits
from dotlint.edits.compose import composed
from dotlint.edits.edge_attributes import Carrier
from dotlint.edits.edges import EdgeWriter
from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.edits.planned_edge import Wanted
from dotlint.edits.planned_nodes import Newcomer, NotCertain, Siblings, moved_name, written_name
from dotlint.edits.reroute import turned_edges
from dotlint.edits.statement import own_statement
from dotlint.edits.statement_index import Bodies
from dotlint.engine.finding import Edit, Fix
from dotlint.graph.builder import read
from dotlint.syntax.tree import NodeStatement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.shards import Group
    from dotlint.edits.fix_context import Writers
    from dotlint.edits.planned_nodes import Numbers, Pair
    from dotlint.engine.finding import Finding
    from dotlint.graph.model import Subgraph
    from dotlint.strategy import Phase
    from dotlint.strategy.gpus import GpuSet
    from dotlint.syntax.tree import Statement


def missing_siblings(writers: Writers, finding: Finding) -> Fix | str:
    """S003: write the nodes that sibling units have, joined as theirs are."""
    wanted = [
        Newcomer(
            absence.name,
            parse_name(absence.name).numbers,
            absence.exemplar,
            (absence.stage, absence.unit if absence.level == "layer" else None),
        )
        for absence in writers.context.absent
        if absence.name in finding.missing_nodes
    ]
    siblings = Siblings(writers)
    try:
        planned = siblings.plan(wanted, more=False)
        turned = turned_edges(siblings, planned)
        return Fix("unsafe", tuple(_edits(writers, siblings, planned, turned)))
    except NotCertain as reason:
        return str(reason)


def missing_members(writers: Writers, finding: Finding) -> Fix | str:
    """P007 and P008: write the shards or expert groups that the strategy asks for and the unit's own go on to."""
    found = next(g for g in _groups(writers, finding) if tuple(r.name for r in g.members) == finding.nodes)
    phase = writers.context.phase(found.phase)
    assert phase is not None
    siblings = Siblings(writers)
    why = "there are more than the strategy has: which of them should go is not certain"
    for number in _numbers(writers, found, phase):
        try:
            rows = _missing(writers, found, number)
        except NotCertain as reason:
            why = str(reason)
            continue
        for row in rows:
            unit = found.stage, found.layer
            wanted = [Newcomer(_named(found, numbers), numbers, found.members[-1], unit) for numbers in row]
            try:
                planned = siblings.plan(wanted, more=True)
                _fits(found, planned, phase)
                return Fix("unsafe", tuple(_edits(writers, siblings, planned)))
            except NotCertain as reason:
                why = str(reason)
    return why


def _groups(writers: Writers, finding: Finding) -> list[Group]:
    roles = ("expert",) if finding.code == "P008" else ("qkv", "query", "attention")
    return groups(writers.deployment, *roles)


def _numbers(writers: Writers, group: Group, phase: Phase) -> list[int]:
    """Give the numbers of members that the strategy may mean, the likely one first: that of the other units."""
    degrees = phase.degrees
    if group.role == "expert":
        return [degrees.ep] if degrees.ep > len(group.members) else []
    possible = [n for n in (degrees.tp, degrees.tp * degrees.sp, degrees.tp * degrees.cp) if n > len(group.members)]
    drawn = [len(g.members) for g in groups(writers.deployment, group.role) if g.phase == group.phase]
    return sorted(dict.fromkeys(possible), key=lambda n: (-drawn.count(n), n))


def _missing(writers: Writers, group: Group, number: int) -> list[list[Numbers]]:
    """Give the numbers of the names that may be lacking: as the other units have them, else as a row goes on.

    The likely one first. A row may lack its first as well as its last.
    """
    there = sorted(r.evidence.name.numbers for r in group.members)
    free = [i for i, column in enumerate(zip(*there, strict=True)) if len(set(column)) > 1]
    if not free:
        raise NotCertain("those that are there do not go on in one way")
    family = group.members[0].evidence.name.family
    rows = [
        {tuple(r.evidence.name.numbers[i] for i in free) for r in other.members}
        for other in groups(writers.deployment, group.role)
        if other.phase == group.phase and other.members[0].evidence.name.family == family
    ]
    own = {tuple(numbers[i] for i in free) for numbers in there}
    usual = [row for row in rows if len(row) == number and own < row]
    steps = [tuple(b - a for a, b in zip(one, two, strict=True)) for one, two in zip(there, there[1:], strict=False)]
    step = min(steps, key=sum)
    if not usual:
        for first in (there[0], tuple(a - (number - 1) * d for a, d in zip(there[-1], step, strict=True))):
            row = {tuple(first[i] + n * step[i] for i in free) for n in range(number)}
            if own < row and all(value >= 0 for place in row for value in place):
                usual.append(row)
    if not usual:
        raise NotCertain("those that are there do not go on in one way")
    places = dict(zip(free, range(len(free)), strict=True))
    return [
        [tuple(place[places[i]] if i in places else n for i, n in enumerate(there[0])) for place in sorted(row - own)]
        for row in usual
    ]


def _named(group: Group, numbers: Numbers) -> str:
    return with_numbers(group.members[-1].name, numbers)


def _fits(group: Group, planned: Sequence[Newcomer], phase: Phase) -> None:
    """Refuse where the GPUs of the new members are not free GPUs of the unit."""
    family = group.members[0].evidence.name.family
    taken = [r.gpus for r in group.members if r.own_gpus and r.gpus]
    if not taken:
        return
    for one in planned:
        if parse_name(one.name).family != family:
            continue
        said = read_gpus(label_lines(one.statement.split("[", 1)[-1].replace('"', "\n")))
        gpus = said.ids if said else None
        if gpus is None or any(not gpus.isdisjoint(other) for other in taken):
            raise NotCertain(f"`{one.name}` would be on GPUs that others have")
        if not any(gpus <= whole for whole in _allowed(group, phase)):
            raise NotCertain(f"`{one.name}` would be on GPUs {gpus}, which the unit does not have")
        taken.append(gpus)


def _allowed(group: Group, phase: Phase) -> Iterable[GpuSet]:
    if group.stage is None:
        return (phase.gpus,)
    if group.stage >= phase.stage_count:
        return ()
    return (phase.stage_gpus(group.stage), *phase.replica_stage_gpus(group.stage))


def _edits(
    writers: Writers, siblings: Siblings, planned: Sequence[Newcomer], turned: Mapping[Pair, Edit] | None = None
) -> list[Edit]:
    """Write the nodes beside their siblings, then, on the text that has them, the edges where edges go.

    `turned` are edits that make an edge of what is there, so that it has not to be written.
    """
    turned = turned or {}
    nodes = [*_node_edits(writers, siblings, planned), *dict.fromkeys(turned.values())]
    context = writers.context
    text = apply_edits(writers.text, nodes)
    file = replace(context.file, document=read(context.file.document.source.with_text(text)), graphs=[])
    if len(file.graphs) <= context.graph.index or file.document.problems != context.file.document.problems:
        raise NotCertain("the new statements cannot be read")
    deployment = file.graphs[context.graph.index].deployment
    edges = {(e.tail.name, e.head.name): e for e in deployment.graph.edges}
    carrier = Carrier(text, deployment)
    wanted: dict[tuple[str, str], Wanted] = {}
    for one in planned:
        for pair, shown in one.edges:
            if pair in turned:
                continue
            tail, head = (deployment.by_name.get(name) for name in pair)
            exemplar = edges.get((shown.tail.name, shown.head.name))
            if tail is None or head is None or exemplar is None:
                raise NotCertain("the new statements cannot be read")
            wanted.setdefault(pair, Wanted(tail, head, exemplar, carrier.attributes(exemplar, tail.stage)))
    lines = EdgeWriter(text, deployment, file.document.comments).edits(list(wanted.values()))
    return composed(nodes, lines)


def _node_edits(writers: Writers, siblings: Siblings, planned: Sequence[Newcomer]) -> list[Edit]:
    bodies = Bodies(writers.context.graph)
    blocks: dict[tuple[int, bool], tuple[Statement, bool, list[tuple[Numbers, int, str]]]] = {}
    together = _together(siblings, bodies, planned)
    for one in planned:
        if not written_name(one.statement, one.name):
            raise NotCertain(f"how `{one.name}` is spelled is not certain")
        anchor, before = together.get(one.name) or _anchor(siblings, bodies, one)
        _same_cluster(siblings, one, bodies, anchor)
        line = one.shown.node.start, one.statement
        blocks.setdefault((id(anchor), before), (anchor, before, []))[2].append((_order(one), *line))
    edits: list[Edit] = []
    for anchor, before, some in blocks.values():
        written = [statement for _, _, statement in sorted(some)]
        style = style_of(writers.text, anchor)
        if before:
            edits.append(insert_before(writers.text, anchor, written, style, writers.comments))
        else:
            edits.append(insert_after(writers.text, anchor.end, written, style))
    return edits


def _order(one: Newcomer) -> Numbers:
    """Tell how new nodes follow each other: by their numbers, those of another unit's siblings by how far they are moved."""
    if (one.shown.stage, one.shown.layer) == one.unit:
        return one.numbers
    return tuple(b - a for a, b in zip(one.shown.evidence.name.numbers, one.numbers, strict=True))


def _anchor(siblings: Siblings, bodies: Bodies, one: Newcomer) -> tuple[Statement, bool]:
    """Find what the node stands after or (where True is said) before.

    That is the counterpart of what stands before its sibling, else its next lower sibling of the unit.
    """
    family = [r for r in siblings.family(one.shown) if (r.stage, r.layer) == one.unit and own_statement(r.node)]
    lower = [r for r in family if r.evidence.name.numbers < one.numbers]
    beside = _beside_twin(siblings, bodies, one)
    if beside is not None:
        return beside, False
    if lower:
        return _statement(max(lower, key=lambda r: r.evidence.name.numbers)), False
    if family:
        return _statement(min(family, key=lambda r: r.evidence.name.numbers)), True
    inside = [r for r in siblings.deployment.operators if (r.stage, r.layer) == one.unit and own_statement(r.node)]
    if not inside:
        raise NotCertain(f"no place beside siblings is known for `{one.name}`")
    return _statement(min(inside, key=lambda r: r.node.start)), True


def _statement(reading: Reading) -> NodeStatement:
    found = own_statement(reading.node)
    assert found is not None
    return found


def _beside_twin(siblings: Siblings, bodies: Bodies, one: Newcomer) -> Statement | None:
    """Find the unit's statement that is to it what a statement before the sibling is to that.

    Of a sibling elsewhere that is any statement before it, of one in the same unit the one right before it.
    """
    place = bodies.place(_statement(one.shown))
    while place is not None and place.before is not None:
        place = bodies.place(place.before)
        if place is not None and isinstance(place.statement, NodeStatement) and len(place.statement.nodes) == 1:
            twin = _twin(siblings, siblings.by_name[place.statement.nodes[0].id.value], one)
            if twin is not None and (twin.stage, twin.layer) == one.unit and own_statement(twin.node):
                return _statement(twin)
        if (one.shown.stage, one.shown.layer) == one.unit:
            break
    return None


def _twin(siblings: Siblings, shown: Reading, one: Newcomer) -> Reading | None:
    old = one.shown.evidence.name
    steps = {word: (a, b) for word, a, b in zip(old.words, old.numbers, one.numbers, strict=True)}
    found = siblings.by_name.get(moved_name(shown, steps, dict(enumerate(zip(old.numbers, one.numbers, strict=True)))))
    return found if found is not shown else None


def _together(siblings: Siblings, bodies: Bodies, planned: Sequence[Newcomer]) -> dict[str, tuple[Statement, bool]]:
    """Keep what stands rank by rank so: new nodes of one rank go after all statements of the rank before it.

    Those of the first rank go before all statements of the next one.
    """
    ranks: dict[tuple[Numbers, tuple[int | None, int | None]], list[Newcomer]] = defaultdict(list)
    for one in planned:
        ranks[_order(one), one.unit].append(one)
    found: dict[str, tuple[Statement, bool]] = {}
    for members in ranks.values():
        anchors = [_anchor(siblings, bodies, one) for one in members]
        places = [place for statement, _ in anchors if (place := bodies.place(statement)) is not None]
        sides = {before for _, before in anchors}
        if len(members) < 2 or len(places) < len(members) or len(sides) > 1 or len({id(p.body) for p in places}) > 1:
            continue
        places.sort(key=lambda place: place.index)
        first, last = places[0], places[-1]
        if last.index - first.index == len(members) - 1:
            before = sides.pop()
            found.update({one.name: ((first if before else last).statement, before) for one in members})
    return found


def _same_cluster(siblings: Siblings, one: Newcomer, bodies: Bodies, anchor: Statement) -> None:
    """Refuse where each sibling of the unit stands in a cluster of its own, or the place is in one of another kind."""
    family = [r for r in siblings.family(one.shown) if (r.stage, r.layer) == one.unit]
    if len({_clusters(r.node.subgraphs) for r in family}) > 1:
        raise NotCertain(f"the siblings of `{one.name}` stand in clusters of their own")
    place = bodies.place(anchor)
    around = [s for s in bodies.around(place.body) if s.name] if place else []
    if bool(_clusters(one.shown.node.subgraphs)) != bool(around):
        raise NotCertain(f"no place beside siblings is known for `{one.name}`")


def _clusters(subgraphs: Iterable[Subgraph]) -> frozenset[str]:
    """Name the subgraphs around a node; the sets of edge statements have no names."""
    return frozenset(s.name for inner in subgraphs for s in (inner, *inner.ancestors) if s.name)
