"""The clusters of stages, layers and replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mutation.drawn.names import numbers
from bench.mutation.drawn.notation import devices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Op, World

Node = tuple[str, "Op", str]
"""The key of an operator, the operator, and its statement."""


def clustered(nodes: Iterable[Node], world: World, manner: Manner, end: str) -> list[str]:
    """Put nodes into their clusters."""
    # Numbered through the whole deployment: a page may be written stage by stage.
    running = {path: n for n, path in enumerate(dict.fromkeys(_paths(world, manner)), 1)}
    tree: dict[str, object] = {}
    for _, op, line in nodes:
        here = tree
        for axis, path in _around(op, world, manner):
            here = here.setdefault(_opening(axis, op, world, manner, end, running[path]), {})  # type: ignore[assignment]
        here[line] = None
    return list(_unfolded(tree, "  "))


def _paths(world: World, manner: Manner) -> Iterator[tuple[str, ...]]:
    for op in world.ops.values():
        for _, path in _around(op, world, manner):
            yield path


def _around(op: Op, world: World, manner: Manner) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name the axes of the clusters around an operator, the outermost first, each with the path to it."""
    told = numbers(op, world, manner)
    path: tuple[str, ...] = ()
    for axis in _boxes(op, world, manner):
        path = (*path, f"{op.phase} {op.replica} {op.stage if axis == 'layer' else ''} {axis} {told[axis]}")
        yield axis, path


def _boxes(op: Op, world: World, manner: Manner) -> list[str]:
    """Name the axes whose clusters an operator is in, the outermost first."""
    axes = {"stage": ["stage"], "layer": ["layer"], "replica": ["replica"], "nested": ["replica", "stage", "layer"]}
    told = numbers(op, world, manner)
    if op.stage is None:
        return []
    return [axis for axis in axes.get(manner.clusters, []) if axis in told]


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
    name = {"word": f"{word}{told}", "word_": f"{word}_{told}", "running": str(running), "bare": told}[
        manner.cluster_id
    ]
    name = (
        f"{prefix}{axis[0]}{name}" if manner.cluster_id == "bare" and manner.clusters == "nested" else f"{prefix}{name}"
    )
    words = (
        title(axis, op, world, manner)
        if manner.cluster_label != "none" or manner.cluster_id in ("running", "bare")
        else ""
    )
    return f"subgraph cluster_{name} {{" + (f'\n  label="{words}"{end}' if words else "")


def title(axis: str, op: Op, world: World, manner: Manner, *, gpus: bool = True) -> str:
    """What the label of a cluster or a header says of its stage, layer or replica."""
    told = numbers(op, world, manner)
    words = [manner.cluster_told[axis].format(told[axis])] if axis in told else []
    if axis == "stage" and manner.cluster_label == "gpus" and gpus and op.unit and manner.device != "none":
        words.append(devices(op.unit, world, manner))
    if axis == "stage" and manner.cluster_label == "layers" and manner.layer_scope == "global" and op.stage is not None:
        low = op.stage * world.plan.layers + manner.first_layer
        high = low + world.plan.layers - 1
        words.append(f"Layers {low}-{high}" if high > low else f"Layer {low}")
    return "\\n".join(words)
