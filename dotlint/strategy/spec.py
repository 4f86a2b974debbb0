"""The strategy specification as users type it: "prefill=pp4ep4tp2sp2; decode=pp4ep4tp2sp1@0-31".

spec    := phase (";" phase)*
phase   := [name "="] degrees ["@" gpus]
degrees := term (sep* term)*              sep: - _ , x × * / + or white space, any run of them
term    := (axis | alias) [("=" | ":" | "-")] integer
alias   := pcp (cp) | moe_tp (etp) | moe_ep (ep) | dep (tp1, dp and ep) | tep (tp and ep)
gpus    := ids and ranges, separated by commas
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.degrees import AXES, MOST_GPUS, Degrees
from dotlint.strategy.error import StrategyError, error_at
from dotlint.strategy.gpus import GpuSet, parse_gpus
from dotlint.strategy.model import ModelFacts  # noqa: TC001 - msgspec reads cached specifications by this type
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AXES", "Degrees", "PhaseSpec", "StrategyError", "parse_spec"]

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "pcp": ("cp",),  # prefill context parallel (vLLM)
    "moe_tp": ("etp",),  # TensorRT-LLM
    "moe_ep": ("ep",),
    "dep": ("dp", "ep", "tp"),  # attention by data parallelism, its TP is 1 (Dynamo)
    "tep": ("tp", "ep"),
}
_WORDS: Final = (*AXES, *_ALIASES)
_AXIS: Final = "|".join(sorted(_WORDS, key=lambda axis: (-len(axis), axis)))
_TERM: Final = regex(rf"({_AXIS})(?:\s*[=:]\s*|-)?([0-9]+)", re.IGNORECASE)
_SEPARATORS: Final = regex(r"[-_,x×*/+\s]*", re.IGNORECASE)
_NAME: Final = regex(r"\s*([^\W\d]\w*)\s*=\s*", needs=("=",))
_TERMS_ONLY: Final = regex(rf"(?:(?:{_AXIS})[0-9]+[_x]*)+", re.IGNORECASE)
_PHASES: Final = ("prefill", "decode")
_LETTERS: Final = regex(r"[^\W\d_]+")
_LONG_NAMES: Final[Mapping[str, str]] = {
    "pipeline": "pp",
    "pipe": "pp",
    "virtual": "vpp",
    "expert": "ep",
    "experts": "ep",
    "tensor": "tp",
    "model": "tp",
    "mp": "tp",
    "sequence": "sp",
    "seq": "sp",
    "ulysses": "sp",
    "context": "cp",
    "data": "dp",
    "fsdp": "dp",
}


class PhaseSpec(Struct, frozen=True, repr_omit_defaults=True):
    """One phase as written.

    `name` is lowercase, or None if the phase has none; `gpus` is None without `@`; `start` and `end` are its span in
    the parsed text; `file` is the DOT file of this phase alone, if any, as written in the strategy file `origin`;
    `world` is the number of GPUs that it is started on, if stated, and `facts` are those of this phase alone. `origins`
    are axes and facts with the launch option that states them, and where.
    """

    name: str | None
    degrees: Degrees
    gpus: GpuSet | None = None
    start: int = 0
    end: int = 0
    file: str | None = None
    origin: str = ""
    world: int | None = None
    facts: ModelFacts | None = None
    origins: tuple[tuple[str, str], ...] = ()


def parse_spec(text: str) -> tuple[PhaseSpec, ...]:
    """Parse a specification. Raises `StrategyError`, with the position, at the first mistake."""
    if not text.strip():
        raise error_at("a strategy is missing", text, 0, remedy="write one, such as pp4ep4tp2sp2")
    phases: list[PhaseSpec] = []
    start = 0
    for part in text.split(";"):
        phase = _parse_phase(text, start, start + len(part))
        _check_not_repeated(phase, phases, text)
        phases.append(phase)
        start += len(part) + 1
    return tuple(phases)


def _check_not_repeated(phase: PhaseSpec, phases: list[PhaseSpec], text: str) -> None:
    if all(earlier.name != phase.name for earlier in phases):
        return
    if phase.name is None:
        what, remedy = "a second phase without a name", "name it, such as decode=..."
    else:
        what, remedy = f"phase {phase.name!r} is repeated", "declare each phase once"
    raise error_at(what, text, phase.start, length=phase.end - phase.start, remedy=remedy)


def _parse_phase(text: str, start: int, end: int) -> PhaseSpec:
    """Return the phase in `text[start:end]`."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        position = min(start, len(text) - 1)
        raise error_at("a phase is missing", text, position, remedy="write a single ';' between two phases")
    name, after_name = _phase_name(text, start, end)
    at = text.find("@", after_name, end)
    gpus = None
    if at >= 0:
        if not text[at + 1 : end].strip():
            raise error_at("nothing follows '@'", text, at, remedy="write GPU ids, such as @0-31")
        gpus = parse_gpus(text, at + 1, end)
    degrees = _parse_degrees(text, after_name, end if at < 0 else at)
    return PhaseSpec(name, degrees, gpus, start, end)


