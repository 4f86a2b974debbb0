"""The nodes of a graph as a comparison sees them: what they mean, and their neighbors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from dotlint.deployment.axes import axes
from dotlint.deployment.words import label_lines, plain_words, record_lines
from dotlint.syntax.lexemes import Html
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.dims import Dims
    from dotlint.deployment.model import Deployment, Reading
    from dotlint.graph.model import Graph, Node

Tensor = tuple[object, ...]

_TOKEN = regex(r"[^\W\d_]+|\d+(?:\.\d+)?")


UNIT: Final = ("phase", "stage", "layer")
RANKS: Final = ("replica", "micro-batch", "step", "tensor rank", "experts", "link", "annotation")
FACTS: Final = (*UNIT, *RANKS, "GPUs", "tensors")
"""What operators are compared by: their unit, what distinguishes them in it, devices and shapes."""


class Element(Struct, eq=False):
    """A node. `title` is its role, or else the words of its title; `label` has the words and numbers of its label.

    `label` is empty if the node has none, so that its name is drawn. `stated` are the facts of an operator, see `FACTS`,
    None where it states none; `facts` are the same, made comparable with those of the other graph. `outs` and `ins` are
    the indexes of neighbors, with repetitions; in an undirected graph both have all of them.
    """

    index: int
    node: Node
    title: str
    label: tuple[str, ...]
    reading: Reading | None = None
    deployment: Deployment | None = None
    stated: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    outs: list[int] = field(default_factory=list)
    ins: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the node."""
        return self.node.name

    @property
    def role(self) -> str:
        """The name of its role, "" if it is unknown."""
        return self.reading.role.name if self.reading is not None and self.reading.role is not None else ""

    @property
    def clusters(self) -> tuple[tuple[str, ...], ...]:
        """The labels of the clusters around it, or else their names, as words and numbers."""
        around = {
            one.index: one for inner in self.node.subgraphs for one in (inner, *inner.ancestors) if one.is_cluster
        }
        return tuple(
            tokens(around[index].own_attributes.get("label") or around[index].name or "") for index in sorted(around)
        )

    @property
    def is_header(self) -> bool:
        """Whether it only heads a part of a deployment, as the label of a cluster does."""
        return self.reading is not None and self.reading.annotation and not self.outs and not self.ins

    @property
    def communicates(self) -> bool:
        """Whether it is a collective or a transfer."""
        return self.reading is not None and self.reading.role is not None and self.reading.role.communicates is not None


def tokens(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text in lower case."""
    return tuple(_TOKEN.findall(text.lower()))


def lines_of(node: Node) -> list[str]:
    """Return the visible lines of the label of a node; none if it has no label, so that its name is drawn."""
    label = node.attributes.get("label", "\\N")
    if label in {"\\N", ""}:
        return []
    record = node.attributes.get("shape", "") in {"record", "Mrecord"} and not isinstance(label, Html)
    return (record_lines if record else label_lines)(label.replace("\\N", node.name))


def tensor(dims: Dims) -> Tensor:
    """Return the meaning of dimensions: the same for `[B=4, S=8]` and `[batch: 4, seq: 8]`."""
    return (*zip(axes(dims), (value.lower() for value in dims.values), strict=True), dims.names, dims.count)


def elements_of(graph: Graph, deployment: Deployment | None) -> list[Element]:
    """Return the elements of a graph, which is read as a deployment if there is one."""
    if deployment is None:
        found = [_plain(node) for node in graph.nodes.values()]
    else:
        found = [_operator(deployment.by_name[node.name], deployment) for node in graph.nodes.values()]
    for edge in graph.edges:
        tail, head = found[edge.tail.index], found[edge.head.index]
        tail.outs.append(head.index)
        head.ins.append(tail.index)
        if not graph.directed:
            tail.ins.append(head.index)
            head.outs.append(tail.index)
    return found


def _plain(node: Node) -> Element:
    lines = lines_of(node)
    return Element(node.index, node, lines[0] if lines else "", _label(lines))


def _operator(reading: Reading, deployment: Deployment) -> Element:
    lines = lines_of(reading.node)
    title = reading.role.name if reading.role else plain_words(lines[0] if lines else reading.name)
    stated = {
        "phase": reading.phase,
        "stage": reading.stage if reading.link is None else None,
        "layer": reading.layer,
        "replica": reading.replica,
        "micro-batch": reading.micro_batch,
        "step": reading.step,
        "tensor rank": reading.shard,
        "experts": reading.experts,
        "link": reading.link,
        "annotation": reading.annotation,
        "GPUs": reading.gpus,
        "tensors": _tensors(reading),
    }
    return Element(reading.node.index, reading.node, title, _label(lines), reading, deployment, stated, dict(stated))


def _tensors(reading: Reading) -> tuple[tuple[Tensor, ...], ...] | None:
    """Return the inputs, outputs and bare dimensions that a label states; None if it states none."""
    sides = reading.evidence.tensors
    found = tuple(tuple(map(tensor, side)) for side in (sides.inputs, sides.outputs, sides.bare))
    return found if any(found) else None


def _label(lines: Iterable[str]) -> tuple[str, ...]:
    return tokens(" ".join(lines))
