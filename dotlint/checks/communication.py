"""C: the communication that each kind of parallelism needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import count, listed, names
from dotlint.deployment import axes
from dotlint.deployment.shards import SHARDED, groups, replicas
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.words import plain_words
from dotlint.engine.finding import Holds, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_JOINS = {
    "all-reduce",
    "all-gather",
    "reduce-scatter",
    "all-to-all",
    "gather",
    "point-to-point",
    "kv-transfer",
    "split",
}
_SEQUENCE = ("sequence-split", "sequence-gather")


def _communicates(reading: Reading) -> str | None:
    return reading.role.communicates if reading.role else None


def tensor_communication(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Operators in which tensor shards meet although they are no collective."""
    deployment, wiring = context.deployment, context.completed.wiring
    serving: dict[str, list[str]] = {}
    wrong: list[Reading] = []
    parallel = False
    sharded = groups(deployment, *SHARDED, "mlp", "mlp-down")
    for shards in (some for group in sharded for some in replicas(group.members)):
        phase = context.phase(shards[0].phase)
        if phase is None or phase.degrees.tp < 2 or len(shards) < 2:
            continue
        parallel = True
        members = set(names(shards))
        meeting: dict[str, int] = {}
        for name in members:
            for head in dict.fromkeys(wiring.outs[name]):
                meeting[head] = meeting.get(head, 0) + 1
        for head, number in meeting.items():
            reading = deployment.by_name.get(head)
            if number < len(members) or reading is None:
                continue
            kind = _communicates(reading)
            if not all(name in context.wiring.ins[head] for name in members):
                continue  # they meet there once the missing edges are in place: nothing to praise, nothing to blame
            if kind in _JOINS:
                serving.setdefault(str(kind), []).append(head)
            elif reading.role is not None and reading.role.name not in {
                *SHARDED,
                "aggregate",
                "gather",
                "split",
                "residual",
            }:
                wrong.append(reading)
    for unit, some in places.units(deployment, places.remaining_nodes(context, card, _unique(wrong))).items():
        start, end = places.of_node(some[0].node)
        yield card.finding(
            f"tensor shards meet in {listed([f'`{r.name}`' for r in some])}{places.of_unit(unit)} without a collective",
            start,
            end,
            nodes=names(some),
            locations=places.at_nodes(some),
            about=unit,
            graph=context.graph.index,
            help="put an all-reduce, all-gather or reduce-scatter between the shards and it",
        )
    if serving and not wrong:
        reduces = "" if "all-reduce" in serving else "no all-reduce; "
        text = ", ".join(f"{kind} ({places.quoted(nodes)})" for kind, nodes in sorted(serving.items()))
        yield Holds("coverage", "tensor parallelism", f"{reduces}shards meet in {text}")
    elif parallel and not serving and not wrong:
        yield Undecided("coverage", "tensor parallelism", "shards that meet somewhere: none of those drawn do")


def _unique(readings: list[Reading]) -> list[Reading]:
    return list({r.node.index: r for r in readings}.values())


