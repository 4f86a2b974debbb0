"""T003 to T005, F006, F007: shapes along edges, through operators, and of the shards of one operator."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.edits.dimensions import with_shape
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.finding import Fix, Holds, Related, Undecided
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.tensors.shape_kept import Mismatch
    from dotlint.deployment.tensors.shape_siblings import OddShard
    from dotlint.deployment.unit import Unit
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Location, Outcome
    from dotlint.graph.model import Edge


def edges_with_other_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report edges whose consumer states another input than the producer's output, unless sharding explains it."""
    edges = context.shapes.edges
    left = grouping.remaining(context.file, card, edges.wrong, lambda one: grouping.at_edge(one.edge))
    by_unit = grouping.units(context.deployment, {one.tail.node.index: one.tail for one in left}.values())
    for unit, some in by_unit.items():
        inside = {r.node.index for r in some}
        reported = [(one.edge, one.how) for one in left if one.tail.node.index in inside]
        yield _edges_finding(
            context,
            card,
            unit,
            reported,
            "the output of `{}` and the input of `{}` have different dimensions: {}{}",
            help="state the same dimensions at both ends, or add a split or gather between them",
        )
    if edges.equal and not edges.wrong:
        yield Holds(
            card.section,
            "dimensions along edges",
            f"{count(edges.equal, 'edge connects', 'edges connect')} equal dimensions",
        )


def _edges_finding(
    context: GraphContext,
    card: Card,
    unit: Unit | None,
    reported: list[tuple[Edge, str]],
    message: str,
    **more: str | None,
) -> Finding:
    """Return a finding about edges; `message` has places for both ends, how they differ, and how many more do."""
    first, how = reported[0]
    other = "" if len(reported) == 1 else f", and {count(len(reported) - 1, 'more edge')}{grouping.of_unit(unit)}"
    return card.finding(
        message.format(first.tail.name, first.head.name, how, other),
        first.start,
        first.end,
        nodes=tuple(dict.fromkeys(n for e, _ in reported for n in (e.tail.name, e.head.name))),
        locations=grouping.at_edges(e for e, _ in reported),
        related=tuple(
            Related(f"{e.tail.name} -> {e.head.name}: {change}", e.start, e.end) for e, change in reported[1:9]
        ),
        about=unit,
        graph=context.graph.index,
        **more,
    )


def operators_with_wrong_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators that change dimensions in a way that contradicts their role."""
    deployment, found = context.deployment, context.shapes.operators
    wrong = [r for r in deployment.operators if r.node.index in found.wrong]
    for unit, some in grouping.units(deployment, grouping.remaining_nodes(context, card, wrong)).items():
        first, problems = some[0].evidence.tensors, list(dict.fromkeys(found.wrong[r.node.index] for r in some))
        how = f"[{first.inputs[0].text}] to [{first.outputs[0].text}]"
        more = "" if len(some) == 1 else f"; also {count(len(some) - 1, 'more operator')}{grouping.of_unit(unit)}"
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"`{some[0].name}` changes dimensions from {how}, but {problems[0]}{more}",
            help="correct the dimensions: " + "; ".join(problems),
        )
    if found.checked and not found.wrong:
        text = count(
            found.checked,
            "operator transforms shapes as its role requires",
            "operators transform shapes as their roles require",
        )
        yield Holds(card.section, "dimensions by role", text)
    if context.strategy is None and any(r.is_role("sequence-split", "sequence-gather") for r in deployment.operators):
        yield Undecided(card.section, "sequence splits and gathers", "declare a strategy with `--strategy`")


def collectives_with_wrong_dims(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report all-reduces that change the dimensions, and all-gathers that do not."""
    found = context.shapes.operators
    for kind, readings in found.collectives.items():
        for unit, some in grouping.units(context.deployment, grouping.remaining_nodes(context, card, readings)).items():
            first, tensors = some[0], some[0].evidence.tensors
            how = f"[{tensors.inputs[0].text}] to [{tensors.outputs[0].text}]"
            more = "" if len(some) == 1 else f"; also {len(some) - 1} more{grouping.of_unit(unit)}"
            gathers = kind == "all-gather"
            yield grouping.nodes_finding(
                context,
                card,
                unit,
                some,
                f"{kind} `{first.name}` {'does not change its dimensions' if gathers else 'changes its dimensions'}: "
                f"{how}{more}",
                help="state the output that results from concatenating the shards along one axis"
                if gathers
                else "state the same dimensions for input and output: an all-reduce sums tensors of one shape; an all-gather joins slices",
            )
    if found.right:
        yield Holds(
            "communication",
            "collectives",
            count(
                found.right,
                "all-reduce or all-gather has the dimensions of its kind",
                "all-reduces and all-gathers have the dimensions of their kind",
            ),
        )


