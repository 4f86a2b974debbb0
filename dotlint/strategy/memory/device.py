"""The memory that a GPU offers to the plan, in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.data.gpus import gpu_memories, gpus_named
from dotlint.strategy.error import quoted
from dotlint.strategy.memory.lacking import LackingFactsError
from dotlint.text.nearest import nearest

if TYPE_CHECKING:
    from dotlint.strategy.model import ModelFacts

GIB = 1 << 30


class Device(Struct, frozen=True):
    """The memory of a GPU and the part of it that may be used, 1 if that is not stated."""

    memory: int
    utilization: float
    name: str = ""

    @property
    def available(self) -> int:
        """The bytes that may be used."""
        return int(self.memory * self.utilization)

    def __str__(self) -> str:
        if self.utilization == 1:
            return self.name
        return f"{self.name} {gib(self.memory)} · {self.utilization:g}".strip()


def device_of(facts: ModelFacts) -> Device:
    """Return the GPU: `gpu_memory` as stated, else that of `gpu` by its name. Raises `LackingFactsError` without either."""
    utilization = float(facts.utilization) if facts.utilization is not None else 1.0
    if facts.gpu_memory is not None:
        return Device(int(facts.gpu_memory * GIB), utilization, facts.gpu or "")
    if facts.gpu is None:
        raise LackingFactsError("`gpu` or `gpu_memory`")
    found = gpus_named(facts.gpu)
    if len(found) == 1:
        return Device(gpu_memories()[found[0]], utilization, found[0])
    raise LackingFactsError(f"`gpu_memory` (`gpu` = {unknown_gpu(facts.gpu)})")


def unknown_gpu(name: str) -> str:
    """Return that a name is not that of one GPU, and which ones may have been meant."""
    guess = gpus_named(name) or nearest(name, list(gpu_memories()), least=0.5)
    remedy = f": did you mean {' or '.join([guess] if isinstance(guess, str) else guess)}?" if guess else ""
    return f"{quoted(name)} is not one known GPU{remedy}"


def gib(number: float) -> str:
    """Return bytes in GiB, such as "131.42 GiB"."""
    return f"{number / GIB:,.2f} GiB"
