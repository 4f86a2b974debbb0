"""What the analysis of tensors decided, in words: for one node, and for a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.deployment import axes
from dotlint.deployment.sizes import read_size
from dotlint.deployment.tensors.followed import REASONS
from dotlint.deployment.tensors.placements import ANY, title
from dotlint.deployment.tensors.shape_notation import global_phases
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.model import Flow, Inflow, MeshAxis, Operator
    from dotlint.engine.context import GraphContext

_MOST: Final = 8
_UNKNOWN: Final = title(ANY)


def flow_of(context: GraphContext) -> Flow | None:
    """Return the analysis of a graph; None if the graph is no deployment, or if the analysis crashed."""
    if not context.deployment.recognized:
        return None
    try:
        return context.flow
    except Exception:  # noqa: BLE001 - the rules that need the analysis report that it crashed
        return None


def node_lines(flow: Flow | None, reading: Reading) -> list[str]:
    """Return what a node takes and gives: shapes as written and as understood, and placements on each axis of the mesh."""
    operator = flow.by_node.get(reading.node.index) if flow is not None else None
    return list(_node_lines(flow, operator, reading)) if flow is not None and operator is not None else []


def _node_lines(flow: Flow, operator: Operator, reading: Reading) -> Iterator[str]:
    tensors = reading.evidence.tensors
    inflows = [one for one in flow.inflows.get(operator.index, ()) if _tails(one, reading)]
    if inflows or tensors.inputs:
        yield from _shapes("input", tensors.inputs or tensors.bare)
        yield from _placements(operator.taken)
        yield from (f"  {line}" for one in inflows for line in _from(flow, one, reading))
    yield from _shapes("output", tensors.outputs or tensors.bare)
    yield from _placements(operator.given)
    heads = dict.fromkeys(edge.head.name for edge in reading.node.out_edges if edge.head.index in flow.by_node)
    if heads:
        yield f"  to {quoted(list(heads), _MOST)}"


def _tails(inflow: Inflow, reading: Reading) -> list[str]:
    return list(dict.fromkeys(edge.tail.name for edge in inflow.edges if edge.head is reading.node))


def _shapes(side: str, shapes: tuple[Dims, ...]) -> Iterator[str]:
    if not shapes:
        yield f"{side}: shape not stated"
    for dims in shapes:
        yield f"{side}: written {dims.text}, understood as {understood(dims)}"


def understood(dims: Dims) -> str:
    """Return a shape with the field's names of its axes, and its sizes as numbers where they are known."""
    parts = []
    for position, (name, value) in enumerate(zip(axes.axes(dims), dims.values, strict=True), 1):
        size = read_size(value)
        known = str(size.whole) if size is not None and size.whole is not None else value if size else "unknown"
        parts.append(f"{name or f'axis {position}'} {known}")
    return ", ".join(parts)


def _from(flow: Flow, inflow: Inflow, reading: Reading) -> Iterator[str]:
    where = f"from {quoted(_tails(inflow, reading), _MOST)}"
    reason = next(
        (flow.reasons[e.index] for e in inflow.edges if e.head is reading.node and e.index in flow.reasons), ""
    )
    if reason:
        yield f"{where}: not followed ({REASONS[reason]})"
        return
    yield f"{where}: {_given_shapes(inflow)}"
    yield from _placements(inflow.arrives)


def _given_shapes(inflow: Inflow) -> str:
    made = inflow.tail.first.evidence.tensors
    return "; ".join(understood(dims) for dims in made.outputs or made.bare) or "shape not stated"


class EdgeTensor(Struct, frozen=True):
    """What an edge carries.

    `label` has the placements that are certain. `lines` have all placements and the shape, or why it was not followed.
    """

    label: str
    lines: tuple[str, ...]


