"""V: conventions for the shapes of nodes and the styles of edges."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.deployment import axes
from dotlint.deployment.words import plain_words
from dotlint.edits.attributes import dashed_fix, shape_fix
from dotlint.engine.finding import Holds
from dotlint.text.english import count, listed

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
            drawn = Counter(_shape(r) for r in members).most_common()
            shares = [f"{number} {shape}" if len(drawn) > 1 else shape for shape, number in drawn]
            conforming.append(f"{kind} {listed(shares)}")
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
        if 0 < 2 * len(wrong) < len(some):
            # Only siblings show that the shape is not intended.
            siblings = {key for r in some if _shape(r) in right for key in _sibling_keys(r)}
            found += [
                r
                for r in wrong
                if _shape(r) in others and not is_no_computation(r) and not siblings.isdisjoint(_sibling_keys(r))
            ]
    return sorted(found, key=lambda r: r.node.index)


def _sibling_keys(reading: Reading) -> tuple[str, str]:
    return reading.evidence.name.family, plain_words(reading.evidence.title)


_JOINS = {
    *("reduce", "reduction", "aggregate", "aggregation", "agg", "sum", "merge", "concat", "concatenate", "gather"),
    *("collect", "combine", "join", "split", "scatter", "broadcast", "distribution", "distribute", "add", "residual"),
}
_ENDS = {"input", "inputs", "output", "outputs", "start", "end", "begin", "result", "in", "out"}


def is_no_computation(reading: Reading) -> bool:
    """Return whether the node may have another shape: an input or output, a reduction, aggregation or split."""
    texts = (reading.name, reading.evidence.title)
    return is_end(reading) or any(_JOINS & set(plain_words(text).split()) for text in texts)


def is_end(reading: Reading) -> bool:
    """Return whether the name or title of the node ends like that of an input or output: `Layer 0 MHA Input`."""
    texts = (plain_words(text).split() for text in (reading.name, reading.evidence.title))
    return any(words and words[-1] in _ENDS for words in texts)


def _dashed(edge: Edge) -> bool:
    return bool({"dashed", "dotted"} & set(edge.attributes.get("style", "").replace(",", " ").split()))


def _passes_hidden_states(reading: Reading) -> bool:
    """Return whether the node states hidden states as output, so that its edges carry the tokens themselves."""
    found = [set(axes.axes(dims)) for dims in reading.evidence.tensors.outputs]
    return bool(found) and all("hidden" in names and not names & {"experts", "top-k"} for names in found)


def solid_gate_edges(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report solid edges from routing to experts, if the file dashes others."""
    deployment = context.deployment
    led = [
        (reading, edge)
        for reading in deployment.operators
        if reading.is_role("route", "gate", "dispatch")
        for edge in reading.node.out_edges
        if deployment.readings[edge.head.index].is_role("expert")
    ]
    # If the gate leads to the experts itself, the edges of the dispatch carry the tokens.
    routed = any(not r.is_role("dispatch") for r, _ in led)
    gated = [(r, e) for r, e in led if not routed or not (r.is_role("dispatch") or _passes_hidden_states(r))]
    dashed = {e.index for _, e in gated if _dashed(e)}
    # If a dashed edge connects the gate to an expert, the edge that carries the tokens to it is solid. A node with
    # both to one expert has solid edges for the tokens to all.
    selected = {e.head.index for _, e in gated if e.index in dashed}
    pairs = {(e.tail.index, e.head.index) for _, e in gated if e.index in dashed}
    both = {e.tail.index for _, e in gated if e.index not in dashed and (e.tail.index, e.head.index) in pairs}
    solid = [
        (r, e) for r, e in gated if e.index not in dashed and e.head.index not in selected and e.tail.index not in both
    ]
    if dashed and not solid:
        others = len(led) - len(dashed)
        beside = (
            f"; {count(others, 'solid edge')} beside them {'is' if others == 1 else 'are'} taken to carry the tokens"
        )
        text = f"{count(len(dashed), 'edge')} from routing to experts"
        yield Holds("visual", "gate edges", f"{text}, dashed{beside}" if others else f"{text}, all dashed")
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
