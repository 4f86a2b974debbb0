"""Single differences, before equal ones are folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.comparison.elements import UNIT
from dotlint.comparison.model import SECTIONS, Difference, Item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.comparison.elements import Element
    from dotlint.comparison.model import Change, Section


class Single(Struct, frozen=True):
    """One difference; those that agree in everything but `item` are reported once. `what` names the kind of thing."""

    section: Section
    change: Change
    what: str
    item: Item
    field: str = ""
    was: str = ""
    now: str = ""
    undecided: bool = False


def fold(singles: Iterable[Single]) -> list[Difference]:
    """Return equal differences as one, in the order of the sections and of their first item."""
    folded: dict[tuple[object, ...], list[Item]] = {}
    for one in singles:
        key = (one.section, one.change, one.what, one.field, one.was, one.now, one.undecided)
        folded.setdefault(key, []).append(one.item)
    found = [
        Difference(section, change, what, tuple(items), field, was, now, undecided)  # type: ignore[arg-type]
        for (section, change, what, field, was, now, undecided), items in folded.items()
    ]
    return sorted(found, key=lambda one: SECTIONS.index(one.section))


def unit_of(one: Element) -> dict[str, str | int]:
    """Return the phase, stage and layer of an element, by the numbers of the file."""
    if one.deployment is None:
        return {}
    phase, stage, layer = (one.stated[name] for name in UNIT)
    stage = None if stage is None else one.deployment.stage_number(stage)
    found = {"phase": phase or None, "stage": stage, "layer": layer}
    return {name: value for name, value in found.items() if value is not None}
