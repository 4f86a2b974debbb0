"""C003: the exchange of tokens around the experts, before (dispatch) and after (combine) them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment.tensors.table import CHOICE
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.words import plain_words
from dotlint.engine.finding import Holds
from dotlint.strategy.declarations import read_declarations
from dotlint.text.english import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

Neighbors = dict[str, list[str]]
_REDUCING = frozenset({"all-reduce", "reduce-scatter"})
_JOINING = frozenset({"gather", "all-gather"})
_STATES = {"combine": "the results of the experts", "dispatch": "tokens to the experts"}


class Exchange(Struct, frozen=True):
    """The nodes near the experts that exchange tokens, in one direction.

    `named` are all-to-alls, `drawn` are transfers and nodes with the shape of communication, `choosing` are those with
    that shape which carry only scores or indices.
    """

    named: list[str]
    drawn: list[str]
    choosing: list[str]

    @property
    def found(self) -> bool:
        """Whether something exchanges tokens."""
        return bool(self.named or self.drawn)


class Answer(Struct, frozen=True):
    """What is known about one direction: the outcome to report, or the text of a tick, or neither if it is undecided."""

    outcome: str = ""
    tick: str = ""


def expert_communication(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases with EP > 1 that lack the all-to-all that dispatches tokens to experts or combines their results."""
    deployment, wiring = context.deployment, context.completed.wiring
    for name, degree, experts in _phases_with_experts(context):
        subject = f" of {name}" if len(deployment.phases) > 1 else ""
        before = _exchange(context, experts, wiring.ins)
        for direction, beside, answer in (
            ("combine", wiring.outs, _combined(context, experts, degree, dispatched=before.found)),
            ("dispatch", wiring.ins, _dispatched(context, experts, degree, before)),
        ):
            if answer.tick:
                yield Holds("coverage", f"expert parallelism{subject}", answer.tick)
            if not answer.outcome:
                continue
            start, end = grouping.of_node(experts[0].node)
            what = (
                f"{direction}s {_STATES[direction]}"
                if direction == "combine"
                else f"{direction}es {_STATES[direction]}"
            )
            yield card.finding(
                f"EP={degree}, but no all-to-all {what}{subject}",
                start,
                end,
                outcome=answer.outcome,
                slip=answer.outcome,
                nodes=names(_adjacent(context, experts, beside)),
                about=phase_unit(name),
                graph=context.graph.index,
                help=f"add an all-to-all that {what}",
            )


def _phases_with_experts(context: GraphContext) -> Iterator[tuple[str, int, list[Reading]]]:
    """Yield the phases with EP > 1 that draw several experts, with the degree and the experts that have edges."""
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
        if len(experts) > 1:
            yield name, phase.degrees.ep, experts


def uncombined_phases(context: GraphContext) -> set[str]:
    """Return the phases in which nothing combines the results of the experts."""
    return {
        name
        for name, degree, experts in _phases_with_experts(context)
        if _combined(context, experts, degree, dispatched=True).outcome
    }


def _tick(direction: str, named: Sequence[str], others: Sequence[str] = ()) -> str:
    """Return the text of the tick: what exchanges the tokens."""
    verb = f"{direction}s" if direction == "combine" else f"{direction}es"
    if named:
        return f"an all-to-all {verb} {_STATES[direction]} ({quoted(list(named))})"
    return f"{quoted(list(others))} {verb if len(others) == 1 else direction} {_STATES[direction]}"


def _dispatched(context: GraphContext, experts: list[Reading], ep: int, found: Exchange) -> Answer:
    if found.found:
        return Answer(tick=_tick("dispatch", found.named, found.drawn))
    lost = {loss.at.name for loss in context.payloads.losses}
    if found.choosing and not lost.isdisjoint([*found.choosing, *names(experts)]):
        return Answer()  # another rule reports that nothing but the choice of experts reaches them
    if _composed(context, experts, context.completed.wiring.ins, ep):
        return Answer()
    return Answer("dispatch")


def _combined(context: GraphContext, experts: list[Reading], ep: int, *, dispatched: bool) -> Answer:
    outs = context.completed.wiring.outs
    found = _exchange(context, experts, outs)
    if found.found:
        return Answer(tick=_tick("combine", found.named, found.drawn))
    near, own = _behind(context, experts)
    sums = [r for r in near if r.is_role("aggregate")]
    further = _readings(context, (head for r in sums for head in outs[r.name]))
    if named := [r.name for r in (*near, *further) if _communicates(r) == "all-to-all"]:
        return Answer(tick=_tick("combine", named))  # behind the collectives of the shards of each expert
    reducing = [r for r in (*near, *further) if _communicates(r) in _REDUCING]
    joining = [r for r in (*near, *further) if _communicates(r) in _JOINING]
    if reducing or joining:
        # A gather behind experts that were sent no tokens joins what each rank has, and combines nothing.
        proven = reducing or (joining if dispatched else [])
        return Answer(tick=_tick("combine", [], names(proven)) if proven else "")
    apart = [r for r in sums if _is_apart(r, [e for e in experts if r.name in outs[e.name]])]
    if apart and len(apart) == len(sums):
        return Answer(tick=_tick("combine", [], names(apart)))
    if own and not sums:
        return Answer()  # each expert's collective may be one rank's part of one for all
    if _composed(context, experts, outs, ep):
        return Answer()
    return Answer("aggregate" if sums else "combine")


