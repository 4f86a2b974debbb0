"""Data replicas and micro-batches, each of which passes a pipeline of its own."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotlint.deployment.model import Deployment, Reading

    Copy = tuple[int | None, int | None]
    """A data replica and a micro-batch, as numbered in the file; None where the file does not distinguish them."""


ANY: Final[Copy] = (None, None)
"""The copy of a node that may belong to any of them."""


def copies(deployment: Deployment) -> Callable[[Reading], Copy]:
    """Return the function that gives the replica and micro-batch of a node.

    A number counts only if nodes of one number are in several stages: else it may be the stage itself.
    """
    replicas = _pass_stages((r.replica, r.stage) for r in deployment.operators)
    batches = _pass_stages((r.micro_batch, r.stage) for r in deployment.operators)
    return lambda r: (r.replica if replicas else None, r.micro_batch if batches else None)


def may_be_one(one: Copy, two: Copy) -> bool:
    """Return whether two nodes with these copies may belong to the same replica and micro-batch."""
    return all(None in pair or pair[0] == pair[1] for pair in zip(one, two, strict=True))


def _pass_stages(pairs: Iterable[tuple[int | None, int | None]]) -> bool:
    stages: dict[int, set[int]] = defaultdict(set)
    for number, stage in pairs:
        if number is not None and stage is not None:
            stages[number].add(stage)
    return any(len(some) > 1 for some in stages.values())
