"""The handoff of the KV cache: which ranks of prefill send which heads and layers to which of decode.

Ranks and heads count from 0, stages and layers from 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dotlint.strategy.calculations.calculation import plan_of
from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.memory.lacking import LackingFactsError, known
from dotlint.strategy.memory.parameters import kv_heads, layer_count
from dotlint.strategy.model import MOST_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.strategy.calculations.calculation import Plan
    from dotlint.strategy.phase import Phase
    from dotlint.strategy.phases import Strategy

Span = tuple[int, int]
"""The first and the last of consecutive numbers."""


class StagePair(Struct, frozen=True):
    """A stage of prefill that has layers of a stage of decode; `layers` are empty if both have all of them."""

    sender: int
    receiver: int
    layers: tuple[Span, ...]


class HeadPair(Struct, frozen=True):
    """Heads that any of the ranks `senders` of prefill sends to each of the ranks `receivers` of decode.

    Several senders, or receivers, hold copies of the same heads.
    """

    heads: Span
    senders: Span
    receivers: Span


class Handoff(Struct, frozen=True):
    """The handoff between two pools. `stages` and `heads` apply together; they are empty if facts are `lacking`.

    With latent attention there are no heads: every rank holds the whole latent. `ranks` are how many divide the heads
    of prefill and decode; `tokens` how many parts of the sequence each has, and `replicas` how many there are.
    """

    prefill: str
    decode: str
    latent: bool
    stages: tuple[StagePair, ...]
    heads: tuple[HeadPair, ...]
    ranks: tuple[int, int]
    tokens: tuple[int, int]
    kept: int
    replicas: tuple[int, int]
    gpus: tuple[tuple[tuple[GpuSet, ...], ...] | None, ...]
    lacking: tuple[str, ...] = ()


def handoff_of(strategy: Strategy) -> Handoff | None:
    """Return the handoff of a strategy; None unless it declares prefill and decode on GPUs of their own."""
    prefill, decode = (next((p for p in strategy.phases if p.name == name), None) for name in ("prefill", "decode"))
    if prefill is None or decode is None or prefill.assumed or decode.assumed:
        return None
    if strategy.pool != "disaggregated" and not prefill.gpus.isdisjoint(decode.gpus):
        return None
    plans = plan_of(prefill, strategy.model), plan_of(decode, strategy.model)
    lacking: dict[str, None] = {}
    latent = plans[0].facts.is_latent
    ranks = _ranks(plans[0]), _ranks(plans[1])
    heads = () if latent else known(lambda: _head_pairs(_kv_heads(plans[0]), *ranks), lacking)
    return Handoff(
        prefill=prefill.name,
        decode=decode.name,
        latent=latent,
        stages=known(lambda: tuple(_stage_pairs(*plans)), lacking) or (),
        heads=heads or (),
        ranks=ranks,
        tokens=(_parts(plans[0]), _parts(plans[1])),
        kept=decode.degrees.dcp,
        replicas=(_replicas(plans[0]), _replicas(plans[1])),
        gpus=(_gpus(plans[0]), _gpus(plans[1])),
        lacking=tuple(lacking),
    )


def _ranks(plan: Plan) -> int:
    """Return how many ranks divide the heads: those of attention TP, each divided again by Ulysses."""
    return plan.attention_tp * (plan.named.sp if plan.phase.layout.flavor == "ulysses" else 1)


def _parts(plan: Plan) -> int:
    return plan.named.cp * (plan.named.sp if plan.phase.layout.flavor == "ring" else 1)


def _replicas(plan: Plan) -> int:
    return plan.named.dp * plan.named.dpa


def _kv_heads(plan: Plan) -> int:
    facts = plan.facts
    if facts.kv_heads is None and facts.heads is None:
        raise LackingFactsError("`kv_heads`")
    return kv_heads(facts)


def _head_pairs(heads: int, senders: int, receivers: int) -> tuple[HeadPair, ...]:
    """Return which heads go from where to where: rank r of t holds heads r·g/t to (r + 1)·g/t - 1, at least one."""
    sending, receiving = _held(heads, senders), _held(heads, receivers)
    found: list[HeadPair] = []
    one = two = 0
    while one < len(sending) and two < len(receiving):
        (have, these), (need, those) = sending[one], receiving[two]
        both = max(have[0], need[0]), min(have[1], need[1])
        if both[0] <= both[1]:
            found.append(HeadPair(both, these, those))
        one, two = (one + 1, two) if have[1] < need[1] else (one, two + 1) if need[1] < have[1] else (one + 1, two + 1)
    return tuple(found)


def _held(heads: int, ranks: int) -> list[tuple[Span, Span]]:
    """Return the heads of each rank, and the ranks that hold the same ones."""
    found: list[tuple[Span, Span]] = []
    for rank in range(ranks):
        first = rank * heads // ranks
        span = first, max((rank + 1) * heads // ranks - 1, first)
        if found and found[-1][0] == span:
            found[-1] = span, (found[-1][1][0], rank)
        else:
            found.append((span, (rank, rank)))
    return found


def _stage_pairs(prefill: Plan, decode: Plan) -> Iterator[StagePair]:
    if prefill.named.pp == decode.named.pp == 1:
        yield StagePair(1, 1, ())
        return
    one, two = _stage_of_layer(prefill), _stage_of_layer(decode)
    pairs: dict[tuple[int, int], list[int]] = {}
    for layer, pair in enumerate(zip(one, two, strict=True), 1):
        pairs.setdefault(pair, []).append(layer)
    for (sender, receiver), layers in pairs.items():
        yield StagePair(sender, receiver, tuple(_spans(layers)))


def _stage_of_layer(plan: Plan) -> list[int]:
    """Return the stage of each layer. Raises `LackingFactsError` if stages are not known to have which."""
    total = layer_count(plan.facts)
    if plan.named.pp > MOST_LAYERS:
        raise LackingFactsError("`layers`")
    found = [0] * total
    for stage in range(plan.named.pp):
        chunks = plan.phase.stage_layers(stage, total)
        if chunks is None:
            raise LackingFactsError("the layers of each stage (`stage_layers`)")
        for chunk in chunks:
            found[chunk.start : chunk.stop] = [stage + 1] * len(chunk)
    return found


def _spans(numbers: Sequence[int]) -> Iterator[Span]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _gpus(plan: Plan) -> tuple[tuple[GpuSet, ...], ...] | None:
    """Return the GPUs of each rank of each stage, in all replicas; None if the layout does not determine them."""
    phase: Phase = plan.phase
    axes = ("tp", "sp") if phase.layout.flavor == "ulysses" and plan.named.sp > 1 else ("tp",)
    ranks = _ranks(plan)
    found = []
    for stage in range(phase.stage_count):
        slices = phase.partition(axes, stage).slices
        if slices is None:
            return None
        found.append(tuple(union(slices[rank::ranks]) for rank in range(ranks)))
    return tuple(found)


def handoff_dict(found: Handoff) -> dict[str, Any]:
    """Return JSON data: which layers each pair of stages, and which heads each pair of ranks, has in common."""
    names = found.prefill, found.decode
    return {
        "from": found.prefill,
        "to": found.decode,
        "latent": found.latent,
        "stages": [
            {names[0]: each.sender, names[1]: each.receiver, "layers": [list(span) for span in each.layers] or None}
            for each in found.stages
        ],
        "heads": [
            {"heads": list(each.heads), names[0]: list(each.senders), names[1]: list(each.receivers)}
            for each in found.heads
        ],
        "ranks": dict(zip(names, found.ranks, strict=True)),
        "token_parts": dict(zip(names, (found.tokens[0], found.tokens[1] * found.kept), strict=True)),
        "replicas": dict(zip(names, found.replicas, strict=True)),
        "gpus": {
            name: None if stages is None else [[str(each) for each in ranks] for ranks in stages]
            for name, stages in zip(names, found.gpus, strict=True)
        },
        "lacking": list(found.lacking),
    }
