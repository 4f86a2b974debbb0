"""Decide once for a file what its ambiguous mentions of devices mean.

`rank 3` may be a device or the rank of a group, `GPU 0-64` a range or a pair, `dev(1,2)` a device of a mesh, and
`node1/gpu3` a local or a global number. Each meaning must agree with the rest of the file; otherwise none is taken.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.strategy.gpus import GpuSet, union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.deployment.devices.coordinates import Coordinates
    from dotlint.deployment.devices.reader import Gpus

    Numbering = Callable[[Coordinates], Iterable[int]]

_FEWEST_PAIRS: Final = 3


def decide(stated: Sequence[tuple[Gpus, int | None]], nodes: int = 0) -> dict[Gpus, Gpus | None]:
    """Return, for what texts state ambiguously, what it means.

    `stated` has what each text states and the stage that it is inside of; `nodes` is the number of nodes of the file.
    A text whose meaning stays open is named as unread, unless it may name no device at all, which gives None.
    """
    explicit = [gpus.ids for gpus, _ in stated if gpus.ids is not None and not gpus.coordinates and not gpus.transfer]
    changed: dict[Gpus, Gpus | None] = {}
    if _are_pairs(set(explicit)):
        changed = {
            gpus: replace(gpus, ids=GpuSet.of((gpus.ids.first, gpus.ids.last)))
            for gpus, _ in stated
            if gpus.ids is not None and not gpus.coordinates and _is_range(gpus.ids)
        }
    placed = [(gpus, stage) for gpus, stage in stated if gpus.coordinates]
    if placed:
        numberings = _numberings(placed, explicit, nodes)
        changed.update((gpus, _numbered(gpus, numberings)) for gpus, _ in placed)
    return changed


def _is_range(ids: GpuSet) -> bool:
    return ids.contiguous and len(ids) > 2


def _are_pairs(sets: Iterable[GpuSet]) -> bool:
    """Return whether all ranges overlap as ranges and none do as pairs: `GPU 0-64`, `GPU 1-65`, `GPU 2-66`."""
    ranges = sorted(ids.runs[0] for ids in sets if _is_range(ids))
    if len(ranges) < _FEWEST_PAIRS or len({end for span in ranges for end in (span[0], span[1] - 1)}) < 2 * len(ranges):
        return False
    return all(one[0] < two[0] < one[1] < two[1] for one, two in itertools.pairwise(ranges))


def _numbered(gpus: Gpus, numberings: dict[tuple[str, ...], Numbering]) -> Gpus | None:
    """Return what a text states with the ids of its coordinates."""
    if all(one.axes in numberings for one in gpus.coordinates):
        ids = GpuSet.of(number for one in gpus.coordinates for number in numberings[one.axes](one))
        return replace(gpus, ids=ids, coordinates=())
    still_open = [one for one in gpus.coordinates if one.sure]
    if gpus.ids is not None or not still_open:
        left = replace(gpus, coordinates=())
        return left if left != type(gpus)() else None
    return replace(gpus, coordinates=(), unread=gpus.unread or ", ".join(one.text for one in still_open))


def _numberings(
    placed: Sequence[tuple[Gpus, int | None]], explicit: Sequence[GpuSet], nodes: int
) -> dict[tuple[str, ...], Numbering]:
    """Return how the points along each list of axes are numbered, for those that the file decides."""
    spaces: dict[tuple[str, ...], list[tuple[Coordinates, int | None]]] = defaultdict(list)
    for gpus, stage in placed:
        for one in gpus.coordinates:
            spaces[one.axes].append((one, stage))
    named = union(explicit)
    meshes = {axes for axes, some in spaces.items() if some[0][0].sure and axes[0] not in {"", "host"}}
    found: dict[tuple[str, ...], Numbering | None] = {}
    for axes, some in spaces.items():
        points = {point for one, _ in some for point in one.points}
        if axes[0] == "host":
            found[axes] = _on_hosts(points, named)
        elif axes[0] == "":
            found[axes] = _on_mesh(points, named) if _are_coordinates(points) else None
        elif axes not in meshes:
            found[axes] = _single if _may_be_devices(some, explicit, nodes) else None
    if meshes:
        whole = max(meshes, key=len)
        apart = len(whole) > 1 or not _repeats(spaces[whole])
        if apart and all(whole[: len(axes)] == axes for axes in meshes):
            numbering = _on_mesh({point for one, _ in spaces[whole] for point in one.points}, named)
            found.update((axes, numbering) for axes in meshes)
    return {axes: numbering for axes, numbering in found.items() if numbering is not None}


def _single(one: Coordinates) -> Iterable[int]:
    return (point[0] for point in one.points)


def _on_hosts(points: set[tuple[int, ...]], named: GpuSet) -> Numbering | None:
    """Number the devices of hosts: as written if no two hosts use one number, else host by host."""
    devices = defaultdict(set)
    for host, device in points:
        devices[host].add(device)
    if sum(map(len, devices.values())) == len(set().union(*devices.values())):
        return lambda one: (point[1] for point in one.points)
    return _on_mesh(points, named)


def _on_mesh(points: set[tuple[int, ...]], named: GpuSet) -> Numbering | None:
    """Number the points of a mesh row by row; None if devices are also named by numbers that it does not have.

    The shape of the mesh is the range of the coordinates, from 0, or from 1 if the first axis never has 0. A point
    with fewer coordinates is all of the devices at it.
    """
    base = min(point[0] for point in points)
    base = base if base == 1 else 0
    shape = [max(column) + 1 for column in zip(*points, strict=True)]
    shape[0] -= base
    if named and named.last >= math.prod(shape):
        return None

    def numbers(one: Coordinates) -> Iterable[int]:
        inner = math.prod(shape[len(one.axes) :])
        for point in one.points:
            at = 0
            for axis, number in enumerate(point):
                at = at * shape[axis] + number - (0 if axis else base)
            yield from range(at * inner, (at + 1) * inner)

    return numbers


def _are_coordinates(points: set[tuple[int, ...]]) -> bool:
    """Return whether pairs such as `(0,0)` and `(1,0)` are points of a mesh and no lists of devices."""
    return len(points) > 1 and any(one >= two for point in points for one, two in itertools.pairwise(point))


def _may_be_devices(some: Sequence[tuple[Coordinates, int | None]], explicit: Sequence[GpuSet], nodes: int) -> bool:
    """Return whether numbers such as ranks are devices: they number the whole file, and no other number does.

    Ranks that several stages repeat count within the stage. Where most texts name devices explicitly, ranks are
    something else; where a few do, all of them must be among the ranks. Where only shards have a rank, and what they
    meet in has none, it is that of the shard.
    """
    if all(len(one.points) == 1 for one, _ in some) and 5 * len(some) < 4 * nodes:
        return False
    points = GpuSet.of(point[0] for one, _ in some for point in one.points)
    if len(points) < 2 or _repeats(some):
        return False
    return not explicit or (2 * len(explicit) <= len(some) and union(explicit) <= GpuSet.span(0, points.last + 1))


def _repeats(some: Sequence[tuple[Coordinates, int | None]]) -> bool:
    """Return whether several stages use the same numbers."""
    by_stage: dict[int, set[tuple[int, ...]]] = defaultdict(set)
    for one, stage in some:
        if stage is not None:
            by_stage[stage].update(one.points)
    return sum(map(len, by_stage.values())) > len(set().union(*by_stage.values()))
