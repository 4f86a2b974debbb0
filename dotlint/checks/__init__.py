"""The checks: one generator for each check, grouped by subject. Their documentation is on the cards in `rules/`."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Literal, cast

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.edits.fix_context import FixFunction
    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext, GraphContext
    from dotlint.engine.finding import Outcome

    GraphCheck = Callable[[GraphContext, Card], Iterator[Outcome]]
    FileCheck = Callable[[FileContext, Card], Iterator[Outcome]]

Scope = Literal["file", "graph", "deployment"]


class Check(Struct, frozen=True):
    """The module and name of a check's function; the module is imported only when one of its checks runs.

    `scope` is how often it is called: per `file`, per `graph`, or per graph in which a `deployment` is recognized.
    """

    module: str
    function: str
    scope: Scope

    def load(self) -> Callable[..., Iterator[Outcome]]:
        """Import and return the function."""
        module = sys.modules.get(self.module) or import_module(self.module)  # a document asks for it once a block
        return cast("Callable[..., Iterator[Outcome]]", getattr(module, self.function))

    def load_fix(self) -> FixFunction | None:
        """Return the function that computes the fixes of its findings; None if there is none."""
        return getattr(self.load(), "fix", None)


def _table(module: str, scope: Scope, **functions: str) -> dict[str, Check]:
    path = f"dotlint.checks.{module}"
    return {name.replace("_", "-"): Check(path, function, scope) for name, function in functions.items()}


CHECKS: dict[str, Check] = {
    **_table("syntax", "file", syntax_problem="syntax_problems"),
    **_table("structure", "graph", cycle="cycles"),
    **_table("meta", "file", check_crashed="nothing", unused_suppression="nothing", unknown_suppression="nothing"),
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
    **_table("stages.edges", "deployment", missing_stage_edge="missing_stage_edges"),
    **_table("stages.missing", "deployment", missing_stage="missing_stages"),
    **_table("stages.links", "deployment", missing_pipeline_link="missing_pipeline_links"),
    **_table("stages.order", "deployment", stage_order="edges_out_of_order"),
    **_table(
        "stages.parts",
        "deployment",
        split_without_gather="splits_without_gather",
        attention_not_decomposed="attention_in_one_node",
    ),
    **_table(
        "siblings",
        "deployment",
        missing_sibling_node="missing_sibling_nodes",
        one_armed_fan_out="one_armed_fans",
        index_gap="index_gaps",
        sibling_degree="sibling_degrees",
    ),
    **_table(
        "flow",
        "deployment",
        bypass_link="bypass_links",
        residual_single_input="residuals_with_one_input",
        role_flow="role_flows",
        stage_cycle="stage_cycles",
    ),
    **_table("layers", "deployment", layer_cover="layer_covers", layer_balance="layer_balances"),
    **_table("strategy.header", "deployment", header_mismatch="header_mismatches"),
    **_table("strategy.members", "deployment", shard_count="shard_counts", expert_count="expert_counts"),
    **_table("strategy.experts", "deployment", expert_cover="expert_covers"),
    **_table("devices.missing", "deployment", gpu_missing="operators_without_gpus", gpu_vague="vague_gpus"),
    **_table("devices.stages", "deployment", stage_gpus="stage_gpus"),
    **_table("devices.overlaps", "deployment", gpu_overlap="gpu_overlaps"),
    **_table("devices.shards", "deployment", shard_gpus="shard_gpus"),
    **_table("devices.totals", "deployment", gpu_total="gpu_totals", gpu_out_of_range="gpus_out_of_range"),
    **_table("tensors.missing", "deployment", dims_missing="operators_without_dims"),
    **_table(
        "tensors.shapes",
        "deployment",
        edge_dims="edges_with_other_dims",
        operator_dims="operators_with_wrong_dims",
        collective_dims="collectives_with_wrong_dims",
        shape_mismatch="shape_mismatches",
        sibling_shape="odd_sibling_shapes",
    ),
    **_table("tensors.payload", "deployment", payload_lost="lost_payloads"),
    **_table(
        "tensors.placements",
        "deployment",
        partial_consumed="partial_sums",
        shard_consumed="slices",
        reduced_twice="reduced_twice",
        wrong_group="wrong_groups",
        mixed_placement="mixed_placements",
    ),
    **_table(
        "communication",
        "deployment",
        tp_communication="tensor_communication",
        sp_communication="sequence_communication",
    ),
    **_table("expert_exchange", "deployment", ep_communication="expert_communication"),
    **_table(
        "phases",
        "deployment",
        kv_transfer_missing="missing_kv_transfer",
        sp_in_decode="sequence_parallel_decode",
    ),
    **_table(
        "attributes.attribute_names",
        "graph",
        unknown_attribute="unknown_attributes",
        wrong_element="wrong_elements",
        deprecated_attribute="deprecated_attributes",
    ),
    **_table("attributes.values", "graph", bad_value="bad_values"),
    **_table("attributes.shapes", "graph", unknown_shape="unknown_shapes"),
    **_table("attributes.colors", "graph", unknown_colour="unknown_colors"),
    **_table("attributes.styles", "graph", unknown_style="unknown_styles"),
    **_table("attributes.clipped_edges", "graph", ends_without_compound="ends_without_compound"),
    **_table("attributes.contrast", "graph", low_contrast="low_contrast"),
    **_table("attributes.records", "graph", bad_record_label="bad_record_labels"),
    **_table("attributes.images", "graph", missing_image="missing_images"),
    **_table("attributes.lost_edges", "graph", edge_lost="lost_edges"),
    **_table(
        "attributes.undrawn",
        "graph",
        fill_without_style="fills_without_style",
        arrow_without_dir="arrows_without_direction",
        ortho_edge_label="labels_on_orthogonal_edges",
        engine_attribute="attributes_of_other_engines",
    ),
    **_table("attributes.labels", "graph", bad_html_label="bad_labels", missing_port="missing_ports"),
    **_table(
        "names.scope",
        "graph",
        late_default="late_defaults",
        inherited_graph_attribute="inherited_labels",
        lost_parallel_edge="lost_parallel_edges",
    ),
    **_table("names.stray_words", "graph", stray_word="stray_words"),
    **_table("names.undeclared", "graph", undeclared_node="undeclared_nodes"),
    **_table("names.placeholders", "graph", placeholder_id="placeholder_ids"),
    **_table("names.keyword_nodes", "graph", keyword_node="keyword_nodes"),
    **_table("names.split_numbers", "graph", number_split="split_numbers"),
    **_table(
        "names.edges", "graph", duplicate_edge="duplicate_edges", self_loop="self_loops", expansion_limit="over_limit"
    ),
    **_table(
        "names.nodes",
        "graph",
        redeclared_node="redeclared_nodes",
        node_in_two_clusters="nodes_in_two_clusters",
        dead_defaults="dead_defaults",
        layout_output="layout_output",
    ),
    **_table("names.cluster_ends", "graph", cluster_as_node="clusters_as_nodes"),
    **_table("names.rank_sets", "graph", node_leaves_cluster="nodes_leave_clusters"),
    **_table(
        "names.subgraphs",
        "graph",
        empty_cluster="empty_clusters",
        subgraph_not_cluster="subgraphs_not_clusters",
        ignored_attributes="ignored_attributes",
    ),
    **_table(
        "names.text",
        "file",
        text_not_read="text_not_read",
        not_a_comment="swallowed_code",
        backslash_trap="backslash_traps",
    ),
    **_table("names.characters", "file", suspicious_character="suspicious_characters"),
    **_table("names.limits", "file", graphviz_limit="graphviz_limits"),
    **_table("visual", "deployment", solid_gate_edge="solid_gate_edges"),
    **_table(
        "arithmetic",
        "file",
        heads="sums",
        experts="sums",
        sequence="sums",
        layers="sums",
        widths="sums",
        batch="sums",
        decode_context="sums",
        expert_sequence="sums",
        grid_mismatch="sums",
    ),
    **_table("memory", "file", memory="memory_that_fits"),
    **_table("arithmetic", "deployment", top_k="top_k", token_flow="token_flow", heads_dims="heads_dims"),  # noqa: S106
    **_table("tensors.kv_handover", "deployment", kv_hand_over="wrong_hand_overs"),
    **_table(
        "dims",
        "deployment",
        dims_malformed="malformed_dims",
    ),
    **_table(
        "transfers",
        "deployment",
        pipeline_unmarked="unmarked_pipeline_edges",
        collective_group="collective_groups",
        silent_transfer="silent_transfers",
    ),
    **_table("pools", "deployment", pool="pools", name_label_gpu="contradicting_names"),
    **_table(
        "conventions",
        "deployment",
        phase_leak="leaking_edges",
        decode_seq="long_decodes",
        phase_differs="differing_phases",
        mixed_convention="mixed_conventions",
    ),
    **_table(
        "parameterized",
        "graph",
        attribute_required="required_attributes",
        id_matches="ids_that_differ",
        role_shape="role_shapes",
        degree_between="degrees_outside",
    ),
}
