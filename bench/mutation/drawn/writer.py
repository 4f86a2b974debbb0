"""Write a deployment as DOT in a drawn manner."""

from __future__ import annotations

import html
import random
import re
from itertools import groupby
from typing import TYPE_CHECKING

from bench.mutation.drawn.names import names, numbers, places
from bench.mutation.drawn.notation import devices, shape
from bench.mutation.schemes import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Op, World

_COLLECTIVE = {"all_gather", "all_reduce", "attn_reduce", "reduce_scatter", "dispatch", "combine", "send", "recv", "transfer", "kv", "ring_send", "sp_gather", "sp_split"}  # fmt: skip
_SHAPES = {
    "house": ("box", "ellipse", "parallelogram"), "boxes": ("box", "box", "box"), "other": ("box", "hexagon", "diamond"),
}  # fmt: skip


def write(world: World, manner: Manner) -> Page:
    """Write it."""
    page = Page("", names(world, manner), {})
    end = ";" if manner.semicolons == "yes" else ""
    lines = ["digraph deployment {", *_head(world, manner, end)]
    nodes = list(_nodes(world, manner, page, end))
    if manner.statements == "by stage":
        written: set[str] = set()
        for _, group in groupby(nodes, key=lambda node: (node[1].phase, node[1].replica, node[1].stage)):
            some = list(group)
            written |= {key for key, *_ in some}
            lines += [*_clustered(some, world, manner, end), *_edges(world, manner, page, end, written)]
    edges = list(_edges(world, manner, page, end, set(world.ops)))
    if manner.statements == "edges first":
        lines += edges
    if manner.statements == "shuffled":
        random.Random(len(nodes)).shuffle(nodes)
        random.Random(len(edges)).shuffle(edges)
        lines += _clustered(nodes, world, manner, end) + edges
    elif manner.statements != "by stage":
        lines += _clustered(nodes, world, manner, end)
    if manner.statements in ("nodes first", "by stage"):
        lines += edges
    page.text = "\n".join([*lines, "}"]) + "\n"
    return page


def _head(world: World, manner: Manner, end: str) -> Iterator[str]:
    """Write defaults and what the file declares of itself."""
    plan = world.plan
    degrees = ", ".join(
        f"{name}={getattr(plan, name.lower())}" for name in ("PP", "TP", "EP", "SP", "DP") if getattr(plan, name.lower()) > 1
    )
    if manner.header == "comment":
        yield f"  // parallel strategy: {degrees}"
    yield f"  rankdir={'LR' if manner.quoted == 'yes' else 'TB'}{end}"
    if manner.header == "label":
        yield f'  label="LLM deployment ({degrees})"{end}'
    shape_ = "record" if manner.node == "record" else "box"
    yield f'  node [shape={shape_}, style="rounded,filled", fillcolor=white]{end}'
    if manner.header == "title":
        yield f'  title [label="Model deployment\\n{degrees}", shape=plaintext]{end}'
    if manner.header == "stages" and plan.pp > 1:
        firsts = {op.stage: op for op in world.ops.values() if op.stage is not None and not op.replica and op.phase == plan.phases[0]}
        for stage, op in firsts.items():
            yield f'  "header{stage}" [label="{_title("stage", op, world, manner)}", shape=plaintext]{end}'
    if manner.legend == "yes":
        yield "  subgraph cluster_legend {"
        yield f'    label="Legend"{end}'
        comm = _SHAPES[manner.shapes][1]
        yield f'    legend_compute [label="Compute", shape=box]{end}'
        yield f'    legend_comm [label="Communication", shape={comm}]{end}'
        yield "  }"


def _title(axis: str, op: Op, world: World, manner: Manner) -> str:
    """What the label of a cluster or a header says of its stage, layer or replica."""
    told = numbers(op, world, manner)
    words = [manner.cluster_told[axis].format(told[axis])] if axis in told else []
    if axis == "stage" and manner.cluster_label == "gpus" and op.unit and manner.device != "none":
        words.append(devices(op.unit, None, world, manner))
    if axis == "stage" and manner.cluster_label == "layers" and manner.layer_scope == "global" and op.stage is not None:
        low = op.stage * world.plan.layers + manner.first_layer
        high = low + world.plan.layers - 1
        words.append(f"Layers {low}-{high}" if high > low else f"Layer {low}")
    return "\\n".join(words)


