"""T007: experts that get no hidden states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.deployment import axes
from dotlint.engine.finding import Holds
from dotlint.text.english import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_CARRIERS = ("expert", "mlp", "mlp-up", "aggregate", "combine", "split")


def _scores_only(reading: Reading) -> bool:
    """Return whether a gate states that it outputs expert scores and no hidden states."""
    outputs = reading.evidence.tensors.outputs
    if not reading.is_role("gate", "route") or not outputs:
        return False
    named = [axes.axes(d) for d in outputs]
    return all(("experts" in n or "top-k" in n) and "hidden" not in n and "tokens" not in n for n in named)


def lost_payloads(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report experts and aggregations that get only gate scores and no hidden states."""
    deployment, wiring = context.deployment, context.completed.wiring
    scoring = {r.name for r in deployment.operators if _scores_only(r)}

    def passes(name: str) -> bool:
        """Return whether a node outputs scores only: such a gate, or a route that only such gates feed."""
        reading = deployment.by_name.get(name)
        if name in scoring or reading is None:
            return name in scoring
        tails = wiring.ins[name]
        return reading.is_role("route") and not reading.states_dims and bool(tails) and scoring.issuperset(tails)

    unfed = [
        r
        for r in deployment.operators
        if r.is_role(*_CARRIERS)
        and not r.summary
        and context.wiring.ins[r.name]
        and all(passes(t) for t in wiring.ins[r.name])
        and _takes_hidden_states(r)
    ]
    fed = any(r.is_role(*_CARRIERS) and wiring.ins[r.name] for r in deployment.operators)
    for unit, some in grouping.units(deployment, grouping.remaining_nodes(context, card, unfed)).items():
        gates = dict.fromkeys(t for r in some for t in wiring.ins[r.name])
        what = (
            f"`{some[0].name}` gets"
            if len(some) == 1
            else f"{count(len(some), 'operator')}{grouping.of_unit(unit)} get"
        )
        yield grouping.nodes_finding(
            context,
            card,
            unit,
            some,
            f"{what} only the expert scores of {quoted(list(gates))} and no hidden states",
            help=f"also connect the hidden states directly to {'it' if len(some) == 1 else 'the experts'}",
        )
    if fed and not unfed and any(_scores_only(r) for r in deployment.operators):
        yield Holds(card.section, "payload", "experts get hidden states and not only the gate's scores")


def _takes_hidden_states(reading: Reading) -> bool:
    """Return whether the label states hidden states as input."""
    return any("hidden" in axes.axes(d) for d in reading.evidence.tensors.inputs)
