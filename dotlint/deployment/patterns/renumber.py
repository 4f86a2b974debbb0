"""Rewrite names and labels of one stage for another: stage numbers, layers and GPUs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment.words import number_spans, parse_name
from dotlint.errors import DotlintError
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from re import Match

    from dotlint.deployment.devices.reader import DeviceReader
    from dotlint.strategy.gpus import GpuSet

_LAYER_WORDS = {"layer", "l", "lay", "lyr", "block", "layers"}
GPU_WORDS = {"gpu", "gpus", "device"}
# Ends of lines in a label, so that no phrase is matched across two lines.
_BREAKS = regex(r"(\\[nlr]|<[^<>]*>|\r?\n|\||&#10;)", re.IGNORECASE)
_LINK = regex(
    r"(?<!(?-i:[A-Za-z]))(stages?[\s_]*)(\d+)(\s*(?:->|→|to|=>|-|/)\s*(?:stage[\s_]*)?)(\d+)",
    re.IGNORECASE,
    needs=("stage",),
)
_STAGE = regex(
    r"(?<!(?-i:[A-Za-z]))((?:pipeline[\s_]*)?stage[\s_:#=]*|pp[\s_]*(?:stage|rank)[\s_:#=]*|pp[\s_]?)(\d+)\b(?!\s*(?:x|×|gpus?\b|stages?\b))",
    re.IGNORECASE,
)
_LAYERS = regex(
    r"(?<!(?-i:[A-Za-z]))((?:layers?|lyr|blocks?)[\s_:#=]*\(?|L)(\d+)(?:(\s*(?:-|–|—|to|\.\.\.?|…|through)\s*L?)(\d+))?\b",
    re.IGNORECASE,
)
_ID_RANGE = regex(r"(\d+)(?:(\s*(?:-|–|—|~|～|to|through|\.\.\.?|…|至|到)\s*(?:[^\W\d_]+[\s_-]?)?)(\d+))?")


class ShiftError(DotlintError):
    """A text names a layer or a GPU that does not correspond to one of the other stage."""


class Shift(Struct, frozen=True):
    """The renumbering from one stage to another.

    `before` and `after` are the stage numbers in the file; `layers` are the first and last layer of the first stage,
    which move by `layer_step`, or None if the file states no layers; `gpus` maps its GPUs to those of the other, in the
    texts that `devices` reads.
    """

    before: int
    after: int
    layers: tuple[int, int] | None = None
    layer_step: int = 0
    gpus: Mapping[int, int] = field(default_factory=dict)
    devices: DeviceReader | None = None

    def text(self, text: str) -> str:
        """Return a label or a comment, renumbered.

        Raises `ShiftError` if that is ambiguous.
        """
        return "".join(
            piece if index % 2 else self._renumber_line(piece) for index, piece in enumerate(_BREAKS.split(text))
        )

    def name(self, text: str, position: int | None) -> str:
        """Return a name, renumbered.

        `position` is the index of its number that is the stage, or None.
        """
        name = parse_name(text)
        values = list(name.numbers)
        for i, (word, value) in enumerate(zip(name.words, name.numbers, strict=True)):
            if i == position:
                values[i] = self.after
            elif word in GPU_WORDS and self.gpus:
                values[i] = self._gpu(value)
            elif word in _LAYER_WORDS and self._inside(value):
                values[i] = value + self.layer_step
        return with_numbers(text, values)

    def _inside(self, layer: int) -> bool:
        return self.layers is not None and self.layers[0] <= layer <= self.layers[1]

    def _gpu(self, gpu: int) -> int:
        if gpu in self.gpus:
            return self.gpus[gpu]
        steps = {two - one for one, two in self.gpus.items()}
        if len(steps) > 1 or gpu + min(steps) < 0:
            raise ShiftError(f"GPU {gpu} is not a GPU of the stage")
        return gpu + steps.pop()  # a GPU of another stage, named by a transfer

    def _renumber_line(self, line: str) -> str:
        linked = _LINK.search(line) is not None
        line = _LINK.sub(self._renumber_link, line) if linked else _STAGE.sub(self._renumber_stage, line)
        if self.layers is not None:
            line = _LAYERS.sub(self._renumber_layers, line)
        if self.gpus and self.devices is not None:
            for mention in reversed(self.devices.spans(line)):
                start, end = mention.span
                line = line[:start] + self._renumber_ids(line[start:end]) + line[end:]
        return line

    def _renumber_link(self, match: Match[str]) -> str:
        step = self.after - self.before
        return f"{match[1]}{int(match[2]) + step}{match[3]}{int(match[4]) + step}"

    def _renumber_stage(self, match: Match[str]) -> str:
        return match[1] + str(self.after) if int(match[2]) == self.before else match[0]

    def _renumber_layers(self, match: Match[str]) -> str:
        first, last = int(match[2]), int(match[4] or match[2])
        is_count = match[4] is None and "s" in match[1].lower()  # `Layers: 4` is a count
        if is_count or not (self._inside(first) and self._inside(last)):
            return match[0]
        moved = match[1] + str(first + self.layer_step)
        return moved + (match[3] + str(last + self.layer_step) if match[4] else "")

    def _renumber_ids(self, ids: str) -> str:
        if ":" in ids:
            raise ShiftError(f"the slice {ids} is not renumbered")
        return _ID_RANGE.sub(self._id_range, ids)

    def _id_range(self, match: Match[str]) -> str:
        first = int(match[1])
        if match[3] is None:
            return str(self._gpu(first))
        last = int(match[3])
        low, high = self._gpu(first), self._gpu(last)
        if high - low != last - first:
            raise ShiftError(f"GPUs {first}-{last} would not stay contiguous")
        return f"{low}{match[2]}{high}"


def with_numbers(text: str, values: Sequence[int]) -> str:
    """Return a name with other numbers; a number with leading zeros keeps its width."""
    found: list[str] = []
    at = 0
    for (start, end), value in zip(number_spans(text), values, strict=True):
        width = end - start if text[start] == "0" else 0
        found += (text[at:start], str(value).zfill(width))
        at = end
    return "".join(found) + text[at:]


def map_gpus(before: GpuSet, after: GpuSet) -> dict[int, int]:
    """Pair the GPUs of two sets of equal size in order; empty if the sizes differ."""
    one, two = list(before), list(after)
    return dict(zip(one, two, strict=True)) if len(one) == len(two) else {}
