"""Rewrite what the label of a collective states besides dimensions and GPUs for another unit."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import plain_words
from dotlint.edits.labels import cells_of
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from re import Match

    from dotlint.deployment.model import Reading
    from dotlint.deployment.patterns.renumber import Shift
    from dotlint.edits.labels import Label
    from dotlint.strategy.gpus import GpuSet

_TITLES = {"all-reduce": regex(r"(?i)all[ _\-]?reduce"), "all-gather": regex(r"(?i)all[ _\-]?gather|gather")}
# Words of a title that do not describe the operator in front of the collective.
_NEUTRAL = {
    "all", "reduce", "allreduce", "gather", "allgather", "collective", "op", "sum", "across", "nccl", "tp",
    "sp", "pp", "rank", "ranks", "gpu", "gpus", "stage", "s", "layer", "l", "block",
}  # fmt: skip
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


class Texts:
    """Rewrites what a label states besides dimensions and GPUs, as the labels of the exemplar's neighbors and ours differ."""

    def __init__(self, plan: LabelPlan) -> None:
        self._plan = plan
        self._pairs = list(_pairs(plan))
        self._steps: dict[tuple[str, str], set[str]] = {}
        for old, new in self._pairs:
            title = next((line for line in old.lines if line.strip()), "")
            for one, two in zip(old.lines, new.lines, strict=True):
                before, after = _NUMBER.findall(one), _NUMBER.findall(two)
                if _NUMBER.sub(r"\1#", one) == _NUMBER.sub(r"\1#", two):
                    for (around, number), (_, other) in zip(before, after, strict=True):
                        self._steps.setdefault((around, number), set()).add(other)
                    if (
                        one is title and before and one.rstrip().endswith(before[-1][1])
                    ):  # `MLP 3` shows the number of `All-Reduce 3`
                        self._steps.setdefault(("", before[-1][1]), set()).add(after[-1][1])

    def line(self, line: str) -> str | None:
        """Return a line of the new label; None if it is about the exemplar alone."""
        text = line.strip()
        if self._plan.level == 4:  # the exemplar is of the same unit: what its neighbors state too is true of the unit
            around = (*self._plan.tails[:1], *self._plan.heads[:1])
            return line if all(text in stripped(cells_of(r)) for r in around) else None
        for old, new in self._pairs:
            if text in (written := stripped(old)):
                return line.replace(text, new.lines[written.index(text)].strip())
        return self._renumbered(line) if self._plan.level < 2 else None

    def title(self, line: str) -> str:
        """Return the title: that of the exemplar for another unit, or the name of the collective with the unit's number."""
        plan, text = self._plan, line.strip()
        if text == plan.like.name:
            return line.replace(text, plan.name)
        if plan.level < 2 or (plan.level == 2 and set(plain_words(text).split()) <= _NEUTRAL):
            return self._renumbered(line)
        found = _TITLES[plan.kind].search(line) if plan.level == 2 else None
        titles = [r.evidence.title for r in (*plan.tails, *plan.heads)]
        before, after = _shared(titles)
        return line.replace(text, before + (found[0] if found else plan.kind.title()) + after)

    def _renumbered(self, line: str) -> str:
        def move(match: Match[str]) -> str:
            found = self._steps.get((match[1], match[2]), set())
            if not found and not line[match.end() :].strip():
                found = self._steps.get(("", match[2]), set())
            return match[1] + (next(iter(found)) if len(found) == 1 else match[2])

        moved = _NUMBER.sub(move, line)
        return moved if moved != line else self._plan.shift.text(line)


def _pairs(plan: LabelPlan) -> Iterator[tuple[Label, Label]]:
    """Yield the labels of the exemplar's neighbors, each with that of the same operator beside the new collective."""
    for olds, news in ((plan.behind, plan.heads), (plan.before, plan.tails)):
        for new in news[:1]:
            alike = [r for r in olds if r.role == new.role]
            alike.sort(key=lambda r: r.evidence.name.family != new.evidence.name.family)
            old, own = (cells_of(alike[0]), cells_of(new)) if alike else (None, None)
            if old is not None and own is not None and len(old.lines) == len(own.lines):
                yield old, own


def stripped(label: Label | None) -> list[str]:
    """Return the lines or cells of a label without blanks around them."""
    return [line.strip() for line in label.lines] if label else []


def _shared(titles: list[str]) -> tuple[str, str]:
    """Return what all titles begin and end with, if that has a number: `Layer 3: ` or ` (L3)`."""
    before = _BEFORE.match(_common(titles))
    after = _AFTER.search(_common([title[::-1] for title in titles])[::-1])
    found = [match[0] if match and any(map(str.isdigit, match[0])) else "" for match in (before, after)]
    return found[0], found[1]


def _common(texts: Sequence[str]) -> str:
    return "".join(column[0] for column in takewhile(lambda c: len(set(c)) == 1, zip(*texts, strict=False)))
