"""The units of several differences in words: `of stages 2 to 4`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def of_units(units: Sequence[Mapping[str, str | int]]) -> str:
    """Return ` of stages 2 to 4`, ` of layer 7`, ` of the prefill phase`; "" if some have no unit."""
    title = title_of(units)
    return f" of {title}" if title else ""


def title_of(units: Sequence[Mapping[str, str | int]]) -> str:
    """Return the title of units: their stages, or else layers, by phase; "" if some have none of them."""
    for level in ("stage", "layer"):
        if all(level in unit for unit in units):
            by_phase: dict[str, list[int]] = {}
            for unit in units:
                by_phase.setdefault(str(unit.get("phase", "")), []).append(int(unit[level]))
            layers = ""
            if level == "stage" and len({unit["stage"] for unit in units}) == 1 and all("layer" in u for u in units):
                layers = f"{_numbered('layer', [int(unit['layer']) for unit in units])} of "
            titles = [f"{f'{p} ' if p else ''}{_numbered(level, numbers)}" for p, numbers in by_phase.items()]
            return layers + listed(titles, 6)
    phases = list(dict.fromkeys(str(unit["phase"]) for unit in units if unit.get("phase")))
    if phases and all(unit.get("phase") for unit in units):
        return f"the {listed(phases, 6)} phase{'s' if len(phases) > 1 else ''}"
    return ""


def _numbered(noun: str, numbers: Iterable[int]) -> str:
    ordered = sorted(set(numbers))
    runs: list[list[int]] = []
    for number in ordered:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [text for run in runs for text in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(n) for n in run])]
    return f"{noun}{'s' if len(ordered) > 1 else ''} {listed(texts, 8)}"
