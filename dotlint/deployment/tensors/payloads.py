"""What kind of tensor travels along each edge: hidden states, scores or indices of experts, logits, token ids.

For every node two sets are worked out: what its output may contain, and what it certainly contains. What the labels do not
decide may be anything.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from dotlint.deployment.tensors.contents import content, states_hidden
from dotlint.deployment.tensors.roles import listed_roles
from dotlint.deployment.tensors.table import ALL_PAYLOADS, CHOICE, HIDDEN_STATES, PayloadRule, operator_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.tensors.contents import Content
    from dotlint.deployment.tensors.table import OperatorRule

Tails = list[tuple[str, int]]
"""The producers of a node, each with what travels besides according to the label of the edge."""

_UNKNOWN: Final = PayloadRule()
_WEIGHED: Final = ("expert", "shared-expert", "combine", "aggregate", "all-to-all")
"""Operators whose results a sum multiplies by scores."""


class Loss(Struct, eq=False):
    """A node that needs hidden states where none arrive. `tails` are the producers that give only scores or indices.

    `chain` has the nodes from the last one that takes hidden states to this one; `partly` is whether others do give
    hidden states.
    """

    at: Reading
    tails: tuple[str, ...]
    chain: tuple[str, ...]
    partly: bool


class Payloads(Struct, eq=False):
    """What the output of each node may (`may`) and certainly does (`sure`) contain, by its name.

    `losses` are the nodes at which the hidden states are lost, each path once. `choosing` are the nodes whose
    labels state that they give only scores or indices.
    """

    may: dict[str, int] = field(default_factory=dict)
    sure: dict[str, int] = field(default_factory=dict)
    tails: dict[str, Tails] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    choosing: tuple[str, ...] = ()

    def arriving(self, name: str) -> int:
        """Return what may arrive at a node."""
        found = 0
        for tail, besides in self.tails.get(name, ()):
            found |= self.may.get(tail, ALL_PAYLOADS) | besides
        return found

    def surely_arriving(self, name: str) -> int:
        """Return what certainly arrives at a node."""
        found = 0
        for tail, _ in self.tails.get(name, ()):
            found |= self.sure.get(tail, 0)
        return found


def find_payloads(deployment: Deployment, ins: Mapping[str, Sequence[str]]) -> Payloads:
    """Return what travels in a graph; `ins` has the producers of each node, planned ones included."""
    rules = operator_table(deployment.vocabulary).rules
    stated = {r.name: _states(r) for r in deployment.operators}
    choosing = tuple(
        r.name
        for r in deployment.operators
        if stated[r.name] == "choice" and not _rule(deployment, r, rules).makes_hidden
    )
    found = Payloads(choosing=choosing)
    if not choosing:
        return found
    readings = {r.name: r for r in deployment.operators}
    nodes = {name: _rule(deployment, r, rules) for name, r in readings.items()}
    found.tails = {r.name: _tails(r, ins) for r in deployment.operators}
    _propagate(found, nodes, stated)
    found.losses = list(_losses(found, nodes, readings))
    return found


def _tails(reading: Reading, ins: Mapping[str, Sequence[str]]) -> Tails:
    labels: dict[str, bool] = {}
    for edge in reading.node.in_edges:
        hidden = states_hidden(edge.label or edge.attributes.get("xlabel", ""))
        labels[edge.tail.name] = labels.get(edge.tail.name, False) or hidden
    return [(tail, HIDDEN_STATES if labels.get(tail) else 0) for tail in dict.fromkeys(ins.get(reading.name, ()))]


def _rule(deployment: Deployment, reading: Reading, rules: Mapping[str, OperatorRule]) -> PayloadRule:
    if reading.role is None or reading.summary or reading.role.name not in rules:
        return _UNKNOWN
    moved = reading.evidence.gpus is not None and reading.evidence.gpus.transfer
    # A routing that leads from GPU to GPU moves what it chooses.
    own = rules["transfer" if moved and reading.is_role("route") and "transfer" in rules else reading.role.name].payload
    listed = [
        rules[name].payload for name in listed_roles(reading.evidence.title, deployment.vocabulary) if name in rules
    ]
    # `Gate + Experts` in one node does what its last part does.
    return next((rule for rule in listed if rule.makes_hidden), own) if not own.makes_hidden else own


def _states(reading: Reading) -> Content:
    """Return what the label of a node states that it gives."""
    tensors = reading.evidence.tensors
    found = content(tensors.outputs or tensors.bare)
    if found == "counted":
        return "choice" if reading.is_role("gate") else "hidden"
    return "hidden" if found == "tokens" else found


def _needs(reading: Reading, rule: PayloadRule) -> str:
    """Return what a node needs, by its role or by its label.

    A gate, a routing or an unknown operator that states hidden states as output has them, which its edges do not show.
    """
    tensors = reading.evidence.tensors
    if rule.needs:
        # Where an operator states experts as its own shape, the shapes of the file describe layers, not tensors.
        return "" if content((*tensors.inputs, *tensors.outputs, *tensors.bare)) == "choice" else rule.needs
    if (rule.kinds or not rule.passes) and _states(reading) == "hidden":
        return ""
    taken = tensors.inputs or (() if tensors.outputs else tensors.bare)
    return "hidden" if content(taken) == "hidden" else ""


def _given(rule: PayloadRule, states: Content, arrives: int, surely: int) -> tuple[int, int]:
    """Return what a node may give and certainly gives."""
    if rule.makes_hidden:
        return HIDDEN_STATES, HIDDEN_STATES
    own, passes = rule.kinds, rule.passes
    if not own and not passes:
        return (CHOICE if states == "choice" else ALL_PAYLOADS), HIDDEN_STATES * (states == "hidden")
    if not own:  # it hands on what came in
        return arrives, surely | (arrives & HIDDEN_STATES) * (states == "hidden")
    if states == "choice":
        return own | (arrives & CHOICE), own
    if states == "hidden" or not passes:
        return own | HIDDEN_STATES * passes, own | surely & HIDDEN_STATES * passes
    # Hidden states beside scores are there to be handed on.
    beside = HIDDEN_STATES if surely & CHOICE else 0
    return own | arrives, own | surely & beside


def _propagate(found: Payloads, nodes: Mapping[str, PayloadRule], stated: Mapping[str, Content]) -> None:
    """Work out what every node gives; nodes on a cycle are looked at again until nothing changes."""
    heads: dict[str, list[str]] = {name: [] for name in nodes}
    for name, tails in found.tails.items():
        for tail, _ in tails:
            if tail in heads:
                heads[tail].append(name)
    found.may = dict.fromkeys(nodes, 0)
    found.sure = dict.fromkeys(nodes, 0)
    waiting = deque(nodes)
    queued = set(nodes)
    while waiting:
        name = waiting.popleft()
        queued.discard(name)
        arrives = found.arriving(name) if found.tails[name] else ALL_PAYLOADS
        may, sure = _given(nodes[name], stated[name], arrives, found.surely_arriving(name))
        may, sure = may | found.may[name], sure | found.sure[name]
        if (may, sure) == (found.may[name], found.sure[name]):
            continue
        found.may[name], found.sure[name] = may, sure
        for head in heads[name]:
            if head not in queued:
                queued.add(head)
                waiting.append(head)


def _losses(found: Payloads, nodes: Mapping[str, PayloadRule], readings: Mapping[str, Reading]) -> Iterator[Loss]:
    """Yield the nodes that need hidden states and get none; what such a node gives counts as hidden states again."""
    reported: set[str] = set()  # nodes at which a loss is reported, and those that hand on the scores behind it
    origin: dict[str, str] = {}  # where the scores that a node hands on come from
    for name in _in_order(found):
        reading, rule = readings[name], nodes[name]
        tails = found.tails[name]
        scores = [t for t, _ in tails if _is_choice(found, t)]
        origin[name] = origin.get(scores[0], scores[0]) if scores else name
        if not reported.isdisjoint(scores):
            reported.add(name)
        if reading.summary or not reading.node.declared or not tails or not reading.node.in_edges:
            continue
        poor = [t for t, besides in tails if not besides and _is_choice(found, t) and t not in reported]
        if not poor:
            continue
        rest = [t for t, _ in tails if t not in poor]
        needs = _needs(reading, rule)
        if not needs and _takes_the_same(reading, readings[origin[poor[0]]]):
            needs = "hidden"
        weighs = any(t in readings and readings[t].is_role(*_WEIGHED) for t in rest)
        if not needs or (rest and (needs != "each" or weighs)):
            continue
        reported.add(name)
        yield Loss(reading, tuple(poor), (*_chain(found, poor[0]), name), bool(rest))


def _takes_the_same(reading: Reading, gate: Reading) -> bool:
    """Return whether a node states the input that a gate takes, which are hidden states although no axis shows it."""
    taken, known = reading.evidence.tensors.inputs, gate.evidence.tensors.inputs
    undecided = not content(taken) and _states(reading) != "hidden"
    return undecided and len(taken) == len(known) == 1 and taken[0].values == known[0].values


def _is_choice(found: Payloads, name: str) -> bool:
    may = found.may.get(name, ALL_PAYLOADS)
    return bool(may) and not may & ~CHOICE


def _in_order(found: Payloads) -> list[str]:
    """Return the nodes so that those nearer to the scores come first."""
    depth: dict[str, int] = {}
    for start in found.tails:
        stack = {start: None}
        while stack:
            name = next(reversed(stack))
            before = (t for t, _ in found.tails.get(name, ()) if _is_choice(found, t))
            following = next((t for t in before if t not in depth and t not in stack), None)
            if following is not None:
                stack[following] = None
                continue
            depth[name] = 1 + max(
                (depth.get(t, 0) for t, _ in found.tails.get(name, ()) if _is_choice(found, t)), default=0
            )
            del stack[name]
    return sorted(found.tails, key=lambda name: depth[name])


def _chain(found: Payloads, name: str) -> tuple[str, ...]:
    """Return the nodes that hand scores on, from the one that takes something else to this one."""
    chain = {name: None}
    while True:
        before = (t for t, _ in found.tails.get(next(reversed(chain)), ()) if _is_choice(found, t))
        first = next((t for t in before if t not in chain), None)
        if first is None:
            return tuple(reversed(chain))
        chain[first] = None
