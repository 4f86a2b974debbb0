"""The second half of a layer: a dense MLP, or experts with their gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.drawing.attention import add, gathered, reduced
from dotlint.drawing.wording import degrees_line, expert_title, top_k_line

if TYPE_CHECKING:
    from dotlint.drawing.builder import Builder, State
    from dotlint.drawing.model import Shape
    from dotlint.drawing.parallelism import Parallelism


def dense(b: Builder, how: Parallelism, entering: State) -> State:
    """Add the MLP of a dense layer with its norm and residual add."""
    norm = b.put("mlp_norm", entering, how.stream(b.sizes), how.stream(b.sizes), over=how.each)
    whole = gathered(b, how, norm, "mlp_all_gather")
    wide: Shape = (*b.sizes.tokens(), ("ffn", str(b.sizes.ffn / how.tp)))
    up = b.put("mlp_up", whole, b.sizes.states(), wide, over=how.shards, notes=how.tp_lines)
    down = b.put("mlp_down", up, wide, b.sizes.states(), over=how.shards, notes=how.tp_lines)
    return add(b, how, "mlp_add", entering, reduced(b, how, down, "mlp"))


def experts(b: Builder, how: Parallelism, entering: State) -> State:
    """Add the experts of a layer: gate, routing, the exchange of tokens there and back."""
    sizes, ep = b.sizes, b.ranks.phase.degrees.ep
    states = how.stream(sizes)
    norm = b.put("mlp_norm", entering, states, states, over=how.each)
    scores: Shape = (*states[:2], ("experts", str(sizes.experts)))
    gate = b.put("gate", norm, states, scores, over=how.each)
    chosen: Shape = (*states[:2], ("top_k", str(sizes.top_k)))
    route = b.put("route", gate, scores, chosen, over=how.each, notes=top_k_line(sizes.facts.top_k))
    routed = sizes.batch * b.ranks.drawn_replicas * sizes.whole * sizes.top_k
    tokens: Shape = (("tokens", str(routed / ep)), ("hidden", str(sizes.hidden)))

    def put_experts(after: State, over: tuple[str, ...], notes: list[str]) -> State:
        return b.put(
            "expert", after, tokens, tokens, over=over, notes=notes,
            title=lambda at: expert_title(at.get("ep", 0), ep, sizes.facts.experts),
        )  # fmt: skip

    if ep > 1:
        notes, etp = [degrees_line(ep=ep)], b.ranks.length("etp")
        fed = b.put("dispatch", [*norm, *route], states, tokens, notes=notes)
        made = put_experts(fed, ("ep", "etp"), [degrees_line(ep=ep, etp=etp)] if etp > 1 else notes)
        if any("etp" in one.at for one in made):
            made = b.put("expert_all_reduce", made, tokens, tokens, over=("ep",))
        combined = b.put("combine", made, tokens, states, notes=notes)
    elif how.expert_shards:  # every rank of TP has a part of every expert
        fed = gathered(b, how, norm, "mlp_all_gather")
        made = put_experts([*fed, *route], () if how.expert_groups else ("tp",), how.tp_lines)
        over = how.sequence if how.expert_groups else how.shards
        combined = b.put("aggregate", made, tokens, sizes.states(), over=over, notes=how.tp_lines)
        combined = reduced(b, how, combined, "mlp")
    else:
        combined = b.put("aggregate", put_experts([*norm, *route], (), []), tokens, states)
    shared = _shared_expert(b, how, norm) if sizes.facts.shared_experts else []
    return add(b, how, "mlp_add", entering, [*combined, *shared])


def _shared_expert(b: Builder, how: Parallelism, norm: State) -> State:
    """Add the experts that every token visits, divided among the ranks of TP as a dense MLP."""
    states = b.sizes.states()
    whole = gathered(b, how, norm, "shared_all_gather")
    made = b.put("shared_expert", whole, states, states, over=how.shards, notes=how.tp_lines)
    return reduced(b, how, made, "shared")