Node = tuple[str, "Op", str]


def _nodes(world: World, manner: Manner, page: Page, end: str) -> Iterator[Node]:
    for key, op in world.ops.items():
        kind = 2 if op.role in ("gate", "route") else 1 if op.role in _COLLECTIVE else 0
        form = op.shape or _SHAPES[manner.shapes][kind]
        attributes = [f"label={_label(op, world, manner, page)}"]
        if manner.node != "record":
            attributes += [] if form == "box" else [f"shape={form}"]
        if manner.node == "table":
            attributes = [attributes[0], "shape=plain"]
        line = f"{_quoted(page.ids[key], manner)} [{', '.join(attributes)}]{end}"
        page.lines[key] = line
        yield key, op, line


def _quoted(name: str, manner: Manner) -> str:
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and name.lower() not in ("node", "edge", "graph", "strict")
    return name if plain and manner.quoted == "no" else f'"{name}"'


def _lines(op: Op, world: World, manner: Manner, page: Page) -> tuple[str, list[str]]:
    """Give the title of a label and its further lines."""
    word = page.ids[op.key] if manner.title == "id" else manner.words[op.role].replace("_", " ")
    title = manner.titles[op.role] if manner.title == "title" or op.role == "expert" else word
    if op.experts:
        low, high = op.experts
        title = (manner.titles["expert"] if manner.title == "title" else "expert {}").format(f"{low}-{high}" if high > low else low)
        title = title.replace("Expert ", "Experts ", 1) if high > low else title
    if op.link:
        tail, head = (stage + manner.first for stage in op.link)
        stage = manner.told["stage"]
        told = {"send": f"to {stage}", "recv": f"from {stage}"}.get(op.role, f"{stage} → {stage}")
        title += " " + (told.format(tail, head) if op.role == "transfer" else told.format(head if op.role == "send" else tail))
    further = [] if manner.title == "id" and manner.ids == "composed" else places(op, world, manner)
    lines: list[str] = []
    if further:
        match manner.lead:
            case "colon":
                title = f"{' '.join(further)}: {title}"
            case "space":
                title = f"{' '.join(further)} {title}"
            case "parens":
                title = f"{title} ({', '.join(further)})"
            case "slash":
                title = f"{' / '.join(further)} / {title}"
            case _:
                lines = [", ".join(further)]
    return title, lines + list(_facts(op, world, manner))


def _facts(op: Op, world: World, manner: Manner) -> Iterator[str]:
    """Write shapes and devices."""
    if manner.shape != "none" and op.before and op.after:
        before, after = shape(op.before, world, manner), shape(op.after, world, manner)
        words = {"Input": ("Input", "Output"), "in": ("in", "out")}.get(manner.sides)
        if words and manner.language == "zh" and manner.sides == "Input":
            words = ("输入", "输出")
        if words:
            yield f"{words[0]}: {before}"
            yield f"{words[1]}: {after}"
        else:
            yield f"{before} -> {after}"
    if op.gpus and manner.device != "none":
        yield devices(op.gpus, op, world, manner)


def _label(op: Op, world: World, manner: Manner, page: Page) -> str:
    title, lines = _lines(op, world, manner, page)
    if manner.node == "html":
        return "<" + "<br/>".join([f"<b>{html.escape(title, quote=False)}</b>", *(html.escape(line, quote=False) for line in lines)]) + ">"
    if manner.node == "table":
        rows = "".join(f"<tr><td>{html.escape(line, quote=False)}</td></tr>" for line in [title, *lines])
        return f'<<table border="0" cellborder="1" cellspacing="0">{rows}</table>>'
    if manner.node == "record":
        escaped = [re.sub(r"([{}<>|])", r"\\\1", line) for line in [title, *lines]]
        ports = manner.edges == "ports"
        cells = [("<i> " if ports else "") + escaped[0], *escaped[1:]]
        if ports:
            cells.append("<o> out")
        return '"{' + "|".join(cells) + '}"'
    return '"' + "\\n".join([title, *lines]) + '"'


def _boxes(op: Op, world: World, manner: Manner) -> list[str]:
    """Name the axes whose clusters an operator is in, the outermost first."""
    axes = {"stage": ["stage"], "layer": ["layer"], "replica": ["replica"], "nested": ["replica", "stage", "layer"]}
    told = numbers(op, world, manner)
    if op.stage is None:
        return []
    return [axis for axis in axes.get(manner.clusters, []) if axis in told]


