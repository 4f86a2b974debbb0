"""The line of a label that names GPUs: how the file writes it, and how it is set or put in elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.gpus_and_dims import GPU_IDS, read_gpus
from dotlint.deployment.words import label_lines
from dotlint.edits.labels import Label, label_of, subject
from dotlint.engine.finding import Edit
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.strategy.gpus import GpuSet

_KEY = regex(r"(?P<key>(?:gpus?|devices?)(?:\s*(?:ids?|ranks?))?\s*[:=]\s*)(?P<rest>\S.*)", re.IGNORECASE)
_SEPARATED = regex(r"\d(\s*(?:-|–|to|\.\.\.?|…)\s*)\d")
_LISTED = regex(r"\d(\s*(?:,|&|\+|and|or)\s*)\d")
_TO = regex(r"\d\s*(?:->|→|=>|⇒|↔)\s*")
_LONGEST_LIST = 16  # ids that are written one by one; more are written as a range


class GpuLine(Struct, frozen=True):
    """How one label names its GPUs: `before` the ids, the `ids` as spelled, and `after` them.

    `above` and `below` are what the lines around it speak of, None where there are none.
    """

    before: str
    ids: str
    after: str
    above: str | None
    below: str | None
    several: bool

    def write(self, gpus: GpuSet) -> str:
        """Write the line for other GPUs."""
        return self.before + spelled_ids(self.ids, gpus) + self.after


def spelled_ids(like: str, gpus: GpuSet) -> str:
    """Spell GPUs as others are spelled: as a range (`0-7`) or one by one (`0, 1, 2`), with the same marks."""
    apart, between = _LISTED.search(like), _SEPARATED.search(like)
    comma = apart[1] if apart else ", " if " " in like else ","
    if apart is not None and between is None and len(gpus) <= _LONGEST_LIST:
        return comma.join(map(str, gpus))
    dash = between[1] if between else "-"
    return comma.join(str(one) if two - one == 1 else f"{one}{dash}{two - 1}" for one, two in gpus.runs)


def gpu_line(reading: Reading) -> GpuLine | None:
    """Give the line of a node's own label that names its GPUs and nothing else; None where there is none."""
    label = label_of(reading)
    if label is None or not reading.own_gpus:
        return None
    for index, line in enumerate(label.lines):
        said = line.strip()
        key = _KEY.fullmatch(said)
        match = GPU_IDS.fullmatch(said) or (GPU_IDS.fullmatch(key["rest"]) if key else None)
        if match is None:
            continue
        shift = 0 if match.string == said else len(said) - len(match.string)
        start, end = match.start("ids") + shift, match.end("ids") + shift
        last = label.ends - 1
        return GpuLine(
            said[:start],
            said[start:end],
            said[end:],
            subject(label.lines[index - 1]) if index else None,
            subject(label.lines[index + 1]) if index < last else None,
            len(reading.gpus or ()) > 1,
        )
    return None


class GpuWriter:
    """Writes GPUs into the labels of one graph, as its other labels name theirs."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._known: dict[int, GpuLine | None] = {}

    def _line(self, reading: Reading) -> GpuLine | None:
        index = reading.node.index
        if index not in self._known:
            self._known[index] = gpu_line(reading)
        return self._known[index]

    def _model(self, gpus: GpuSet, near: Iterable[Reading], reading: Reading) -> GpuLine | None:
        """Find the line to write after the manner of: one of as many GPUs, of the nodes `near` before any other."""
        others = sorted(self.deployment.operators, key=lambda r: abs(r.node.index - reading.node.index))
        best: GpuLine | None = None
        for one in (*near, *others):
            line = self._line(one)
            if line is None:
                continue
            if line.several == (len(gpus) > 1):
                return line
            best = best or line
        return best

    def added(self, reading: Reading, gpus: GpuSet, near: Sequence[Reading] = ()) -> Edit | None:
        """Put a line with the GPUs into a label that names none; None where the file shows no way to write it."""
        model, label = self._model(gpus, near, reading), label_of(reading)
        if model is None or label is None:
            return None
        return _checked(label, label.with_lines(_place(label, model), [model.write(gpus)]), gpus)

    def set(self, reading: Reading, gpus: GpuSet) -> Edit | None:
        """Write other ids in place of the only ones that a label names; None where it names more, or its name does."""
        label = label_of(reading)
        said = reading.evidence.gpus
        if label is None or said is None or said.ids != reading.gpus or said.transfer:
            return None
        model = self._model(gpus, (), reading) if len(said.ids or ()) == 1 < len(gpus) else None
        new = with_ids(label, gpus, model.ids if model else None)
        return _checked(label, new, gpus) if new is not None else None

    def replaced(self, reading: Reading, gpus: GpuSet, near: Sequence[Reading] = ()) -> Edit | None:
        """Write ids in place of a line that speaks of GPUs vaguely."""
        label = label_of(reading)
        vague = reading.evidence.gpus.vague if reading.evidence.gpus else None
        if label is None or vague is None:
            return None
        found = [i for i, line in enumerate(label.lines) if line.strip() == vague]
        if len(found) != 1:
            return None
        model = self._model(gpus, near, reading)
        key = _KEY.fullmatch(vague)
        line = model.write(gpus) if model else (key["key"] if key else "GPU: ") + spelled_ids("", gpus)
        return _checked(label, label.with_line(found[0], line), gpus)


def with_ids(label: Label, gpus: GpuSet, like: str | None = None) -> Label | None:
    """Write other ids in place of those that a label names in one place; None where there are more.

    They are spelled `like` others, or like those that they replace.
    """
    found = [(i, m) for i, line in enumerate(label.lines) for m in GPU_IDS.finditer(line)]
    if len(found) != 1 or any(_TO.search(line) and "gpu" in line.lower() for line in label.lines):
        return None
    index, match = found[0]
    line = label.lines[index]
    start, end = match.span("ids")
    return label.with_line(index, (line[:start] + spelled_ids(like or match["ids"], gpus) + line[end:]).strip())


def _place(label: Label, model: GpuLine) -> int:
    """Tell where the line goes: before what follows it in the model, after what stands before it, else last."""
    subjects = [subject(line) for line in label.lines[: label.ends]]
    if model.below is None:
        return label.ends
    if model.below in subjects[1:]:
        return subjects.index(model.below, 1)
    if model.above in subjects:
        return subjects.index(model.above) + 1
    return label.ends


def _checked(label: Label, new: Label, gpus: GpuSet) -> Edit | None:
    """Give the edit, where what is written reads as just these GPUs."""
    raw = new.raw()
    read = read_gpus(label_lines(raw[1:-1]))
    if raw == label.raw() or read is None or read.ids != gpus or read.vague is not None or read.transfer:
        return None
    value = label.attribute.value
    return Edit(value.start, value.end, raw)
