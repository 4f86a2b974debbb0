"""D003: stages that are not on the GPUs of the layout, and the fix that moves them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks import grouping
from dotlint.checks.copies import copies
from dotlint.checks.devices.placed import (
    copies_of,
    coverage,
    expected_gpus,
    fits_layout,
    numbered_locally,
    other_model,
    placed_units,
)
from dotlint.checks.grouping import names
from dotlint.deployment.unit import phase_unit
from dotlint.deployment.words import label_lines
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.edits.gpus.label import with_ids
from dotlint.edits.labels import block_label, split_label
from dotlint.engine.finding import Edit, Fix, Holds
from dotlint.strategy.gpus import GpuSet
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.checks.copies import Copy
    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.model import Reading, Stage
    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Outcome
    from dotlint.strategy import Phase
    from dotlint.syntax.tree import Attribute


class MisplacedStage(Struct, frozen=True, eq=False):
    """A 0-based stage on other GPUs than its phase's layout gives it; `placed` are all drawn stages and their GPUs."""

    phase: Phase
    stage: int
    placed: Mapping[int, tuple[Stage, GpuSet]]


def move_stage(fix: FixContext, finding: Finding) -> Fix | str:
    """Move a stage to the GPUs of the layout, and every operator to the same part of them.

    A misplaced stage that is on those GPUs now moves too.
    """
    data = finding.data
    assert isinstance(data, MisplacedStage)
    phase, placed = data.phase, data.placed
    drawn = {s: gpus for s, (_, gpus) in placed.items()}
    if data.stage >= phase.stage_count:
        return "the strategy has no such stage"
    expected = expected_gpus(phase, drawn)
    moving = [data.stage]
    for stage in moving:
        for other, gpus in drawn.items():
            if other not in moving and not gpus.isdisjoint(expected[stage]):
                if expected.get(other, gpus) == gpus:
                    return f"{fix.deployment.unit(placed[other][0].phase, other)} is on GPUs {gpus.short()}"
                moving.append(other)
    edits: list[Edit] = []
    for stage in moving:
        moved = _stage_edits(fix, placed[stage][0], phase, drawn[stage], expected[stage])
        if isinstance(moved, str):
            return moved
        edits += moved
    if not edits:
        return "the labels do not name the GPUs"
    return Fix("unsafe", in_order(edits), f"Move {finding.about} to {_named(expected[data.stage])}")


def _stage_edits(fix: FixContext, unit: Stage, phase: Phase, whole: GpuSet, expected: GpuSet) -> list[Edit] | str:
    if unit.stated != whole and any(reading.stage_from_gpus for reading in unit.operators):
        return "the operators of the stage are known only by their GPUs"
    resized = len(whole) != len(expected)
    if not any(reading.gpus == whole and (reading.own_gpus or not resized) for reading in unit.operators):
        return "no operator is on all of the stage's GPUs, so a part of them may belong to another stage"
    move = _Move(phase, whole, expected)
    edits: list[Edit] = []
    devices = fix.deployment.vocabulary.devices
    for reading in (*unit.operators, *unit.headers, *_around(fix, unit, whole)):
        label = reading.evidence.gpus
        if label is not None and label.ids == expected and reading.annotation:
            continue
        if reading.own_gpus and (label is None or (resized and _names_gpu(reading))):
            return f"the name of `{reading.name}` contains its GPU"
        if label is None or label.ids is None or label.transfer:
            continue
        moved = move.of(label.ids)
        edit = fix.gpus.set(reading, moved) if moved else None
        if moved is None or (edit is None and moved != label.ids):
            return f"the new GPUs of `{reading.name}` are uncertain"
        edits += [edit] if edit else []
    for attribute, ids in _cluster_labels(unit, devices):
        if ids == expected:
            continue
        moved, parts = move.of(ids), split_label(attribute)
        new = with_ids(parts, moved, devices) if moved and parts else None
        if new is None:
            return "the label of the cluster names other GPUs"
        edits.append(Edit(attribute.value.start, attribute.value.end, new.raw()))
    return edits


def _around(fix: FixContext, unit: Stage, whole: GpuSet) -> list[Reading]:
    """Return operators without a stage that are on all GPUs of this one and connected to it: they move with it."""
    inside = {reading.node.index for reading in unit.operators}
    return [
        r
        for r in fix.deployment.operators
        if r.stage is None
        and r.own_gpus
        and r.gpus == whole
        and any(n.index in inside for e in (*r.node.in_edges, *r.node.out_edges) for n in (e.tail, e.head))
    ]


def _names_gpu(reading: Reading) -> bool:
    return any(word in {"gpu", "gpus", "device", "rank"} for word in reading.evidence.name.words)