def edge_tensors(flow: Flow | None) -> dict[int, EdgeTensor]:
    """Return what each edge between operators carries, by the index of the edge."""
    found: dict[int, EdgeTensor] = {}
    for inflow in (one for inflows in flow.inflows.values() for one in inflows) if flow is not None else ():
        known = [
            f"{axis.name or axis.title}: {_title(mask, axis.allowed)}"
            for axis, mask in inflow.arrives.items()
            if axis is not None and (mask & axis.allowed or mask).bit_count() == 1
        ]
        placed = (line.strip() for line in _placements(inflow.arrives))
        tensor = EdgeTensor(", ".join(dict.fromkeys(known)), (f"tensor: {_given_shapes(inflow)}", *placed))
        for edge in inflow.edges:
            assert flow is not None
            reason = flow.reasons.get(edge.index)
            found[edge.index] = EdgeTensor("", (f"tensor not followed: {REASONS[reason]}",)) if reason else tensor
    return found


def _placements(found: Mapping[MeshAxis | None, int]) -> Iterator[str]:
    known = {f"  on {axis_title(axis)}: {_title(mask, axis.allowed)}": None for axis, mask in found.items() if axis}
    yield from known
    rest = _title(found.get(None, ANY), ANY)
    if rest != _UNKNOWN:
        yield f"  on every {'other ' if known else ''}axis: {rest}"
    elif not known:
        yield "  placement not known"


def _title(mask: int, allowed: int) -> str:
    """Return a set of placements; of most of the possible ones, those that it lacks."""
    possible, lacking = mask & allowed or mask, allowed & ~mask
    if not lacking:
        return _UNKNOWN
    if lacking.bit_count() < min(3, possible.bit_count()):
        return f"anything but {title(lacking)}".replace(" or ", " and ")
    return title(possible)


def axis_title(axis: MeshAxis) -> str:
    """Return what a reader calls an axis, or that its kind is not known."""
    return axis.title if axis.name else f"{axis.title} (unknown axis)"


def axis_lines(flow: Flow) -> list[str]:
    """Return a line for each kind of axis of the mesh: its ranks, and what showed its kind."""
    found: dict[tuple[str, str, int], list[MeshAxis]] = {}
    for axis in dict.fromkeys(operator.axis for operator in flow.operators if operator.axis is not None):
        found.setdefault((axis.name, axis.why, axis.size), []).append(axis)
    lines = []
    for (name, why, size), some in found.items():
        ranks = [" | ".join(gpus.short() for gpus in axis.ranks) for axis in some if axis.ranks]
        where = f"GPUs {'; '.join(ranks[:_MOST])}" if ranks else "GPUs not stated"
        where += f" and {len(ranks) - _MOST} more" if len(ranks) > _MOST else ""
        lines.append(f"{name or 'unknown kind'}, {count(size, 'rank')} ({where}): {why}")
    return lines


def notation_lines(deployment: Deployment, flow: Flow) -> list[str]:
    """Return what shapes state of each axis of tensors of which the graph shows it: a rank's slice, or the whole."""
    whole = [
        f"every axis{f' of {x}' if x else ''}: global, no split, gather or shard states a slice"
        for x in sorted(global_phases(deployment), key=str)
    ]
    notation = flow.notation
    if notation is None:
        return whole
    sliced: dict[tuple[str | None, str], list[str]] = {}
    for (phase, name, ranks), sizes in notation.whole.items():
        texts = [f"{size} by {ranks}" for size in sorted(sizes)]
        sliced.setdefault((phase, name), []).extend(texts)
    lines = whole
    for phase, name in dict.fromkeys([*sliced, *sorted(notation.undivided, key=str)]):
        where = f"{name} of {phase}" if phase else name
        divided = listed(sliced.get((phase, name), []), _MOST)
        if (phase, name) not in notation.undivided:
            lines.append(f"{where}: local, shapes state the slice of a rank (divided: {divided})")
        elif divided:
            lines.append(f"{where}: undecided, some shapes divide it ({divided}), a split or gather does not")
        else:
            lines.append(f"{where}: global, a split or gather states the same size before and after it")
    return lines


def graph_lines(deployment: Deployment, flow: Flow) -> list[str]:
    """Return the axes of the mesh and the notation of shapes."""
    mesh = axis_lines(flow) or ["none: no operator is drawn once for each rank"]
    notation = notation_lines(deployment, flow) or [
        "undecided: no split, gather or shard shows whether shapes are local or global"
    ]
    return ["axes of the mesh", *(f"  {x}" for x in mesh), "notation of shapes", *(f"  {x}" for x in notation)]
