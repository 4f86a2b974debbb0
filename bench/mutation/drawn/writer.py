"""Write a deployment as DOT in a drawn manner."""

from __future__ import annotations

import random
import re
from itertools import groupby
from typing import TYPE_CHECKING

from bench.mutation.drawn.clusters import clustered, title
from bench.mutation.drawn.labels import label
from bench.mutation.drawn.names import names
from bench.mutation.drawn.notation import shape
from bench.mutation.schemes import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.mutation.drawn.clusters import Node
    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import World

_COLLECTIVE = {
    "all_gather", "all_reduce", "attn_reduce", "reduce_scatter", "dispatch", "combine", "send", "recv", "transfer", "kv",
    "ring_send", "sp_gather", "sp_split", "embed_reduce", "embed_scatter", "attn_scatter", "mlp_scatter", "seq_ag", "mlp_ag", "kv_ag",
    "k_ag", "v_ag", "embed_gather", "attn_pair", "mlp_pair", "a2a_heads", "a2a_seq", "head_gather", "other_reduce", "other_gather", "other_scatter",
}  # fmt: skip
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
            lines += [*clustered(some, world, manner, end), *_edges(world, manner, page, end, written)]
    edges = list(_edges(world, manner, page, end, set(world.ops)))
    if manner.statements == "edges first":
        lines += edges
    if manner.statements == "shuffled":
        random.Random(len(nodes)).shuffle(nodes)
        random.Random(len(edges)).shuffle(edges)
        lines += clustered(nodes, world, manner, end) + edges
    elif manner.statements != "by stage":
        lines += clustered(nodes, world, manner, end)
    if manner.statements in ("nodes first", "by stage"):
        lines += edges
    if manner.header == "label":  # behind the clusters, which would inherit it
        lines.append(f'  label="LLM deployment ({_degrees(world)})"{end}')
    page.text = "\n".join([*lines, "}"]) + "\n"
    return page


def _degrees(world: World) -> str:
    return ", ".join(
        f"{name}={getattr(world.plan, name.lower())}"
        for name in ("PP", "TP", "EP", "SP", "DP")
        if getattr(world.plan, name.lower()) > 1
    )


def _head(world: World, manner: Manner, end: str) -> Iterator[str]:
    """Write defaults and what the file declares of itself."""
    plan, degrees = world.plan, _degrees(world)
    if manner.header == "comment":
        yield f"  // parallel strategy: {degrees}"
    yield f"  rankdir={'LR' if manner.quoted == 'yes' else 'TB'}{end}"
    shape_ = "record" if manner.node == "record" else "box"
    yield f'  node [shape={shape_}, style="rounded,filled", fillcolor=white]{end}'
    if manner.header == "title":
        yield f'  title [label="Model deployment\\n{degrees}", shape=plaintext]{end}'
    if manner.header == "stages" and plan.pp > 1:
        firsts = {
            op.stage: op
            for op in world.ops.values()
            if op.stage is not None and not op.replica and op.phase == plan.phases[0]
        }
        for stage, op in firsts.items():
            alone = plan.replicas == 1 and not plan.decode  # else the stage has other GPUs elsewhere
            told = title("stage", op, world, manner, gpus=alone)
            yield f'  "header{stage}" [label="{told}", shape=plaintext]{end}'
    if manner.legend == "yes":
        yield "  subgraph cluster_legend {"
        yield f'    label="Legend"{end}'
        comm = _SHAPES[manner.shapes][1]
        yield f'    legend_compute [label="Compute", shape=box]{end}'
        yield f'    legend_comm [label="Communication", shape={comm}]{end}'
        yield "  }"


def _nodes(world: World, manner: Manner, page: Page, end: str) -> Iterator[Node]:
    for key, op in world.ops.items():
        kind = 2 if op.role in ("gate", "route") else 1 if op.role in _COLLECTIVE else 0
        form = "plain" if manner.node == "table" else op.shape or _SHAPES[manner.shapes][kind]
        attributes = [f"label={label(op, world, manner, page)}"]
        if manner.sides == "attributes" and manner.shape != "none" and op.before and op.after:
            sides = (("input", op.before), ("output", op.after))
            attributes += [f'{name}="{shape(dims, world, manner)}"' for name, dims in sides]
        if manner.node != "record" and form != "box":
            attributes.append(f"shape={form}")
        line = f"{_quoted(page.ids[key], manner)} [{', '.join(attributes)}]{end}"
        page.lines[key] = line
        yield key, op, line


def _quoted(name: str, manner: Manner) -> str:
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and name.lower() not in ("node", "edge", "graph", "strict")
    return name if plain and manner.quoted == "no" else f'"{name}"'


_MARKS = {"dashed": "style=dashed", "residual": 'label="residual"'}


def _mark(style: str, manner: Manner) -> str:
    if style == "pipeline":
        return f'label="{manner.mark}"' if manner.link == "marked" else ""
    if style == "kv":
        return f'label="{manner.kv_mark}"'
    return "" if style == "dashed" and manner.gate_edges == "solid" else _MARKS.get(style, "")


def _edges(world: World, manner: Manner, page: Page, end: str, among: set[str]) -> Iterator[str]:
    """Write the edges among these that are not yet written, one by one, in chains or in sets."""
    rows: list[tuple[list[list[str]], str]] = []
    for tail, head, style in world.edges:
        if tail not in among or head not in among or (tail, head) in page.lines:
            continue
        page.lines[tail, head] = ""
        mark = _mark(style, manner)
        if manner.sides == "edges" and manner.shape != "none" and style == "solid" and (given := world.ops[tail].after):
            mark = f'label="{shape(given, world, manner)}"'
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