class _Move:
    """Maps the GPUs of a stage to those of the layout: in order, or by the parts into which degrees divide them."""

    def __init__(self, phase: Phase, before: GpuSet, after: GpuSet) -> None:
        degrees = phase.degrees
        self.before, self.after = before, after
        self._ranks = {gpu: rank for rank, gpu in enumerate(before)}
        axes = {degrees.tp, degrees.ep, degrees.sp, degrees.cp, degrees.dp, degrees.etp}
        self._parts = {1} | axes | {one * two for one in axes for two in axes}

    def of(self, gpus: GpuSet) -> GpuSet | None:
        """Return the corresponding GPUs; None if they are uncertain."""
        old, new = len(self.before), len(self.after)
        if not gpus <= self.before:
            return None
        if old == new:
            return self.after.pick(GpuSet.of(self._ranks[gpu] for gpu in gpus))
        if old % len(gpus) or old // len(gpus) not in self._parts or new % (old // len(gpus)):
            return None
        ranks = sorted(self._ranks[gpu] for gpu in gpus)
        size = len(ranks) * new // old
        if ranks != list(range(ranks[0], ranks[0] + len(ranks))) or ranks[0] % len(ranks):
            return None
        return self.after.pick(GpuSet.span(ranks[0] // len(ranks) * size, size))


def _cluster_labels(unit: Stage, devices: DeviceReader) -> Iterator[tuple[Attribute, GpuSet]]:
    """Yield the labels of the stage's own clusters that name GPUs, with these GPUs."""
    inside = {r.name for r in unit.operators + unit.headers}
    seen: set[int] = set()
    for reading in unit.operators:
        for inner in reading.node.subgraphs:
            for subgraph in (inner, *inner.ancestors):
                if subgraph.index in seen or not inside >= subgraph.nodes.keys():
                    continue
                seen.add(subgraph.index)
                attribute = block_label(subgraph.statements)
                stated = devices.read(label_lines(subgraph.own_attributes.get("label", "")))
                if attribute is not None and stated is not None and stated.ids is not None:
                    yield attribute, stated.ids


@fixed_by(move_stage)
def stage_gpus(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report stages on other GPUs than the layout assigns to them."""
    deployment = context.deployment
    for name in deployment.phases:
        phase = context.phase(name)
        units = placed_units(context, name)
        if phase is None or phase.assumed or not units or numbered_locally(units) or not context.file.layout_certain:
            continue
        copy_of = deployment.derived(copies)
        wrong = {
            s: (unit, gpus)
            for s, (unit, gpus) in units.items()
            if not _fits(phase, s, gpus, copies_of(unit, gpus, copy_of))
        }
        if not wrong:
            sets = listed([gpus.short() for _, gpus in units.values()], 16).replace(" and ", ", ")
            prefix = f"{name} " if len(deployment.phases) > 1 else ""
            yield Holds("gpus", "GPUs", f"{prefix}stages on {sets}{coverage(units)}")
            continue
        other = other_model(phase, units)
        if other is not None:
            start, end = grouping.of_nodes(next(iter(wrong.values()))[0].operators, context.graph)
            yield card.finding(
                f"the GPUs of every stage fit the `{other}` layout model, not `{phase.layout.name}`",
                start,
                end,
                outcome="other-model",
                about=phase_unit(name),
                graph=context.graph.index,
                help=f"declare it with `--layout {other}`",
            )
            continue
        assigned = expected_gpus(phase, {s: each for s, (_, each) in units.items()})
        for stage, (unit, gpus) in wrong.items():
            about = deployment.unit(name, stage)
            nodes = unit.headers + unit.operators
            start, end = grouping.of_nodes(nodes, context.graph)
            more = stage >= phase.stage_count or (phase.stage_count == 1 and len(units) > 1)
            expected = None if more else assigned.get(stage)
            if expected is None:
                slip = "beyond"
                message = f"{about} is on GPUs {gpus.short()}, but the strategy has {count(phase.stage_count, 'stage')}"
            elif unit.stated == expected and gpus <= expected:
                slip = "part"
                message = (
                    f"the operators of {about} are only on GPUs {gpus.short()}, but its label names {expected.short()}"
                )
            else:
                slip = "misplaced"
                message = f"{about} is on GPUs {gpus.short()}, but the strategy assigns {expected.short()}"
            yield card.finding(
                message,
                start,
                end,
                nodes=names(r for r in unit.operators if r.gpus and expected and not r.gpus <= expected)
                or names(unit.operators),
                about=about,
                slip=slip,
                graph=context.graph.index,
                help=_remedy(gpus, expected),
                data=MisplacedStage(phase, stage, units),
            )


def _fits(phase: Phase, stage: int, whole: GpuSet, parts: Mapping[Copy, GpuSet]) -> bool:
    """Return whether a stage is on the GPUs of the layout, as a whole or in each of its data replicas."""
    return fits_layout(phase, stage, whole) or all(fits_layout(phase, stage, gpus) for gpus in parts.values())


def _remedy(gpus: GpuSet, expected: GpuSet | None) -> str:
    if expected is None:
        return "remove the stage, or declare more stages"
    return f"use all of GPUs {expected}" if gpus <= expected else f"move the stage to {_named(expected)}"


def _named(gpus: GpuSet) -> str:
    return f"GPU{'s' if len(gpus) > 1 else ''} {gpus.short()}"
