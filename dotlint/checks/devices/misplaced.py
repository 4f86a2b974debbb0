"""One shard on the GPUs of a sibling, where the other operators of its rank are on GPUs of their own."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.checks.devices.placed import crosses, is_transfer
from dotlint.deployment.shards import varying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.strategy.gpus import GpuSet

_ENOUGH = 3  # operators whose shards of one rank agree


class Misplaced(Struct, frozen=True, eq=False):
    """A shard on the GPUs of its `sibling`; `others` operators have this rank on the GPUs `usual`."""

    reading: Reading
    sibling: Reading
    usual: GpuSet
    others: int


def misplaced(deployment: Deployment) -> Iterator[Misplaced]:
    """Yield the shards that alone of their rank are on GPUs of a sibling.

    Operators have ranks in common if their names count the shards of a stage by the same words (`gate_tp0`, `qkv_tp0`).
    All of them but one have to place the rank alike, so that a layout in which ranks move is not reported.
    """
    siblings: dict[tuple[object, ...], list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        if is_transfer(reading) or crosses(deployment, reading) or reading.summary:
            continue  # what moves data is on the GPUs of both ends
        if reading.gpus and reading.own_gpus and reading.evidence.name.numbers:
            unit = reading.phase, reading.replica, reading.micro_batch, reading.stage
            siblings[(*unit, reading.layer, reading.step, reading.evidence.name.family)].append(reading)
    ranks: dict[tuple[object, ...], list[tuple[Reading, list[Reading]]]] = defaultdict(list)
    for key, members in siblings.items():
        positions = varying(members)
        words = tuple(members[0].evidence.name.words[i] for i in positions)
        for reading in members if positions else ():
            numbers = tuple(reading.evidence.name.numbers[i] for i in positions)
            ranks[(*key[:4], len(members), words, numbers)].append((reading, members))
    for placed in ranks.values():
        ((usual, agreeing), *others) = Counter(reading.gpus for reading, _ in placed).most_common()
        if usual is None or agreeing < _ENOUGH or sum(number for _, number in others) != 1:
            continue
        reading, members = next((r, m) for r, m in placed if r.gpus != usual)
        sibling = next((r for r in members if r is not reading and r.gpus == reading.gpus), None)
        if sibling is not None and not any(r.gpus == usual for r in members):
            yield Misplaced(reading, sibling, usual, agreeing)
