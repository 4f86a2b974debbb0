"""Write the label of a new collective in the layout of its exemplar's label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.gpus_and_dims import Tensors, read_tensors
from dotlint.deployment.shapes import shapes
from dotlint.deployment.words import plain_words
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.gpus.label import gpu_line, with_ids
from dotlint.edits.labels import label_of
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.patterns.renumber import Shift
    from dotlint.deployment.shapes import Dims
    from dotlint.edits.labels import Label
    from dotlint.strategy.gpus import GpuSet

_TITLES = {"all-reduce": regex(r"(?i)all[ _\-]?reduce"), "all-gather": regex(r"(?i)all[ _\-]?gather|gather")}
# Words of a title that say nothing about the operator in front of the collective.
_NEUTRAL = {
    "all",
    "reduce",
    "allreduce",
    "gather",
    "allgather",
    "collective",
    "op",
    "sum",
    "across",
    "nccl",
    "tp",
    "sp",
}
_NEUTRAL |= {"pp", "rank", "ranks", "gpu", "gpus", "stage", "s", "layer", "l", "block"}


class LabelPlan(Struct, frozen=True):
    """What a new collective states: its kind, name, GPUs, and the tensors of the operators around it.

    `like` is the node whose label is the layout, behind `before`; for its `level`, see `collectives.Exemplar`. `shift`
    renumbers its texts.
    """

    kind: str
    level: int
    before: tuple[Reading, ...]
    like: Reading
    name: str
    tails: tuple[Reading, ...]
    heads: tuple[Reading, ...]
    gpus: GpuSet | None
    shift: Shift


def new_label(deployment: Deployment, label: Label, plan: LabelPlan) -> str:
    """Return the label as written, with its quotes. Raises `NotCertain` if what it states is not certain."""
    given, taken = _dims(plan)
    same = plan.level < 2 and given is not None and _same(_outputs(plan.before[0].evidence.tensors), given)
    devices = deployment.vocabulary.devices
    kept: list[int] = []
    lines = list(label.lines)
    multiple = max(len(plan.like.evidence.tensors.inputs), len(plan.like.evidence.tensors.outputs)) > 1
    for index, line in enumerate(label.lines):
        tensors = read_tensors([line.strip()])
        stated = bool(tensors.inputs or tensors.outputs or tensors.bare)
        if index == 0:
            lines[0] = _title(plan, line)
        elif stated and given is None:
            continue
        elif given is not None and stated and not same:
            if multiple and plan.level < 4:
                raise NotCertain("the other collectives state several inputs")
            if taken is None:
                raise NotCertain(f"`{plan.heads[0].name}` does not state the dimensions that it takes")
            lines[index] = _with_dims(line, tensors, given, taken)
            if multiple and any(_side(label.lines[other]) == _side(line) for other in kept if other):
                continue
        elif index and devices.spans(line.strip()):
            if plan.gpus is None:
                continue
        elif not stated and line.strip():
            if plan.level > 1:
                continue
            lines[index] = plan.shift.text(line)
        kept.append(index)
    written = replace(
        label,
        lines=tuple(lines[i] for i in kept),
        breaks=tuple(label.breaks[i - 1] for i in kept[1:]),
    )
    return (_with_gpus(deployment, written, plan) if plan.gpus is not None else written).raw()


def _with_gpus(deployment: Deployment, label: Label, plan: LabelPlan) -> Label:
    """Return the label with the GPUs of the plan, in a line as a neighbor on the same GPUs has it if there is one."""
    devices = deployment.vocabulary.devices
    stated = [i for i, line in enumerate(label.lines) if devices.spans(line)]
    if not stated:
        return label
    index = stated[-1]
    if len(stated) == 1 and index:
        for reading in (*plan.heads, *deployment.operators):
            line = _gpu_text(reading, devices) if reading.gpus == plan.gpus and reading.own_gpus else None
            if line is not None:
                return label.with_line(index, line)
    moved = with_ids(label, plan.gpus, devices, _ids_like(deployment, plan)) if plan.gpus is not None else None
    if moved is None:
        raise NotCertain("the GPUs of the other collectives are written in a way of their own")
    return moved


def _gpu_text(reading: Reading, devices: DeviceReader) -> str | None:
    """Return the line of a node's label that states its GPUs and nothing else."""
    label = label_of(reading)
    for line in label.lines[1:] if label else ():
        found = devices.read([line.strip()]) if devices.spans(line) and not list(shapes(line)) else None
        if found is not None and found.ids == reading.gpus:
            return line.strip()
    return None


def _dims(plan: LabelPlan) -> tuple[Dims | None, Dims | None]:
    """Return the dimensions that the collective takes and gives, as the operators around it state them."""
    stated = [_outputs(r.evidence.tensors) for r in plan.tails]
    given = stated[0]
    if given is None or any(one is None or one.values != given.values for one in stated):
        return None, None
    if plan.kind == "all-reduce":
        return given, given
    taken = {d.values: d for r in plan.heads for d in r.evidence.tensors.inputs}
    return given, next(iter(taken.values())) if len(taken) == 1 else None


def _outputs(tensors: Tensors) -> Dims | None:
    stated = tensors.outputs or tensors.bare
    return stated[0] if len(stated) == 1 else None


def _same(one: Dims | None, two: Dims) -> bool:
    return one is not None and (one.keys, one.values) == (two.keys, two.values)


def _side(line: str) -> str:
    tensors = read_tensors([line.strip()])
    return "in" if tensors.inputs else "out" if tensors.outputs else ""


def _with_dims(line: str, tensors: Tensors, given: Dims, taken: Dims) -> str:
    """Return a line of dimensions with others."""
    sides = [*(given for _ in tensors.inputs), *(taken for _ in (*tensors.outputs, *tensors.bare))]
    found = list(shapes(line))
    if len(found) != len(sides):
        raise NotCertain(f"the dimensions in `{line.strip()}` are written in a way of their own")
    for shape, dims in reversed(list(zip(found, sides, strict=True))):
        close = line[shape.end - 1] if shape.bracket else ""
        line = line[: shape.start] + shape.bracket + dims.text + close + line[shape.end :]
    return line


def _title(plan: LabelPlan, line: str) -> str:
    """Return the title: that of the exemplar for another unit, or only the name of the collective."""
    stripped = line.strip()
    if stripped == plan.like.name:
        return line.replace(stripped, plan.name)
    if plan.level < 2 or (plan.level == 2 and set(plain_words(stripped).split()) <= _NEUTRAL):
        return plan.shift.text(line)
    found = _TITLES[plan.kind].search(line) if plan.level == 2 else None
    bare = found[0] if found else plan.kind.title()
    return line.replace(stripped, bare)


def _ids_like(deployment: Deployment, plan: LabelPlan) -> str | None:
    """Return ids that show how as many GPUs are written, if the exemplar states another number of them."""
    several = plan.gpus is not None and len(plan.gpus) > 1
    if several == (len(plan.like.gpus or ()) > 1):
        return None
    for reading in deployment.operators:
        if reading.gpus and (len(reading.gpus) > 1) == several and reading.own_gpus:
            line = gpu_line(reading, deployment.vocabulary.devices)
            if line is not None:
                return line.ids
    return None