def sequence_communication(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Phases with SP > 1 in which no sequence is split and gathered, or exchanged in attention."""
    deployment = context.deployment
    for name in deployment.phases:
        phase = context.phase(name)
        if phase is None or phase.degrees.sp < 2:
            continue
        inside = [r for r in deployment.operators if r.phase == name]
        drawn = [r for r in inside if r.is_role(*_SEQUENCE)]
        ring = [r for r in inside if {"ring", "ulysses"} & set(plain_words(f"{r.evidence.title} {r.name}").split())]
        attention = [r for r in inside if r.is_role("attention", "qkv")]
        exchanged = [
            r
            for r in inside
            if _communicates(r) in {"all-to-all", "all-gather", "reduce-scatter"} and not _of_features(r)
        ]
        around = {t for r in attention for t in (*context.wiring.ins[r.name], *context.wiring.outs[r.name])}
        roles = {r.role.name for r in drawn if r.role}
        if roles == set(_SEQUENCE):
            number = sum(1 for r in drawn if r.is_role("sequence-split"))
            yield Holds(
                "coverage",
                "sequence parallelism",
                f"{count(number, 'split')} and as many gathers are drawn"
                if 2 * number == len(drawn)
                else "splits and gathers are drawn",
            )
        elif ring or any(r.name in around for r in exchanged):
            yield Holds("coverage", "sequence parallelism", "sequences are exchanged in attention")
        elif attention and not drawn:
            start, end = places.of_node(attention[0].node)
            yield card.finding(
                f"SP={phase.degrees.sp}, but {name or 'the graph'} neither splits and gathers the sequence nor exchanges it in attention",
                start,
                end,
                nodes=names(attention),
                about=phase_unit(name),
                graph=context.graph.index,
                help="add a sequence split before and a gather after the sharded operators, or the exchange in attention",
            )


def _of_features(reading: Reading) -> bool:
    """Whether the collective's dimensions show that it joins or parts features, as tensor shards do, and no sequence."""
    pair = axes.one_in_one_out(reading)
    found = axes.change(*pair) if pair is not None else None
    if pair is None or found is None or len(found.parts) != 1:
        return False
    return found.parts[0][0] in {"hidden", "ffn", "heads", "head-dim", f"axis {len(pair[0].values) - 1}"}


def expert_communication(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Phases with EP > 1 without the all-to-all that combines what experts made, or the one that dispatches to them."""
    deployment, wiring = context.deployment, context.completed.wiring
    for name in deployment.phases:
        phase = context.phase(name)
        if phase is None or phase.degrees.ep < 2:
            continue
        experts = [
            r
            for r in deployment.operators
            if r.phase == name and r.is_role("expert") and not r.summary and wiring.ins[r.name] and wiring.outs[r.name]
        ]
        if len(experts) < 2:
            continue
        after = _exchanges(context, experts, wiring.outs)
        before = _exchanges(context, experts, wiring.ins)
        subject = f" of {name}" if len(deployment.phases) > 1 else ""
        deeds = (
            (after, "combine", "combines what the experts{} made"),
            (before, "dispatch", "dispatches tokens to the experts{}"),
        )
        for found, deed, what in deeds:
            outcome = deed
            if deed == "combine" and not found:
                joined = _joined(context, experts)
                if any(_communicates(r) for r in joined):
                    text = f"{places.quoted(names(joined))} combines what the experts made"
                    yield Holds("coverage", f"expert parallelism{subject}", text)
                    continue
                outcome = "aggregate" if joined else deed
            if found:
                text = f"an all-to-all {what.format('')} ({places.quoted(found)})"
                yield Holds("coverage", f"expert parallelism{subject}", text)
                continue
            start, end = places.of_node(experts[0].node)
            beside = _around(context, experts, wiring.outs if deed == "combine" else wiring.ins)
            yield card.finding(
                f"EP={phase.degrees.ep}, but no all-to-all {what.format(subject)}",
                start,
                end,
                outcome=outcome,
                nodes=names(beside),
                about=phase_unit(name),
                graph=context.graph.index,
                help=f"put an all-to-all between the experts and {places.quoted(names(beside))}",
            )


def _joined(context: GraphContext, experts: list[Reading]) -> list[Reading]:
    """What takes the experts' results and is a collective of another kind, or an aggregation that names none."""
    wiring, by_name = context.completed.wiring, context.deployment.by_name
    heads = dict.fromkeys(head for r in experts for head in wiring.outs[r.name])
    parts = set(names(experts))
    # What stands between two parts of an expert is the experts' own.
    found = [by_name[head] for head in heads if head in by_name and parts.isdisjoint(wiring.outs[head])]
    sums = [r for r in found if r.is_role("aggregate", "gather")]
    # Partial sums that a collective takes on are combined there.
    after = dict.fromkeys(head for r in sums for head in wiring.outs[r.name])
    further = [by_name[head] for head in after if head in by_name]
    collectives = [r for r in (*found, *further) if _communicates(r) in {"all-reduce", "reduce-scatter", "all-gather"}]
    return collectives or sums


def _around(context: GraphContext, experts: list[Reading], neighbours: dict[str, list[str]]) -> list[Reading]:
    """Give what stands next to the experts in one direction; a node between two parts of an expert does not."""
    by_name, parts = context.deployment.by_name, set(names(experts))
    near = [n for n in dict.fromkeys(n for r in experts for n in neighbours[r.name]) if n in by_name]
    outer = [n for n in near if n not in parts and parts.isdisjoint(neighbours[n])]
    return [by_name[n] for n in outer or near]


def _exchanges(context: GraphContext, experts: list[Reading], neighbours: dict[str, list[str]]) -> list[str]:
    """All-to-alls within two steps of the experts, in one direction."""
    deployment = context.deployment
    near = dict.fromkeys(n for r in experts for n in neighbours[r.name])
    near |= dict.fromkeys(n for name in list(near) for n in neighbours[name])
    found = []
    for name in near:
        if name not in context.graph.nodes or not (context.wiring.ins[name] or context.wiring.outs[name]):
            continue
        reading = deployment.by_name.get(name)
        if reading is None:
            continue
        moves = reading.is_role("send", "receive", "transfer") and not _of_pipeline(context, reading)
        if _communicates(reading) == "all-to-all" or moves:
            found.append(name)
    return found


def _of_pipeline(context: GraphContext, reading: Reading) -> bool:
    """Whether a send or receive is one between pipeline stages: it says so, or something beside it is of another stage."""
    if {"pp", "pipeline"} & set(plain_words(f"{reading.evidence.title} {reading.name}").split()):
        return True
    by_name, wiring = context.deployment.by_name, context.wiring
    beside = [by_name[n] for n in (*wiring.ins[reading.name], *wiring.outs[reading.name]) if n in by_name]
    return reading.stage is not None and any(r.stage not in (None, reading.stage) for r in beside)