def _communicates(reading: Reading) -> str | None:
    return reading.role.communicates if reading.role else None


def _readings(context: GraphContext, found: Iterator[str]) -> list[Reading]:
    by_name = context.deployment.by_name
    return [by_name[name] for name in dict.fromkeys(found) if name in by_name]


def _behind(context: GraphContext, experts: list[Reading]) -> tuple[list[Reading], bool]:
    """Return the nodes that take what the experts give, and whether some experts have collectives of their own.

    A node between two parts of an expert belongs to the expert, as does a collective of the shards of one expert: then
    the nodes behind it count.
    """
    outs, parts = context.completed.wiring.outs, set(names(experts))
    found = _readings(context, (head for r in experts for head in outs[r.name]))
    found = [r for r in found if parts.isdisjoint(outs[r.name])]
    feeding: dict[str, list[Reading]] = {}
    for reading in experts:
        for head in dict.fromkeys(outs[reading.name]):
            feeding.setdefault(head, []).append(reading)
    own = [r for r in found if _communicates(r) in _REDUCING | _JOINING and _is_one_expert(feeding[r.name])]
    shared = [r for r in found if r not in own]
    behind = _readings(context, (head for r in own for head in outs[r.name]))
    return shared + [r for r in behind if r not in shared], bool(own)


def _is_one_expert(feeding: list[Reading]) -> bool:
    """Return whether these nodes are one expert, or its shards."""
    numbers = {r.experts for r in feeding}
    return (len(feeding) == 1 and numbers == {None}) or (len(numbers) == 1 and all(n and n[0] == n[1] for n in numbers))


def _is_apart(reading: Reading, feeding: list[Reading]) -> bool:
    """Return whether a node is on GPUs of its own, so that the results of the experts that feed it travel to it."""
    gpus = reading.gpus if reading.own_gpus else None
    if not gpus or not feeding:
        return False
    return all(r.own_gpus and r.gpus and r.gpus.isdisjoint(gpus) for r in feeding)


def _adjacent(context: GraphContext, experts: list[Reading], neighbors: Mapping[str, list[str]]) -> list[Reading]:
    """Return the nodes next to the experts in one direction, except nodes between two parts of an expert."""
    parts = set(names(experts))
    near = _readings(context, (n for r in experts for n in neighbors[r.name]))
    outer = [r for r in near if r.name not in parts and parts.isdisjoint(neighbors[r.name])]
    return outer or near


def _composed(context: GraphContext, experts: list[Reading], neighbors: Mapping[str, list[str]], ep: int) -> bool:
    """Return whether a node next to the experts states EP's degree: it stands for all ranks, and may exchange."""
    for reading in _adjacent(context, experts, neighbors):
        if reading.role is not None and not reading.is_role("route", "aggregate", "gather", "split"):
            continue
        text = "\n".join(line for line in reading.evidence.lines if "[" not in line)
        degrees = [term for found in read_declarations(text) for term in found.terms]
        if any(term.axis == "ep" and term.value == ep for term in degrees):
            return True
    return False


def _exchange(context: GraphContext, experts: list[Reading], neighbors: Neighbors) -> Exchange:
    """Return the nodes within two edges of the experts, in one direction, that exchange tokens."""
    deployment = context.deployment
    near = dict.fromkeys(n for r in experts for n in neighbors[r.name])
    near |= dict.fromkeys(n for name in list(near) for n in neighbors[name])
    found = Exchange([], [], [])
    for name in near:
        if name not in context.graph.nodes or not (context.wiring.ins[name] or context.wiring.outs[name]):
            continue
        reading = deployment.by_name.get(name)
        if reading is None:
            continue
        if _communicates(reading) == "all-to-all" or _names_all_to_all(context, reading):
            found.named.append(name)
        elif reading.transfers and not _of_pipeline(context, reading):
            found.drawn.append(name)
        elif _is_drawn_as_exchange(context, reading, experts):
            carried = context.payloads.may.get(name, 0)
            (found.choosing if carried and not carried & ~CHOICE else found.drawn).append(name)
    return found


def _is_drawn_as_exchange(context: GraphContext, reading: Reading, experts: list[Reading]) -> bool:
    """Return whether a routing or aggregation has the shape of communication, which the file gives to no expert."""
    if not reading.is_role("route", "aggregate"):
        return False
    shapes = context.deployment.vocabulary.shapes.get("communication", ())
    drawn = [r.node.attributes.get("shape", "").lower() in shapes for r in (reading, *experts)]
    return drawn[0] and not any(drawn[1:])


def _names_all_to_all(context: GraphContext, reading: Reading) -> bool:
    """Return whether a line of the label names the exchange of tokens: `Token Distribution`, `All-to-All Comm`."""
    roles = map(context.deployment.vocabulary.role, reading.evidence.lines[1:])
    return any(role is not None and role.communicates == "all-to-all" for role in roles)


def _of_pipeline(context: GraphContext, reading: Reading) -> bool:
    """Return whether a send or receive is between pipeline stages, by its name or by the stages of its neighbors."""
    if {"pp", "pipeline"} & set(plain_words(f"{reading.evidence.title} {reading.name}").split()):
        return True
    by_name, wiring = context.deployment.by_name, context.wiring
    beside = [by_name[n] for n in (*wiring.ins[reading.name], *wiring.outs[reading.name]) if n in by_name]
    return reading.stage is not None and any(r.stage not in (None, reading.stage) for r in beside)
