"""Copy tensor dimensions into labels that lack them, from operators of the same kind that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.gpus_and_dims import Tensors, read_tensors
from dotlint.deployment.words import label_lines, plain_words
from dotlint.edits.labels import Label, label_of, subject
from dotlint.engine.finding import Edit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims

OperatorKind = tuple[str | None, str, str]
Sides = tuple[tuple[str, tuple[str, ...]], ...]


class DimensionCopier:
    """Indexes the dimensions that operators state, by phase, role and title without numbers."""

    def __init__(self, deployment: Deployment) -> None:
        self._exemplars: dict[OperatorKind, list[Reading]] = {}
        self._agreed: dict[OperatorKind, Sides | None] = {}
        for reading in deployment.operators:
            kind = _operator_kind(reading)
            if kind is not None and _states_both(reading.evidence.tensors):
                self._exemplars.setdefault(kind, []).append(reading)

    def edits(self, lacking: Iterable[Reading]) -> list[Edit]:
        """Return edits for the operators whose dimensions can be inferred."""
        return [edit for reading in lacking if (edit := self._edit(reading))]

    def _edit(self, reading: Reading) -> Edit | None:
        kind = _operator_kind(reading)
        own = reading.evidence.tensors
        if kind not in self._exemplars or own.bare or _states_both(own):
            return None
        if kind not in self._agreed:
            self._agreed[kind] = _agreed(self._exemplars[kind])
        sides = self._agreed[kind]
        if sides is None or not set(_sizes(_sides(reading))) <= set(sides):
            return None  # it states other dimensions than its siblings
        exemplar = self._exemplars[kind][0]
        target, source = label_of(reading), label_of(exemplar)
        new = _with_dims(target, source, own) if target and source else None
        if target is None or new is None or not _is_read_as(new, exemplar.evidence.tensors):
            return None
        return Edit(target.attribute.value.start, target.attribute.value.end, new.raw())


def with_shape(reading: Reading, sibling: Reading) -> Edit | None:
    """Return the edit that writes a sibling's dimensions over those of an operator; None if they cannot be replaced."""
    label, usual = label_of(reading), sibling.evidence.tensors
    if label is None:
        return None
    new, left = label, {side: list(shapes) for side, shapes in _by_side(usual)}
    for at, line in enumerate(label.lines):
        written = line.strip()
        for side, shapes in _by_side(read_tensors([written])):
            for dims in shapes:
                if not left[side]:
                    return None
                written = written.replace(dims.text, left[side].pop(0).text, 1)
        new = new.with_line(at, written)
    read = _by_side(read_tensors(label_lines(new.raw()[1:-1])))
    if [(side, [d.text for d in shapes]) for side, shapes in read] != [
        (side, [d.text for d in shapes]) for side, shapes in _by_side(usual)
    ]:
        return None
    return Edit(label.attribute.value.start, label.attribute.value.end, new.raw())


def _by_side(tensors: Tensors) -> list[tuple[str, tuple[Dims, ...]]]:
    return [("in", tensors.inputs), ("out", tensors.outputs), ("bare", tensors.bare)]


def _operator_kind(reading: Reading) -> OperatorKind | None:
    if reading.role is None or reading.summary or not reading.evidence.title:
        return None
    return reading.phase, reading.role.name, plain_words(reading.evidence.title)


def _agreed(exemplars: Iterable[Reading]) -> Sides | None:
    """Return the dimensions that all exemplars state; None if they differ or leave a size open."""
    stated = {_sizes(_sides(exemplar)) for exemplar in exemplars}
    sides = stated.pop()
    return None if stated or any("?" in value for _, values in sides for value in values) else sides


def _states_both(tensors: Tensors) -> bool:
    return bool(tensors.inputs and tensors.outputs)


def _sides(reading: Reading) -> list[tuple[str, Dims]]:
    tensors = reading.evidence.tensors
    return [*(("in", dims) for dims in tensors.inputs), *(("out", dims) for dims in tensors.outputs)]


def _sizes(sides: Iterable[tuple[str, Dims]]) -> Sides:
    return tuple((side, (*dims.keys, *dims.values)) for side, dims in sides)


def _is_read_as(label: Label, tensors: Tensors) -> bool:
    """Return whether the label is read with these dimensions."""
    read = read_tensors(label_lines(label.raw()[1:-1]))
    return [d.values for d in (*read.inputs, *read.outputs)] == [d.values for d in (*tensors.inputs, *tensors.outputs)]


def _with_dims(target: Label, source: Label, own: Tensors) -> Label | None:
    """Return the target with the dimension lines of the source that it lacks, in the order of the source's lines."""
    stating = [i for i, line in enumerate(source.lines) if _side(line)]
    if not stating or stating != list(range(stating[0], stating[-1] + 1)):
        return None
    stated = {"in": bool(own.inputs), "out": bool(own.outputs)}
    put = [line.strip() for i in stating if not stated.get(_side(line := source.lines[i]) or "", False)]
    subjects = [subject(line) for line in target.lines[: target.end]]
    present = [i for i, line in enumerate(target.lines) if _side(line)]
    if present:
        at = present[0] if stated["out"] else present[-1] + 1
    else:
        follower = next((subject(line) for line in source.lines[stating[-1] + 1 :] if line.strip()), None)
        at = subjects.index(follower, 1) if follower in subjects[1:] else target.end
    usual = source.breaks[0] if source.breaks else "\\n"
    return target.with_lines(at, put, usual) if put and at else None


def _side(line: str) -> str | None:
    """Return which side a line states: `in`, `out` or `both`; None if it states no dimensions."""
    tensors = read_tensors([line.strip()])
    if tensors.inputs and tensors.outputs:
        return "both"
    return "in" if tensors.inputs else "out" if tensors.outputs else None
