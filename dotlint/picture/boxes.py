"""The boxes of a picture: the file's own clusters, and one for each stage that has none."""

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

_MOST: Final = 0.7  # of a stage's operators in one cluster make it the stage's
_GPU_WORDS: Final = {"gpu", "gpus", "device", "devices"}


class Boxes:
    """Which box holds which node; `units` are the boxes of stages, `headers` the nodes that these have for a title."""

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
        """Return the innermost box that holds all of these nodes."""
        paths = [box.path if (box := self.of_node.get(name)) else [] for name in names]
        found: Box | None = None
        for level in zip(*paths, strict=False):
            if any(box is not level[0] for box in level):
                break
            found = level[0]
        return found


def boxes_of(context: GraphContext, marked: Marked, fresh: Callable[[str], str]) -> Boxes:
    """Box the nodes of a graph; `fresh` makes an id unique."""
    boxes = Boxes(fresh)
    own = _clusters(boxes, context)
    held = _held(boxes, context.deployment)
    if context.deployment.recognized:
        for phase, units in context.deployment.units.items():
            for stage, unit in units.items():
                if unit.operators:
                    boxes.units[phase, stage] = _stage_box(boxes, context.deployment, unit, own.values(), held)
        _planned(boxes, context, marked)
        for (name, number), box in boxes.units.items():
            box.hints += marked.units.get(context.deployment.unit(name, number), ())
    return boxes


def unit_name(deployment: Deployment, phase: str | None, stage: int) -> str:
    """Name a stage as its box does: with its phase where there are several."""
    name = f"{phase} " if phase and len(deployment.phases) > 1 else ""
    return f"{name}stage {deployment.stage_number(stage)}"


def _clusters(boxes: Boxes, context: GraphContext) -> dict[int, Box]:
    """Make a box of every cluster that holds nodes; subgraphs that are none vanish."""
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


def _held(boxes: Boxes, deployment: Deployment) -> Counter[tuple[Box, StageKey]]:
    """Count the operators of each stage in each cluster."""
    held: Counter[tuple[Box, StageKey]] = Counter()
    for reading in deployment.operators:
        box = boxes.of_node.get(reading.name)
        if reading.stage is not None and box is not None:
            held.update((each, (reading.phase, reading.stage)) for each in box.path)
    return held


def _stage_box(
    boxes: Boxes, deployment: Deployment, unit: Stage, own: Iterable[Box], held: Counter[tuple[Box, StageKey]]
) -> Box:
    """Find the cluster that is the stage, or make a box around its nodes and the clusters that hold only those."""
    members = [reading.name for reading in unit.operators]
    around = boxes.common(members)
    mine: StageKey = (unit.phase, unit.stage)
    mixed = {box for box, key in held if key != mine}
    alone = [box for box in own if box not in mixed and (box, mine) in held]
    inside = [box for box in alone if box.parent is around]
    most = max(inside, key=lambda box: held[box, mine], default=None)
    if around in alone:
        most = around
    elif most is None or held[most, mine] < _MOST * len(members):
        most = None  # else what lies outside is an input, an output, a transfer
    if most is not None:
        if not _GPU_WORDS & set(plain_words(" ".join(most.lines)).split()):
            most.lines = (*most.lines, *_gpus(unit))
        return most
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
    """Box the stages that are proposed, and put other proposed nodes beside those that they are like."""
    for phase, plans in context.plans.items():
        for plan in plans:
            names = [name for _, name in plan.copies if name in marked.planned]
            if not names:
                continue
            box = boxes.units.get((phase, plan.stage))
            if box is None:
                title = unit_name(context.deployment, phase, plan.stage)
                gpus = (f"GPUs {plan.gpus.short()}",) if plan.gpus else ()
                box = boxes.add(f"stage-{slug(title)}", (" · ".join([title, *gpus]), "to be written"), None)
                box.planned = marked.planned[names[0]]
                boxes.units[phase, plan.stage] = box
            boxes.of_node.update(dict.fromkeys(names, box))
    lacking = {name for name in marked.planned if name not in boxes.of_node}
    if not lacking:
        return
    beside: dict[tuple[str | None, int | None, int | None], list[Reading]] = defaultdict(list)
    for reading in context.deployment.operators:
        beside[reading.phase, reading.stage, None].append(reading)
        beside[reading.phase, None, reading.layer].append(reading)
    for absence in context.absent:
        if absence.name in lacking:
            layer = absence.unit if absence.level == "layer" else None
            near = beside[absence.phase, None if layer is not None else absence.stage, layer]
            common = boxes.common(r.name for r in near)
            if common is not None:
                boxes.of_node[absence.name] = common
