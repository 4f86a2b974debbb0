"""Write the label of a new collective in the layout of its exemplar's label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.deployment.gpus_and_dims import Tensors, read_tensors
from dotlint.deployment.shapes import shapes
from dotlint.edits.collective_texts import Texts, stripped
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.gpus.label import gpu_line, with_ids
from dotlint.edits.labels import cells_of, label_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.edits.collective_texts import LabelPlan
    from dotlint.edits.labels import Label


def new_label(deployment: Deployment, label: Label, plan: LabelPlan) -> str:
    """Return the label as written, with its quotes. Raises `NotCertain` if what it states is not certain."""
    given, taken = _dims(plan)
    same = plan.level < 2 and given is not None and _same(_outputs(plan.before[0].evidence.tensors), given)
    devices = deployment.vocabulary.devices
    texts = Texts(plan)
    kept: list[int] = []
    lines = list(label.lines)
    title = next((i for i, line in enumerate(lines) if line.strip()), 0)
    tensors = plan.like.evidence.tensors
    several = max(len(tensors.inputs), len(tensors.outputs)) > 1
    for index, line in enumerate(label.lines):
        stated = read_tensors([line.strip()])
        if not line.strip():
            pass
        elif index == title:
            lines[index] = texts.title(line)
        elif stated.inputs or stated.outputs or stated.bare:
            if given is None or (several and plan.level == 4 and _repeats(label, kept, line)):
                continue
            if not same:
                if several and plan.level < 4:
                    raise NotCertain("the other collectives state several inputs")
                if taken is None:
                    raise NotCertain(f"`{plan.heads[0].name}` does not state the dimensions that it takes")
                lines[index] = _with_dims(line, stated, given, taken)
        elif _names_gpus(devices, line):
            if plan.gpus is None:
                continue
        elif (text := texts.line(line)) is not None:
            lines[index] = text
        else:
            continue
        kept.append(index)
    if len(kept) < len(lines) and label_of(plan.like) is None:
        raise NotCertain("the cells of the other collectives do not fit")
    written = replace(label, lines=tuple(lines[i] for i in kept), breaks=tuple(label.breaks[i - 1] for i in kept[1:]))
    return (_with_gpus(deployment, written, plan) if plan.gpus is not None else written).raw()


def _repeats(label: Label, kept: Iterable[int], line: str) -> bool:
    return any(_side(label.lines[other]) == _side(line) for other in kept)


def _with_gpus(deployment: Deployment, label: Label, plan: LabelPlan) -> Label:
    """Return the label with the GPUs of the plan, in a line as a neighbor on the same GPUs has it if there is one."""
    devices = deployment.vocabulary.devices
    stated = [i for i, line in enumerate(label.lines) if _names_gpus(devices, line)]
    if not stated or plan.gpus is None:
        return label
    index = stated[-1]
    if len(stated) == 1 and index:
        for reading in (*plan.heads, *deployment.operators):
            line = _gpu_text(reading, devices) if reading.gpus == plan.gpus and reading.own_gpus else None
            if line is not None:
                return label.with_line(index, line)
    moved = with_ids(label, plan.gpus, devices, _ids_like(deployment, plan))
    if moved is None:
        raise NotCertain("the GPUs of the other collectives are written in a way of their own")
    return moved


def _names_gpus(devices: DeviceReader, line: str) -> bool:
    read = devices.read([line.strip()]) if line.strip() and not list(shapes(line)) else None
    return bool(devices.spans(line)) or (read is not None and bool(read.ids))


def _gpu_text(reading: Reading, devices: DeviceReader) -> str | None:
    """Return the line of a node's label that states its GPUs and nothing else."""
    for line in stripped(cells_of(reading))[1:]:
        found = devices.read([line]) if not list(shapes(line)) else None
        if found is not None and found.ids == reading.gpus:
            return line
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
