"""V: conventions for the shapes of nodes and the styles of edges."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.edits.attributes import dashed_fix, shape_fix
from dotlint.engine.finding import Holds
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.graph.model import Edge


def _shape(reading: Reading) -> str:
    return reading.node.attributes.get("shape", "ellipse").lower()


def role_shapes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report nodes with the shape of another kind of operator, if the file otherwise follows the convention."""
    deployment = context.deployment
    shapes = deployment.vocabulary.shapes
    kinds: dict[str, list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        if reading.kind in shapes and reading.node.declared:
            kinds[str(reading.kind)].append(reading)
    conforming: list[str] = []
    for kind, members in kinds.items():
        odd = _odd(members, shapes, kind)
        if not odd:
            conforming.append(f"{kind} {Counter(_shape(r) for r in members).most_common(1)[0][0]}")
        if not odd or 2 * len(odd) > len(members):
            continue
        conventional = Counter(_shape(r) for r in members if r not in odd).most_common(1)[0][0]
        for unit, some in grouping.units(deployment, grouping.remaining_nodes(context, card, odd)).items():
            one = len(some) == 1
            what = (
                f"`{some[0].name}` is" if one else f"{count(len(some), kind + ' operator')}{grouping.of_unit(unit)} are"
            )
            yield grouping.nodes_finding(
                context,
                card,
                unit,
                some,
                f"{what} drawn as {_shape(some[0])}, but {kind} operators are drawn as {conventional}",
                help=f"set shape={conventional}",
                fix=shape_fix(context.file.document.text, context.graph, [r.node for r in some], conventional),
            )
    if conforming and len(conforming) == len(kinds):
        yield Holds("visual", "shapes", ", ".join(conforming))


def _odd(members: list[Reading], shapes: dict[str, tuple[str, ...]], kind: str) -> list[Reading]:
    """Return nodes in a shape of another kind, if most nodes of their role are right: else the shape is intended."""
    others = {shape for name, some in shapes.items() if name != kind for shape in some}
    roles: dict[str, list[Reading]] = defaultdict(list)
    for reading in members:
        if reading.role is not None:
            roles[reading.role.name].append(reading)
    found: list[Reading] = []
    for some in roles.values():
        right = {shape for name in some[0].role.drawn_as for shape in shapes.get(name, ())} if some[0].role else set()
        wrong = [r for r in some if _shape(r) not in right]
        elsewhere = len(members) - len(some)
        alone = len(some) == 1 and elsewhere >= 6 and all(_shape(r) in shapes[kind] for r in members if r not in some)
        if 2 * len(wrong) < len(some) or alone:
            found += [r for r in wrong if _shape(r) in others]
    return sorted(found, key=lambda r: r.node.index)


def _dashed(edge: Edge) -> bool:
    return bool({"dashed", "dotted"} & set(edge.attributes.get("style", "").replace(",", " ").split()))


def solid_gate_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report solid edges from routing to experts, if the file dashes others."""
    deployment = context.deployment
    gated: list[tuple[Reading, Edge]] = []
    dashed: set[int] = set()
    for reading in deployment.operators:
        if reading.is_role("route", "gate", "dispatch"):
            for edge in reading.node.out_edges:
                if deployment.readings[edge.head.index].is_role("expert"):
                    gated.append((reading, edge))
                    if _dashed(edge):
                        dashed.add(edge.index)
    # If dashed edges connect a gate to experts, the edges of a dispatch carry the tokens and are solid.
    selecting = any(e.index in dashed and not r.is_role("dispatch") for r, e in gated)
    solid = [(r, e) for r, e in gated if e.index not in dashed and not (r.is_role("dispatch") and selecting)]
    if gated and not solid:
        yield Holds("visual", "gate edges", f"{count(len(dashed), 'edge')} from routing to experts, all dashed")
    if not solid or len(solid) == len(gated):
        return
    left = grouping.remaining(context.file, card, solid, lambda one: grouping.at_edge(one[1]))
    for unit, some in grouping.units(deployment, list({r.node.index: r for r, _ in left}.values())).items():
        edges = [e for r, e in left if r in some]
        yield grouping.edges_finding(
            context,
            card,
            unit,
            edges,
            f"{count(len(edges), 'edge')} from routing to experts{grouping.of_unit(unit)} {'is' if len(edges) == 1 else 'are'} not dashed",
            help="set style=dashed, like the other edges from routing to experts",
            fix=dashed_fix(context.file.document.text, context.graph, edges),
        )
