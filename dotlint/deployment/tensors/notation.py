"""Whether labels state the shape of one rank's slice (local) or of the whole tensor (global), by phase and tensor axis."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.deployment import axes
from dotlint.deployment.tensors.model import Notation, SizeKey
from dotlint.deployment.tensors.placements import BATCH, BITS, FEATURES, HEADS, HIDDEN, PARTIAL, SEQ, TOKENS
from dotlint.deployment.tensors.sizes_of import between, only

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.model import MeshAxis, Operator

_AXES = {"batch": BATCH, "seq": SEQ, "tokens": TOKENS, "hidden": HIDDEN, "vocab": BITS["vocab"]}
_NAMED = {"hidden": HIDDEN, "heads": HEADS, "ffn": BITS["ffn"], "vocab": BITS["vocab"]}
_CHANGING = frozenset({"gather", "concatenate", "reduce-scatter", "split"})


def notation_of(operators: Iterable[Operator]) -> Notation:
    """Return the notation that splits, gathers and the ranks of sharded operators show."""
    whole: dict[SizeKey, set[int]] = defaultdict(set)
    undivided: set[tuple[str | None, str]] = set()
    widths: dict[str | None, Counter[int]] = defaultdict(Counter)
    logits: dict[str | None, set[int]] = defaultdict(set)
    for operator in operators:
        phase = operator.first.phase
        if operator.first.is_role("norm", "residual") or (operator.first.is_role("input") and not operator.grouped):
            stated = operator.first.evidence.tensors.outputs
            widths[phase].update(n for dims in stated if len(dims.values) > 2 and (n := axes.width(dims)))
        if operator.first.is_role("output", "sampling") and not operator.grouped:
            tensors = operator.first.evidence.tensors
            some = (*tensors.inputs, *tensors.outputs, *tensors.bare)
            logits[phase].update(n for dims in some if (n := axes.size(dims, "vocab")))
        if operator.rule is not None and operator.collective in _CHANGING:
            tensors = operator.first.evidence.tensors
            before, after = only(tensors.inputs), only(tensors.outputs)
            if before is None or after is None:
                continue
            _note(whole, phase, before, after)
            if operator.rule.role.startswith("sequence-") and axes.size(before, "seq") == axes.size(after, "seq"):
                undivided.add((phase, "seq"))
        for source in operator.sources if operator.axis is not None else ():
            made, taken = only(source.first.evidence.tensors.outputs), only(operator.first.evidence.tensors.inputs)
            found = between(made, taken) if made and taken and not source.grouped else None
            if found and made and taken and operator.axis and found[1] == operator.axis.size:
                _note(whole, phase, made, taken)
    stream = {phase: found.most_common(1)[0][0] for phase, found in widths.items() if len(found) == 1}
    return Notation({key: frozenset(sizes) for key, sizes in whole.items()}, frozenset(undivided), stream, logits)


def _note(whole: dict[SizeKey, set[int]], phase: str | None, before: Dims, after: Dims) -> None:
    found = between(before, after, either=True)
    if found is None:
        return
    for name, bit in _AXES.items():
        one, two = axes.size(before, name), axes.size(after, name)
        if found[0] & bit and one is not None and two is not None and one != two:
            whole[phase, name, found[1]].add(max(one, two))


def has_all_logits(operator: Operator, notation: Notation) -> bool:
    """Return whether each rank of an LM head states as many logits as the output of the model."""
    dims = only(operator.first.evidence.tensors.outputs)
    if dims is None or not operator.first.is_role("head") or operator.states is not None or notation.undivided:
        return False
    return axes.width(dims) in notation.logits.get(operator.first.phase, ())


def narrowed(operator: Operator, axis: MeshAxis | None, mask: int, notation: Notation) -> int:
    """Return the placements that the stated output of an operator leaves: a whole size is no slice of that axis."""
    dims = only(operator.first.evidence.tensors.outputs)
    if dims is None or axis is None:
        return mask
    left = mask
    for name, bit in _AXES.items() if notation.whole else ():
        if left & bit and (operator.first.phase, name) not in notation.undivided:
            size = axes.size(dims, name)
            if size is not None and size in notation.whole.get((operator.first.phase, name, axis.size), ()):
                left &= ~bit
    if axis is not operator.axis:
        return left or mask
    stream, hidden = notation.stream.get(operator.first.phase), axes.width(dims)
    if stream and hidden and operator.first.is_role("output-projection", "mlp-down", "mlp", "embedding"):
        if hidden == stream:
            left &= ~HIDDEN
        elif hidden * axis.size == stream and left & PARTIAL:
            left |= HIDDEN  # no summand, which is as wide as the sum, or the size of what follows the sum
    features = left & FEATURES
    if features:
        named = 0
        for name in axes.axes(dims):
            named |= _NAMED.get(name, 0)
        if named & features:
            left = left & ~FEATURES | named & features
            if not named & HIDDEN and not operator.first.is_role("qkv", "query", "mlp-up", "head"):
                left &= ~PARTIAL  # a summand has the axis of the sum
    return left or mask
