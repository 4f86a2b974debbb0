"""Write planned nodes beside their siblings, and their edges."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.apply import apply_edits
from dotlint.edits.compose import compose
from dotlint.edits.edge_attributes import EdgeAttributes
from dotlint.edits.edges import EdgeWriter
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.insertion import insert_after, insert_before, style_of
from dotlint.edits.planned_edge import PlannedEdge
from dotlint.edits.planned_nodes import moved_name, starts_with_name
from dotlint.edits.statement import own_statement
from dotlint.edits.statement_index import StatementIndex
from dotlint.graph.builder import read
from dotlint.syntax.tree import NodeStatement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import FixContext
    from dotlint.edits.planned_nodes import Numbers, Pair, PlannedNode, Siblings
    from dotlint.engine.finding import Edit
    from dotlint.graph.model import Subgraph
    from dotlint.syntax.tree import Statement


def write_nodes(
    fix: FixContext, siblings: Siblings, planned: Sequence[PlannedNode], rerouted: Mapping[Pair, Edit] | None = None
) -> list[Edit]:
    """Return the edits that write the nodes beside their siblings, and their edges.

    The slots of the edges are found in the text that includes the nodes. `rerouted` holds the edits that turn an
    existing edge into a planned one. Raises `NotCertain` if the result cannot be parsed or a slot is ambiguous.
    """
    rerouted = rerouted or {}
    nodes = [*_node_edits(fix, siblings, planned), *dict.fromkeys(rerouted.values())]
    context = fix.context
    text = apply_edits(fix.text, nodes)
    file = replace(context.file, document=read(context.file.document.source.with_text(text)), graphs=[])
    if len(file.graphs) <= context.graph.index or file.document.problems != context.file.document.problems:
        raise NotCertain("the new statements cannot be read")
    deployment = file.graphs[context.graph.index].deployment
    edges = {(e.tail.name, e.head.name): e for e in deployment.graph.edges}
    edge_attributes = EdgeAttributes(text, deployment)
    added: dict[tuple[str, str], PlannedEdge] = {}
    for one in planned:
        for pair, old in one.edges:
            if pair in rerouted:
                continue
            tail, head = (deployment.by_name.get(name) for name in pair)
            exemplar = edges.get((old.tail.name, old.head.name))
            if tail is None or head is None or exemplar is None:
                raise NotCertain("the new statements cannot be read")
            added.setdefault(pair, PlannedEdge(tail, head, exemplar, edge_attributes.attributes(exemplar, tail.stage)))
    lines = EdgeWriter(text, deployment, file.document.comments).edits(list(added.values()))
    return compose(nodes, lines)


def _node_edits(fix: FixContext, siblings: Siblings, planned: Sequence[PlannedNode]) -> list[Edit]:
    index = StatementIndex(fix.context.graph)
    blocks: dict[tuple[int, bool], tuple[Statement, bool, list[tuple[Numbers, int, str]]]] = {}
    by_rank = _rank_anchors(siblings, index, planned)
    for one in planned:
        if not starts_with_name(one.statement, one.name):
            raise NotCertain(f"the spelling of `{one.name}` is ambiguous")
        anchor, before = by_rank.get(one.name) or _anchor(siblings, index, one)
        _require_same_nesting(siblings, one, index, anchor)
        line = one.exemplar.node.start, one.statement
        blocks.setdefault((id(anchor), before), (anchor, before, []))[2].append((_order(one), *line))
    edits: list[Edit] = []
    for anchor, before, some in blocks.values():
        written = [statement for _, _, statement in sorted(some)]
        style = style_of(fix.text, anchor)
        if before:
            edits.append(insert_before(fix.text, anchor, written, style, fix.comments))
        else:
            edits.append(insert_after(fix.text, anchor.end, written, style))
    return edits


def _order(one: PlannedNode) -> Numbers:
    """Return the sort key of a planned node: its numbers, or its steps from an exemplar of another unit."""
    if (one.exemplar.stage, one.exemplar.layer) == one.unit:
        return one.numbers
    return tuple(b - a for a, b in zip(one.exemplar.evidence.name.numbers, one.numbers, strict=True))


def _anchor(siblings: Siblings, index: StatementIndex, one: PlannedNode) -> tuple[Statement, bool]:
    """Return the statement that the node is inserted after, or before if the flag is true.

    It is the one that corresponds to the statement before the exemplar, else the next lower sibling in the unit.
    """
    family = [r for r in siblings.family(one.exemplar) if (r.stage, r.layer) == one.unit and own_statement(r.node)]
    lower = [r for r in family if r.evidence.name.numbers < one.numbers]
    beside = _corresponding_statement(siblings, index, one)
    if beside is not None:
        return beside, False
    if lower:
        return _statement(max(lower, key=lambda r: r.evidence.name.numbers)), False
    if family:
        return _statement(min(family, key=lambda r: r.evidence.name.numbers)), True
    inside = [r for r in siblings.deployment.operators if (r.stage, r.layer) == one.unit and own_statement(r.node)]
    if not inside:
        raise NotCertain(f"there is no slot for `{one.name}` beside its siblings")
    return _statement(min(inside, key=lambda r: r.node.start)), True


def _statement(reading: Reading) -> NodeStatement:
    found = own_statement(reading.node)
    assert found is not None
    return found


def _corresponding_statement(siblings: Siblings, index: StatementIndex, one: PlannedNode) -> Statement | None:
    """Return the statement in the node's unit that corresponds to a statement before the exemplar.

    For an exemplar in the same unit only the statement directly before it counts.
    """
    slot = index.slot(_statement(one.exemplar))
    while slot is not None and slot.before is not None:
        slot = index.slot(slot.before)
        if slot is not None and isinstance(slot.statement, NodeStatement) and len(slot.statement.nodes) == 1:
            other = _corresponding_node(siblings, siblings.by_name[slot.statement.nodes[0].id.value], one)
            if other is not None and (other.stage, other.layer) == one.unit and own_statement(other.node):
                return _statement(other)
        if (one.exemplar.stage, one.exemplar.layer) == one.unit:
            break
    return None


def _corresponding_node(siblings: Siblings, exemplar: Reading, one: PlannedNode) -> Reading | None:
    old = one.exemplar.evidence.name
    steps = {word: (a, b) for word, a, b in zip(old.words, old.numbers, one.numbers, strict=True)}
    found = siblings.by_name.get(
        moved_name(exemplar, steps, dict(enumerate(zip(old.numbers, one.numbers, strict=True))))
    )
    return found if found is not exemplar else None


def _rank_anchors(
    siblings: Siblings, index: StatementIndex, planned: Sequence[PlannedNode]
) -> dict[str, tuple[Statement, bool]]:
    """Return the anchors of nodes that are written rank by rank: after all statements of the preceding rank.

    Nodes of the first rank go before all statements of the next one.
    """
    ranks: dict[tuple[Numbers, tuple[int | None, int | None]], list[PlannedNode]] = defaultdict(list)
    for one in planned:
        ranks[_order(one), one.unit].append(one)
    found: dict[str, tuple[Statement, bool]] = {}
    for members in ranks.values():
        anchors = [_anchor(siblings, index, one) for one in members]
        slots = [slot for statement, _ in anchors if (slot := index.slot(statement)) is not None]
        sides = {before for _, before in anchors}
        if len(members) < 2 or len(slots) < len(members) or len(sides) > 1 or len({id(p.body) for p in slots}) > 1:
            continue
        slots.sort(key=lambda slot: slot.index)
        first, last = slots[0], slots[-1]
        if last.index - first.index == len(members) - 1:
            before = sides.pop()
            found.update({one.name: ((first if before else last).statement, before) for one in members})
    return found


def _require_same_nesting(siblings: Siblings, one: PlannedNode, index: StatementIndex, anchor: Statement) -> None:
    """Raise `NotCertain` if each sibling has its own cluster, or only one of exemplar and slot is in a cluster."""
    family = [r for r in siblings.family(one.exemplar) if (r.stage, r.layer) == one.unit]
    if len({_clusters(r.node.subgraphs) for r in family}) > 1:
        raise NotCertain(f"each sibling of `{one.name}` has its own cluster")
    slot = index.slot(anchor)
    around = [s for s in index.around(slot.body) if s.name] if slot else []
    if bool(_clusters(one.exemplar.node.subgraphs)) != bool(around):
        raise NotCertain(f"there is no slot for `{one.name}` beside its siblings")


def _clusters(subgraphs: Iterable[Subgraph]) -> frozenset[str]:
    """Return the names of the subgraphs around a node; anonymous ones are ignored."""
    return frozenset(s.name for inner in subgraphs for s in (inner, *inner.ancestors) if s.name)
