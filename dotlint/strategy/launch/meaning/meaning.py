"""What all engines have in common: degrees and facts as the options state them, and DP from the number of GPUs."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from dotlint.strategy.degrees import AXES
from dotlint.strategy.model import MODEL_FACTS

if TYPE_CHECKING:
    from dotlint.strategy.launch.options import Options


class Meaning(Struct):
    """Degrees by axis, facts by name, the number of GPUs if it is known, and notes for people."""

    degrees: dict[str, int]
    facts: dict[str, Any]
    world: int | None = None
    notes: list[str] = field(default_factory=list)


def stated(options: Options, world: int | None) -> Meaning:
    """Return the axes and facts that the options state without further rules."""
    degrees: dict[str, int] = {axis: options.get(axis) for axis in AXES if axis in options.given}
    facts = {name: options.get(name) for name in MODEL_FACTS if name in options.given}
    return Meaning(degrees, facts, world)


def started_on(options: Options, world: int | None) -> int | None:
    """Return the number of GPUs that a training job is started on: nodes times processes of a node, if stated."""
    nodes, per_node = options.get("nodes", 1), options.get("per_node")
    if options.undecided - options.given.keys():
        per_node = None
    return world or options.get("world") or (nodes * per_node if per_node else None)


def fill_world(meaning: Meaning, axes: tuple[str, ...]) -> None:
    """Name the DP that fills the number of GPUs with replicas over `axes`; if none does, the plan is impossible."""
    if meaning.world is None or "dp" in meaning.degrees:
        return
    size = prod(meaning.degrees.get(axis, 1) for axis in axes)
    if meaning.world % size == 0:
        meaning.degrees["dp"] = meaning.world // size


def note_unknown_world(meaning: Meaning) -> None:
    """Note that the number of replicas is unknown, where it follows from a number of GPUs that nothing states."""
    if meaning.world is None and "dp" not in meaning.degrees:
        meaning.notes.append("the number of GPUs is not stated, so DP is taken as 1: state it with --world N")
