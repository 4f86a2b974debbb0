"""Layers: how many each pipeline stage, and each chunk of an interleaved schedule, holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.strategy.fitting import degrees_that, divisors
from dotlint.text.english import count as counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.calculations.calculation import Calculation, Plan


def layers(plan: Plan) -> Iterator[Calculation]:
    """Yield calculations about layers: every stage (and VPP chunk) needs a layer; whether counts may differ varies."""
    yield from _schedule(plan)
    facts, pp, vpp = plan.facts, plan.named.pp, plan.named.vpp
    chunks = pp * vpp
    if facts.stage_layers is not None:
        yield from _stated(plan, facts.stage_layers)
        return
    if facts.layers is None or chunks == 1:
        return
    axes = "PP·VPP" if vpp > 1 else "PP"
    ends = [size for size in (facts.first_stage_layers, facts.last_stage_layers) if size is not None]
    if facts.layers < chunks and not ends:
        yield plan.fails("layers", f"{facts.layers} layers are fewer than {axes}={chunks}", _fitting(plan))
    elif ends and pp > 1:
        yield from _ends(plan, facts.layers, ends)
    elif facts.layers % chunks == 0:
        yield plan.passes("layers", f"{facts.layers} layers over {axes}={chunks}: {facts.layers // chunks} each")
    elif plan.engine.layers == "equal":
        yield plan.divides("layers", facts.layers, "layers", chunks, axes, _fitting(plan))
    else:
        least = facts.layers // chunks
        yield plan.passes("layers", f"{facts.layers} layers over {axes}={chunks}: {least} or {least + 1} each")


def _fitting(plan: Plan) -> str:
    total, vpp = plan.facts.layers or 0, plan.named.vpp
    if plan.engine.layers == "any":
        return f"PP that fit {total} layers: 1 to {total // vpp}" if total >= vpp else ""
    fitting = [pp for pp in divisors(total) if total // pp % vpp == 0]
    goal = f"divide {total} layers" + (f" into stages of {vpp} equal chunks" if vpp > 1 else "")
    return "; ".join(filter(None, (degrees_that("PP", goal, fitting), "or state stage_layers under [model]")))


def _schedule(plan: Plan) -> Iterator[Calculation]:
    """Megatron-LM's interleaved schedule sends to and receives from the same rank if there are two stages."""
    if plan.engine.name == "megatron" and plan.named.vpp > 1 and plan.named.pp == 2 and plan.facts.overlap_p2p is False:
        text = (
            f"VPP={plan.named.vpp} with PP=2 needs overlapped sends and receives, which overlap_p2p = false turns off"
        )
        yield plan.fails("layers", text, "declare a PP of at least 3, or overlap_p2p = true")


def _stated(plan: Plan, sizes: tuple[int, ...]) -> Iterator[Calculation]:
    """Yield whether the stated layers of each stage are as many as there are stages, and add up."""
    total, pp, vpp = plan.facts.layers, plan.named.pp, plan.named.vpp
    listing = ", ".join(map(str, sizes))
    if len(sizes) not in {pp, pp * vpp}:
        expected = f"PP={pp}" if vpp == 1 else f"PP={pp} or PP·VPP={pp * vpp}"
        yield plan.fails("layers", f"stage_layers has {counted(len(sizes), 'stage')}, but there are {expected}")
    elif total is not None and sum(sizes) != total:
        yield plan.fails("layers", f"stage_layers ({listing}) add up to {sum(sizes)}, but the model has {total} layers")
    elif 0 in sizes and not plan.engine.empty_stages:
        yield plan.fails("layers", f"stage_layers ({listing}) leave a stage without a layer")
    elif vpp > 1 and len(sizes) == pp and any(size % vpp for size in sizes):
        yield plan.fails("layers", f"stage_layers ({listing}) are not all divisible by VPP={vpp}")
    else:
        yield plan.passes("layers", f"{sum(sizes)} layers in stages of {listing}, as stated")


def _ends(plan: Plan, total: int, ends: list[int]) -> Iterator[Calculation]:
    """Yield whether the layers between the stated first and last stage divide evenly over the other stages."""
    vpp, rest, middle = plan.named.vpp, total - sum(ends), plan.named.pp - len(ends)
    stated = " and ".join(map(str, ends))
    if plan.engine.layers == "any" and middle > 0:
        if rest < middle * vpp:
            yield plan.fails("layers", f"{total} layers leave {rest} for {counted(middle, 'other stage')}")
        else:
            yield plan.passes("layers", f"{total} layers: {stated} in the first or last stage, {rest} in the others")
        return
    odd = [size for size in ends if size % vpp]
    if odd:
        yield plan.fails("layers", f"the {odd[0]} layers of the first or last stage are not divisible by VPP={vpp}")
    elif bool(rest) != bool(middle) or rest < 0 or (middle and rest % (middle * vpp)):
        each = f"{counted(middle, 'other stage')}" + (f" of {vpp} chunks" if vpp > 1 else "")
        text = f"{total} layers without the {stated} of the first or last stage are {rest}, not divisible over {each}"
        surplus = rest % (middle * vpp) if middle else 0
        advice = f"give the stated stages {counted(surplus, 'layer')} more in all" if surplus and rest > 0 else ""
        yield plan.fails("layers", text, advice)
    else:
        share = f" and {rest // middle} in each of the other {middle}" if middle else ""
        yield plan.passes("layers", f"{total} layers: {stated} in the first or last stage{share}")
