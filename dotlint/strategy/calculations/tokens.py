"""Tokens: how a sequence, or the cache of its context, is divided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.fitting import degrees_that, divisors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan


def sequence(plan: Plan) -> Iterator[Calculation]:
    """Yield calculations about the parts of a sequence: SP and CP, and twice CP where the causal mask is balanced."""
    seq, cp, sp = plan.facts.seq, plan.named.cp, plan.named.sp
    named = [axis.upper() for axis in ("sp", "cp") if plan.named.get(axis) > 1]
    if seq is None or not named:
        return
    axes = "·".join(named)
    if plan.engine.parts == 0:
        yield plan.passes("sequence", f"sequences of any length over {axes}={sp * cp}")
        return
    balanced = plan.engine.parts if cp > 1 else 1
    by = sp * cp * balanced
    axes = axes if balanced == 1 else axes.replace("CP", f"{balanced}·CP")
    lengths = [length for length in (seq - seq % by, seq - seq % by + by) if length]
    advice = f"lengths that fit: {', '.join(map(str, lengths))}"
    if cp > 1 and seq % sp == 0:
        fitting = [n for n in divisors(seq // sp, 64) if n == 1 or seq % (sp * n * plan.engine.parts) == 0]
        advice = "; ".join((degrees_that("CP", f"divide {seq} tokens", fitting), advice))
    yield plan.divides("sequence", seq, "tokens", by, axes, advice)


def decode_context(plan: Plan) -> Iterator[Calculation]:
    """Yield whether decode context parallelism divides the copies of key-value heads, as vLLM requires."""
    dcp, tp, cp = plan.named.dcp, plan.named.tp, plan.named.cp
    facts = plan.facts
    if dcp == 1 or plan.engine.name not in {"vllm", "sglang"}:
        return
    if plan.engine.name == "sglang":
        ranks = plan.attention_tp
        yield plan.divides("decode-context", ranks, "ranks of attention TP", dcp, "DCP", _dcp(divisors(ranks)))
        return
    if cp > 1 and dcp not in {cp, tp * cp}:
        yield plan.fails("decode-context", f"DCP={dcp} with CP={cp} must be 1, CP or TP·CP", _dcp([1, cp, tp * cp]))
    heads = facts.heads
    kv = facts.kv_heads if facts.kv_heads is not None else heads
    if facts.is_latent:
        yield plan.passes("decode-context", f"the latent of a token is on every rank of TP={tp}: DCP={dcp} divides it")
    elif kv is not None and tp <= kv:
        text = f"TP={tp} is not greater than the {kv} key-value heads: no rank holds a copy that DCP={dcp} could divide"
        yield plan.fails("decode-context", text, _dcp([1]))
    elif kv is not None:
        most = tp // kv
        fitting = [n for n in divisors(tp, most) if heads is None or heads // kv % n == 0]
        if dcp > most:
            text = f"DCP={dcp} is more than the {most} copies of each of {kv} key-value heads over TP={tp}"
            yield plan.fails("decode-context", text, _dcp(fitting))
        elif heads is not None and heads // kv % dcp:
            text = f"{heads // kv} query heads for each key-value head are not divisible by DCP={dcp}"
            yield plan.fails("decode-context", text, _dcp(fitting))
        else:
            yield plan.passes(
                "decode-context", f"each of {kv} key-value heads is on {most} ranks: DCP={dcp} divides them"
            )


def _dcp(fitting: list[int]) -> str:
    return degrees_that("DCP", "fit", fitting)
