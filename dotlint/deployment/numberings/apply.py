"""Set stage, layer and the other numbers of every node from the decision of the file."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.numberings.axes import label_marks
from dotlint.deployment.numberings.marks import linked_positions
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.numberings.decision import Decision, Meaning
    from dotlint.strategy.gpus import GpuSet

_FIELDS: tuple[tuple[str, Meaning], ...] = (
    ("layer", "layer"),
    ("replica", "replica"),
    ("micro_batch", "micro-batch"),
    ("step", "step"),
    ("shard", "shard"),
)
_NO_ENDS = {"layer", "replica", "micro-batch", "step"}
"""Meanings of a number that cannot be one of the two stages of a transfer: `send_l0_s1`."""
_OWN = {"label", "name"}


def set_numbers(readings: Sequence[Reading], decision: Decision) -> int:
    """Set the numbers of all nodes, and return the number of the first stage in the file, 0 or 1."""
    for name, meaning in _FIELDS:
        for node, (number, choice) in decision.by_meaning.get(meaning, {}).items():
            reading = readings[node]
            setattr(reading, name, number)
            if name == "layer":
                reading.layer_named = choice.numbering.where in _OWN
            reading.because(f"{meaning} {number} from {choice.numbering.title}")
    stages = decision.by_meaning.get("stage", {})
    links = _named_links(readings, decision)
    numbers = {number for number, _ in stages.values()}
    numbers.update(n for link in links.values() for n in link)
    numbers.update(decision.of_clusters.get("stage", {}).values())
    base = 0 if not numbers or 0 in numbers else 1
    for node, link in links.items():
        readings[node].link = link[0] - base, link[1] - base
        readings[node].because(f"between the stages {link[0]} and {link[1]}, which it names")
    shifted = _other_bases(decision, base)
    for node, (number, choice) in stages.items():
        reading = readings[node]
        if reading.link is None:
            own_base = base + (id(choice) in shifted)
            reading.stage, reading.stage_named = number - own_base, choice.numbering.where in _OWN
            reading.because(f"stage {number} from {choice.numbering.title}")
    _locate_transfers(readings)
    return base


def count_layers(readings: Sequence[Reading]) -> None:
    """Set the indexes of layers: their numbers, counted through all stages if each stage has the same numbers."""
    owned: dict[str | None, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for reading in readings:
        reading.layer_index = reading.layer
        if reading.layer is not None and reading.stage is not None and not reading.annotation:
            owned[reading.phase][reading.stage].add(reading.layer)
    repeated: dict[str | None, int] = {}
    for phase, of_stages in owned.items():
        sets = [frozenset(layers) for layers in of_stages.values()]
        low, high = min(sets[0]), max(sets[0])
        if len(sets) > 1 and len(set(sets)) == 1 and high - low + 1 == len(sets[0]) and low < 2:
            repeated[phase] = len(sets[0])
    for reading in readings:
        if reading.layer is not None and reading.stage is not None and reading.phase in repeated:
            reading.layer_index = reading.layer + reading.stage * repeated[reading.phase]


def _other_bases(decision: Decision, base: int) -> set[int]:
    """Return the numberings of stages that count from 1 although others count from 0: as many values, one further on."""
    numberings = {id(c): c.numbering.numbers for c in decision.choices if c.meaning == "stage"}
    if base or not numberings:
        return set()
    from_0 = {len(numbers) for numbers in numberings.values() if numbers == tuple(range(len(numbers)))}
    return {
        key
        for key, numbers in numberings.items()
        if len(numbers) > 1 and len(numbers) in from_0 and numbers == tuple(range(1, len(numbers) + 1))
    }


def _named_links(readings: Sequence[Reading], decision: Decision) -> dict[int, tuple[int, int]]:
    """Return the two stages that transfers name, as numbered in the file, by the index of the node."""
    stage_words = {c.numbering.word for c in decision.choices if c.meaning == "stage"} | {"stage", "pp"}
    stages = {number for number, _ in decision.by_meaning.get("stage", {}).values()}
    others = {s for c in decision.choices if c.meaning in _NO_ENDS and c.numbering.word for s in c.numbering.slots}
    found: dict[int, tuple[int, int]] = {}
    for reading in readings:
        if reading.kind not in {"communication", "routing", None} or reading.annotation:
            continue
        pair = next(((a, b) for word, a, b in label_marks(reading.evidence).links if word in stage_words), None)
        name = reading.evidence.name
        slots = linked_positions(name) if pair is None else ()
        if slots and (name.words[slots[0]] in stage_words or reading.transfers):
            pair = name.numbers[slots[0]], name.numbers[slots[1]]
        if pair is None and reading.transfers and len(name.numbers) > 1:
            one, two = name.numbers[-2:]
            ends = {(name.family, len(name.numbers) - at) for at in (1, 2)}
            if two == one + 1 and {one, two} <= stages and others.isdisjoint(ends):
                pair = one, two
        if pair is not None and pair[0] != pair[1]:
            found[reading.node.index] = pair
    return found


def _locate_transfers(readings: Sequence[Reading]) -> None:
    """Let devices decide where a send or receive stands that names a stage: it may name the one at the other end.

    A transfer on the devices of two stages is a link between them.
    """
    devices: dict[tuple[str | None, int], list[GpuSet]] = defaultdict(list)
    for reading in readings:
        if reading.stage is not None and reading.gpus and reading.kind not in {"communication", "io"}:
            devices[reading.phase, reading.stage].append(reading.gpus)
    whole = {key: union(dict.fromkeys(sets)) for key, sets in devices.items()}
    for reading in readings:
        if not reading.transfers or reading.gpus is None or reading.link is not None or not whole:
            continue
        touched = [stage for (phase, stage), gpus in whole.items() if phase == reading.phase and gpus & reading.gpus]
        if len(touched) == 1 and reading.gpus <= whole[reading.phase, touched[0]]:
            if reading.stage != touched[0] and (reading.stage_named or reading.stage is None):
                reading.stage = touched[0]
                reading.because("its devices are those of this stage; its name may be that of the other end")
        elif len(touched) == 2 and reading.gpus >= union(whole[reading.phase, stage] for stage in touched):
            reading.link, reading.stage = (min(touched), max(touched)), None
            reading.because("on the devices of two stages: a link between them")
