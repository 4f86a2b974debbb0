"""The checks: one module a category, one generator a check, no prose (that is on the cards in `rules/`)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.engine.finding import Outcome

    GraphCheck = Callable[[GraphContext, Card], Iterator[Outcome]]
    FileCheck = Callable[[FileContext, Card], Iterator[Outcome]]

Scope = Literal["file", "graph", "deployment"]


class Check(NamedTuple):
    """A check by where its function is, so that a module is imported only when one of its checks runs.

    `scope`: called once a `file`, once a `graph`, or once a graph in which a `deployment` is recognised.
    """

    module: str
    function: str
    scope: Scope

    def load(self) -> Callable[..., Iterator[Outcome]]:
        """Import the function."""
        return cast("Callable[..., Iterator[Outcome]]", getattr(import_module(self.module), self.function))


def _table(module: str, scope: Scope, **functions: str) -> dict[str, Check]:
    path = f"dotlint.checks.{module}"
    return {name.replace("_", "-"): Check(path, function, scope) for name, function in functions.items()}


CHECKS: dict[str, Check] = {
    **_table("syntax", "file", syntax_problem="syntax_problems"),
    **_table("structure", "graph", cycle="cycles"),
    **_table("meta", "file", check_crashed="nothing"),
    **_table(
        "structure",
        "deployment",
        isolated_operator="isolated_operators",
        no_consumer="operators_without_consumer",
        no_producer="operators_without_producer",
        output_unreachable="unreachable_outputs",
        no_input="phases_without_input",
        no_output="phases_without_output",
    ),
    **_table(
        "stages",
        "deployment",
        missing_stage_edge="missing_stage_edges",
        missing_stage="missing_stages",
        missing_pipeline_link="missing_pipeline_links",
        stage_order="edges_out_of_order",
        split_without_gather="splits_without_gather",
        attention_not_decomposed="attention_in_one_node",
    ),
    **_table(
        "strategy",
        "deployment",
        header_mismatch="header_mismatches",
        shard_count="shard_counts",
        expert_count="expert_counts",
        expert_cover="expert_covers",
    ),
    **_table(
        "devices",
        "deployment",
        gpu_missing="operators_without_gpus",
        gpu_vague="vague_gpus",
        stage_gpus="stage_gpus",
        gpu_overlap="gpu_overlaps",
        shard_gpus="shard_gpus",
        gpu_total="gpu_totals",
        gpu_out_of_range="gpus_out_of_range",
    ),
    **_table("tensors", "deployment", dims_missing="operators_without_dims", collective_dims="collectives_with_wrong_dims"),
    **_table(
        "communication",
        "deployment",
        tp_communication="tensor_communication",
        sp_communication="sequence_communication",
        ep_communication="expert_communication",
    ),
    **_table("phases", "deployment", kv_transfer_missing="missing_kv_transfer", sp_in_decode="sequence_parallel_decode"),
    **_table("visual", "deployment", role_shape="role_shapes", solid_gate_edge="solid_gate_edges"),
}


def find_check(name: str) -> Check:
    """Find a check by the name on a card; raises `DotlintError` where there is none."""
    try:
        return CHECKS[name]
    except KeyError:
        raise DotlintError(f"unknown check `{name}`; there are {', '.join(sorted(CHECKS))}") from None
