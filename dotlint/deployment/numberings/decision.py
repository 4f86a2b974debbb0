"""The numberings of a file, what is true of them, and the meanings chosen for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from dotlint.deployment.numberings.marks import Origin
    from dotlint.strategy.gpus import GpuSet

Devices = Literal["apart", "alike", "runs", "crossed"]
Meaning = Literal[
    "stage", "layer", "shard", "replica", "micro-batch", "step", "expert", "sequence", "device", "ordinal"
]
Fact = tuple[float, str]


class Numbering(Struct, eq=False):
    """Numbers that mean the same: `values` by the index of the node, `clusters` by the identity of the cluster.

    `word` is the canonical word before the numbers, "" if they are bare; `slots` are the (family, position) of those
    in names; `glued` is whether bare numbers touch the word of the operator, as in `norm2`.
    """

    where: Origin
    word: str
    title: str
    values: dict[int, int] = field(default_factory=dict)
    clusters: dict[int, int] = field(default_factory=dict)
    slots: list[tuple[str, int]] = field(default_factory=list)
    glued: bool = False

    @property
    def numbers(self) -> tuple[int, ...]:
        """The different numbers, in order, those of clusters without nodes included."""
        return tuple(sorted({*self.values.values(), *self.clusters.values()}))


class Evidence(Struct):
    """What is true of a numbering.

    `devices` is how the values share devices: each has its own (`apart`), all have the same (`alike`), neighboring
    values share a set that others do not (`runs`), or anything else (`crossed`); None if fewer than two values have
    devices. `same`, `following`, `back` and `far` count edges between equal values, to the next one, back, and further
    on; `around` is whether they lead around a ring; `meets` counts the collectives and sums without the number that
    several values feed. `roles` are those of its operators, `alike` is whether most values have the same of them,
    `share` the part of all operators that it numbers.
    `directed` is whether it stands behind the letters of the two passes of training, as in `F3` and `B3`.
    `rounds` is whether edges lead through all values several times, `is_round` whether it numbers such rounds.
    """

    values: tuple[int, ...]
    share: float
    devices: Devices | None
    sets: Mapping[int, GpuSet]
    same: int
    following: int
    back: int
    far: int
    around: bool
    meets: int
    roles: Counter[str | None]
    alike: bool
    directed: bool = False
    rounds: bool = False
    is_round: bool = False

    @property
    def operators(self) -> int:
        """The number of operators that have the number."""
        return self.roles.total()

    @property
    def per_value(self) -> float:
        """How many operators a value has on average."""
        return self.operators / max(1, len(self.values))

    @property
    def singles(self) -> bool:
        """Whether each value with devices has one."""
        return bool(self.sets) and all(len(gpus) == 1 for gpus in self.sets.values())


class Hypothesis(Struct, frozen=True):
    """What a numbering may mean, with the score and the facts for and against it."""

    meaning: Meaning
    score: float
    facts: tuple[Fact, ...]


class Choice(Struct):
    """A numbering with its hypotheses, the best first, and the meaning chosen; None if it is undecided or has none.

    `reason` is what else decided: another numbering that it repeats, or one that contradicts it.
    """

    numbering: Numbering
    evidence: Evidence
    hypotheses: tuple[Hypothesis, ...]
    meaning: Meaning | None
    reason: str = ""


class Decision(Struct):
    """The choices of a file, and the numbers of nodes and clusters by meaning; what a label states comes first."""

    choices: list[Choice]
    by_meaning: dict[str, dict[int, tuple[int, Choice]]] = field(default_factory=dict)
    of_clusters: dict[str, dict[int, int]] = field(default_factory=dict)
    undecided: tuple[str, ...] = ()

    def number(self, meaning: Meaning, node: int) -> int | None:
        """Return the number of a node in this meaning."""
        found = self.by_meaning.get(meaning, {}).get(node)
        return None if found is None else found[0]
