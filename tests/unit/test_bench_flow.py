"""The drawn deployments whose labels state how tensors travel: each defect changes what it says, and nothing is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.mutation.drawn.writer import write
from bench.mutation.flow.defects import FLOW
from bench.mutation.flow.handover import lacking
from bench.mutation.flow.plan import FlowPlan
from bench.mutation.flow.trial import draw, mutate

if TYPE_CHECKING:
    from bench.mutation.model import World

DRAWN = [draw(f"flow.test.{number}") for number in range(60)]


def test_every_operator_leads_from_an_input_to_an_output() -> None:
    for drawn in DRAWN:
        world = drawn.world
        fed, feeds = {head for _, head, _ in world.edges}, {tail for tail, _, _ in world.edges}
        assert {op.role for key, op in world.ops.items() if key not in fed} <= {"input", "hidden_input"}
        assert {op.role for key, op in world.ops.items() if key not in feeds} <= {"output"}
        assert len(set(world.edges)) == len(world.edges)


def test_shapes_fit_along_every_edge_between_shards_and_what_they_feed() -> None:
    """An edge joins what is given with what is taken, where no operator takes several tensors."""
    for drawn in DRAWN:
        ops = drawn.world.ops
        for tail, head, style in drawn.world.edges:
            given, taken = ops[tail].after, ops[head]
            if style not in ("kv", "cache", "dashed") and given and taken.before:
                assert given in (taken.before, *(dims for _, dims in taken.inputs)) or taken.role == "attention", (
                    drawn.seed,
                    tail,
                    head,
                )


def test_every_kind_of_defect_is_there() -> None:
    kinds = {
        "drop_reduce",
        "drop_scatter",
        "swap_reduce",
        "change_dim_shard",
        "wrong_group_cut",
        "reduced_twice",
        "missing_gather_keys",
        "kv_dropped",
    }
    assert kinds <= set(FLOW)


@pytest.mark.parametrize("title", list(FLOW))
def test_a_defect_changes_the_places_that_it_names(title: str) -> None:
    done = [(drawn, found) for drawn in DRAWN if (found := mutate(drawn, title, write(drawn.world, drawn.manner)))]
    assert done
    for drawn, (defect, _) in done:
        assert defect.keys
        assert _around(drawn.world, defect.keys) != _around(defect.world, defect.keys)


def _around(world: World, keys: tuple[str, ...]) -> object:
    """What is drawn of these operators: themselves, and the edges at them."""
    return [world.ops.get(key) for key in keys], sorted(edge for edge in world.edges if set(edge[:2]) & set(keys))


def test_what_is_handed_over_is_what_decode_works_on() -> None:
    for drawn in DRAWN:
        plan = drawn.world.plan
        assert isinstance(plan, FlowPlan)
        assert not lacking(drawn.world, plan, drawn.world.edges)
