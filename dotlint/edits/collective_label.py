"""Write the label of a new collective in the layout of its exemplar's label."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.gpus_and_dims import Tensors, read_tensors
from dotlint.deployment.shapes import shapes
from dotlint.deployment.words import plain_words
from dotlint.edits.fix_context import NotCertain
from dotlint.edits.gpus.label import gpu_line, with_ids
from dotlint.edits.labels import cells_of, label_of
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from re import Match

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
_NUMBER = regex(r"(\D{0,3})(\d+)")
_BEFORE = regex(r".*\W")
_AFTER = regex(r"\W.*")


class LabelPlan(Struct, frozen=True):
    """What a new collective states: its kind, name, GPUs, and the tensors of the operators around it.

    `like` is the node whose label is the layout, between `before` and `behind`; for its `level`, see
    `collectives.Exemplar`. `shift` renumbers its texts.
    """

    kind: str
    level: int
    before: tuple[Reading, ...]
    like: Reading
    behind: tuple[Reading, ...]
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
    texts = _Texts(plan)
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
        elif devices.spans(line.strip()):
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


class _Texts:
    """Rewrites what a label says besides dimensions and GPUs, as the labels of the exemplar's neighbors and ours differ."""

    def __init__(self, plan: LabelPlan) -> None:
        self.plan = plan
        self.pairs = list(_pairs(plan))
        self.steps: dict[tuple[str, str], set[str]] = {}
        for old, new in self.pairs:
            for one, two in zip(old.lines, new.lines, strict=True):
                before, after = _NUMBER.findall(one), _NUMBER.findall(two)
                if _NUMBER.sub(r"\1#", one) == _NUMBER.sub(r"\1#", two):
                    for (around, number), (_, other) in zip(before, after, strict=True):
                        self.steps.setdefault((around, number), set()).add(other)

    def line(self, line: str) -> str | None:
        """Return a line of the new label; None if it is about the exemplar alone."""
        text = line.strip()
        if self.plan.level == 4:  # the exemplar is of the same unit: what its neighbors state too is true of the unit
            around = (*self.plan.tails[:1], *self.plan.heads[:1])
            return line if all(text in _stripped(cells_of(r)) for r in around) else None
        for old, new in self.pairs:
            if text in (written := _stripped(old)):
                return line.replace(text, new.lines[written.index(text)].strip())
        return self._renumbered(line) if self.plan.level < 2 else None

    def title(self, line: str) -> str:
        """Return the title: that of the exemplar for another unit, or the name of the collective with the unit's number."""
        plan, text = self.plan, line.strip()
        if text == plan.like.name:
            return line.replace(text, plan.name)
        if plan.level < 2 or (plan.level == 2 and set(plain_words(text).split()) <= _NEUTRAL):
            return self._renumbered(line)
        found = _TITLES[plan.kind].search(line) if plan.level == 2 else None
        titles = [r.evidence.title for r in (*plan.tails[:1], *plan.heads[:1])]
        before, after = _shared(titles)
        return line.replace(text, before + (found[0] if found else plan.kind.title()) + after)

    def _renumbered(self, line: str) -> str:
        def move(match: Match[str]) -> str:
            found = self.steps.get((match[1], match[2]), set())
            return match[1] + (next(iter(found)) if len(found) == 1 else match[2])

        moved = _NUMBER.sub(move, line)
        return moved if moved != line or self.pairs else self.plan.shift.text(line)


def _pairs(plan: LabelPlan) -> Iterator[tuple[Label, Label]]:
    """Yield the labels of the exemplar's neighbors, each with that of the same operator beside the new collective."""
    for olds, news in ((plan.behind, plan.heads), (plan.before, plan.tails)):
        for new in news[:1]:
            alike = [r for r in olds if r.role == new.role]
            alike.sort(key=lambda r: r.evidence.name.family != new.evidence.name.family)
            old, own = (cells_of(alike[0]), cells_of(new)) if alike else (None, None)
            if old is not None and own is not None and len(old.lines) == len(own.lines):
                yield old, own


def _stripped(label: Label | None) -> list[str]:
    return [line.strip() for line in label.lines] if label else []


def _shared(titles: list[str]) -> tuple[str, str]:
    """Return what all titles begin and end with, if that has a number: `Layer 3: ` or ` (L3)`."""
    before = _BEFORE.match(_common(titles))
    after = _AFTER.search(_common([title[::-1] for title in titles])[::-1])
    found = [match[0] if match and any(map(str.isdigit, match[0])) else "" for match in (before, after)]
    return found[0], found[1]


def _common(texts: Sequence[str]) -> str:
    return "".join(column[0] for column in takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False)))


def _repeats(label: Label, kept: Iterable[int], line: str) -> bool:
    return any(_side(label.lines[other]) == _side(line) for other in kept)


def _with_gpus(deployment: Deployment, label: Label, plan: LabelPlan) -> Label:
    """Return the label with the GPUs of the plan, in a line as a neighbor on the same GPUs has it if there is one."""
    devices = deployment.vocabulary.devices
    stated = [i for i, line in enumerate(label.lines) if devices.spans(line)]
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


def _gpu_text(reading: Reading, devices: DeviceReader) -> str | None:
    """Return the line of a node's label that states its GPUs and nothing else."""
    for line in _stripped(cells_of(reading))[1:]:
        found = devices.read([line]) if devices.spans(line) and not list(shapes(line)) else None
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
