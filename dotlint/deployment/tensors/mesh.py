"""Which kind of parallelism each axis of the mesh is, and which placements are possible on it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from dotlint.deployment.tensors.placements import ANY, BATCH, FEATURES, HEADS, PARTIAL, REPLICATE, SEQ, TOKENS
from dotlint.deployment.tensors.sizes_of import between, only, sliced
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.tensors.model import AxisName, MeshAxis, Operator
    from dotlint.strategy.phase import Phase

_DEGREE = regex(r"\b(tp|sp|cp|dp|ep)\s?=\s?(\d{1,5})\b", re.IGNORECASE, needs=("tp", "sp", "cp", "dp", "ep"))
_ALLOWED: Final[dict[AxisName, int]] = {
    "tp": REPLICATE | PARTIAL | FEATURES,
    "sp": REPLICATE | PARTIAL | SEQ | HEADS,
    "cp": REPLICATE | PARTIAL | SEQ | HEADS,
    "dp": REPLICATE | PARTIAL | TOKENS,
    "ep": ANY,
    "": ANY,
}
_NAMES: Final[tuple[AxisName, ...]] = ("tp", "sp", "cp", "dp", "ep")
_WORDS: Final[dict[str, AxisName]] = {
    "tp": "tp", "tensor": "tp", "sp": "sp", "seq": "sp", "ulysses": "sp", "cp": "cp", "ring": "cp", "dp": "dp", "replica": "dp", "ep": "ep",
}  # fmt: skip
_TENSOR_PARALLEL: Final = frozenset({
    "qkv", "query", "key-projection", "value-projection", "attention", "output-projection", "mlp", "mlp-up",
    "mlp-down", "embedding", "head",
})  # fmt: skip
_DIVIDING_TOKENS: Final = ("reduce-scatter", "sequence-split", "sequence-gather")


def name_axes(
    deployment: Deployment, operators: list[Operator], phase_of: Callable[[str | None], Phase | None]
) -> None:
    """Decide the name of each axis, and the placements that it allows."""
    members: dict[MeshAxis, list[Operator]] = defaultdict(list)
    for operator in operators:
        if operator.axis is not None:
            members[operator.axis].append(operator)
    degrees = _labeled_degrees(deployment)
    slicing = {r.phase for r in deployment.operators if r.is_role(*_DIVIDING_TOKENS)}
    scattering = {r.phase for r in deployment.operators if r.is_role("reduce-scatter")}
    for axis, some in members.items():
        phase = phase_of(some[0].first.phase)
        shapes = Counter(bit for operator in some for bit in _divided(operator))
        axis.name, axis.why = _name(deployment, axis, some, phase, shapes)
        if not axis.name and phase is None and axis.size in degrees:
            axis.name, axis.why = degrees[axis.size], "labels state the degree"
        axis.phase = some[0].first.phase
        axis.allowed = _ALLOWED[axis.name]
        dividing = slicing if phase is not None and _divides_among_shards(phase) else scattering
        if axis.name == "tp" and axis.phase in dividing and (phase is None or _may_divide_among_shards(phase)):
            axis.allowed |= SEQ  # Megatron's sequence parallelism on the same ranks
        if axis.name != "tp":
            for bit in shapes:
                axis.allowed |= bit


def _may_divide_among_shards(phase: Phase) -> bool:
    """Return whether tensor ranks may divide the sequence: Megatron's do, and others if no rank is declared for it."""
    degrees = phase.grid_degrees or phase.degrees
    return phase.layout.flavor == "megatron" or degrees.sp * degrees.cp == 1


def _divides_among_shards(phase: Phase) -> bool:
    """Return whether every split of the sequence is among tensor ranks: none but them divides it."""
    degrees = phase.degrees
    return degrees.cp == 1 or (phase.layout.flavor == "megatron" and degrees.sp > 1)


def _labeled_degrees(deployment: Deployment) -> dict[int, AxisName]:
    """Return the kind of parallelism that labels state for a number of ranks (`TP=4`), if they state only one for it."""
    found: dict[int, set[AxisName]] = defaultdict(set)
    for reading in deployment.readings:
        for line in reading.evidence.lines:
            for name, size in stated_degrees(line).items():
                found[size].add(name)
    return {size: names.pop() for size, names in found.items() if len(names) == 1}


def stated_degrees(line: str) -> dict[AxisName, int]:
    """Return the degrees that a line of a label states, such as `TP=4`."""
    return {_WORDS[name.lower()]: int(size) for name, size in _DEGREE.findall(line)} if "=" in line else {}


