"""S009 and S010: sequence splits without a gather, and attention drawn as a single node."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import LEFT_OUT, names
from dotlint.checks.whole_boxes import is_whole_box
from dotlint.deployment.shards import groups
from dotlint.deployment.tensors.placements import SEQ
from dotlint.deployment.words import word_set
from dotlint.engine.finding import Holds, Undecided
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.tensors.model import Inflow, Operator
    from dotlint.deployment.unit import Unit
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome


def splits_without_gather(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report sequence splits that reach no sequence gather of their unit, and gathers that no split reaches.

    If the graph has only one of the two kinds, the other probably has another name: it is missing only where what
    travels shows it.
    """
    wiring, deployment = context.wiring, context.deployment
    drawn = {r.role.name for r in deployment.operators if r.role and r.is_role("sequence-split", "sequence-gather")}
    if len(drawn) < 2:
        yield from _one_sided(context, card, drawn)
        return
    fine = total = 0
    begun, ended = _between(context, forward=True), _between(context, forward=False)
    unplaced = deployment.by_unit(r for r in deployment.operators if r.stage is None)
    for (phase, stage), readings in deployment.by_unit(deployment.operators).items():
        splits = [r for r in readings if r.is_role("sequence-split")]
        gathers = [r for r in readings if r.is_role("sequence-gather")]
        if (not splits and not gathers) or (stage is None and deployment.units.get(phase or "")):
            continue  # if other nodes have a stage, the unit of a node without one is unknown
        total += 1
        # Nodes without a stage may be between the two.
        within = {r.name for r in (*readings, *unplaced.get((phase, None), ()))}
        lost = [r for r in splits if not any(g.name in wiring.reach([r.name], within=within) for g in gathers)]
        reached = wiring.reach(names(splits), within=within)
        lost += [g for g in gathers if g.name not in reached]
        if not (splits and gathers):  # the sequence may stay divided through several stages
            lost = [r for r in lost if r.name not in (ended if splits else begun)]
        if not lost:
            fine += 1
            continue
        start, end = grouping.of_node(lost[0].node)
        title = deployment.unit(phase, stage)
        only = "split" if not gathers else "gather" if not splits else ""
        message = (
            f"{title} has a sequence {only} but no sequence {'gather' if only == 'split' else 'split'}"
            if only
            else f"no path leads from the sequence split of {title} to its gather"
        )
        yield card.finding(
            message,
            start,
            end,
            nodes=names(lost),
            about=title,
            graph=context.graph.index,
            help="connect every sequence split to a sequence gather within its unit",
        )
    if fine == total > 0:
        yield Holds("communication", "sequence", f"a path leads from split to gather in {_of_units(fine, total)}")


def _one_sided(context: GraphContext, card: Card, drawn: set[str]) -> Iterator[Outcome]:
    """Report a sequence that is split and reaches an output in slices, or gathered and cut into slices by no split."""
    for operator in context.flow.operators if drawn else ():
        if drawn == {"sequence-split"}:
            sliced = any(axis is not None and taken == SEQ for axis, taken in operator.taken.items())
            if not (operator.first.is_role("output") and sliced and not operator.first.node.out_edges):
                continue
            message = f"the sequence is split and never gathered: `{operator.first.name}` takes slices of it"
            remedy = "add a sequence gather before the output"
        else:
            tails = [i.tail for i in context.flow.inflows.get(operator.index, ()) if _cuts(i, operator)]
            if not tails:
                continue
            message = (
                f"the sequence is gathered and never split: each rank of `{operator.first.name}` takes a slice of "
                f"what `{tails[0].first.name}` gives"
            )
            remedy = f"add a sequence split behind `{tails[0].first.name}`"
        start, end = grouping.of_node(operator.first.node)
        yield card.finding(
            message,
            start,
            end,
            nodes=names(operator.members),
            graph=context.graph.index,
            help=remedy,
        )
        return


