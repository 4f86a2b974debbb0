"""Whether the labels of a phase state the shapes of one rank (local) or of whole tensors (global)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.deployment import axes
from dotlint.deployment.shards import groups
from dotlint.deployment.stated_dims import one_in_one_out
from dotlint.deployment.tensors.shape_features import widths
from dotlint.deployment.tensors.shape_rules import shape_rule

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment

_DIVIDING = {"gather", "scatter", "gather-sequence", "split-sequence"}
_PROJECTIONS = ("qkv", "query", "output-projection")
_LEAST = 2  # one operator that changes nothing may be wrong


def global_phases(deployment: Deployment) -> frozenset[str | None]:
    """Return the phases whose labels state whole tensors.

    In these, splits and gathers state one shape before and after, and shards of a projection the whole hidden size. One
    that states a slice shows that the others do, too.
    """
    return deployment.derived(_global_phases)


def _global_phases(deployment: Deployment) -> frozenset[str | None]:
    whole: Counter[str | None] = Counter()
    local: set[str | None] = set()
    for reading in deployment.operators:
        if shape_rule(deployment, reading).changes not in _DIVIDING:
            continue
        pair = one_in_one_out(reading)
        change = axes.change(*pair) if pair else None
        if change and change.parts:
            local.add(reading.phase)
        elif change and change.whole:
            whole[reading.phase] += 1
    for group in groups(deployment, *_PROJECTIONS) if whole else ():
        pair = one_in_one_out(group.members[0])
        width = widths(*pair) if pair else None
        if width is None or len(group.members) < _LEAST:
            continue
        if width[1] < width[0] or (width[0] < width[1] and group.role == "output-projection"):
            local.add(group.phase)  # less than the hidden size
        elif width[0] == width[1]:
            whole[group.phase] += 1
    return frozenset(phase for phase, number in whole.items() if number >= _LEAST and phase not in local)
