"""The nodes of a picture: single nodes, folded nodes, and planned nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.picture.boxes import unit_name
from dotlint.picture.labels import cut, node_lines, plain_lines, shortened, slug
from dotlint.picture.model import Shape
from dotlint.report.ranges import folded_names
from dotlint.strategy.gpus import union
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.context import GraphContext
    from dotlint.picture.boxes import Boxes
    from dotlint.picture.folding import FoldKey
    from dotlint.picture.marks import Marked

_MAX_NAMES = 12  # names in a title


class Shapes:
    """Makes the nodes of a picture; `fresh` makes an id unique, and with `full` labels keep their tensor dimensions.

    `texts` caches the folded names for other pictures of the graph.
    """

    def __init__(
        self,
        context: GraphContext,
        marked: Marked,
        boxes: Boxes,
        fresh: Callable[[str], str],
        texts: dict[tuple[str, ...], list[str]],
        *,
        full: bool,
    ) -> None:
        self.texts = texts
        self.context, self.marked, self.boxes, self.fresh, self.full = context, marked, boxes, fresh, full

    def single(self, name: str) -> Shape:
        """Return the shape of one node of the graph."""
        node = self.context.graph.nodes[name]
        reading = self.context.deployment.by_name[name]
        marks, hints = self.marked.nodes.get(name, []), self.marked.hints.get(name, [])
        lines = node_lines(node)
        return Shape(
            id=self.fresh(f"node-{slug(name)}"),
            lines=shortened(lines, full=self.full),
            shape="plaintext" if reading.annotation else node.attributes.get("shape", "ellipse").lower(),
            kind=reading.kind if self.context.deployment.recognized else None,
            box=self.boxes.of_node.get(name),
            members=(name,),
            marks=list(marks),
            hints=list(hints),
            state=next((mark.state for mark in marks if mark.state), None),
            about=(cut(" ".join(plain_lines(name)) or "?", 200), *(cut(line, 200) for line in lines[:40])),
        )

    def group(self, key: FoldKey, names: list[str]) -> Shape:
        """Return the shape of the nodes that share a key of `folding`."""
        deployment = self.context.deployment
        readings = [deployment.by_name[name] for name in names]
        operators = [r for r in readings if not r.annotation]
        marks = list(dict.fromkeys(m for n in names for m in self.marked.nodes.get(n, ())))
        hints = list(dict.fromkeys(m for n in names for m in self.marked.hints.get(n, ())))
        gpus = union(r.gpus for r in readings if r.gpus)
        placed = [f"GPU{'' if len(gpus) == 1 else 's'} {gpus.short()}"] if gpus else []
        box = self.boxes.common(names)
        inside = set(names)
        inner = sum(1 for r in readings for edge in r.node.out_edges if edge.head.name in inside)
        what = key[0]
        if what == "siblings":
            titles = {r.evidence.title or r.name for r in readings}
            role = readings[0].role
            title = titles.pop() if len(titles) == 1 else role.name if role else readings[0].evidence.name.family
            lines = [f"{title} ×{len(names)}", *self._folded_names(names), *placed]
            id_ = f"group-{slug(names[0])}"
            shapes = {r.node.attributes.get("shape", "ellipse").lower() for r in readings}
            shape = shapes.pop() if len(shapes) == 1 else "box"
        else:
            phase, stage = key[1], key[2]
            assert phase is None or isinstance(phase, str)
            title = "" if stage is None else unit_name(deployment, phase, int(str(stage)))
            if what == "layer":
                title = f"{title} layer {key[3]}".strip()
            elif (own := self.boxes.units.get((phase, int(str(stage))))) is not None and box is own:
                box = own.parent
            edges = f", {count(inner, 'edge')}" if inner else ""
            lines = [title, f"{count(len(operators), 'operator')}{edges}", *placed]
            id_, shape = f"unit-{slug(title)}", "box"
        lines = [line for text in lines for line in plain_lines(text)]
        return Shape(
            id=self.fresh(id_),
            lines=shortened(lines, full=True),
            shape=shape,
            kind=readings[0].kind if deployment.recognized and what == "siblings" else None,
            box=box,
            members=tuple(names),
            marks=marks,
            hints=hints,
            state=next((mark.state for mark in marks if mark.state), None),
            folded=True,
            about=(*lines, *(cut(name, 200) for name in self._folded_names(names, _MAX_NAMES))),
        )

    def _folded_names(self, names: list[str], most: int = 1) -> list[str]:
        key = tuple(names)
        folded = self.texts.get(key)
        if folded is None:
            folded = self.texts[key] = [" ".join(plain_lines(name)) for name in folded_names(names)]
        if len(folded) <= most:
            return folded
        return [*folded[:most], f"and {len(folded) - most} more"] if most > 1 else []

    def planned(self, names: list[str]) -> Shape:
        """Return the shape of planned nodes."""
        mark = self.marked.planned[names[0]]
        text = " ".join(plain_lines(names[0])) or "?"
        lines = [text] if len(names) == 1 else [*(self._folded_names(names) or [text]), f"{len(names)} nodes"]
        return Shape(
            id=self.fresh(f"planned-{slug(names[0])}"),
            lines=shortened(lines, full=False),
            shape="box",
            kind=None,
            box=self.boxes.of_node.get(names[0]),
            members=tuple(names),
            planned=mark,
            folded=len(names) > 1,
            about=(
                *(cut(" ".join(plain_lines(name)), 200) for name in names[:_MAX_NAMES]),
                "planned: not in the file yet",
            ),
        )