def _cuts(inflow: Inflow, head: Operator) -> bool:
    """Return whether ranks take slices of the sequence of a node that does not split it."""
    axis, rule = head.axis, inflow.tail.rule
    if axis is None or inflow.how != "fan" or rule is None or rule.collective is not None:
        return False
    return inflow.arrives.get(axis) == SEQ and inflow.tail.on(axis) != SEQ


def _between(context: GraphContext, *, forward: bool) -> set[str]:
    """Return the nodes that a sequence split reaches before another split or gather ends the way, those included.

    Backward the same from the gathers. A reduce-scatter may split the sequence.
    """
    roles = ("sequence-split", "reduce-scatter") if forward else ("sequence-gather",)
    beside = context.wiring.outs if forward else context.wiring.ins
    ends = {r.name for r in context.deployment.operators if r.is_role("sequence-split", "sequence-gather")}
    found: set[str] = set()
    queue = [r.name for r in context.deployment.operators if r.is_role(*roles)]
    while queue:
        for name in beside[queue.pop()]:
            if name not in found:
                found.add(name)
                if name not in ends:
                    queue.append(name)
    return found


def _of_units(number: int, total: int) -> str:
    return f"{number} of {total} units" if total > 1 else "the one unit"


def _whole_units(deployment: Deployment) -> dict[tuple[str | None, int | None], list[Reading]]:
    """Group operators by phase and stage; one without a stage joins the stage that has its layer, if there is only one."""
    stages: dict[tuple[str | None, int], set[int]] = defaultdict(set)
    for reading in deployment.operators:
        if reading.layer is not None and reading.stage is not None:
            stages[reading.phase, reading.layer].add(reading.stage)
    units = deployment.by_unit(deployment.operators)
    for (phase, stage), readings in list(units.items()):
        if stage is not None:
            continue
        units[phase, None] = []
        for reading in readings:
            own = stages.get((phase, reading.layer), set()) if reading.layer is not None else set()
            units[phase, next(iter(own)) if len(own) == 1 else None].append(reading)
    return units


_COMPUTE = ("attention", "scores", "softmax")
_PRODUCTS = {"q", "k", "v"}
_WEIGHTS = {"linear", "proj", "projection", "projections"}
# Roles of the parts of a block: a file that draws some of them divides blocks.
_PARTS = ("output-projection", "scores", "softmax", "mlp-up", "mlp-down", "activation")


def _projects(context: GraphContext, reading: Reading) -> bool:
    """Return whether the node is a product with the weights of Q, K or V: `matmul (Q)` that leads to attention."""
    if reading.role is not None and reading.kind != "computation":
        return False
    evidence = reading.evidence
    named = not (_PRODUCTS.isdisjoint(word_set(reading.name)) and _PRODUCTS.isdisjoint(word_set(evidence.title)))
    lines = map(word_set, evidence.lines[1:])
    if not named and not any(line & _PRODUCTS and line & _WEIGHTS for line in lines):
        return False
    outs, by_name = context.wiring.outs, context.deployment.by_name
    heads = set(outs[reading.name])
    heads |= {further for head in heads for further in outs[head]}  # behind a rotary embedding
    return any(by_name[name].is_role(*_COMPUTE) for name in heads if name in by_name)


def _without_projection(context: GraphContext, projections: tuple[str, ...]) -> list[Reading]:
    """Return the attention shards that a norm feeds directly, if a projection feeds others of their family."""
    by_name, ins = context.deployment.by_name, context.wiring.ins
    families: dict[str, tuple[list[Reading], list[Reading]]] = defaultdict(lambda: ([], []))
    for reading in context.deployment.operators:
        if not reading.is_role(*_COMPUTE) or reading.summary or not ins[reading.name]:
            continue
        tails = [by_name[name] for name in ins[reading.name] if name in by_name]
        projected, direct = families[reading.evidence.name.family]
        if any(tail.is_role(*projections) for tail in tails):
            projected.append(reading)
        elif tails and all(tail.is_role("norm", "residual", "embedding", "input") for tail in tails):
            direct.append(reading)
    return [reading for projected, direct in families.values() if projected for reading in direct]


