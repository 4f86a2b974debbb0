"""S: the layers of each stage."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.checks import grouping
from dotlint.checks.grouping import names
from dotlint.deployment.layer_coverage import layers_by_stage, stated_ranges
from dotlint.deployment.unit import phase_unit
from dotlint.engine.finding import Holds, Undecided
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.strategy.model import ModelFacts


def layer_covers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report layers that are missing, beyond the model's, or in several stages."""
    strategy, deployment = context.strategy, context.deployment
    total = strategy.model.layers if strategy is not None else None
    if total is None:
        return
    for phase in deployment.phases:
        by_stage = layers_by_stage(deployment, phase)
        drawn = set().union(*by_stage.values()) if by_stage else set()
        ranges = stated_ranges(deployment, context.graph, phase)
        covered = drawn | {layer for low, high in ranges for layer in range(low, high + 1)}
        if not covered:
            continue
        base = 0 if 0 in covered else 1
        expected = set(range(base, base + total))
        missing, beyond = sorted(expected - covered), sorted(covered - expected)
        twice = _twice(by_stage)
        sample = len(missing) * 2 > total and not ranges and missing[-1] > max(drawn, default=0)
        left_out = context.abridged.parts or any(r.summary and r.phase == phase for r in deployment.readings)
        if missing and (sample or left_out) and not beyond and not twice:
            yield Undecided(
                "stages",
                "layers",
                f"add a summary node or an edge label for the other layers ({len(covered)} of {total} are drawn)",
            )
            continue
        problems = (
            (missing, "missing"),
            (beyond, f"beyond the model's {total}"),
            (twice, "in more than one stage"),
        )
        wrong = [f"{_layers_are(some)} {what}" for some, what in problems if some]
        if not wrong:
            yield Holds(
                "stages",
                "layers",
                f"layers {base} to {base + total - 1} are drawn or stated{', each in one stage' if set(by_stage) - {None} else ''}",
            )
            continue
        doubled = set(twice or beyond)
        at = [r for r in deployment.operators if r.layer in doubled] or [
            r for r in deployment.operators if r.layer is not None
        ]
        start, end = grouping.of_nodes(at, context.graph)
        yield card.finding(
            "; ".join(wrong),
            start,
            end,
            nodes=names(at) if doubled else (),
            about=phase_unit(phase),
            graph=context.graph.index,
            help=f"cover each of layers {base} to {base + total - 1} once, by nodes, summary nodes or edge labels",
        )


def _twice(by_stage: Mapping[int | None, set[int]]) -> list[int]:
    owners: dict[int, int] = defaultdict(int)
    for stage, layers in by_stage.items():
        for layer in layers if stage is not None else ():
            owners[layer] += 1
    return sorted(layer for layer, number in owners.items() if number > 1)


def _layers_are(numbers: list[int]) -> str:
    return f"layer {numbers[0]} is" if len(numbers) == 1 else f"layers {spans(numbers)} are"


def spans(numbers: list[int]) -> str:
    """Return ascending numbers as ranges: `0-3, 8`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    return listed(["-".join(str(n) for n in span) for span in found], 8)


def _states_stage_layers(facts: ModelFacts) -> bool:
    """Return whether the strategy itself gives stages different numbers of layers."""
    return any((facts.stage_layers, facts.first_stage_layers, facts.last_stage_layers))


def layer_balances(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report phases whose stages could have more even numbers of layers, if all their layers are known."""
    deployment = context.deployment
    for phase in deployment.phases:
        units = deployment.units.get(phase, {})
        by_stage = layers_by_stage(deployment, phase)
        owned = {s: by_stage.get(s, set()) for s, unit in units.items() if unit.operators}
        every = set().union(*owned.values()) if owned else set()
        whole = bool(every) and len(every) == max(every) - min(every) + 1 and min(every) < 2
        if len(owned) < 2 or not whole or not all(owned.values()) or _twice(by_stage):
            continue
        numbers = {len(layers) for layers in owned.values()}
        if len(numbers) == 1:
            yield Holds("stages", "balance", f"{count(numbers.pop(), 'layer')} in each of {len(owned)} stages")
            continue
        declared = context.phase(phase)
        if declared is not None and _states_stage_layers(declared.facts):
            continue
        if max(numbers) - min(numbers) == 1:
            yield Holds("stages", "balance", f"{len(every)} layers are as even in {len(owned)} stages as they can be")
            continue
        numbers_of_layers = [f"{deployment.stage_number(s)} has {len(layers)}" for s, layers in owned.items()]
        start, end = grouping.of_nodes(next(iter(units.values())).operators, context.graph)
        yield card.finding(
            f"stages have different numbers of layers: {listed([f'stage {text}' for text in numbers_of_layers], 8)}",
            start,
            end,
            about=phase_unit(phase),
            graph=context.graph.index,
            help="give each stage the same number of layers, or ignore this if the embedding and the head make up for it",
        )
