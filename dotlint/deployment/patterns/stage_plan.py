"""Plan the missing stages of a phase: operators, their edges, and the links between stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.patterns.stage_exemplar import completeness, find_shift, operators_of_every_stage
from dotlint.deployment.patterns.stage_links import (
    connect,
    cross_phase_edges,
    first_and_last,
    inner_edges,
    links,
    links_like,
    open_inputs,
)
from dotlint.deployment.patterns.stage_names import (
    new_output_name,
    output_name,
    renumber,
    stage_names,
    stage_position,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.model import Deployment, Reading, Stage
    from dotlint.deployment.patterns.renumber import Shift
    from dotlint.deployment.patterns.stage_links import Pair
    from dotlint.strategy.gpus import GpuSet


class StagePlan(Struct, frozen=True):
    """A missing stage: `copies` are (exemplar node, new name) in the order of the exemplar stage.

    `inner` are its own edges, `entering` those from the previous stage, `leaving` those to the next stage and the
    output, `cross_phase` those to and from another phase, each with its exemplar. `shift` renumbers names and labels
    of the exemplar; None if that is ambiguous.
    """

    phase: str
    stage: int
    exemplar: Stage
    gpus: GpuSet | None
    copies: tuple[tuple[Reading, str], ...]
    headers: tuple[tuple[Reading, str], ...]
    inner: tuple[Pair, ...]
    entering: tuple[Pair, ...]
    leaving: tuple[Pair, ...]
    new_output: str | None
    shift: Shift | None = None
    cross_phase: tuple[tuple[Pair, Pair], ...] = ()

    @property
    def edges(self) -> tuple[Pair, ...]:
        """All edges that the stage needs."""
        return (*self.entering, *self.inner, *self.leaving, *(pair for pair, _ in self.cross_phase))


def plan_stages(
    deployment: Deployment, phase: str, stage_count: int, gpus: Mapping[int, GpuSet], *, certain: bool = False
) -> list[StagePlan]:
    """Plan the missing stages of a phase with `stage_count` stages; empty if no stage can serve as exemplar.

    `gpus` are those that the layout assigns to each stage; unless they are `certain`, stages on other GPUs may be
    intended.
    """
    units = deployment.units.get(phase, {})
    drawn = {stage: unit for stage, unit in units.items() if unit.operators and 0 <= stage < stage_count}
    lacking = [stage for stage in range(stage_count) if stage not in drawn]
    if not drawn or not lacking:
        return []
    with_output = sum(1 for unit in drawn.values() if unit.with_role("output"))
    exemplar = max(drawn.values(), key=lambda unit: completeness(unit, len(drawn), with_output))
    if not inner_edges(exemplar):
        return []
    output = output_name(deployment, phase)
    taken = set(deployment.by_name)
    copied = operators_of_every_stage(exemplar, len(drawn), with_output)
    shifts = {stage: find_shift(deployment, exemplar, stage, gpus, certain=certain) for stage in lacking}
    names = stage_names(deployment, exemplar, copied, drawn, shifts, stage_count, taken)
    inner = [pair for pair in inner_edges(exemplar) if _both(pair, names[exemplar.stage])]
    wiring = _Wiring(names, links(drawn, names), _ends(drawn, copied, inner, names, lacking))
    plans: list[StagePlan] = []
    for stage in lacking:
        own = names[stage]
        entering = wiring.between(stage - 1, stage, open_inputs(deployment, phase) if stage == 0 else None)
        leaving = wiring.between(stage, stage + 1) if stage + 1 in drawn else []
        new_output = None
        if stage == stage_count - 1:
            if output is None:
                new_output = output = new_output_name(deployment, phase, taken)
            leaving += [(name, output) for name in wiring.ends[stage].last]
        headers = [] if stage in units and units[stage].headers else exemplar.headers
        number, shift = deployment.stage_number(stage), shifts[stage]
        plans.append(
            StagePlan(
                phase=phase,
                stage=stage,
                exemplar=exemplar,
                gpus=gpus.get(stage),
                copies=tuple((r, own[r.name]) for r in copied if r.name in own),
                headers=tuple(
                    (r, renumber(r.name, stage_position(r, exemplar, deployment), number, shift)) for r in headers
                ),
                inner=tuple((own[tail], own[head]) for tail, head in inner if _both((tail, head), own)),
                entering=tuple(entering),
                leaving=tuple(leaving),
                new_output=new_output,
                shift=shift,
                cross_phase=tuple(cross_phase_edges(deployment, exemplar, own, stage, shift)),
            )
        )
    return plans


def _both(pair: Pair, names: Mapping[str, str]) -> bool:
    return pair[0] in names and pair[1] in names


class _Ends(Struct, frozen=True):
    """The operators of a stage that its own edges only leave, and those that they only enter."""

    first: list[str]
    last: list[str]


class _Wiring(Struct, frozen=True):
    """What connects stages: names by those of the exemplar, edges of a drawn pair of stages, ends of each stage."""

    names: Mapping[int, Mapping[str, str]]
    links: list[Pair]
    ends: Mapping[int, _Ends]

    def between(self, stage: int, following: int, exits: list[str] | None = None) -> list[Pair]:
        """Return the edges between two stages: like those of a drawn pair, else from all `exits` to all entries."""
        found = links_like(self.links, self.names.get(stage, {}), self.names.get(following, {}))
        if found:
            return found
        if exits is None:
            exits = self.ends[stage].last if stage in self.ends else []
        return connect(exits, self.ends[following].first)


def _ends(
    drawn: Mapping[int, Stage],
    copied: Iterable[Reading],
    inner: Iterable[Pair],
    names: Mapping[int, Mapping[str, str]],
    lacking: Iterable[int],
) -> dict[int, _Ends]:
    found = {stage: _Ends(*first_and_last(unit.operators, inner_edges(unit))) for stage, unit in drawn.items()}
    for stage in lacking:
        own = names[stage]
        first, last = first_and_last([r for r in copied if r.name in own], [pair for pair in inner if _both(pair, own)])
        found[stage] = _Ends([own[name] for name in first], [own[name] for name in last])
    return found