def attention_in_one_node(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report attention whose QKV projection or computation is not a separate node, everywhere or in some units."""
    deployment = context.deployment
    projections = ("qkv", "query", "key-projection", "value-projection")
    with_parts: list[tuple[Unit, list[Reading]]] = []
    what: set[str] = set()
    without: list[tuple[Unit, list[Reading]]] = []
    units = _whole_units(deployment)
    drawn = [r for r in deployment.operators if not is_whole_box(context, r)]
    if not any(r.is_role(*_COMPUTE) for r in drawn):
        if any(r.is_role(*projections) for r in drawn):
            yield Undecided("attention", "attention", "name the attention computation in its label")
        return  # its operators have names that the vocabulary lacks, or there are only whole boxes
    for (phase, stage), readings in units.items():
        compute = [r for r in readings if r.is_role(*_COMPUTE) and not is_whole_box(context, r)]
        parts = [r for r in readings if r.is_role(*projections) or _projects(context, r)]
        if bool(compute) != bool(parts):
            other = projections if compute else _COMPUTE
            elsewhere = [(phase, None)] if stage is not None else [key for key in units if key[0] == phase]
            if any(r.is_role(*other) for key in elsewhere for r in units.get(key, ())):
                continue  # one without a stage may belong to any unit
        if compute and stage is not None and all(r.summary for r in compute):
            continue
        if compute or parts:
            title = deployment.unit(phase, stage)
            (with_parts if parts and compute else without).append((title, compute or parts))
            what |= set() if parts and compute else {"the attention computation" if parts else "the QKV projection"}
    if len(what) > 1 and not with_parts:
        yield Undecided("attention", "attention", "mark the stages (projection and computation share none)")
        return
    if with_parts:
        # Nodes without a stage belong to no unit that could be compared with the others.
        without = [pair for pair in without if pair[1][0].stage is not None]
        if without and context.abridged.parts:
            yield Undecided(card.section, "attention", LEFT_OUT)
            return
    if without:
        lacking = grouping.remaining_nodes(context, card, [r for _, some in without for r in some])
        if not lacking:
            return
        if not with_parts and sum(1 for r in drawn if r.is_role(*_PARTS)) * 2 < sum(len(some) for _, some in without):
            yield Undecided("attention", "attention", "draw the parts of attention (the file draws blocks as one node)")
            return
        where = "" if not with_parts else " in " + listed([str(unit) for unit, _ in without])
        subject = " and ".join(sorted(what, reverse=True))
        verb = "are not separate nodes" if len(what) > 1 else "is not a separate node"
        # If no unit divides attention, the file draws it in less detail.
        yield grouping.nodes_finding(
            context,
            card,
            None,
            lacking,
            f"{subject} {verb}{where or ' anywhere in the graph'}",
            outcome=None if with_parts else "everywhere",
            help="draw the QKV projection and the attention computation as separate nodes, one for each shard",
        )
    elif direct := grouping.remaining_nodes(context, card, _without_projection(context, projections)):
        one = len(direct) == 1
        yield grouping.nodes_finding(
            context,
            card,
            grouping.unit_of(deployment, direct),
            direct,
            f"{f'`{direct[0].name}` has' if one else f'{len(direct)} attention shards have'} no QKV projection, but other shards have one",
            help="add the QKV projection of each shard",
        )
    elif with_parts:
        shards = {len(group.members) for group in groups(deployment, *projections, *_COMPUTE)}
        each = f", {next(iter(shards))} of each operator" if len(shards) == 1 and shards != {1} else ""
        total = len(with_parts)
        yield Holds(
            "attention",
            "attention",
            f"the QKV projection and the attention computation are separate nodes{each}, in {_of_units(total, total)}",
        )