def _name(
    deployment: Deployment, axis: MeshAxis, some: list[Operator], phase: Phase | None, shapes: Counter[int]
) -> tuple[AxisName, str]:
    """Return the kind of an axis and why, or "" and why it is not known."""
    readings = [reading for operator in some for reading in operator.members]
    if all(r.is_role("expert") for r in readings):
        return "ep", "its operators are experts"
    numbered = {kind for operator in some for kind in numbering_siblings(operator.members)}
    stated = numbered if len(numbered) == 1 else set(_stated(deployment, some))
    if phase is not None and not phase.assumed:
        declared = {name for name in _NAMES if name != "ep" and phase.degrees.get(name) == axis.size > 1}
        if phase.attention_tp == axis.size > 1:
            declared.add("tp")  # replicas of attention share the ranks of TP
        if "cp" in stated and "cp" not in declared and "sp" in declared:
            stated = stated - {"cp"} | {"sp"}  # a name of context parallelism for the declared degree
        if len(declared & stated) == 1:
            return (declared & stated).pop(), "labels name it, and the strategy has this degree"
        if {"tp", "dp"} <= declared and all(r.replica is None for r in readings):
            return "", "the ranks may be shards or replicas"
        by_shape = {name for name in declared if (name in {"sp", "cp"}) == bool(shapes[SEQ])} - (
            {"dp"} if not shapes[BATCH] else set()
        )
        if len(by_shape) == 1 and (by_shape != {"tp"} or _is_tensor_parallel(readings)):
            return by_shape.pop(), "the strategy has this degree, and shapes and roles fit no other axis of it"
        if len(declared) == 1:
            (only,) = declared
            if only in {"sp", "cp"} or (only == "tp" and _is_tensor_parallel(readings)):
                return only, "the only degree of the strategy of this size"
            return "", "shapes and roles do not show it"
        degrees = f"several degrees of the strategy are {axis.size}: {', '.join(sorted(declared))}"
        return "", degrees if declared else f"no degree of the strategy is {axis.size}, ep aside"
    if len(stated) == 1:
        return stated.pop(), "labels name it"
    if stated:
        return "", f"labels name {' and '.join(sorted(stated))}"
    if shapes[SEQ] and not shapes[BATCH]:
        return "sp", "each rank takes a slice of the sequence"
    if shapes[BATCH] and not shapes[SEQ]:
        return "dp", "each rank takes a slice of the batch"
    return _by_width(some)


def _is_tensor_parallel(readings: Iterable[Reading]) -> bool:
    return any(r.role is not None and r.role.name in _TENSOR_PARALLEL for r in readings)


def numbering_siblings(siblings: Sequence[Reading]) -> Iterator[AxisName]:
    """Yield the kinds that name the number by which siblings differ: `tp` in `ring_attn_tp0_cp1`, `ring_attn_tp1_cp1`."""
    for one, other in pairwise(reading.evidence.name for reading in siblings[:2]):
        if one.family == other.family:
            differing = zip(one.words, one.numbers, other.numbers, strict=True)
            yield from (_WORDS[word] for word, n, m in differing if n != m and word in {"tp", "sp", "cp"})


def _stated(deployment: Deployment, some: Iterable[Operator]) -> Iterator[AxisName]:
    """Yield the kinds that the titles and names of nodes, or a statement such as `row-parallel`, name."""
    for operator in some:
        if operator.states is not None and operator.states & (PARTIAL | FEATURES):
            yield "tp"
        for reading in operator.members[:2]:
            for word in deployment.vocabulary.split(f"{reading.evidence.title} {reading.name}"):
                replicas = word in _WORDS and _WORDS[word] == "dp" and reading.replica is not None
                if word in _WORDS and not replicas and not (word == "seq" and operator.collective):
                    yield _WORDS[word]


def _divided(operator: Operator) -> Iterator[int]:
    """Yield the token axes of which each rank of an operator takes a slice of what one node gives."""
    for source in operator.sources:
        if not source.grouped and operator.axis is not None:
            found = sliced(source, operator)
            if found in {SEQ, BATCH}:
                yield found


def _by_width(some: Iterable[Operator]) -> tuple[AxisName, str]:
    """Return `tp` if each rank has its share of the heads: heads times their size, times the ranks, is the hidden size."""
    for operator in some:
        tensors = operator.first.evidence.tensors
        whole, part = only(tensors.inputs), only(tensors.outputs)
        if operator.first.is_role("output-projection"):
            whole, part = part, whole
        elif not operator.first.is_role("qkv", "query"):
            continue
        if operator.axis is None or whole is None or part is None:
            continue
        found = between(whole, part)
        if found and found[1] == operator.axis.size and found[0] & FEATURES:
            return "tp", "each rank has its share of the heads or of the hidden size"
    return "", "neither labels nor shapes show it"
