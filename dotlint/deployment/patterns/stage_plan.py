"""Plan the missing stages of a phase: operators, their edges, and the links between stages."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.patterns.renumber import GPU_WORDS, Shift, ShiftError, map_gpus, with_numbers
from dotlint.deployment.words import number_spans
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading, Stage
    from dotlint.strategy.gpus import GpuSet

Pair = tuple[str, str]
_MOST_LINKS = 4096  # the most edges between two stages, as many as from 64 ranks to all 64 of the next
# Roles at the ends of the model, which no other stage has.
_MODEL_ENDS = ("input", "embedding", "head", "sampling")


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
    exemplar = max(drawn.values(), key=lambda unit: _completeness(unit, len(drawn), with_output))
    if not _inner_edges(exemplar):
        return []
    output = _output_name(deployment, phase)
    taken = set(deployment.by_name)
    copied = _operators_of_every_stage(exemplar, len(drawn), with_output)
    names: dict[int, dict[str, str]] = {exemplar.stage: {r.name: r.name for r in copied}}
    shifts = {stage: _shift(deployment, exemplar, stage, gpus, certain=certain) for stage in lacking}
    running = _running_numbers(drawn)
    for stage in lacking:
        names[stage] = {}
        for reading in copied:
            if (stage == 0 and reading.is_role("receive")) or (stage == stage_count - 1 and reading.is_role("send")):
                continue  # there is no stage to receive from or to send to
            name = _copy_name(deployment, exemplar, reading, stage, shifts[stage], running)
            while name in taken:
                name += "_new"
            taken.add(name)
            names[stage][reading.name] = name
    for stage in drawn:
        if stage != exemplar.stage:
            names[stage] = _names_in_drawn_stage(deployment, exemplar, copied, stage, running, shifts)
    links = _links(drawn, names)
    inner = [
        pair for pair in _inner_edges(exemplar) if pair[0] in names[exemplar.stage] and pair[1] in names[exemplar.stage]
    ]
    ends = {}
    for stage in lacking:
        here = [reading for reading in copied if reading.name in names[stage]]
        ends[stage] = _first_and_last(here, [p for p in inner if p[0] in names[stage] and p[1] in names[stage]])
    plans: list[StagePlan] = []
    for stage in lacking:
        own = names[stage]
        entries, exits = ends[stage]
        before: list[str] = []
        if stage - 1 in shifts:
            before = [names[stage - 1][name] for name in ends[stage - 1][1]]
        elif stage - 1 in drawn:
            before = _first_and_last(drawn[stage - 1].operators, _inner_edges(drawn[stage - 1]))[1]
        if stage == 0:
            before = _open_inputs(deployment, phase)
        after = (
            _first_and_last(drawn[stage + 1].operators, _inner_edges(drawn[stage + 1]))[0] if stage + 1 in drawn else []
        )
        entering = _links_like(links, names.get(stage - 1, {}), own) or _connect(
            before, [own[name] for name in entries]
        )
        leaving = _links_like(links, own, names[stage + 1]) if stage + 1 in drawn else []
        leaving = leaving or _connect([own[name] for name in exits], after)
        new_output = None
        if stage == stage_count - 1:
            if output is None:
                new_output = output = _new_output_name(deployment, phase, taken)
            leaving += [(own[name], output) for name in exits]
        headers = [] if stage in units and units[stage].headers else exemplar.headers
        plans.append(
            StagePlan(
                phase=phase,
                stage=stage,
                exemplar=exemplar,
                gpus=gpus.get(stage),
                copies=tuple((r, own[r.name]) for r in copied if r.name in own),
                headers=tuple(
                    (
                        r,
                        renumber(
                            r.name,
                            stage_position(r, exemplar, deployment),
                            deployment.stage_number(stage),
                            shifts[stage],
                        ),
                    )
                    for r in headers
                ),
                inner=tuple((own[tail], own[head]) for tail, head in inner if tail in own and head in own),
                entering=tuple(entering),
                leaving=tuple(leaving),
                new_output=new_output,
                shift=shifts[stage],
                cross_phase=tuple(_cross_phase_edges(deployment, exemplar, own, stage, shifts[stage])),
            )
        )
    return plans


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


def _links(drawn: Mapping[int, Stage], names: Mapping[int, Mapping[str, str]]) -> list[Pair]:
    """Return the edges from a drawn stage to the next, by the names of the exemplar, in document order.

    Of several pairs of stages, the one with the most edges is used, if every end corresponds to an exemplar node.
    """
    best: list[Pair] = []
    for stage, unit in drawn.items():
        if stage + 1 not in drawn:
            continue
        tails = {name: exemplar_name for exemplar_name, name in names.get(stage, {}).items()}
        heads = {name: exemplar_name for exemplar_name, name in names.get(stage + 1, {}).items()}
        beyond = {r.name for r in drawn[stage + 1].operators}
        edges = [e for r in unit.operators for e in r.node.out_edges if e.head.name in beyond]
        edges.sort(key=lambda edge: edge.index)
        pairs = [
            (tails[e.tail.name], heads[e.head.name]) for e in edges if e.tail.name in tails and e.head.name in heads
        ]
        if len(pairs) == len(edges) > len(best):
            best = pairs
    return best


def _cross_phase_edges(
    deployment: Deployment, exemplar: Stage, own: Mapping[str, str], stage: int, shift: Shift | None
) -> Iterator[tuple[Pair, Pair]]:
    """Yield edges to and from the drawn stage of another phase, such as those that transfer the KV cache."""
    if shift is None:
        return
    names_only = Shift(shift.before, shift.after, shift.layers, shift.layer_step)
    for reading in exemplar.operators:
        for edge in (*reading.node.in_edges, *reading.node.out_edges):
            out = edge.tail is reading.node
            other = deployment.readings[(edge.head if out else edge.tail).index]
            if other.phase in (None, exemplar.phase) or other.stage != exemplar.stage or reading.name not in own:
                continue
            unit = deployment.units[other.phase or ""][other.stage]
            name = renumber(other.name, stage_position(other, unit, deployment), shift.after, names_only)
            there = deployment.by_name.get(name)
            if there is not None and there.phase == other.phase and there.stage == stage:
                pair = (own[reading.name], name) if out else (name, own[reading.name])
                yield pair, (edge.tail.name, edge.head.name)


def _links_like(links: Iterable[Pair], tails: Mapping[str, str], heads: Mapping[str, str]) -> list[Pair]:
    """Return the edges between two stages that correspond to `links`; empty if an end does not exist."""
    links = list(links)
    if not all(tail in tails and head in heads for tail, head in links):
        return []
    return [(tails[tail], heads[head]) for tail, head in links]


def _connect(exits: list[str], entries: list[str]) -> list[Pair]:
    """Connect all exits of a stage to all entries of the next; one to one if that would be too many edges."""
    if len(exits) * len(entries) > _MOST_LINKS:
        many = max(len(exits), len(entries))
        return [(exits[i % len(exits)], entries[i % len(entries)]) for i in range(many)]
    return [(tail, head) for tail in exits for head in entries]


def _completeness(unit: Stage, drawn: int, with_output: int) -> tuple[int, int, int]:
    """Return the rank of a unit as exemplar: most of what every stage has, then least else, then the first."""
    kept = _operators_of_every_stage(unit, drawn, with_output)
    names = {reading.name for reading in kept}
    inner = sum(tail in names and head in names for tail, head in _inner_edges(unit))
    return inner + len(kept), -len(unit.operators), -unit.stage


def _operators_of_every_stage(unit: Stage, drawn: int, with_output: int) -> list[Reading]:
    """Return the operators that every stage has, without those of the ends of the model.

    An output belongs to each stage if other stages have one too, or if it names the stage and no other stage is
    drawn: of the `drawn` stages, `with_output` have one.
    """
    outputs = with_output > bool(unit.with_role("output"))
    kept = [
        reading
        for reading in unit.operators
        if not reading.is_role(*_MODEL_ENDS)
        and (not reading.is_role("output") or outputs or (drawn == 1 and reading.stage_named))
    ]
    return kept if len(kept) > 1 else unit.operators


def _shift(
    deployment: Deployment, exemplar: Stage, stage: int, gpus: Mapping[int, GpuSet], *, certain: bool
) -> Shift | None:
    """Return the renumbering from the exemplar to the stage; None if its GPUs are unknown."""
    layers, step = _layers_and_step(deployment, exemplar, stage)
    named = [r.gpus for r in exemplar.operators if r.gpus]
    moved: dict[int, int] = {}
    if named:
        target = _stage_gpus(deployment, exemplar, stage, gpus, certain=certain)
        moved = map_gpus(exemplar.stated or union(named), target) if target else {}
        if not moved:
            return None
    shift = Shift(
        deployment.stage_number(exemplar.stage),
        deployment.stage_number(stage),
        layers,
        step,
        moved,
        deployment.vocabulary.devices,
    )
    try:
        for reading in exemplar.operators + exemplar.headers:
            shift.name(reading.name, None)
            shift.text(reading.node.attributes.get("label", ""))
    except ShiftError:
        return None
    return shift


def _stage_gpus(
    deployment: Deployment, exemplar: Stage, stage: int, gpus: Mapping[int, GpuSet], *, certain: bool
) -> GpuSet | None:
    """Return the GPUs of the stage: as laid out if the exemplar follows the layout, else as in another phase."""
    own = exemplar.stated or union(r.gpus for r in exemplar.operators if r.gpus)
    if gpus.get(exemplar.stage) == own:
        return gpus.get(stage)
    if certain:
        return None
    for units in deployment.units.values():
        here, there = units.get(exemplar.stage), units.get(stage)
        if here is None or there is None or here is exemplar:
            continue
        one, two = (unit.stated or union(r.gpus for r in unit.operators if r.gpus) for unit in (here, there))
        if one == own and len(two) == len(one):
            return two
    return None


def _layers_and_step(deployment: Deployment, exemplar: Stage, stage: int) -> tuple[tuple[int, int] | None, int]:
    """Return the first and last layer of the exemplar, and the distance to those of the stage."""
    own = _layer_range(exemplar)
    if own is None:
        return None, 0
    size = own[1] - own[0] + 1
    for units in deployment.units.values():
        there = _layer_range(units[stage]) if stage in units else None
        if there is not None and there[1] - there[0] + 1 == size:
            return own, there[0] - own[0]
    return own, (stage - exemplar.stage) * size


def _layer_range(unit: Stage) -> tuple[int, int] | None:
    if unit.layers is not None:
        return unit.layers
    layers = [reading.layer for reading in unit.operators if reading.layer is not None]
    return (min(layers), max(layers)) if layers else None


def _inner_edges(unit: Stage) -> list[Pair]:
    inside = {reading.name for reading in unit.operators}
    edges = [edge for reading in unit.operators for edge in reading.node.out_edges if edge.head.name in inside]
    return [(edge.tail.name, edge.head.name) for edge in sorted(edges, key=lambda edge: edge.index)]


def _first_and_last(operators: Iterable[Reading], inner: Iterable[Pair]) -> tuple[list[str], list[str]]:
    """Return the operators of a unit that its own edges only leave, and those that they only enter."""
    tails, heads = {tail for tail, _ in inner}, {head for _, head in inner}
    names = [reading.name for reading in operators]
    return [n for n in names if n in tails and n not in heads], [n for n in names if n in heads and n not in tails]


def _output_name(deployment: Deployment, phase: str) -> str | None:
    free = [r for r in deployment.operators if r.phase == phase and r.stage is None]
    found = next((r for role in ("output", "head", "sampling") for r in free if r.is_role(role)), None)
    return found.name if found else None


def _open_inputs(deployment: Deployment, phase: str) -> list[str]:
    """Return the inputs of the model, and its embedding, that feed nothing."""
    free = (r for r in deployment.operators if r.phase == phase and r.stage is None and not r.node.out_edges)
    return [r.name for r in free if r.is_role("input", "embedding")]


def _new_output_name(deployment: Deployment, phase: str, taken: Iterable[str]) -> str:
    """Return a name for the output like that of another phase (`final_output` gives `decode_final_output`)."""
    others = [r.name for r in deployment.operators if r.phase != phase and r.stage is None and r.is_role("output")]
    base = others[0] if others else "final_output"
    name = f"{phase}{'_' if base.isidentifier() else ' '}{base}" if phase else base
    counts: defaultdict[str, int] = defaultdict(int)
    while name in taken:
        counts[base] += 1
        name = f"{phase}_{base}_{counts[base]}"
    return name
