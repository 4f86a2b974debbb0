"""Edges inside a stage, between stages and between phases, as a drawn stage has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.patterns.renumber import Shift
from dotlint.deployment.patterns.stage_names import renumber, stage_position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading, Stage

Pair = tuple[str, str]
_MOST_LINKS = 4096  # the most edges between two stages, as many as from 64 ranks to all 64 of the next


def links(drawn: Mapping[int, Stage], names: Mapping[int, Mapping[str, str]]) -> list[Pair]:
    """Return the edges from a drawn stage to the next, by the names of the exemplar, in document order.

    Of several pairs of stages, the one with the most edges is used, if every end corresponds to an exemplar node.
    """
    best: list[Pair] = []
    for stage, unit in drawn.items():
        if stage + 1 not in drawn:
            continue
        tails = {name: exemplar_name for exemplar_name, name in names.get(stage, {}).items()}
        heads = {name: exemplar_name for exemplar_name, name in names.get(stage + 1, {}).items()}
        beyond = {r.name for r in drawn[stage + 1].operators}
        edges = [e for r in unit.operators for e in r.node.out_edges if e.head.name in beyond]
        edges.sort(key=lambda edge: edge.index)
        pairs = [
            (tails[e.tail.name], heads[e.head.name]) for e in edges if e.tail.name in tails and e.head.name in heads
        ]
        if len(pairs) == len(edges) > len(best):
            best = pairs
    return best


def cross_phase_edges(
    deployment: Deployment, exemplar: Stage, own: Mapping[str, str], stage: int, shift: Shift | None
) -> Iterator[tuple[Pair, Pair]]:
    """Yield edges to and from the drawn stage of another phase, such as those that transfer the KV cache."""
    if shift is None:
        return
    names_only = Shift(shift.before, shift.after, shift.layers, shift.layer_step)
    for reading in exemplar.operators:
        for edge in (*reading.node.in_edges, *reading.node.out_edges):
            out = edge.tail is reading.node
            other = deployment.readings[(edge.head if out else edge.tail).index]
            if other.phase in (None, exemplar.phase) or other.stage != exemplar.stage or reading.name not in own:
                continue
            unit = deployment.units[other.phase or ""][other.stage]
            name = renumber(other.name, stage_position(other, unit, deployment), shift.after, names_only)
            there = deployment.by_name.get(name)
            if there is not None and there.phase == other.phase and there.stage == stage:
                pair = (own[reading.name], name) if out else (name, own[reading.name])
                yield pair, (edge.tail.name, edge.head.name)


def links_like(links: Iterable[Pair], tails: Mapping[str, str], heads: Mapping[str, str]) -> list[Pair]:
    """Return the edges between two stages that correspond to `links`; empty if an end does not exist."""
    links = list(links)
    if not all(tail in tails and head in heads for tail, head in links):
        return []
    return [(tails[tail], heads[head]) for tail, head in links]


def connect(exits: list[str], entries: list[str]) -> list[Pair]:
    """Connect all exits of a stage to all entries of the next; one to one if that would be too many edges."""
    if len(exits) * len(entries) > _MOST_LINKS:
        many = max(len(exits), len(entries))
        return [(exits[i % len(exits)], entries[i % len(entries)]) for i in range(many)]
    return [(tail, head) for tail in exits for head in entries]


def inner_edges(unit: Stage) -> list[Pair]:
    """Return the edges between operators of a stage, in document order."""
    inside = {reading.name for reading in unit.operators}
    edges = [edge for reading in unit.operators for edge in reading.node.out_edges if edge.head.name in inside]
    return [(edge.tail.name, edge.head.name) for edge in sorted(edges, key=lambda edge: edge.index)]


def first_and_last(operators: Iterable[Reading], inner: Iterable[Pair]) -> tuple[list[str], list[str]]:
    """Return the operators of a unit that its own edges only leave, and those that they only enter."""
    tails, heads = {tail for tail, _ in inner}, {head for _, head in inner}
    names = [reading.name for reading in operators]
    return [n for n in names if n in tails and n not in heads], [n for n in names if n in heads and n not in tails]


def open_inputs(deployment: Deployment, phase: str) -> list[str]:
    """Return the inputs of the model, and its embedding, that feed nothing."""
    free = (r for r in deployment.operators if r.phase == phase and r.stage is None and not r.node.out_edges)
    return [r.name for r in free if r.is_role("input", "embedding")]
