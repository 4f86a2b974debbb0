"""Names for the operators of a missing stage, after those of a drawn one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.deployment.patterns.renumber import GPU_WORDS, Shift, with_numbers
from dotlint.deployment.words import number_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading, Stage


def stage_position(reading: Reading, unit: Stage, deployment: Deployment) -> int | None:
    """Return the index of the number in the name that is the stage; None if there is none.

    A number that differs between nodes of the family inside the unit is that of a shard or an expert; a word such as
    `stage` before a number decides.
    """
    name = reading.evidence.name
    number = deployment.stage_number(unit.stage)
    fits = [
        i
        for i, (value, constant) in enumerate(zip(name.numbers, unit.constant(name.family), strict=False))
        if value == number and name.words[i] not in GPU_WORDS and constant
    ]
    worded = [i for i in fits if name.words[i] in {"stage", "pp", "s"}]
    return worded[0] if worded else fits[0] if fits else None


def renumber(
    text: str, position: int | None, number: int, shift: Shift | None = None, *, renumbered: bool = False
) -> str:
    """Return the name with its `position`-th number changed, and its layer and GPUs renumbered.

    A name that would not change gets the number appended. `renumbered` is whether its layer was already moved.
    """
    if shift is not None:
        name = (replace(shift, layers=None) if renumbered else shift).name(text, position)
    else:
        values = [int(text[start:end]) for start, end in number_spans(text)]
        if position is not None:
            values[position] = number
        name = with_numbers(text, values)
    return f"{text}_{number}" if name == text and not renumbered else name


def stage_names(
    deployment: Deployment,
    exemplar: Stage,
    copied: Sequence[Reading],
    drawn: Mapping[int, Stage],
    shifts: Mapping[int, Shift | None],
    stage_count: int,
    taken: set[str],
) -> dict[int, dict[str, str]]:
    """Return the names in each stage by those of the exemplar: new ones (added to `taken`) and those that are drawn.

    `shifts` are the renumberings to the missing stages.
    """
    names = {exemplar.stage: {reading.name: reading.name for reading in copied}}
    running = _running_numbers(drawn)
    for stage, shift in shifts.items():
        names[stage] = {}
        for reading in copied:
            if (stage == 0 and reading.is_role("receive")) or (stage == stage_count - 1 and reading.is_role("send")):
                continue  # there is no stage to receive from or to send to
            name = _copy_name(deployment, exemplar, reading, stage, shift, running)
            while name in taken:
                name += "_new"
            taken.add(name)
            names[stage][reading.name] = name
    for stage in drawn:
        if stage != exemplar.stage:
            names[stage] = _names_in_drawn_stage(deployment, exemplar, copied, stage, running, shifts)
    return names


def _running_numbers(drawn: Mapping[int, Stage]) -> dict[str, dict[int, int]]:
    """Return for each family which numbers of its names continue from stage to stage, and by how much.

    `ln_0` to `ln_2` in stage 0 and `ln_3` to `ln_5` in stage 1 continue by 3, whatever the number counts. GPUs that
    every stage counts from the same number continue by 0; GPUs that are counted through are moved with those of the stage.
    """
    values: dict[str, dict[int, list[set[int]]]] = defaultdict(dict)
    words: dict[str, tuple[str, ...]] = {}
    for stage, unit in drawn.items():
        families: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for reading in unit.operators:
            families[reading.evidence.name.family].append(reading.evidence.name.numbers)
            words[reading.evidence.name.family] = reading.evidence.name.words
        for family, numbers in families.items():
            values[family][stage] = [set(column) for column in zip(*numbers, strict=True)]
    found: dict[str, dict[int, int]] = {}
    for family, by_stage in values.items():
        stages = sorted(by_stage)
        if len(stages) < 2:
            continue
        first = by_stage[stages[0]]
        for position, column in enumerate(first):
            steps = {_step(column, by_stage[s][position], s - stages[0]) for s in stages[1:]}
            step = steps.pop() if len(steps) == 1 else None
            gpus = words[family][position] in GPU_WORDS
            if step is not None and (step == 0 if gpus else step >= len(column) > 1):
                found.setdefault(family, {})[position] = step
    return found


def _step(before: set[int], after: set[int], stages: int) -> int | None:
    """Return the constant distance between the numbers of consecutive stages, or None."""
    far = min(after) - min(before)
    return far // stages if far % stages == 0 and {n + far for n in before} == after else None


def _copy_name(
    deployment: Deployment,
    exemplar: Stage,
    reading: Reading,
    stage: int,
    shift: Shift | None,
    running: Mapping[str, Mapping[int, int]],
) -> str:
    """Return the name of the copy of an exemplar node in another stage."""
    name = reading.evidence.name
    steps = running.get(name.family, {})
    far = stage - exemplar.stage
    counted = with_numbers(reading.name, [n + steps.get(i, 0) * far for i, n in enumerate(name.numbers)])
    position = stage_position(reading, exemplar, deployment)
    new = renumber(counted, position, deployment.stage_number(stage), shift, renumbered=any(steps.values()))
    kept = [i for i, step in steps.items() if step == 0]
    if not kept or len(number_spans(new)) != len(name.numbers):
        return new
    values = [int(new[start:end]) for start, end in number_spans(new)]
    return with_numbers(new, [name.numbers[i] if i in kept else value for i, value in enumerate(values)])


def _names_in_drawn_stage(
    deployment: Deployment,
    exemplar: Stage,
    copied: Iterable[Reading],
    stage: int,
    running: Mapping[str, Mapping[int, int]],
    shifts: Mapping[int, Shift | None],
) -> dict[str, str]:
    """Return names of nodes in a drawn stage by those of the exemplar, where one determines the other."""
    any_shift = next((shift for shift in shifts.values() if shift is not None), None)
    found: dict[str, str] = {}
    if any_shift is None:
        return found
    moved = any_shift.after - any_shift.before
    own = Shift(
        any_shift.before,
        deployment.stage_number(stage),
        any_shift.layers,
        any_shift.layer_step // moved * (stage - exemplar.stage) if moved else 0,
    )
    inside = {r.name for r in deployment.units[exemplar.phase][stage].operators}
    for reading in copied:
        name = _copy_name(deployment, exemplar, reading, stage, own, running)
        if name in inside:
            found[reading.name] = name
    return found


def output_name(deployment: Deployment, phase: str) -> str | None:
    """Return the name of the output of a phase, or of its last operator outside all stages."""
    free = [r for r in deployment.operators if r.phase == phase and r.stage is None]
    found = next((r for role in ("output", "head", "sampling") for r in free if r.is_role(role)), None)
    return found.name if found else None


def new_output_name(deployment: Deployment, phase: str, taken: Iterable[str]) -> str:
    """Return a name for the output like that of another phase (`final_output` gives `decode_final_output`)."""
    others = [r.name for r in deployment.operators if r.phase != phase and r.stage is None and r.is_role("output")]
    base = others[0] if others else "final_output"
    name = f"{phase}{'_' if base.isidentifier() else ' '}{base}" if phase else base
    counts: defaultdict[str, int] = defaultdict(int)
    while name in taken:
        counts[base] += 1
        name = f"{phase}_{base}_{counts[base]}"
    return name
