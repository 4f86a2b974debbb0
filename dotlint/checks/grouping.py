"""Where a finding stands, and how its subject is named."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Graph, Node

Span = tuple[int, int]
LEFT_OUT = "draw everything: the file says that it leaves parts out"
"""What a rule needs that compares units, where a file says that it does not draw them all."""


def of_node(node: Node) -> Span:
    """The statement that declares the node, else its first mention."""
    if node.statements:
        return node.statements[0].start, node.statements[0].end
    return node.span


def of_nodes(readings: Sequence[Reading], graph: Graph) -> Span:
    """Where the first of the nodes is declared; the graph's header where there is none."""
    return of_node(readings[0].node) if readings else graph.header


def units(deployment: Deployment, readings: Iterable[Reading]) -> dict[Unit | None, list[Reading]]:
    """Group nodes for findings: by stage, else by layer, else by family of names; None for those of no unit.

    Stages come first, in the order of phases and stages.
    """
    groups: dict[tuple[int, int, int, Unit | None], list[Reading]] = defaultdict(list)
    for reading in readings:
        phase = deployment.phases.index(reading.phase) if reading.phase in deployment.phases else len(deployment.phases)
        if reading.stage is not None:
            groups[0, phase, reading.stage, deployment.unit(reading.phase, reading.stage)].append(reading)
        elif reading.layer is not None:
            groups[1, phase, reading.layer, Unit(layer=reading.layer)].append(reading)
        else:
            name = reading.evidence.name
            groups[2, phase, 0, Unit(family=name.family) if name.numbers else None].append(reading)
    found: dict[Unit | None, list[Reading]] = {}
    titled: dict[str, Unit | None] = {}
    for key in sorted(groups, key=lambda k: k[:3]):
        found.setdefault(titled.setdefault(str(key[3]), key[3]), []).extend(groups[key])
    return found


def unit_of(deployment: Deployment, readings: Iterable[Reading]) -> Unit | None:
    """Give the first of the units that nodes are of."""
    return next(iter(units(deployment, readings)))


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 edge`, `18 edges`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def the(number: int, singular: str) -> str:
    """`the edge`, `the 18 edges`."""
    return f"the {singular}" if number == 1 else f"the {count(number, singular)}"


def names(readings: Iterable[Reading]) -> tuple[str, ...]:
    """The nodes' names, in order."""
    return tuple(reading.name for reading in readings)


def listed(words: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; past `most` the rest is counted."""
    if len(words) > most:
        return f"{', '.join(words[: most - 1])} and {len(words) - most + 1} more"
    if len(words) > 1:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return words[0] if words else ""


def quoted(words: Sequence[str], most: int = 4) -> str:
    """The same of names in backquotes: `` `a`, `b` and `c` ``."""
    return listed([f"`{word}`" for word in words], most)


def chain(names: Sequence[str], most: int = 12) -> str:
    """`a -> b -> c`; of a longer way the beginning and the end."""
    shown = list(names) if len(names) <= most else [*names[: most - 4], "...", *names[-3:]]
    return " -> ".join(shown)


def of_unit(unit: Unit | None) -> str:
    """` of stage 2`, or nothing where there is no unit to name."""
    return f" of {unit}" if unit else ""


def in_unit(unit: Unit | None) -> str:
    """` in stage 2`, or nothing where there is no unit to name."""
    return f" in {unit}" if unit else ""