def shape_mismatches(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report tensors that change along an edge, or within an operator, where they have to stay as they are."""
    kinds: dict[tuple[str, bool, bool], list[Mismatch]] = defaultdict(list)
    for one in grouping.remaining(context.file, card, context.shapes.mismatches, _location):
        kinds[one.reason, one.written, one.edge is None].append(one)
    for (reason, written, inside), alike in kinds.items():
        by_node = {one.head.node.index if inside else (one.tail or one.head).node.index: one for one in alike}
        ends = {i: context.deployment.readings[i] for i in by_node}
        for unit, some in grouping.units(context.deployment, ends.values()).items():
            nodes = {r.node.index for r in some}
            mine = [one for one in alike if (one.head if inside else one.tail or one.head).node.index in nodes]
            outcome = None if written else "inferred"
            if inside:
                yield _operator_finding(context, card, unit, some, mine, outcome)
            else:
                reported = [(one.edge, _how(one)) for one in mine if one.edge]
                message = f"`{{}}` gives another tensor than `{{}}` takes: {{}}; {reason}{{}}"
                yield _edges_finding(
                    context,
                    card,
                    unit,
                    reported,
                    message,
                    outcome=outcome,
                    help=mine[0].remedy,
                    note=_chain(mine[0]),
                    slip=reason,
                )


def _location(one: Mismatch) -> Location:
    return grouping.at_edge(one.edge) if one.edge else grouping.at_node(one.head.node)


def _how(one: Mismatch) -> str:
    return f"[{one.before.text}] to [{one.after.text}]"


def _chain(one: Mismatch) -> str | None:
    """Return the path of a tensor that passes operators without dimensions."""
    if not one.through or one.source is None:
        return None
    path = ", ".join(f"`{r.name}`" for r in one.through)
    states = "states" if len(one.through) == 1 else "state"
    return f"[{one.before.text}] comes from `{one.source.name}` through {path}, which {states} no dimensions"


def _operator_finding(
    context: GraphContext, card: Card, unit: Unit | None, some: list[Reading], mine: list[Mismatch], outcome: str | None
) -> Finding:
    one = mine[0]
    more = "" if len(some) == 1 else f"; also {count(len(some) - 1, 'more operator')}{grouping.of_unit(unit)}"
    what = (
        f"states [{one.after.text}]"
        if one.before is one.after
        else f"takes [{one.before.text}] and gives [{one.after.text}]"
    )
    return grouping.nodes_finding(
        context,
        card,
        unit,
        some,
        f"`{one.head.name}` {what}, but {one.reason}{more}",
        outcome=outcome,
        help=one.remedy,
        slip=one.reason,
    )


class OddShards(Struct, frozen=True, eq=False):
    """Shards whose labels the fix changes."""

    shards: tuple[OddShard, ...]


def write_sibling_shape(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the sizes that all siblings state into the label of each odd shard."""
    data = finding.data
    assert isinstance(data, OddShards)
    edits = [edit for one in data.shards if (edit := with_shape(one.shard, one.sibling))]
    if len(edits) < len(data.shards):
        return "the label cannot be rewritten line by line"
    del fix
    return Fix(
        "unsafe", tuple(edits), f"Write the dimensions of its siblings into the label of `{data.shards[0].shard.name}`"
    )


@fixed_by(write_sibling_shape)
def odd_sibling_shapes(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report a shard whose shape differs from that of all its siblings."""
    left = grouping.remaining(context.file, card, context.shapes.odd, lambda one: grouping.at_node(one.shard.node))
    for one in left:
        yield grouping.nodes_finding(
            context,
            card,
            grouping.unit_of(context.deployment, [one.shard]),
            [one.shard],
            f"`{one.shard.name}` states [{one.own.text}], but all {one.others} siblings state [{one.usual.text}]",
            help=f"state [{one.usual.text}], as `{one.sibling.name}` does",
            related=(Related(f"as `{one.sibling.name}`", *grouping.of_node(one.sibling.node)),),
            data=OddShards((one,)),
        )
