"""A normal form of one file as text: one line for each fact, whatever the order and format of its statements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.comparison.attributes import meaning
from dotlint.comparison.changes import unit_of
from dotlint.comparison.edges import facts_of
from dotlint.comparison.elements import elements_of, lines_of
from dotlint.comparison.strategies import degrees_of
from dotlint.errors import DotlintError
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.comparison.elements import Element
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.engine.result import FileResult
    from dotlint.graph.model import Edge, Subgraph


def normalized(result: FileResult) -> str:
    """Return the normal form of a file, with a final newline; "" if it has no graph.

    Raises `DotlintError` if the file could not be read.
    """
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable}")
    lines = [line for graph in result.context.graphs for line in _graph(result.context, graph)]
    return "".join(f"{one_line(line, 4000)}\n" for line in lines)


def _graph(file: FileContext, context: GraphContext) -> Iterator[str]:
    graph, deployment = context.graph, context.deployment if context.deployment.recognized else None
    kind = " ".join(
        word for word in ("strict" if graph.strict else "", "digraph" if graph.directed else "graph") if word
    )
    yield f"{'deployment' if deployment else 'graph'}: {kind}"
    stated = degrees_of(file, declared=True) if deployment else None
    if stated is not None:
        for phase, degrees in stated.phases.items():
            words = ", ".join(f"{axis} {degree}" for axis, degree in degrees.items())
            yield f"strategy {stated.source}: {f'{phase} ' if phase else ''}{words}"
    elements = elements_of(graph, deployment)
    yield from (_node(one) for one in sorted(elements, key=_order))
    yield from sorted((_edge(edge, plain=deployment is None) for edge in graph.edges), key=_natural)
    if deployment is None:
        yield from sorted((_cluster(one) for one in graph.subgraphs if one.is_cluster), key=_natural)


def _order(one: Element) -> tuple[object, ...]:
    unit = unit_of(one)
    numbers = tuple(int(unit.get(name, 1 << 30)) for name in ("stage", "layer"))
    return (str(unit.get("phase", "")), *numbers, one.title if one.reading is not None else "", _natural(one.name))


def _natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts `a2` before `a10`."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", text))


def _node(one: Element) -> str:
    unit = unit_of(one)
    where = " ".join(f"{name} {unit[name]}" if name != "phase" else str(unit[name]) for name in unit)
    facts: list[str] = []
    if one.reading is not None:
        tensors = one.reading.evidence.tensors
        facts += [f"GPUs {one.stated['GPUs']}"] if one.stated["GPUs"] else []
        for title, side in (("input", tensors.inputs), ("output", tensors.outputs), ("dimensions", tensors.bare)):
            facts += [f"{title} {', '.join(f'[{dims.text}]' for dims in side)}"] if side else []
    label = " / ".join(lines_of(one.node)) if one.reading is None or not one.role else lines_of(one.node)[:1]
    facts += [f"label {label if isinstance(label, str) else label[0]}"] if label else []
    facts += [
        f"{name} {value}" for name, value in sorted(meaning(one.node.attributes, plain=one.reading is None).items())
    ]
    title = one.role or ("node" if one.reading is None else "operator")
    return "; ".join([f"{f'{where}: ' if where else ''}{title} {one.name}", *facts])


def _edge(edge: Edge, *, plain: bool) -> str:
    ends = (edge.tail.name, edge.head.name)
    arrow = "->" if edge.graph.directed else "--"
    ends = ends if edge.graph.directed else tuple(sorted(ends))  # type: ignore[assignment]
    facts = [f"{name} {value}" for name, value in sorted(facts_of(edge, plain=plain).items()) if value != "solid"]
    return "; ".join([f"edge {ends[0]} {arrow} {ends[1]}", *facts])


def _cluster(one: Subgraph) -> str:
    label = one.own_attributes.get("label", "")
    members = ", ".join(sorted(one.nodes, key=_natural))
    return f"cluster {one.name or ''}{f' {label}' if label else ''}: {members}"
