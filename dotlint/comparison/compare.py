"""Compare two linted files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.comparison.align import align
from dotlint.comparison.changes import Single, fold
from dotlint.comparison.clusters import cluster_changes
from dotlint.comparison.edges import edge_changes
from dotlint.comparison.elements import elements_of
from dotlint.comparison.findings import finding_changes
from dotlint.comparison.layout import count_layout, count_text
from dotlint.comparison.matching import correspond
from dotlint.comparison.model import Alike, Comparison, Facts, Item, Matched
from dotlint.comparison.nodes import node_changes
from dotlint.comparison.stages import whole_units
from dotlint.comparison.strategies import strategy_changes
from dotlint.errors import DotlintError
from dotlint.strategy.gpus import union
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.comparison.correspondence import Correspondence
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.engine.result import FileResult


def compare(before: FileResult, after: FileResult, *, missing: tuple[bool, bool] = (False, False)) -> Comparison:
    """Return what differs between two files; `missing` is which of them does not exist, so that its text is empty.

    Graphs that are no deployments are compared as graphs. Raises `DotlintError` if a file could not be read.
    """
    contexts = _context(before), _context(after)
    deployments = all(one.is_deployment or absent for one, absent in zip(contexts, missing, strict=True))
    found = Comparison(
        _facts(before, missing=missing[0]), _facts(after, missing=missing[1]), (before, after), deployments
    )
    found.notes += dict.fromkeys(_notes(contexts, missing))
    singles: list[Single] = []
    classes: tuple[dict[tuple[int, str], object], dict[tuple[int, str], object]] = ({}, {})
    for number, (one, two) in enumerate(_graphs(*contexts)):
        if one is None or two is None:
            singles += _only(one or two, "removed" if two is None else "added")
            continue
        corresponding = _correspond(one, two)
        singles += _of_graphs(found, corresponding, one, two)
        for side, elements, ids in zip(
            classes, (corresponding.first, corresponding.second), corresponding.classes(), strict=True
        ):
            graph = one.graph if side is classes[0] else two.graph
            side.update(
                {(graph.index, element.name): (number, own) for element, own in zip(elements, ids, strict=True)}
            )
    if deployments and not any(missing):
        singles += strategy_changes(*contexts, others=bool(singles))
    found.differences = fold(singles)
    found.findings = finding_changes(before.findings, after.findings, classes)
    count_text(found.layout, before.document, after.document, equal=not singles)
    return found


def _context(result: FileResult) -> FileContext:
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable}")
    return result.context


def _facts(result: FileResult, *, missing: bool) -> Facts:
    document = _context(result).document
    recognized = [graph.deployment for graph in _context(result).graphs if graph.deployment.recognized]
    gpus = union(r.gpus for deployment in recognized for r in deployment.operators if r.gpus)
    stages = sum(len(units) for deployment in recognized for units in deployment.units.values())
    edges = sum(len(graph.edges) for graph in document.graphs)
    return Facts(result.path, document.node_count, edges, len(gpus) if gpus else 0, stages, missing)


def _notes(contexts: tuple[FileContext, FileContext], missing: tuple[bool, bool]) -> Iterator[str]:
    for context, absent in zip(contexts, missing, strict=True):
        if context.document.problems:
            yield f"{context.name} has syntax errors: only what could be parsed is compared"
        if context.document.edge_count is None:
            yield f"{context.name} has too many edges to expand: not all of them are compared"
        if not absent and not context.document.graphs:
            yield f"{context.name} has no graph"
    recognized = [one.is_deployment for one, absent in zip(contexts, missing, strict=True) if not absent]
    if len(set(recognized)) > 1:
        other = contexts[recognized.index(False)].name
        yield f"no deployment is recognized in {other}: both files are compared as plain graphs"


def _graphs(before: FileContext, after: FileContext) -> Iterator[tuple[GraphContext | None, GraphContext | None]]:
    """Pair the graphs of two files: by name if each name is unique, the others in order."""
    left, right = list(before.graphs), list(after.graphs)
    names = [Counter(graph.graph.name for graph in side) for side in (left, right)]
    if len(left) > 1 or len(right) > 1:
        by_name = {graph.graph.name: graph for graph in right if names[1][graph.graph.name] == 1}
        for one in list(left):
            two = by_name.get(one.graph.name) if one.graph.name and names[0][one.graph.name] == 1 else None
            if two is not None:
                left.remove(one)
                right.remove(two)
                yield one, two
    for index in range(max(len(left), len(right))):
        yield (left[index] if index < len(left) else None), (right[index] if index < len(right) else None)


def _only(context: GraphContext | None, change: str) -> Iterator[Single]:
    """Yield a graph that only one file has."""
    assert context is not None
    graph = context.graph
    names = (graph.name or f"graph {graph.index + 1}",)
    before, after = (names, None) if change == "removed" else (None, names)
    numbers = f"{count(len(graph.nodes), 'node')}, {count(len(graph.edges), 'edge')}"
    yield Single("graphs", change, "", Item(before, after, {}, len(graph.edges)), now=numbers)  # type: ignore[arg-type]


def _correspond(one: GraphContext, two: GraphContext) -> Correspondence:
    both = one.deployment.recognized and two.deployment.recognized
    first = elements_of(one.graph, one.deployment if both else None)
    second = elements_of(two.graph, two.deployment if both else None)
    if both:
        align(first, second)
    return correspond(first, second)


def _of_graphs(found: Comparison, corresponding: Correspondence, one: GraphContext, two: GraphContext) -> list[Single]:
    plain = any(element.reading is None for element in (*corresponding.first[:1], *corresponding.second[:1]))
    singles: list[Single] = []
    for name in ("directed", "strict"):
        was, now = getattr(one.graph, name), getattr(two.graph, name)
        if was != now:
            item = Item((one.graph.name or "",), (two.graph.name or "",))
            singles.append(Single("graphs", "changed", "", item, name, str(was).lower(), str(now).lower()))
    edges = edge_changes(corresponding, one.graph, two.graph, plain=plain)
    removed, added = ([], []) if plain else whole_units(corresponding)
    gone = {index for unit in removed for index in unit.members}
    come = {index for unit in added for index in unit.members}
    for unit, counts in (*((unit, edges.removed) for unit in removed), *((unit, edges.added) for unit in added)):
        number = sum(counts[index] for index in unit.members)
        singles.append(replace(unit.single, item=replace(unit.single.item, edges=number)))
    singles += node_changes(corresponding, edges.removed, edges.added, without=(gone, come))
    singles += edges.singles
    if plain:
        singles += cluster_changes(corresponding, one.graph, two.graph)
    count_layout(found.layout, corresponding, one.graph, two.graph, plain=plain)
    first, second = corresponding.first, corresponding.second
    found.matched.append(
        Matched(
            [(first[a].name, second[b].name) for a, b in corresponding.pairs.items()],
            [
                Alike(tuple(first[i].name for i in some), tuple(second[i].name for i in others))
                for some, others in corresponding.groups
            ],
        )
    )
    return singles
