"""The boxes of a picture: the clusters of the file, and one box for each stage without a cluster."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from dotlint.deployment.words import plain_words
from dotlint.picture.labels import plain_lines, shortened, slug
from dotlint.picture.model import Box
from dotlint.strategy.gpus import union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotlint.deployment.model import Deployment, Reading, Stage
    from dotlint.engine.context import GraphContext
    from dotlint.graph.model import Subgraph
    from dotlint.picture.marks import Marked
    from dotlint.picture.model import StageKey

_MIN_SHARE: Final = 0.7  # of a stage's operators must be in a cluster for it to be the box of the stage
_GPU_WORDS: Final = {"gpu", "gpus", "device", "devices"}


class Boxes:
    """The box of each node. `units` are the boxes of stages, `headers` the nodes that are the titles of stages."""

    def __init__(self, fresh: Callable[[str], str]) -> None:
        self.fresh = fresh
        self.all: list[Box] = []
        self.of_node: dict[str, Box] = {}
        self.units: dict[StageKey, Box] = {}
        self.headers: dict[str, StageKey] = {}

    def add(self, id_: str, lines: Iterable[str], parent: Box | None, *, own: bool = False) -> Box:
        """Add a box; its id is made unique."""
        box = Box(self.fresh(id_), tuple(lines), parent, own=own)
        self.all.append(box)
        return box

    def common(self, names: Iterable[str]) -> Box | None:
        """Return the innermost box with all of these nodes."""
        paths = [box.path if (box := self.of_node.get(name)) else [] for name in names]
        found: Box | None = None
        for level in zip(*paths, strict=False):
            if any(box is not level[0] for box in level):
                break
            found = level[0]
        return found


def boxes_of(context: GraphContext, marked: Marked, fresh: Callable[[str], str]) -> Boxes:
    """Return the boxes of a graph; `fresh` makes an id unique."""
    boxes = Boxes(fresh)
    own = _clusters(boxes, context)
    operators_in = _operators_by_box(boxes, context.deployment)
    if context.deployment.recognized:
        for phase, units in context.deployment.units.items():
            for stage, unit in units.items():
                if unit.operators:
                    boxes.units[phase, stage] = _stage_box(boxes, context.deployment, unit, own.values(), operators_in)
        _planned(boxes, context, marked)
        for (name, number), box in boxes.units.items():
            box.hints += marked.units.get(context.deployment.unit(name, number), ())
    return boxes


def unit_name(deployment: Deployment, phase: str | None, stage: int) -> str:
    """Return the name of a stage in a picture: with its phase if there are several."""
    name = f"{phase} " if phase and len(deployment.phases) > 1 else ""
    return f"{name}stage {deployment.stage_number(stage)}"


def _clusters(boxes: Boxes, context: GraphContext) -> dict[int, Box]:
    """Add a box for each cluster with nodes, but not for other subgraphs."""
    found: dict[int, Box] = {}
    for subgraph in context.graph.subgraphs:
        if subgraph.is_cluster and subgraph.nodes:
            parent = next((found[id(outer)] for outer in subgraph.ancestors if id(outer) in found), None)
            lines = shortened(plain_lines(subgraph.label), full=False)
            name = f"cluster-{slug((subgraph.name or '').removeprefix('cluster').strip('_'))}"
            found[id(subgraph)] = boxes.add(name, lines, parent, own=True)
    for node in context.graph.nodes.values():
        for innermost in node.subgraphs:
            chain: list[Subgraph] = [innermost, *innermost.ancestors]
            box = next((found[id(s)] for s in chain if id(s) in found), None)
            if box is not None:
                boxes.of_node[node.name] = box
                break
    return found


def _operators_by_box(boxes: Boxes, deployment: Deployment) -> Counter[tuple[Box, StageKey]]:
    """Count the operators of each stage in each cluster."""
    operators_in: Counter[tuple[Box, StageKey]] = Counter()
    for reading in deployment.operators:
        box = boxes.of_node.get(reading.name)
        if reading.stage is not None and box is not None:
            operators_in.update((each, (reading.phase, reading.stage)) for each in box.path)
    return operators_in


def _stage_box(
    boxes: Boxes, deployment: Deployment, unit: Stage, own: Iterable[Box], operators_in: Counter[tuple[Box, StageKey]]
) -> Box:
    """Return the cluster of a stage, or add a box around its nodes and the clusters with only these."""
    members = [reading.name for reading in unit.operators]
    around = boxes.common(members)
    mine: StageKey = (unit.phase, unit.stage)
    mixed = {box for box, key in operators_in if key != mine}
    alone = [box for box in own if box not in mixed and (box, mine) in operators_in]
    inside = [box for box in alone if box.parent is around]
    largest = max(inside, key=lambda box: operators_in[box, mine], default=None)
    if around in alone:
        largest = around
    elif largest is None or operators_in[largest, mine] < _MIN_SHARE * len(members):
        largest = None  # otherwise the operators outside are inputs, outputs or transfers
    if largest is not None:
        if not _GPU_WORDS & set(plain_words(" ".join(largest.lines)).split()):
            largest.lines = (*largest.lines, *_gpus(unit))
        return largest
    title = unit_name(deployment, unit.phase, unit.stage)
    layers = () if unit.layers is None else (f"layers {unit.layers[0]}-{unit.layers[1]}",)
    box = boxes.add(f"stage-{slug(title)}", (" · ".join([title, *layers, *_gpus(unit)]),), around)
    for child in inside:
        child.parent = box
    for name in members:
        if boxes.of_node.get(name) is around:
            boxes.of_node[name] = box
    for header in unit.headers:
        if boxes.of_node.get(header.name) is None:
            boxes.headers[header.name] = mine
    return box


def _gpus(unit: Stage) -> tuple[str, ...]:
    gpus = unit.stated or union(r.gpus for r in unit.operators if r.gpus)
    if not gpus:
        return ()
    return (f"GPU{'' if len(gpus) == 1 else 's'} {gpus.short()}",)


def _planned(boxes: Boxes, context: GraphContext, marked: Marked) -> None:
    """Add boxes for planned stages, and put other planned nodes into the boxes of their siblings."""
    for phase, plans in context.plans.items():
        for plan in plans:
            names = [name for _, name in plan.copies if name in marked.planned]
            if not names:
                continue
            box = boxes.units.get((phase, plan.stage))
            if box is None:
                title = unit_name(context.deployment, phase, plan.stage)
                gpus = (f"GPUs {plan.gpus.short()}",) if plan.gpus else ()
                box = boxes.add(f"stage-{slug(title)}", (" · ".join([title, *gpus]), "planned"), None)
                box.planned = marked.planned[names[0]]
                boxes.units[phase, plan.stage] = box
            boxes.of_node.update(dict.fromkeys(names, box))
    unboxed = {name for name in marked.planned if name not in boxes.of_node}
    if not unboxed:
        return
    siblings: dict[tuple[str | None, int | None, int | None], list[Reading]] = defaultdict(list)
    for reading in context.deployment.operators:
        siblings[reading.phase, reading.stage, None].append(reading)
        siblings[reading.phase, None, reading.layer].append(reading)
    for missing in context.absent:
        if missing.name in unboxed:
            layer = missing.unit if missing.level == "layer" else None
            near = siblings[missing.phase, None if layer is not None else missing.stage, layer]
            common = boxes.common(r.name for r in near)
            if common is not None:
                boxes.of_node[missing.name] = common
