"""Layers that names count without the word: `ln_3` in a stage of layers 2 and 3.

A number in names is a layer if it continues from stage to stage: the stages have consecutive runs of equal size. So
do ranks; but the ranks of a stage are on different GPUs, whereas its layers are all on the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from dotlint.deployment.families import RANKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.deployment.model import Reading

Runs = tuple[tuple[int, int, int], ...]
"""Stage, first and last number of each run, in the order of the stages."""

_FAMILIES = 3  # this many have to agree, if no header states the layers of stages


def number_layers(readings: list[Reading], stated: Mapping[tuple[str, int], tuple[int, int]]) -> None:
    """Set the layers of nodes, and missing stages, from the numbers by which their families count layers.

    A phase in which any node states its layer is not changed. `stated` are the layers that headers state for stages.
    """
    phases: dict[str | None, dict[str, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    stated_phases = {r.phase for r in readings if r.layer is not None and not r.annotation}
    for reading in readings:
        if reading.phase not in stated_phases and not reading.annotation and not reading.summary:
            phases[reading.phase][reading.evidence.name.family].append(reading)
    for phase, families in phases.items():
        found = {(name, i): runs for name, members in families.items() for i, runs in _consecutive_numbers(members)}
        stated_runs = tuple(sorted((stage, *layers) for (of, stage), layers in stated.items() if of == phase))
        runs = stated_runs if len(stated_runs) > 1 and _consecutive(stated_runs) else None
        agreed = Counter(found.values()).most_common(1)
        if runs is None or runs not in found.values():
            runs = agreed[0][0] if agreed and agreed[0][1] >= _FAMILIES else None
        if runs is not None:
            for name, members in families.items():
                position = next(
                    (i for i in range(len(members[0].evidence.name.numbers)) if found.get((name, i)) == runs), None
                )
                _set_layers(members, _only_fitting_position(members, runs) if position is None else position, runs)


def _consecutive_numbers(members: list[Reading]) -> Iterator[tuple[int, Runs]]:
    """Yield the positions of numbers that continue from stage to stage, with their runs."""
    for i, word in enumerate(members[0].evidence.name.words):
        if word in RANKS:
            continue
        by_stage: dict[int, set[int]] = defaultdict(set)
        for reading in members:
            if reading.stage is not None:
                by_stage[reading.stage].add(reading.evidence.name.numbers[i])
        runs = tuple((stage, min(numbers), max(numbers)) for stage, numbers in sorted(by_stage.items()))
        whole = all(high - low + 1 == len(by_stage[stage]) for stage, low, high in runs)
        if len(runs) > 1 and whole and _consecutive(runs) and _on_the_same(members, i):
            yield i, runs


def _consecutive(runs: Runs) -> bool:
    """Return whether the runs have equal sizes of at least two and follow one another."""
    sizes = {high - low for _, low, high in runs}
    return len(sizes) == 1 and sizes != {0} and all(one[2] + 1 == two[1] for one, two in pairwise(runs))


def _on_the_same(members: list[Reading], position: int) -> bool:
    """Return whether nodes of a stage that differ only in this number are on the same GPUs."""
    seen: dict[tuple[object, ...], object] = {}
    for reading in members:
        numbers = reading.evidence.name.numbers
        key = (reading.stage, *numbers[:position], *numbers[position + 1 :])
        if (
            reading.gpus is not None
            and reading.stage is not None
            and seen.setdefault(key, reading.gpus) != reading.gpus
        ):
            return False
    return bool(seen)


def _only_fitting_position(members: list[Reading], runs: Runs) -> int | None:
    """Return the only number by which every member is in the run of its stage; None if none or several are."""
    owned = {stage: range(low, high + 1) for stage, low, high in runs}
    every = range(runs[0][1], runs[-1][2] + 1)
    fitting = [
        i
        for i, word in enumerate(members[0].evidence.name.words)
        if word not in RANKS
        and all(
            r.evidence.name.numbers[i] in (owned.get(r.stage, ()) if r.stage is not None else every) for r in members
        )
        and len({r.stage for r in members}) > 1
    ]
    return fitting[0] if len(fitting) == 1 else None


def _set_layers(members: list[Reading], position: int | None, runs: Runs) -> None:
    for reading in members if position is not None else ():
        number = reading.evidence.name.numbers[position or 0]
        reading.layer = number
        reading.because(f"layer {number} from its name: the number continues from stage to stage")
        of = next((stage for stage, low, high in runs if low <= number <= high), None)
        if reading.stage is None and of is not None and reading.evidence.link is None:
            reading.stage = of
            reading.because(f"layer {number} lies within those of one stage")
