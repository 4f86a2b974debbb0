"""What a mutation is: a change to a correct deployment, and the rules that may name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from bench.mutation.model import Op, World
    from bench.mutation.schemes import Page, Scheme


@dataclass(frozen=True)
class Defect:
    """What was done: a mutated `world`, an `edit` of the text that it makes, another `strategy` file, or several of these.

    Findings have to name one of `keys`, or `every` one; of `edges` all have to be proposed. Where an edit alone was made the finding has
    to stand where the text differs.
    """

    world: World
    keys: tuple[str, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    edit: Callable[[Page], str | None] | None = None
    strategy: Mapping[str, object] | None = None
    every: bool = False


Change = Callable[["World", "random.Random", "Scheme"], "Defect | None"]


@dataclass(frozen=True)
class Mutation:
    """A change, None of which means that it cannot be done here; the `codes` that name it, and what it `brings` besides.

    What it brings is true of the mutated file and no consequence in the sense of `caused_by`.
    """

    change: Change
    codes: frozenset[str]
    brings: frozenset[str] = field(default_factory=frozenset)


MUTATIONS: dict[str, Mutation] = {}


def mutation(codes: str, brings: str = "") -> Callable[[Change], Change]:
    """Enter a change into the table under its own name."""

    def enter(change: Change) -> Change:
        name = str(getattr(change, "__name__", ""))
        MUTATIONS[name] = Mutation(change, frozenset(codes.split()), frozenset(brings.split()))
        return change

    return enter


def pick(rng: random.Random, world: World, *roles: str, stage_from: int = 0, phase: str | None = None) -> Op | None:
    """Choose an operator of these roles; None where there is none."""
    found = [
        op for op in world.ops.values()
        if op.role in roles and (op.stage or 0) >= stage_from and phase in (None, op.phase)
    ]  # fmt: skip
    return rng.choice(found) if found else None


def of_role(world: World, role: str, phase: str | None = None) -> list[Op]:
    """List the operators of a role, in order."""
    return [op for op in world.ops.values() if op.role == role and phase in (None, op.phase)]


def units(world: World) -> int:
    """How many layers teach each other."""
    return world.plan.pp * world.plan.layers
