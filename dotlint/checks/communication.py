"""C: the communication that each kind of parallelism requires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment import axes
from dotlint.deployment.shards import ATTENTION, groups
from dotlint.deployment.stated_dims import one_in_one_out
from dotlint.deployment.tensors.mesh import stated_degrees
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.words import plain_words
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.finding import Holds, Undecided
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Fix, Outcome

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


class Meetings(Struct, frozen=True):
    """Where tensor shards meet: the nodes that combine them, by what they do, and those that only take them.

    `shards` has the groups of shards that each of the latter takes, by index of its node; `parallel` is whether any
    operator is divided among tensor ranks.
    """

    serving: dict[str, list[str]]
    wrong: list[Reading]
    shards: dict[int, list[tuple[Reading, ...]]]
    parallel: bool


def meetings(context: GraphContext) -> Meetings:
    """Return where the tensor shards of each layer meet."""
    deployment, wiring = context.deployment, context.completed.wiring
    serving: dict[str, list[str]] = {}
    wrong: list[Reading] = []
    met: dict[int, list[tuple[Reading, ...]]] = {}
    parallel = False
    for group in groups(deployment, "embedding", *ATTENTION, "mlp", "mlp-down"):
        shards, phase = group.members, context.phase(group.phase)
        if phase is None or len(shards) < 2:
            continue
        if (phase.attention_tp if group.role in ATTENTION else phase.degrees.tp) < 2:
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
                continue  # they meet only through edges that are missing, which another rule reports
            if kind in _JOINS or (kind is None and _reduces(reading)):
                serving.setdefault(kind or "a reduction", []).append(head)
            elif reading.role is not None and reading.role.name not in {
                *ATTENTION,
                "aggregate",
                "gather",
                "split",
                "residual",
            }:
                wrong.append(reading)
                met.setdefault(reading.node.index, []).append(tuple(shards))
    return Meetings(serving, _unique(wrong), met, parallel)


class ShardsMeet(Struct, frozen=True, eq=False):
    """Shards, each group with an operator that takes all of them."""

    meetings: tuple[tuple[tuple[Reading, ...], Reading], ...]


def join_shards(fix: FixContext, finding: Finding) -> Fix | str:
    """Write the collective between shards and what they feed."""
    from dotlint.checks.tensors import added_collectives  # noqa: PLC0415 - few runs write collectives

    data = finding.data
    assert isinstance(data, ShardsMeet)
    return added_collectives.join_shards(fix, data.meetings)


@fixed_by(join_shards)
def tensor_communication(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report operators that take all tensor shards of a layer but are not a collective."""
    found = meetings(context)
    serving, wrong, deployment = found.serving, found.wrong, context.deployment
    for unit, some in grouping.units(deployment, grouping.remaining_nodes(context, card, wrong)).items():
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"tensor shards feed {listed([f'`{r.name}`' for r in some])}{grouping.of_unit(unit)} without a collective",
            help=f"add an all-reduce, all-gather or reduce-scatter between the shards and {'it' if len(some) == 1 else 'them'}",
            data=ShardsMeet(tuple((shards, r) for r in some for shards in found.shards[r.node.index])),
        )
    joining = {name for some in serving.values() for name in some}
    doubted = [r.name for some in context.shapes.operators.collectives.values() for r in some if r.name in joining]
    if serving and doubted:
        needs = f"correct what is reported of {quoted(doubted)}"
        yield Undecided("coverage", "tensor parallelism", needs)
    elif serving and not wrong and not context.flow.faults:
        reduces = "" if any(_communicates(r) == "all-reduce" for r in deployment.operators) else "no all-reduce; "
        text = ", ".join(f"{kind} ({quoted(nodes)})" for kind, nodes in sorted(serving.items()))
        yield Holds("coverage", "tensor parallelism", f"{reduces}shards are combined by {text}")
    elif found.parallel and not serving and not wrong and not context.flow.faults:
        yield Undecided(
            "coverage", "tensor parallelism", "draw the operator that combines the shards (no shards are combined)"
        )


_REDUCTION = {"reduce", "reduction", "reduced", "sum", "collective", "merge", "concat"}


def _reduces(reading: Reading) -> bool:
    """Return whether the node combines shards by its title, or by its name if the title means nothing: `MLP Reduce`."""
    words = set(plain_words(reading.evidence.title).split())
    if reading.role is None or not words:
        words |= set(plain_words(reading.name).split())
    return bool(_REDUCTION & words)


def _unique(readings: list[Reading]) -> list[Reading]:
    return list({r.node.index: r for r in readings}.values())


def unexchanged_phases(context: GraphContext) -> dict[str, list[Reading]]:
    """Return the phases with SP > 1 that neither split and gather the sequence nor exchange it, with their attention."""
    return {name: found for name, found in _sequence_exchanges(context) if isinstance(found, list)}


def _sequence_exchanges(context: GraphContext) -> Iterator[tuple[str, str | list[Reading]]]:
    """Yield for each phase with SP > 1 how it exchanges the sequence, or the attention operators that lack an exchange."""
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
            if _communicates(r) in {"all-to-all", "all-gather", "reduce-scatter"}
            and (not _of_features(r) or any("sp" in stated_degrees(line) for line in r.evidence.lines))
        ]
        around = {t for r in attention for t in (*context.wiring.ins[r.name], *context.wiring.outs[r.name])}
        roles = {r.role.name for r in drawn if r.role}
        if roles == set(_SEQUENCE):
            number = sum(1 for r in drawn if r.is_role("sequence-split"))
            yield (
                name,
                f"{count(number, 'sequence split')} and {count(len(drawn) - number, 'sequence gather')} are drawn",
            )
        elif exchanging := ring or [r for r in exchanged if r.name in around]:
            yield name, f"sequences are exchanged in attention ({quoted(names(exchanging))})"
        elif attention and not drawn:
            yield name, attention


def sequence_communication(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases with SP > 1 that neither split and gather the sequence nor exchange it in attention."""
    sliced = {f.at.first.phase for f in context.flow.faults if (f.rule, f.kind) == ("shard-consumed", "attention")}
    for name, found in _sequence_exchanges(context):
        if isinstance(found, str):
            if name not in sliced:
                yield Holds("coverage", "sequence parallelism", found)
            continue
        phase = context.phase(name)
        start, end = grouping.of_node(found[0].node)
        yield card.finding(
            f"SP={phase.degrees.sp if phase else 1}, but {name or 'the graph'} neither splits and gathers the sequence nor exchanges it in attention",
            start,
            end,
            nodes=names(found),
            about=phase_unit(name),
            graph=context.graph.index,
            help="add a sequence split before and a sequence gather after the sharded operators, or an exchange in attention",
        )


def _of_features(reading: Reading) -> bool:
    """Return whether the collective's dimensions show that it gathers or splits features (TP), not a sequence."""
    pair = one_in_one_out(reading)
    found = axes.change(*pair) if pair is not None else None
    if pair is None or found is None or len(found.parts) != 1:
        return False
    return found.parts[0][0] in {"hidden", "ffn", "heads", "head-dim", f"axis {len(pair[0].values) - 1}"}
