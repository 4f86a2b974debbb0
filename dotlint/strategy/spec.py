"""The strategy specification that users type: "prefill=pp4ep4tp2sp2; decode=pp4ep4tp2sp1@0-31".

spec    := phase (";" phase)*
phase   := [name "="] degrees ["@" gpus]
degrees := term (sep* term)*              sep: - _ , x × * / + or white space, any run of them
term    := axis [("=" | ":" | "-")] integer
gpus    := ids and ranges by comma
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.degrees import AXES, MOST_GPUS, Degrees
from dotlint.strategy.error import StrategyError, mistake
from dotlint.strategy.gpus import GpuSet, parse_gpus
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AXES", "Degrees", "PhaseSpec", "StrategyError", "parse_spec"]

_AXIS: Final = "|".join(sorted(AXES, key=lambda axis: (-len(axis), axis)))
_TERM: Final = regex(rf"({_AXIS})(?:\s*[=:]\s*|-)?([0-9]+)", re.IGNORECASE)
_SEPARATORS: Final = regex(r"[-_,x×*/+\s]*", re.IGNORECASE)
_NAME: Final = regex(r"\s*([^\W\d]\w*)\s*=\s*", needs=("=",))
_TERMS_ONLY: Final = regex(rf"(?:(?:{_AXIS})[0-9]+[_x]*)+", re.IGNORECASE)
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
    "pcp": "cp",
    "data": "dp",
    "fsdp": "dp",
}


class PhaseSpec(Struct, frozen=True):
    """One phase as it was written.

    `name` is lower-case, None where the phase has none; `gpus` None where it has no `@`; `start` and `end`
    are its offsets in the text that was parsed; `file` is the DOT file that holds this phase alone, if any, as
    the strategy file `origin` has it.
    """

    name: str | None
    degrees: Degrees
    gpus: GpuSet | None = None
    start: int = 0
    end: int = 0
    file: str | None = None
    origin: str = ""


def parse_spec(text: str) -> tuple[PhaseSpec, ...]:
    """Read a specification. StrategyError, with the position, on the first thing in it that is not one."""
    if not text.strip():
        raise mistake("a strategy is missing", text, 0, remedy="write one such as pp4ep4tp2sp2")
    phases: list[PhaseSpec] = []
    start = 0
    for part in text.split(";"):
        phase = _parse_phase(text, start, start + len(part))
        _refuse_repeated(phase, phases, text)
        phases.append(phase)
        start += len(part) + 1
    return tuple(phases)


def _refuse_repeated(phase: PhaseSpec, phases: list[PhaseSpec], text: str) -> None:
    if all(earlier.name != phase.name for earlier in phases):
        return
    if phase.name is None:
        what, remedy = "a second phase without a name", "name it, such as decode=..."
    else:
        what, remedy = f"phase {phase.name!r} is repeated", "a phase is declared once"
    raise mistake(what, text, phase.start, length=phase.end - phase.start, remedy=remedy)


def _parse_phase(text: str, start: int, end: int) -> PhaseSpec:
    """Return the phase in `text[start:end]`."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        place = min(start, len(text) - 1)
        raise mistake("a phase is missing", text, place, remedy="one ';' stands between two phases")
    name, after_name = _phase_name(text, start, end)
    at = text.find("@", after_name, end)
    gpus = None
    if at >= 0:
        if not text[at + 1 : end].strip():
            raise mistake("nothing stands after '@'", text, at, remedy="write GPU ids, such as @0-31")
        gpus = parse_gpus(text, at + 1, end)
    degrees = _parse_degrees(text, after_name, end if at < 0 else at)
    return PhaseSpec(name, degrees, gpus, start, end)


def _phase_name(text: str, start: int, end: int) -> tuple[str | None, int]:
    """Return the phase's name and where its degrees begin. `tp=4` and `pp4=` name no phase."""
    match = _NAME.match(text, start, end)
    if match is None or match[1].lower() in AXES or _TERMS_ONLY.fullmatch(match[1]):
        return None, start
    if text[match.end() : match.end() + 1].isdigit():
        return None, start  # "tensor=8" is an axis misspelt, not a phase
    return match[1].lower(), match.end()


def _parse_degrees(text: str, start: int, end: int) -> Degrees:
    """Return the terms in `text[start:end]`, which has at least one."""
    while end > start and text[end - 1].isspace():
        end -= 1
    if start >= end:
        place = min(start, len(text) - 1)
        raise mistake("degrees are missing", text, place, remedy="write them such as pp4ep4tp2sp2")
    found: dict[str, int] = {}
    position = start
    while True:
        match = _TERM.match(text, position, end)
        if match is None:
            raise _not_a_term(text, position, end)
        axis, digits = match[1].lower(), match[2]
        length = match.end() - match.start()
        if axis in found:
            raise mistake(f"axis {axis!r} is repeated", text, position, length=length)
        degree = int(digits) if len(digits) <= 18 else MOST_GPUS + 1
        if degree == 0:
            raise mistake(f"axis {axis!r} is zero", text, position, length=length, remedy="a degree is at least 1")
        if degree > MOST_GPUS:
            remedy = f"degrees end at {MOST_GPUS}"
            raise mistake(f"axis {axis!r} is too large", text, position, length=length, remedy=remedy)
        found[axis] = degree
        if match.end() == end:
            return Degrees.of(found)
        position = _after_separators(text, match.end(), end)


def _after_separators(text: str, start: int, end: int) -> int:
    match = _SEPARATORS.match(text, start, end)
    position = match.end() if match else start
    if position == end:
        rest = text[start:end].strip()
        raise mistake(f"nothing stands after {rest!r}", text, start, length=end - start, remedy="leave it out")
    return position


def _not_a_term(text: str, position: int, end: int) -> StrategyError:
    """Return what is wrong where a term should stand."""
    letters = _LETTERS.match(text, position, end)
    if letters is None:
        if text[position] in "0123456789":
            remedy = "write the axis before its number, such as pp4"
            return mistake("a number belongs to no axis", text, position, remedy=remedy)
        remedy = "a term is an axis and a number, such as pp4 or PP=4"
        return mistake(f"{text[position]!r} is unexpected", text, position, remedy=remedy)
    if text[position - 1 : position] in ("x", "X") and not text[max(0, position - 2) : position - 1].isalnum():
        position -= 1  # the "x" of "pp4 xp2" belongs to the word, that of "pp4xtp2" separates
    word = text[position : letters.end()]
    axis = word.lower()
    if axis in AXES:
        remedy = f"write it such as {axis}2 or {axis}=2, a whole number from 1 on"
        return mistake(f"axis {word!r} has no number", text, position, length=len(word), remedy=remedy)
    suggestion = _LONG_NAMES.get(axis) or nearest(axis, AXES)
    known = f"axes are {', '.join(AXES)}"
    remedy = f"did you mean {suggestion!r}? {known}" if suggestion else known
    return mistake(f"unknown axis {word!r}", text, position, length=len(word), remedy=remedy, suggestion=suggestion)
