"""T007: operators that need hidden states and get only scores or indices of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.deployment.tensors.table import CHOICE, HIDDEN_STATES, PAYLOADS
from dotlint.engine.finding import Holds
from dotlint.text.english import count, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.tensors.payloads import Loss, Payloads
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome

_FED = ("expert", "dispatch")


def lost_payloads(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report where hidden states are lost: operators that need them and get only scores or indices of experts."""
    payloads = context.payloads
    for partly in (False, True):
        losses = {loss.at.node.index: loss for loss in payloads.losses if loss.partly == partly}
        left = grouping.remaining_nodes(context, card, [loss.at for loss in losses.values()])
        for unit, some in grouping.units(context.deployment, left).items():
            first = losses[some[0].node.index]
            tails = quoted(list(dict.fromkeys(tail for r in some for tail in losses[r.node.index].tails)))
            one = len(some) == 1
            who = f"`{some[0].name}`" if one else f"{count(len(some), 'operator')}{grouping.of_unit(unit)}"
            what = _kind(payloads, first.tails)
            yield grouping.nodes_finding(
                context,
                card,
                unit,
                some,
                f"{who} {'adds' if one else 'add'} the expert {what} of {tails} to hidden states"
                if partly
                else f"{who} {'gets' if one else 'get'} only the expert {what} of {tails} and no hidden states",
                slip="added" if partly else "",
                help=f"connect hidden states instead of the {what} to {'it' if one else 'them'}"
                if partly
                else f"also connect the hidden states directly to "
                f"{'it' if one else 'the experts' if some[0].is_role('expert') else 'them'}",
                note=_chain(payloads, first),
            )
    fed = [r for r in context.deployment.operators if r.is_role(*_FED) and not r.summary]
    if fed and not payloads.losses and payloads.choosing:
        # The edges that are missing and planned prove nothing.
        sure = payloads.sure
        proven = all(any(sure.get(e.tail.name, 0) & HIDDEN_STATES for e in r.node.in_edges) for r in fed)
        experts = [r for r in fed if r.is_role("expert")]
        if proven and experts:
            text = f"{count(len(experts), 'expert')} get hidden states and not only the gate's scores"
            yield Holds(card.section, "payload", text.replace("1 expert get ", "1 expert gets "))


def _chain(payloads: Payloads, loss: Loss) -> str | None:
    """Return the way from the last node that takes hidden states, if there is a node between."""
    first, *between, last = loss.chain
    if not between:
        return None
    steps = [
        f"`{first}` gives expert {_kind(payloads, [first])}",
        *(f"`{name}` adds no hidden states" for name in between),
    ]
    return ", ".join([*steps, f"`{last}` needs hidden states"])


def _kind(payloads: Payloads, names: Iterable[str]) -> str:
    given = {payloads.may[name] & CHOICE for name in names}
    return "indices" if given == {PAYLOADS["indices"]} else "scores"