def _phase_name(text: str, start: int, end: int) -> tuple[str | None, int]:
    """Return the name of the phase and the offset of its degrees. `tp=4` and `pp4=` have no name."""
    match = _NAME.match(text, start, end)
    if match is None or match[1].lower() in _WORDS or _TERMS_ONLY.fullmatch(match[1]):
        return None, start
    if text[match.end() : match.end() + 1].isdigit():
        return None, start  # "tensor=8" is a misspelled axis, not a phase
    name = match[1].lower()
    suggestion = misspelled_phase(name)
    if suggestion is not None:
        message = f"unknown phase {match[1]!r}"
        remedy = f"did you mean {suggestion!r}?"
        raise error_at(message, text, match.start(1), length=len(name), remedy=remedy, suggestion=suggestion)
    return name, match.end()


def misspelled_phase(name: str) -> str | None:
    """Return the phase, prefill or decode, of which `name` is a misspelling; None for other names of phases."""
    stem = name.lower().split("_")[0].rstrip("0123456789")
    for phase in _PHASES:
        if stem != phase and stem[:1] == phase[0] and nearest(stem, [phase], least=0.8):
            return phase
    return None


def _parse_degrees(text: str, start: int, end: int) -> Degrees:
    """Parse the terms in `text[start:end]`, of which there must be at least one."""
    while end > start and text[end - 1].isspace():
        end -= 1
    if start >= end:
        position = min(start, len(text) - 1)
        raise error_at("degrees are missing", text, position, remedy="write them, such as pp4ep4tp2sp2")
    found: dict[str, int] = {}
    position = start
    while True:
        match = _TERM.match(text, position, end)
        if match is None:
            raise _term_error(text, position, end)
        word, digits = match[1].lower(), match[2]
        length = match.end() - match.start()
        axes = _ALIASES.get(word, (word,))
        axis = next((axis for axis in axes if axis in found), axes[0])
        if axis in found:
            raise error_at(f"axis {axis!r} is repeated", text, position, length=length)
        degree = int(digits) if len(digits) <= 18 else MOST_GPUS + 1
        if degree == 0:
            raise error_at(f"axis {axis!r} is zero", text, position, length=length, remedy="a degree is at least 1")
        if degree > MOST_GPUS:
            remedy = f"the largest degree is {MOST_GPUS}"
            raise error_at(f"axis {axis!r} is too large", text, position, length=length, remedy=remedy)
        found |= {axis: 1 if word == "dep" and axis == "tp" else degree for axis in axes}
        if match.end() == end:
            return Degrees.of(found)
        position = _after_separators(text, match.end(), end)


def _after_separators(text: str, start: int, end: int) -> int:
    match = _SEPARATORS.match(text, start, end)
    position = match.end() if match else start
    if position == end:
        rest = text[start:end].strip()
        raise error_at(f"nothing follows {rest!r}", text, start, length=end - start, remedy="remove it")
    return position


def _term_error(text: str, position: int, end: int) -> StrategyError:
    """Return the error for text that is not a term."""
    letters = _LETTERS.match(text, position, end)
    if letters is None:
        if text[position] in "0123456789":
            remedy = "write the axis before its number, such as pp4"
            return error_at("a number without an axis", text, position, remedy=remedy)
        remedy = "a term is an axis and a number, such as pp4 or PP=4"
        return error_at(f"unexpected {text[position]!r}", text, position, remedy=remedy)
    if text[position - 1 : position] in ("x", "X") and not text[max(0, position - 2) : position - 1].isalnum():
        position -= 1  # the "x" of "pp4 xp2" belongs to the word, that of "pp4xtp2" separates
    word = text[position : letters.end()]
    axis = word.lower()
    if axis in _WORDS:
        remedy = f"write a positive integer after it, such as {axis}2 or {axis}=2"
        return error_at(f"axis {word!r} has no number", text, position, length=len(word), remedy=remedy)
    suggestion = _LONG_NAMES.get(axis) or nearest(axis, _WORDS)
    known = f"axes are {', '.join(AXES)}"
    remedy = f"did you mean {suggestion!r}? {known}" if suggestion else known
    return error_at(f"unknown axis {word!r}", text, position, length=len(word), remedy=remedy, suggestion=suggestion)
