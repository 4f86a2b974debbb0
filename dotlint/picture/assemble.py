"""Build the picture of one graph from the result of its file."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.picture.boxes import boxes_of
from dotlint.picture.folding import fold
from dotlint.picture.labels import cut, plain_lines, shortened, slug
from dotlint.picture.marks import marks_of
from dotlint.picture.model import Arrow, Picture
from dotlint.picture.shapes import Shapes
from dotlint.report.outline import outline
from dotlint.report.tensors import edge_tensors, flow_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult
    from dotlint.graph.model import Edge
    from dotlint.picture.boxes import Boxes
    from dotlint.picture.folding import FoldKey
    from dotlint.picture.marks import Marked
    from dotlint.picture.model import Box, FoldLevel, Mark, Shape
    from dotlint.report.tensors import EdgeTensor

_DIRECTIONS = ("TB", "LR", "BT", "RL")
_PARALLEL = 4  # edges from one node to another that are drawn one by one
_STYLES = ("dashed", "dotted", "bold", "invis")


class Common(Struct, frozen=True):
    """What all pictures of one graph of one result share, computed once."""

    marked: Marked
    title: tuple[str, ...]
    tensors: Mapping[int, EdgeTensor]
    texts: dict[tuple[str, ...], list[str]] = field(default_factory=dict)


def common_of(result: FileResult, context: GraphContext) -> Common:
    """Return what all pictures of a graph share."""
    marked = marks_of(result, context)
    return Common(marked, _title(result, context, marked), edge_tensors(flow_of(context)))


def assemble(
    result: FileResult,
    context: GraphContext,
    *,
    level: FoldLevel = "none",
    only_problems: bool = False,
    full_labels: bool = False,
    prefix: str = "",
    opened: frozenset[str] = frozenset(),
    near: bool = False,
    common: Common | None = None,
) -> Picture:
    """Return the picture of one graph; `prefix` is the prefix of every id.

    `opened` nodes are not folded with the nodes around them, and `near` leaves out what is not next to them. `common`
    is what several pictures of the graph share.
    """
    builder = _Assembly(common or common_of(result, context), context, level, full_labels, _unique(prefix))
    return builder.picture(only_problems=only_problems, opened=opened, near=near)


def _unique(prefix: str) -> Callable[[str], str]:
    """Return a function that makes ids unique with two hyphens and a number; no other id has two hyphens."""
    taken: dict[str, int] = {}

    def fresh(proposed: str) -> str:
        number = taken[proposed] = taken.get(proposed, 0) + 1
        return f"{prefix}{proposed}" if number == 1 else f"{prefix}{proposed}--{number}"

    return fresh


class _Assembly:
    """A picture under construction."""

    def __init__(
        self, common: Common, context: GraphContext, level: FoldLevel, full: bool, fresh: Callable[[str], str]
    ) -> None:
        self.context, self.full, self.fresh = context, full, fresh
        self.marked: Marked = common.marked
        self.tensors = common.tensors
        self.boxes: Boxes = boxes_of(context, self.marked, fresh)
        rankdir = context.graph.attributes.get("rankdir", "TB").upper()
        self.made = Picture(
            title=common.title,
            directed=context.graph.directed,
            rankdir=rankdir if rankdir in _DIRECTIONS else "TB",
            level=level,
        )
        self.shapes = Shapes(context, self.marked, self.boxes, fresh, common.texts, full=full)
        self.of_node: dict[str, Shape] = {}

    def picture(self, *, only_problems: bool, opened: frozenset[str] = frozenset(), near: bool = False) -> Picture:
        """Return the picture; `near` leaves out what is not next to the `opened` nodes."""
        level = self.made.level
        keys = fold(self.context, self.marked, self.boxes, level, only_problems=only_problems, opened=opened)
        groups: dict[FoldKey, list[str]] = defaultdict(list)
        for name, shared in keys.items():
            groups[shared].append(name)
        drawn: set[FoldKey] = set()
        for name in self.context.graph.nodes:
            key = keys.get(name)
            if key is None and name not in self.boxes.headers:
                self._add(self.shapes.single(name), (name,))
            elif key is not None and key not in drawn:
                drawn.add(key)
                self._add(self.shapes.group(key, groups[key]), groups[key])
        for name in self.marked.planned:
            if name in self.of_node or name in self.context.graph.nodes:
                continue
            some = groups[keys[name]] if name in keys else [name]
            self._add(self.shapes.planned(some), some)
        self._arrows()
        if near:
            self._keep_near({self.of_node[name] for name in opened if name in self.of_node})
        self._map_ids()
        return self.made

    def _keep_near(self, opened: set[Shape]) -> None:
        made = self.made
        made.arrows = [arrow for arrow in made.arrows if arrow.tail in opened or arrow.head in opened]
        kept = opened.union(*((arrow.tail, arrow.head) for arrow in made.arrows))
        made.shapes = [shape for shape in made.shapes if shape in kept]
        self.of_node = {name: shape for name, shape in self.of_node.items() if shape in kept}

    def _add(self, shape: Shape, names: Iterable[str]) -> None:
        self.made.shapes.append(shape)
        self.of_node.update(dict.fromkeys(names, shape))

    def _arrows(self) -> None:
        found: dict[tuple[object, ...], Arrow] = {}
        often = Counter((edge.tail.name, edge.head.name) for edge in self.context.graph.edges)
        for edge in self.context.graph.edges:
            tail, head = self.of_node.get(edge.tail.name), self.of_node.get(edge.head.name)
            if tail is None or head is None or (tail is head and tail.folded):
                continue
            together = tail.folded or head.folded or often[edge.tail.name, edge.head.name] > _PARALLEL
            self._merge(found, self._arrow(edge, tail, head), together=together)
        for proposal in self.marked.proposals:
            tail, head = (self.of_node.get(name) for name in proposal.pair)
            if tail is None or head is None or (tail is head and tail.folded):
                continue
            arrow = Arrow("", tail, head, proposed=proposal.mark, planned=proposal.planned, pairs=[proposal.pair])
            self._merge(found, arrow, together=tail.folded or head.folded)
        for arrow in found.values():
            name = f"{slug(arrow.pairs[0][0])}--{slug(arrow.pairs[0][1])}"
            arrow.id = self.fresh(f"{'proposed' if arrow.proposed else 'edge'}-{name}")
            self.made.arrows.append(arrow)

    def _arrow(self, edge: Edge, tail: Shape, head: Shape) -> Arrow:
        pair = (edge.tail.name, edge.head.name)
        label = edge.label or edge.attributes.get("xlabel", "")
        style = set(edge.attributes.get("style", "").replace(",", " ").split())
        return Arrow(
            "",
            tail,
            head,
            lines=shortened(plain_lines(label), full=self.full) if label else (),
            style=next((word for word in _STYLES if word in style), ""),
            pairs=[pair],
            marks=list(self.marked.edges.get(edge.index, ())),
            hints=list(self.marked.edge_hints.get(edge.index, ())),
            cycle=self.marked.on_cycle.get(pair, 0),
            tensors=tensor.lines if (tensor := self.tensors.get(edge.index)) is not None else (),
        )

    @staticmethod
    def _merge(found: dict[tuple[object, ...], Arrow], arrow: Arrow, *, together: bool) -> None:
        """Add an edge; `together` draws it as one with others between the same shapes."""
        code = arrow.proposed.code if arrow.proposed else ""
        key: tuple[object, ...] = (arrow.tail, arrow.head, arrow.style, code, () if together else len(found))
        existing = found.setdefault(key, arrow)
        if existing is arrow:
            return
        existing.pairs += arrow.pairs
        existing.marks += [mark for mark in arrow.marks if mark not in existing.marks]
        existing.hints += [mark for mark in arrow.hints if mark not in existing.hints]
        existing.cycle = max(existing.cycle, arrow.cycle)
        existing.tensors = existing.tensors if existing.tensors == arrow.tensors else ()
        existing.lines = existing.lines if existing.lines == arrow.lines else ()

    def _remove_single_boxes(self) -> None:
        """Remove each stage box around a single node that represents the whole stage."""
        inside: dict[Box, list[Shape]] = defaultdict(list)
        for shape in self.made.shapes:
            for box in shape.box.path if shape.box else ():
                inside[box].append(shape)
        for (phase, stage), box in self.boxes.units.items():
            if not box.own and box.planned is None and len(inside[box]) == 1:
                inside[box][0].box = box.parent
                self.made.unit_ids[phase, stage] = inside[box][0].id

    def _map_ids(self) -> None:
        made = self.made
        self._remove_single_boxes()
        used: set[Box] = {box for shape in made.shapes if shape.box for box in shape.box.path}
        made.boxes = [box for box in self.boxes.all if box in used]
        made.node_ids = {name: shape.id for name, shape in self.of_node.items()}
        made.unit_ids |= {unit: box.id for unit, box in self.boxes.units.items() if box in used}
        for shape in made.shapes:
            if shape.folded and shape.id.partition("unit-")[1]:
                reading = self.context.deployment.by_name[shape.members[0]]
                if reading.stage is not None:
                    made.unit_ids.setdefault((reading.phase, reading.stage), shape.id)
        for name, unit in self.boxes.headers.items():
            if (id_ := made.unit_ids.get(unit)) is not None:
                made.node_ids[name] = id_
        ids_of_finding: dict[int, list[str]] = defaultdict(list)

        def show(marks: Iterable[Mark | None], id_: str) -> None:
            for mark in marks:
                if mark is not None and id_ not in ids_of_finding[mark.finding]:
                    ids_of_finding[mark.finding].append(id_)

        for arrow in made.arrows:
            for pair in arrow.pairs:
                made.edge_ids.setdefault(pair, arrow.id)
            show((arrow.proposed, *arrow.marks, *arrow.hints), arrow.id)
        for shape in made.shapes:
            show((shape.planned, *shape.marks, *shape.hints), shape.id)
        for box in made.boxes:
            show((box.planned, *box.hints), box.id)
        made.finding_ids = {index: tuple(ids) for index, ids in sorted(ids_of_finding.items())}


def _title(result: FileResult, context: GraphContext, marked: Marked) -> tuple[str, ...]:
    report = outline(result)
    mark = {"correct": "✓ CORRECT", "incorrect": "✗ INCORRECT"}.get(report.kind, report.verdict)
    lines = [f"{result.path}   {mark}"]
    if len(context.file.graphs) > 1:
        lines.append(f"graph {context.graph.index + 1} of {len(context.file.graphs)}")
    lines += [report.tally] if report.tally else []
    lines += report.facts
    lines += [
        f"not marked individually: {code} {name}, on {number} operators"
        for code, (name, number) in sorted(marked.widespread.items())
    ]
    return tuple(cut(" ".join(plain_lines(line)) or "?", 160) for line in lines)
