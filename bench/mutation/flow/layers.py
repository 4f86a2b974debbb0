"""The parts of a layer, each behind a norm and before a residual add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.model import HEAD

if TYPE_CHECKING:
    from bench.mutation.flow.build import Phase
    from bench.mutation.model import Dims

LATENT_Q, LATENT_KV, Q_HEAD, KV_HEAD = 768, 512, 96, 128
"""Sizes of multi-head latent attention: the latents, and a head of queries and of keys with values."""


def attention(phase: Phase) -> None:
    """Draw attention."""
    plan = phase.plan
    if plan.attention == "composed" and phase.ranks > 1:
        composed(phase, "attn_block", "attn_reduce")
        return
    entered = _full(phase, "seq_ag")
    seq = phase.slice if phase.axis == "sequence" else phase.seq
    narrow = phase.dims(seq, hidden=phase.cut(plan.hidden, phase.tp))
    {"fused": _fused, "split": _split, "mla": _latent, "composed": _fused}[plan.attention](phase, entered, narrow)
    full = phase.dims(seq, hidden=plan.hidden)
    if plan.o_proj:
        phase.then(phase.each("o_proj", narrow, full))
        _reduced(phase, "attn", full)
    elif phase.tp > 1:
        phase.last = phase.collective("all_gather", phase.last, narrow, full)


def _full(phase: Phase, role: str) -> Dims:
    """Gather the sequence before sharded operators where their ranks divide it; give what these take."""
    if phase.exchange == "megatron":
        phase.last = phase.collective(role, phase.last, phase.part, phase.whole)
        return phase.whole
    return phase.part


def _reduced(phase: Phase, block: str, full: Dims) -> None:
    """Add up the sums of tensor shards."""
    if phase.exchange == "megatron":
        phase.last = phase.collective(f"{block}_scatter", phase.last, full, phase.part)
    elif phase.tp > 1 and phase.plan.pairs:
        slices = (*full[:-1], ("hidden", phase.cut(phase.plan.hidden, phase.tp)))
        phase.last = phase.collective(f"{block}_scatter", phase.last, full, slices)
        phase.last = phase.collective(f"{block}_pair", phase.last, slices, full)
    elif phase.tp > 1:
        role = {"attn": "attn_reduce", "mlp": "all_reduce"}[block]
        phase.last = phase.collective(role, phase.last, full, full)


def _kv_heads(phase: Phase) -> int:
    """Give the heads of K, or of V, that a rank has: one at least."""
    return phase.cut(phase.plan.kv_heads, phase.tp)


def _fused(phase: Phase, entered: Dims, narrow: Dims) -> None:
    plan, seq = phase.plan, dict(entered)["seq"]
    heads = phase.cut(plan.heads_in_all, phase.tp)
    state = {
        "each": narrow,
        "fused": phase.dims(seq, hidden=(heads + 2 * _kv_heads(phase)) * HEAD),
        "heads": phase.dims(seq, heads=heads, d_k=HEAD),
    }[plan.width]
    phase.then(phase.each("qkv", entered, state))
    if phase.exchange == "ulysses":
        _exchanged(phase, state, narrow)
    else:
        phase.then(phase.each("attention", state, narrow))


def _exchanged(phase: Phase, state: Dims, narrow: Dims) -> None:
    """Divide heads instead of the sequence around attention."""
    divided = "heads" if "heads" in dict(state) else "hidden"
    inner = tuple((a, phase.cut(n, phase.ranks) if a == divided else n) for a, n in phase.dims(phase.seq) + state[2:])
    given = phase.dims(phase.seq, hidden=phase.cut(phase.plan.hidden, phase.ranks))
    phase.last = phase.collective("a2a_heads", phase.last, state, inner)
    phase.then(phase.each("attention", inner, given))
    phase.last = phase.collective("a2a_seq", phase.last, given, narrow)


def _ring(phase: Phase, made: dict[str, list[str]], dims: tuple[Dims, Dims, Dims]) -> None:
    """Let every rank work in steps, and hand the K and V that it has on to the next."""
    query, key, narrow = dims
    held, blocks = [made["k_proj"], made["v_proj"]], made["q_proj"]
    for step in range(phase.ranks):
        state = ("O", narrow) if step else ("Q", query)
        inputs = (state, ("K", key), ("V", key))
        before, blocks = blocks, phase.each(f"ring.{step}.", state[1], narrow, step=step, inputs=inputs)
        phase.feed(before, blocks)
        for keys in held:
            phase.feed(keys, blocks)
        if step < phase.ranks - 1:
            sent = phase.each(f"ring_send.{step}.", key, key, step=step, inputs=inputs[1:])
            for keys in held:
                phase.feed(keys, sent)
            held = [[sent[-1], *sent[:-1]]]
    for name, op in list(phase.world.ops.items()):
        phase.world.change(name, role=op.role.partition(".")[0])
    phase.last = blocks


def _split(phase: Phase, entered: Dims, narrow: Dims) -> None:
    plan, seq, heads = phase.plan, dict(entered)["seq"], phase.cut(phase.plan.heads_in_all, phase.tp)
    few = _kv_heads(phase)
    if plan.width == "heads":
        query, key = phase.dims(seq, heads=heads, d_k=HEAD), phase.dims(seq, heads=few, d_k=HEAD)
    else:
        query, key = narrow, phase.dims(seq, hidden=few * HEAD)
    before = phase.last
    made = {
        role: phase.each(role, entered, dims) for role, dims in (("q_proj", query), ("k_proj", key), ("v_proj", key))
    }
    for keys in made.values():
        phase.feed(before, keys)
    if phase.exchange == "ring":
        _ring(phase, made, (query, key, narrow))
        return
    if phase.exchange == "keys":
        all_keys = phase.dims(phase.seq) + key[2:]
        both = made["k_proj"] + made["v_proj"]
        if plan.collectives == "one":
            made = {"q_proj": made["q_proj"], "kv_ag": phase.collective("kv_ag", both, key, all_keys)}
        else:
            gathered = {
                f"{r[0]}_ag": phase.collective(f"{r[0]}_ag", made[r], key, all_keys) for r in ("k_proj", "v_proj")
            }
            made = {"q_proj": made["q_proj"], **gathered}
        key = all_keys
    inputs = (("Q", query), ("K", key), ("V", key))
    phase.last = phase.each("attention", query, narrow, inputs=inputs)
    for keys in made.values():
        phase.feed(keys, phase.last)


def _latent(phase: Phase, entered: Dims, narrow: Dims) -> None:
    """Multi-head latent attention: what makes and norms the latents is the same on every rank."""
    seq, heads, before = dict(entered)["seq"], phase.cut(phase.plan.heads_in_all, phase.tp), phase.last
    ends: dict[str, list[str]] = {}
    for side, latent, head in (("q", LATENT_Q, Q_HEAD), ("kv", LATENT_KV, KV_HEAD)):
        small = phase.dims(seq, latent=latent)
        phase.last = before
        phase.then(phase.kept(f"{side}_a", entered, small))
        phase.then(phase.kept(f"{side}_a_norm", small, small))
        ends[side] = phase.then(phase.each(f"{side}_b", small, phase.dims(seq, heads=heads, d_k=head)))
    query, key = (phase.dims(seq, heads=heads, d_k=head) for head in (Q_HEAD, KV_HEAD))
    phase.last = phase.each("attention", query, narrow, inputs=(("Q", query), ("KV", key)))
    for keys in ends.values():
        phase.feed(keys, phase.last)


def composed(phase: Phase, role: str, reduce: str) -> None:
    """Draw a block as one operator of all ranks, with a reduction inside or behind it."""
    plan = phase.plan
    note = (plan.inner or plan.note).format(phase.ranks)
    phase.then(phase.one(role, phase.part, phase.part, note=note))
    if not plan.inner:
        phase.last = phase.meeting(reduce, phase.last, phase.part, phase.part)


def mlp(phase: Phase) -> None:
    """Draw an MLP."""
    plan = phase.plan
    if plan.mlp == "composed" and phase.ranks > 1:
        composed(phase, "mlp", "all_reduce")
        return
    entered = _full(phase, "mlp_ag")
    seq = dict(entered)["seq"]
    wide, full = phase.dims(seq, ffn=phase.cut(4 * plan.hidden, phase.tp)), phase.dims(seq, hidden=plan.hidden)
    if plan.mlp == "gated":
        before = phase.last
        up = phase.then(phase.each("up_proj", entered, wide))
        phase.last = before
        phase.then(phase.each("gate_proj", entered, wide))
        phase.then(phase.each("act", wide, wide, inputs=(("gate", wide), ("up", wide))))
        phase.feed(up, phase.last)
    else:
        phase.then(phase.each("mlp_up", entered, wide))
        if plan.act:
            phase.then(phase.each("act", wide, wide))
    phase.then(phase.each("mlp_down", wide, full))
    _reduced(phase, "mlp", full)


def moe(phase: Phase) -> None:
    """Draw experts between dispatch and combine; hidden states go past the gate."""
    plan, part, entering = phase.plan, phase.part, phase.last
    number, seq = plan.ep * plan.experts_each, phase.seq
    few: Dims = (("tokens", max(1, plan.batch * seq * 2 // plan.ep)), ("hidden", plan.hidden))
    scores = phase.dims(phase.slice, experts=number)
    chosen = phase.dims(phase.slice, top_k=2)
    phase.then(phase.kept("gate", part, scores))
    phase.then(phase.kept("route", scores, chosen))
    route = phase.last
    meet = phase.collective if plan.overlay else phase.meeting
    phase.last = meet("dispatch", entering, part, few)
    phase.feed(route, phase.last, "dashed")
    assert phase.gpus is not None
    low, wide = phase.gpus[0], phase.size // plan.ep
    groups = [phase.expert(few, i, (low + i * wide, low + (i + 1) * wide - 1)) for i in range(plan.ep)]
    phase.then(groups)
    phase.last = meet("combine", groups, few, part)
    if plan.shared:
        combined, phase.last = phase.last, entering
        shared = phase.then(phase.one("shared", part, part))
        phase.last = combined
        phase.then(phase.kept("merge", part, part, inputs=(("routed", part), ("shared", part))))
        phase.feed(shared, phase.last)
