"""The strategy that a file declares in headers, comments, cluster labels, the name of its graph or its own name."""

from __future__ import annotations

import os
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from dotlint.strategy import Degrees, Layout, Strategy, StrategyError
from dotlint.strategy.declarations import DeclaredDegrees, rank_axes, read_declarations, read_file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from dotlint.graph.document import Document
    from dotlint.graph.model import Graph, Node

    _Read = Callable[[str], tuple[DeclaredDegrees, ...]]


class Declaration(Struct, frozen=True):
    """Degrees and a GPU total from one comment, label or name; `where` names it in messages.

    `graph` is the index of the graph that it belongs to; None for comments and file names, which are about all graphs.
    """

    where: str
    start: int
    end: int
    phase: str | None
    degrees: dict[str, int]
    gpus: int | None
    graph: int | None

    @property
    def several_axes(self) -> bool:
        """Whether it has two axes or more, so that it is a strategy and not the degree of one operator."""
        return len(self.degrees) > 1

    @property
    def spec(self) -> str:
        """The degrees in the format of `--strategy`."""
        spec = "".join(f"{axis}{value}" for axis, value in self.degrees.items())
        return f"{self.phase}={spec}" if self.phase else spec


def declarations(document: Document, name: str, phases: Collection[str] = ()) -> tuple[Declaration, ...]:
    """Return the declarations of a file in text order, that of the file name last.

    `phases` are the names of those of the strategy. Labels of nodes count only if the node has no edges: `TP=2` on an
    operator is about that operator.
    """
    text = document.text
    if "p" not in text.lower():
        return ()
    read = partial(read_declarations, ranks=rank_axes([text[: 1 << 20]]), names=phases)
    found: list[Declaration] = []
    for comment in document.comments:
        content = text[comment.start : comment.end]
        if len(content) < 2000:
            found += _declarations_in(content, "the comment", comment.start, comment.end, None, read)
    for graph in document.graphs:
        found += _in_graph(graph, read)
    found = [d for d in found if d.several_axes or d.gpus is not None]
    found.sort(key=lambda d: d.start)
    from_name = read_file_name(os.path.basename(name))
    if from_name is not None:
        found.append(_declaration(from_name, "the file's name", 0, 0, None))
    return tuple(found)


def _in_graph(graph: Graph, read: _Read) -> Iterator[Declaration]:
    start, end = graph.header
    if graph.name:
        yield from _declarations_in(graph.name, "the graph's name", start, end, graph.index, read)
    if graph.label:
        yield from _declarations_in(graph.label, "the graph's label", start, end, graph.index, read)
    clusters = [
        declaration
        for subgraph in graph.subgraphs
        if (label := subgraph.own_attributes.get("label", ""))
        for declaration in _declarations_in(
            label, f"cluster `{subgraph.name or ''}`", subgraph.start, subgraph.start + 1, graph.index, read
        )
    ]
    yield from _without_ranks(clusters)
    touched = {node.index for edge in graph.edges for node in (edge.tail, edge.head)}
    for node in graph.nodes.values():
        if node.index not in touched and node.declared:
            yield from _in_header(node, graph.index, read)


def _without_ranks(clusters: list[Declaration]) -> Iterator[Declaration]:
    """Yield the declarations of clusters without the axes that number them: `TP8-PP1` beside `TP8-PP2`."""
    values: dict[tuple[str | None, str], list[int]] = {}
    for declaration in clusters:
        for axis, value in declaration.degrees.items():
            values.setdefault((declaration.phase, axis), []).append(value)
    numbered = {
        key
        for key, found in values.items()
        if len(found) > 1 and found[0] in (0, 1) and found == list(range(found[0], found[0] + len(found)))
    }
    for declaration in clusters:
        degrees = {a: n for a, n in declaration.degrees.items() if (declaration.phase, a) not in numbered}
        yield structs.replace(declaration, degrees=degrees)


def _in_header(node: Node, graph: int, read: _Read) -> Iterator[Declaration]:
    label = node.label
    if "put:" in label.lower() or len(label) > 2000:
        return  # an isolated operator, not a header
    start, end = node.attribute_span("label") or node.span
    yield from (d for d in _declarations_in(label, f"header `{node.name}`", start, end, graph, read) if d.several_axes)


def _declarations_in(
    text: str, where: str, start: int, end: int, graph: int | None, read: _Read
) -> Iterator[Declaration]:
    for declared in read(text):
        yield _declaration(declared, where, start, end, graph)


def _declaration(declared: DeclaredDegrees, where: str, start: int, end: int, graph: int | None) -> Declaration:
    return Declaration(
        where,
        start,
        end,
        declared.phase,
        {term.axis: term.value for term in declared.terms},
        declared.total.value if declared.total else None,
        graph,
    )


def strategy_of_file(found: tuple[Declaration, ...]) -> tuple[Strategy, bool] | None:
    """Return the strategy that a file declares, and whether its GPUs are certain; None if there is none or several.

    The GPUs are certain if the file states a total that agrees with one layout model.
    """
    by_phase: dict[str | None, dict[str, int]] = {}
    totals: dict[str | None, set[int]] = {}
    for declaration in found:
        if not declaration.several_axes and declaration.where != "the file's name":
            continue
        known = by_phase.setdefault(declaration.phase, {})
        for axis, value in declaration.degrees.items():
            if known.setdefault(axis, value) != value:
                return None
        if declaration.gpus is not None:
            totals.setdefault(declaration.phase, set()).add(declaration.gpus)
    if not by_phase:
        return None
    if len(by_phase) > 1 and None in by_phase:
        common = by_phase.pop(None)
        if any(by_phase[phase].get(axis, value) != value for phase in by_phase for axis, value in common.items()):
            return None
    if set(by_phase) == {"decode"}:
        return None
    spec = "; ".join(
        (f"{phase}=" if phase else "") + "".join(f"{a}{v}" for a, v in axes.items()) for phase, axes in by_phase.items()
    )
    stated = totals.get("prefill" if "prefill" in by_phase else None, set())
    layout = Layout()
    certain = False
    if len(stated) == 1:
        total = next(iter(stated))
        first = next(iter(by_phase.values()))
        if prod(first.values()) == total:
            certain = True
        elif Layout.named("overlay").world(Degrees.of(first)) == total:
            layout, certain = Layout.named("overlay"), True
    try:
        return Strategy.parse(spec, layout=layout), certain
    except StrategyError:
        return None