def _clustered(nodes: Iterable[Node], world: World, manner: Manner, end: str) -> list[str]:
    """Put nodes into their clusters."""
    opened: dict[tuple[str, ...], str] = {}
    tree: dict[str, object] = {}
    for _, op, line in nodes:
        told, here = numbers(op, world, manner), tree
        path: tuple[str, ...] = ()
        for axis in _boxes(op, world, manner):
            path += (f"{op.phase} {op.replica} {op.stage if axis == 'layer' else ''} {axis} {told[axis]}",)
            if path not in opened:
                opened[path] = _opening(axis, op, world, manner, end, len(opened) + 1)
            here = here.setdefault(opened[path], {})  # type: ignore[assignment]
        here[line] = None
    return list(_unfolded(tree, "  "))


def _unfolded(tree: dict[str, object], indent: str) -> Iterator[str]:
    for line, inner in tree.items():
        if isinstance(inner, dict):
            yield from (indent + part for part in line.split("\n"))
            yield from _unfolded(inner, indent + "  ")
            yield indent + "}"
        else:
            yield indent + line


def _opening(axis: str, op: Op, world: World, manner: Manner, end: str, running: int) -> str:
    """Open a cluster; its id is unique."""
    told = numbers(op, world, manner)[axis]
    word = manner.axes[axis] or axis
    prefix = f"{op.phase}_" if world.plan.decode else ""
    if axis != "replica" and world.plan.replicas > 1:
        prefix += f"{manner.axes['replica']}{op.replica}_"
    if axis == "layer" and manner.layer_scope == "stage" and world.plan.pp > 1 and op.stage is not None:
        prefix += f"{manner.axes['stage'] or 'stage'}{op.stage + manner.first}_"
    name = {"word": f"{word}{told}", "word_": f"{word}_{told}", "running": str(running), "bare": told}[manner.cluster_id]
    name = f"{prefix}{axis[0]}{name}" if manner.cluster_id == "bare" and manner.clusters == "nested" else f"{prefix}{name}"
    title = _title(axis, op, world, manner) if manner.cluster_label != "none" or manner.cluster_id in ("running", "bare") else ""
    return f"subgraph cluster_{name} {{" + (f'\n  label="{title}"{end}' if title else "")


_MARKS = {"dashed": "style=dashed", "kv": 'label="KV cache transfer"', "residual": 'label="residual"'}


def _mark(style: str, world: World, manner: Manner) -> str:
    if style == "pipeline":
        return 'label="pipeline send"' if manner.link == "marked" else ""
    if style == "residual" and world.plan.sends:
        return 'label="residual"'
    return "" if style == "dashed" and manner.gate_edges == "solid" else _MARKS.get(style, "")


def _edges(world: World, manner: Manner, page: Page, end: str, among: set[str]) -> Iterator[str]:
    """Write the edges among these that are not yet written, one by one, in chains or in sets."""
    rows: list[tuple[list[list[str]], str]] = []
    for tail, head, style in world.edges:
        if tail not in among or head not in among or (tail, head) in page.lines:
            continue
        page.lines[tail, head] = ""
        mark = _mark(style, world, manner)
        sides, last = rows[-1] if rows else ([], "-")
        if manner.edges == "chains" and mark == last and sides[-1] == [tail]:
            sides.append([head])
        elif manner.edges == "sets" and mark == last and sides[0] == [tail]:
            sides[1].append(head)
        elif manner.edges == "sets" and mark == last and sides[1] == [head]:
            sides[0].append(tail)
        else:
            rows.append(([[tail], [head]], mark))
    ports = ("", "")
    if manner.edges == "ports":
        ports = (":o", ":i") if manner.node == "record" else (":s", ":n")
    for sides, mark in rows:
        shown = [[_quoted(page.ids[key], manner) for key in side] for side in sides]
        if manner.edges == "ports":
            text = f"{shown[0][0]}{ports[0]} -> {shown[1][0]}{ports[1]}"
        else:
            text = " -> ".join(side[0] if len(side) == 1 else "{" + " ".join(side) + "}" for side in shown)
        line = f"  {text}{f' [{mark}]' if mark else ''}{end}"
        if len(sides) == 2 and len(sides[0]) == len(sides[1]) == 1:
            page.lines[sides[0][0], sides[1][0]] = line
        yield line


