"""Read the line of a label that names GPUs, and write it into other labels in the same style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import label_lines
from dotlint.edits.labels import Label, label_of, subject
from dotlint.engine.finding import Edit
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.strategy.gpus import GpuSet

_KEY = regex(r"(?P<key>[^\W\d][^:：=]{0,20}[:：=]\s*)\S.*")
_SEPARATED = regex(r"\d(\s*(?:-|–|—|~|～|to|through|\.\.\.?|…|至|到)\s*)\d")
_SLICE = regex(r"\d+:\d+")
_LISTED = regex(r"\d(\s*(?:,|，|、|&|\+|and|or|和|与|及)\s*)\d")
_TO = regex(r"\d\s*(?:->|→|=>|⇒|↔)\s*")
_LONGEST_LIST = 16  # ids that are listed; more are written as ranges


class GpuLine(Struct, frozen=True):
    """How one label names its GPUs: the text `before` the ids, the `ids` as written, and the text `after` them.

    `above` and `below` are the subjects of the adjacent lines, None if there is no such line. `several` is true for
    more than one GPU.
    """

    before: str
    ids: str
    after: str
    above: str | None
    below: str | None
    several: bool

    def write(self, gpus: GpuSet) -> str:
        """Return the line for other GPUs."""
        return self.before + spelled_ids(self.ids, gpus) + self.after


def spelled_ids(like: str, gpus: GpuSet) -> str:
    """Return GPUs in the style of `like`: ranges (`0-7`) or a list (`0, 1, 2`), with the same separators."""
    if _SLICE.fullmatch(like) and len(gpus.runs) == 1:
        return f"{gpus.first}:{gpus.last + 1}"
    apart, between = _LISTED.search(like), _SEPARATED.search(like)
    comma = apart[1] if apart else ", " if " " in like else ","
    if apart is not None and between is None and len(gpus) <= _LONGEST_LIST:
        return comma.join(map(str, gpus))
    dash = between[1] if between else "-"
    return comma.join(str(one) if two - one == 1 else f"{one}{dash}{two - 1}" for one, two in gpus.runs)


def gpu_line(reading: Reading, devices: DeviceReader) -> GpuLine | None:
    """Return the line of a node's own label that names only its GPUs; None if there is none."""
    label = label_of(reading)
    if label is None or not reading.own_gpus:
        return None
    for index, line in enumerate(label.lines):
        stripped = line.strip()
        found = devices.spans(stripped)
        if len(found) != 1 or (found[0].at, found[0].end) != (0, len(stripped)):
            continue
        start, end = found[0].span
        last = label.end - 1
        return GpuLine(
            stripped[:start],
            stripped[start:end],
            stripped[end:],
            subject(label.lines[index - 1]) if index else None,
            subject(label.lines[index + 1]) if index < last else None,
            len(reading.gpus or ()) > 1,
        )
    return None


class GpuWriter:
    """Writes GPUs into the labels of one graph, in the style of its other labels."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.devices = deployment.vocabulary.devices
        self._lines: dict[int, GpuLine | None] = {}

    def _line(self, reading: Reading) -> GpuLine | None:
        index = reading.node.index
        if index not in self._lines:
            self._lines[index] = gpu_line(reading, self.devices)
        return self._lines[index]

    def _exemplar(self, gpus: GpuSet, near: Iterable[Reading], reading: Reading) -> GpuLine | None:
        """Return the exemplar of a line: one for the same count (one or several GPUs), the nodes in `near` first."""
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

    def added(self, reading: Reading, gpus: GpuSet, near: Sequence[Reading]) -> Edit | None:
        """Return the edit that adds a line with the GPUs to a label without any; None if the graph has no exemplar."""
        exemplar, label = self._exemplar(gpus, near, reading), label_of(reading)
        if exemplar is None or label is None:
            return None
        return self._verified_edit(label, label.with_lines(_line_index(label, exemplar), [exemplar.write(gpus)]), gpus)

    def set(self, reading: Reading, gpus: GpuSet) -> Edit | None:
        """Return the edit that replaces the ids in a label; None if the label is not their only source."""
        label = label_of(reading)
        stated = reading.evidence.gpus
        if label is None or stated is None or stated.ids != reading.gpus or stated.transfer:
            return None
        exemplar = self._exemplar(gpus, (), reading) if len(stated.ids or ()) == 1 < len(gpus) else None
        new = with_ids(label, gpus, self.devices, exemplar.ids if exemplar else None)
        return self._verified_edit(label, new, gpus) if new is not None else None

    def replaced(self, reading: Reading, gpus: GpuSet) -> Edit | None:
        """Return the edit that replaces a vague line, such as `all GPUs`, by ids."""
        label = label_of(reading)
        vague = reading.evidence.gpus.vague if reading.evidence.gpus else None
        if label is None or vague is None:
            return None
        found = [i for i, line in enumerate(label.lines) if line.strip() == vague]
        if len(found) != 1:
            return None
        exemplar = self._exemplar(gpus, (), reading)
        key = _KEY.fullmatch(vague)
        line = exemplar.write(gpus) if exemplar else (key["key"] if key else "GPU: ") + spelled_ids("", gpus)
        return self._verified_edit(label, label.with_line(found[0], line), gpus)

    def _verified_edit(self, label: Label, new: Label, gpus: GpuSet) -> Edit | None:
        """Return the edit if the new label is read as exactly these GPUs."""
        raw = new.raw()
        read = self.devices.read(label_lines(raw[1:-1]))
        if raw == label.raw() or read is None or read.ids != gpus or read.vague is not None or read.transfer:
            return None
        value = label.attribute.value
        return Edit(value.start, value.end, raw)


def with_ids(label: Label, gpus: GpuSet, devices: DeviceReader, like: str | None = None) -> Label | None:
    """Return a label with its ids replaced; None unless it names ids exactly once.

    They are written in the style of `like`, or of the ids that they replace.
    """
    found = [(i, mention) for i, line in enumerate(label.lines) for mention in devices.spans(line)]
    if len(found) != 1 or any(_TO.search(line) and devices.words.may_be_in(line) for line in label.lines):
        return None
    index, mention = found[0]
    line = label.lines[index]
    start, end = mention.span
    return label.with_line(index, (line[:start] + spelled_ids(like or line[start:end], gpus) + line[end:]).strip())


def _line_index(label: Label, exemplar: GpuLine) -> int:
    """Return the index for the line: before the subject below it in the exemplar, after the one above it, or last."""
    subjects = [subject(line) for line in label.lines[: label.end]]
    if exemplar.below is None:
        return label.end
    if exemplar.below in subjects[1:]:
        return subjects.index(exemplar.below, 1)
    if exemplar.above in subjects:
        return subjects.index(exemplar.above) + 1
    return label.end
