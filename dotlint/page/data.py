"""The data of a file for the script of a page: nodes, edges, findings, pictures, and the relations between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from dotlint.deployment.words import label_lines
from dotlint.page.drawing import cleaned
from dotlint.report.tensors import EdgeTensor, edge_tensors, flow_of, node_lines
from dotlint.syntax.tree import Html
from dotlint.text.display import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Finding, Pair
    from dotlint.graph.model import Node
    from dotlint.page.dot_texts import DotText
    from dotlint.syntax.source import Source

MOST_EDGES: Final = 60_000
_LABEL = 160


class Drawn(Struct, frozen=True):
    """A picture of one graph of a file: an SVG and the ids of its elements.

    `key` identifies it in the page. `after` is true for pictures of the fixed file, whose findings are not those of the
    page. `opens` maps folded elements to the keys of pictures that show their nodes; `within` is the key of the picture
    where this one is opened. `level` is what is folded in a picture of the whole graph; it is empty for other pictures.
    `lies` is whether the graph is drawn from side to side. `legend` has (`node` or `edge`, text, Graphviz attributes)
    for each entry.
    """

    key: str
    title: str
    svg: str
    nodes: Mapping[str, str]
    edges: Mapping[Pair, str]
    findings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    graph: int = 0
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str, Mapping[str, str]], ...] = ()
    after: bool = False
    opens: Mapping[str, str] = field(default_factory=dict)
    within: str | None = None
    level: str = ""
    lies: bool = False


class Elements(Struct):
    """The nodes and edges of a file with their numbers, and the rows of the script's tables.

    `tensors` are what edges carry, with their numbers.
    """

    nodes: dict[tuple[int, str], int] = field(default_factory=dict)
    edges: dict[tuple[int, Pair], int] = field(default_factory=dict)
    node_rows: list[list[Any]] = field(default_factory=list)
    edge_rows: list[list[int]] = field(default_factory=list)
    tensors: dict[EdgeTensor, int] = field(default_factory=dict)

    def node(self, graph: int, name: str) -> int:
        """Return the number of a node; a planned node is added first."""
        key = graph, name
        if key not in self.nodes:
            self.nodes[key] = len(self.node_rows)
            self.node_rows.append([visible(name), "", "", 0, []])
        return self.nodes[key]

    def edge(self, graph: int, pair: Pair) -> int:
        """Return the number of an edge; an edge that is not in the file is added first, with line 0."""
        key = graph, pair
        if key not in self.edges:
            self.edges[key] = len(self.edge_rows)
            self.edge_rows.append([self.node(graph, pair[0]), self.node(graph, pair[1]), 0])
        return self.edges[key]

    def names(self, graphs: range | None = None) -> dict[str, int]:
        """Return the number of the node with each name, of these graphs; if several have it, that of the first."""
        found: dict[str, int] = {}
        for (graph, name), number in self.nodes.items():
            if graphs is None or graph in graphs:
                found.setdefault(name, number)
        return found


def known_elements(texts: Iterable[DotText]) -> Elements:
    """Number the nodes and edges of a file."""
    found = Elements()
    for text in texts:
        for graph in text.context.graphs:
            _add_graph(found, text, graph)
    return found


def _add_graph(found: Elements, text: DotText, graph: GraphContext) -> None:
    index, flow = graph.graph.index + text.graphs, flow_of(graph)
    for node in graph.graph.nodes.values():
        start = node.statements[0].start if node.statements else node.start
        found.nodes[index, node.name] = len(found.node_rows)
        reading = graph.deployment.by_name[node.name]
        found.node_rows.append(
            [
                visible(node.name),
                _label(node),
                _reading_text(graph.deployment, reading),
                text.line(start),
                [visible(line) for line in node_lines(flow, reading)],
            ]
        )
    carried = edge_tensors(flow)
    for edge in graph.graph.edges[: MOST_EDGES - len(found.edge_rows)]:
        key = index, (edge.tail.name, edge.head.name)
        if key not in found.edges:
            found.edges[key] = len(found.edge_rows)
            row = [found.node(index, edge.tail.name), found.node(index, edge.head.name), text.line(edge.start)]
            if (tensor := carried.get(edge.index)) is not None:
                row.append(found.tensors.setdefault(tensor, len(found.tensors)))
            found.edge_rows.append(row)


def _label(node: Node) -> str:
    label = node.label
    if not isinstance(label, Html):  # a tag in other labels is text
        label = label.replace("\\N", node.name).replace("<", "&lt;")
    text = " · ".join(label_lines(label))
    return "" if text == node.name else one_line(text, _LABEL)


def _reading_text(deployment: Deployment, reading: Reading) -> str:
    """Describe the reading of a node in one line."""
    if not deployment.recognized:
        return ""
    parts = ["annotation" if reading.annotation else reading.role.name if reading.role else ""]
    if reading.stage is not None:
        parts.append(str(deployment.unit(reading.phase, reading.stage)))
    elif reading.phase and len(deployment.phases) > 1:
        parts.append(reading.phase)
    if reading.layer is not None:
        parts.append(f"layer {reading.layer}")
    if reading.gpus:
        parts.append(f"GPU{'' if len(reading.gpus) == 1 else 's'} {reading.gpus.short()}")
    return visible(" · ".join(part for part in parts if part))


def finding_data(source: Source, finding: Finding, numbers: Elements) -> dict[str, Any]:
    """Return the data of one finding for the script; lines count from 1."""
    position = source.position
    graph = finding.graph
    pairs = [*finding.missing_edges, *finding.planned_edges, *zip(finding.path, finding.path[1:], strict=False)]
    return {
        "code": visible(finding.code),
        "name": visible(finding.name.replace("-", " ")),
        "severity": finding.severity,
        "message": visible(finding.message),
        "lines": [position(finding.start).line, position(max(finding.start, finding.end - 1)).line],
        "related": [[position(one.start).line, visible(one.message)] for one in finding.related],
        "nodes": [numbers.node(graph, name) for name in dict.fromkeys((*finding.nodes, *finding.missing_nodes))],
        "edges": [numbers.edge(graph, pair) for pair in dict.fromkeys(pairs)],
        "caused": list(finding.caused_by),
    }


def drawn_data(drawn: Drawn, numbers: Elements) -> dict[str, Any]:
    """Return the data of one picture for the script, with a safe SVG. Raises `DrawingError`."""
    ids = dict.fromkeys(
        (*drawn.nodes.values(), *drawn.edges.values(), *(e for ids in drawn.findings.values() for e in ids))
    )
    elements = {id_: number for number, id_ in enumerate(ids)}
    new: list[int] = []
    if drawn.after:
        there = {
            pair
            for graph, pair in numbers.edges
            if graph == drawn.graph and numbers.edge_rows[numbers.edges[graph, pair]][2]
        }
        new += [elements[id_] for pair, id_ in drawn.edges.items() if pair not in there]
        new += [elements[id_] for name, id_ in drawn.nodes.items() if not _in_file(numbers, drawn.graph, name)]
    return {
        "key": drawn.key,
        "title": visible(drawn.title),
        "graph": drawn.graph,
        "after": drawn.after,
        "within": drawn.within,
        "level": drawn.level,
        "lies": drawn.lies,
        "notes": [visible(note) for note in drawn.notes],
        "nodes": [[numbers.node(drawn.graph, name), elements[id_]] for name, id_ in drawn.nodes.items()],
        "edges": [[numbers.edge(drawn.graph, pair), elements[id_]] for pair, id_ in drawn.edges.items()],
        "findings": {str(index): [elements[id_] for id_ in ids] for index, ids in drawn.findings.items()},
        "opens": {str(elements[id_]): key for id_, key in drawn.opens.items() if id_ in elements},
        "new": list(dict.fromkeys(new)),
        "legend": [[what, visible(text), dict(look)] for what, text, look in drawn.legend],
        "svg": cleaned(drawn.svg, elements),
    }


def _in_file(numbers: Elements, graph: int, name: str) -> bool:
    number = numbers.nodes.get((graph, name))
    return number is not None and numbers.node_rows[number][3] > 0
