"""P: what the file says of its strategy, and the numbers of shards and experts that it draws."""

from __future__ import annotations

import itertools
from math import prod
from typing import TYPE_CHECKING

from dotlint.checks import grouping as places
from dotlint.checks.grouping import LEFT_OUT, count, listed, names
from dotlint.deployment.shards import Group, groups, may_be_short, one_layer_each, parts_of_groups, unplaced
from dotlint.engine.finding import Holds, Related, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Reading
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Outcome
    from dotlint.strategy import Degrees, Phase


def header_mismatches(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Degrees and GPU totals that the file states for a phase and that differ from the declared ones."""
    if context.file.strategy_source == "file":
        return
    right: dict[str, list[str]] = {}
    for declaration in context.file.declarations:
        if declaration.graph not in (None, context.graph.index):
            continue
        phases = context.deployment.phases
        phase = context.phase(declaration.phase or phases[0])
        if phase is None or phase.assumed:
            continue
        wrong = [
            f"{axis.upper()}={value}, declared is {phase.degrees.get(axis)}"
            for axis, value in declaration.degrees.items()
            if value != phase.degrees.get(axis)
        ]
        if declaration.gpus is not None and declaration.gpus not in (
            phase.total,
            phase.total // max(1, phase.degrees.dp),
        ):
            wrong.append(f"{declaration.gpus} GPUs, declared are {phase.total}")
        said = ", ".join(f"{axis.upper()}={value}" for axis, value in declaration.degrees.items())
        if wrong:
            yield card.finding(
                f"{declaration.where} says {'; '.join(wrong)}",
                declaration.start,
                declaration.end,
                unit=phase.name or None,
                graph=context.graph.index,
                help=f"correct it, or declare what it says with `--strategy {declaration.spec}`",
            )
        elif declaration.degrees:
            total = f", {declaration.gpus} GPUs" if declaration.gpus else ""
            right.setdefault(product(phase), []).append(f"{declaration.where} says {said}{total}")
    for arithmetic, sayings in right.items():
        told = list(dict.fromkeys(sayings))
        more = [f"and {count(len(told) - 6, 'place')} more say so"] if len(told) > 6 else []
        yield Holds("coverage", "strategy", "; ".join([arithmetic, *told[:6], *more]))


def product(phase: Phase) -> str:
    """The arithmetic of a phase's GPUs: `prefill 4 · 4 · 2 · 2 = 64 GPUs`."""
    degrees: Degrees = phase.degrees
    factors = [value for axis, value in degrees.to_dict().items() if axis not in {"vpp", "edp", "dcp"}]
    name = f"{phase.name} " if phase.name else ""
    if prod(factors) == phase.total and len(factors) > 1:
        return f"{name}{' · '.join(map(str, factors))} = {phase.total} GPUs"
    return f"{name}{phase.total} GPUs"


def shard_counts(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Attention drawn with a number of shards that tensor (and sequence, and data) parallelism cannot give."""
    right: dict[str, set[int]] = {}
    short = unplaced(context.deployment)
    found = groups(context.deployment, "qkv", "query", "attention")
    parted = parts_of_groups(found)
    for index, group in enumerate(found):
        phase = context.phase(group.phase)
        number = len(group.members)
        if phase is None or number < 2 or not one_layer_each(context.deployment, group):
            continue
        if may_be_short(group, short):
            continue
        if index in parted:
            continue  # the GPUs of some of its shards are another stage's: it is there that the mistake is
        degrees = phase.degrees
        allowed = {degrees.tp, degrees.tp * degrees.sp, degrees.tp * degrees.cp, degrees.sp, degrees.cp}
        allowed |= {n * degrees.dp for n in allowed} | {n * degrees.ep for n in allowed} | {phase.stage_size}
        if number in allowed:
            right.setdefault(group.role, set()).add(number)
            continue
        if context.abridged.parts:
            yield Undecided(card.section, "shard counts", LEFT_OUT)
            return
        start, end = places.of_node(group.members[0].node)
        title = next(iter(places.units(context.deployment, group.members)))
        expected = f"TP={degrees.tp}" + (f", SP={degrees.sp}" if degrees.sp > 1 else "")
        yield card.finding(
            f"{group.role} is drawn with {count(number, 'shard')}{places.of_unit(title).replace(' of ', ' in ')}, where the strategy has {expected}",
            start,
            end,
            nodes=names(group.members),
            unit=title or None,
            graph=context.graph.index,
            help=f"draw {degrees.tp} of them, one a tensor rank",
        )
    for role, numbers in right.items():
        if len(numbers) == 1:
            yield Holds("arithmetic", "shard counts", f"{role}: {numbers.pop()} shards in every unit")


def _covered(group: Group) -> int:
    """How many experts the group's names and labels cover, ranges counted whole."""
    covered: set[int] = set()
    for reading in group.members:
        if reading.experts:
            covered.update(range(reading.experts[0], reading.experts[1] + 1))
    return len(covered)


def _has_ranges(group: Group) -> bool:
    return any(r.experts and r.experts[0] != r.experts[1] for r in group.members)


def _numbered_through(group: Group) -> bool:
    """Whether the experts are numbered without a gap; where they are not, a few stand for all."""
    ranges = sorted({r.experts for r in group.members if r.experts})
    return all(two[0] <= one[1] + 1 for one, two in itertools.pairwise(ranges))


def _other_range(reading: Reading, group: Group) -> bool:
    """Whether a node of another family stands for a range of experts (`experts_remaining`, Experts 8-63)."""
    ranged = reading.experts is not None and reading.experts[0] < reading.experts[1]
    return ranged and reading.evidence.name.family != group.members[0].evidence.name.family


def _summarised(context: GraphContext, group: Group) -> bool:
    """Whether a summary node stands for experts that are not drawn."""
    return any(
        (r.summary or _other_range(r, group))
        and r.phase == group.phase
        and (group.stage is None or r.stage in (group.stage, None))
        and (group.layer is None or r.layer in (group.layer, None))
        for r in context.deployment.readings
    )


def expert_counts(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Units whose groups of experts are not as many as EP."""
    fine = 0
    short = unplaced(context.deployment)
    for group in groups(context.deployment, "expert"):
        phase = context.phase(group.phase)
        if phase is None or phase.degrees.ep < 2 or len(group.members) < 2 or _summarised(context, group):
            continue
        if not one_layer_each(context.deployment, group) or not _numbered_through(group):
            continue
        if may_be_short(group, short):
            continue
        ep = phase.degrees.ep
        drawn, sets, covered = len(group.members), len(group.gpu_sets), _covered(group)
        if ep in (drawn, covered) or (group.placed and sets == ep):
            fine += 1
            continue
        if (
            not _has_ranges(group)
            and (drawn % ep == 0 or (covered and covered % ep == 0))
            and not (group.placed and group.disjoint and sets < ep)
        ):
            continue
        if context.abridged.parts:
            yield Undecided(card.section, "experts", LEFT_OUT)
            return
        start, end = places.of_node(group.members[0].node)
        title = next(iter(places.units(context.deployment, group.members)))
        groups_drawn = sets if group.placed and not _has_ranges(group) else drawn
        yield card.finding(
            f"{count(groups_drawn, 'expert group')}{places.of_unit(title).replace(' of ', ' in ')}, where the strategy has EP={ep}",
            start,
            end,
            nodes=names(group.members),
            unit=title or None,
            graph=context.graph.index,
            help=f"divide the experts over {ep} groups of ranks",
        )
    if fine:
        yield Holds("arithmetic", "experts", f"as many expert groups as EP in {count(fine, 'unit')}")


def expert_covers(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Expert ranges of one unit that overlap or leave a gap."""
    fine: set[str] = set()
    short = unplaced(context.deployment)
    for group in groups(context.deployment, "expert"):
        if not _has_ranges(group) or _summarised(context, group) or may_be_short(group, short):
            continue
        ranges = sorted({r.experts for r in group.members if r.experts})
        for (low, high), (next_low, next_high) in itertools.pairwise(ranges):
            if next_low == high + 1:
                continue
            two = [r for r in group.members if r.experts in ((low, high), (next_low, next_high))]
            start, end = places.of_node(two[-1].node)
            title = next(iter(places.units(context.deployment, group.members)))
            what = (
                "overlap"
                if next_low <= high
                else f"leave out {high + 1}{f'-{next_low - 1}' if next_low - 1 > high + 1 else ''}"
            )
            yield card.finding(
                f"experts {low}-{high} and {next_low}-{next_high}{places.of_unit(title)} {what}",
                start,
                end,
                nodes=names(two),
                related=(Related(f"experts {low}-{high}", *places.of_node(two[0].node)),),
                unit=title or None,
                graph=context.graph.index,
                help="the ranges of a unit's expert groups cover every expert once",
            )
            break
        else:
            fine.add(listed([f"{low}-{high}" for low, high in ranges], 16).replace(" and ", ", "))
    if len(fine) == 1:
        yield Holds("arithmetic", "expert ranges", f"{fine.pop()} in every unit, no gap and no overlap")
