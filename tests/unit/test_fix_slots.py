"""Edges are removed from files in several styles and restored byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.pipeline.fix_text import fix_text
from tests.dsl import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Style = Callable[[], Iterator[str]]

TITLES = {"norm": "LayerNorm", "qkv": "QKV projection", "attn": "Attention", "mlp": "MLP", "sum": "All-Reduce"}
OPERATORS = ("norm", "qkv0", "qkv1", "attn", "mlp0", "mlp1", "sum")
EDGES = (
    ("norm", "qkv0"), ("norm", "qkv1"), ("qkv0", "attn"), ("qkv1", "attn"),
    ("attn", "mlp0"), ("attn", "mlp1"), ("mlp0", "sum"), ("mlp1", "sum"),
)  # fmt: skip
STAGES = range(4)
ONLY_EDGES = settings_for(("S001",))


def node(stage: int, operator: str) -> str:
    return f'  s{stage}_{operator} [label="{TITLES[operator.rstrip("01")]}\\nGPU: {2 * stage}-{2 * stage + 1}"];'


def edge(stage: int, tail: str, head: str) -> str:
    return f"  s{stage}_{tail} -> s{stage}_{head};"


def nodes(stage: int) -> Iterator[str]:
    return (node(stage, operator) for operator in OPERATORS)


def edges(stage: int) -> Iterator[str]:
    return (edge(stage, *pair) for pair in EDGES)


def links() -> Iterator[str]:
    return (f"  s{stage}_sum -> s{stage + 1}_norm;" for stage in STAGES[:-1])


def nodes_then_edges() -> Iterator[str]:
    for stage in STAGES:
        yield f"  // Stage {stage}"
        yield from nodes(stage)
    for stage in STAGES:
        yield f"  // Edges of stage {stage}"
        yield from edges(stage)
    yield "  // Between stages"
    yield from links()


def stage_by_stage() -> Iterator[str]:
    joined = [*links(), ""]
    for stage in STAGES:
        yield from (f"  // Stage {stage}", *nodes(stage), "", *edges(stage), joined[stage], "")


def edges_after_heads() -> Iterator[str]:
    for stage in STAGES:
        for operator in OPERATORS:
            yield node(stage, operator)
            yield from (edge(stage, tail, head) for tail, head in EDGES if head == operator)
    yield from links()


def edges_after_tails() -> Iterator[str]:
    joined = [*links(), ""]
    for stage in STAGES:
        for operator in OPERATORS:
            yield node(stage, operator)
            yield from (edge(stage, tail, head) for tail, head in EDGES if tail == operator)
        yield joined[stage]


def clusters() -> Iterator[str]:
    for stage in STAGES:
        yield from (f"  subgraph cluster_{stage} {{", f'  label="Stage {stage}";', *nodes(stage), *edges(stage), "  }")
    yield from links()


def headed_in_clusters() -> Iterator[str]:
    for stage in STAGES:
        yield from (f"  subgraph cluster_{stage} {{", f'  label="Stage {stage}";', *nodes(stage))
        yield from (f"  // edges of stage {stage}", *edges(stage), "  }")
    yield from links()


def edges_outside_clusters() -> Iterator[str]:
    for stage in STAGES:
        yield from (f"  subgraph cluster_{stage} {{", f'  label="Stage {stage}";', *nodes(stage), "  }")
    joined = [*links(), ""]
    for stage in STAGES:
        yield from (*edges(stage), joined[stage])


def edges_after_clusters() -> Iterator[str]:
    joined = [*links(), ""]
    for stage in STAGES:
        yield from (f"  subgraph cluster_{stage} {{", f'  label="Stage {stage}";', *nodes(stage), "  }")
        yield from (*edges(stage), joined[stage], "")


def kind_by_kind() -> Iterator[str]:
    for stage in STAGES:
        yield from nodes(stage)
    for tail, head in EDGES:
        yield f"  // {tail} to {head}"
        yield from (edge(stage, tail, head) for stage in STAGES)
    yield from ("  // stages", *links())


STYLES: tuple[Style, ...] = (
    nodes_then_edges, stage_by_stage, edges_after_heads, edges_after_tails, clusters, headed_in_clusters,
    edges_outside_clusters, edges_after_clusters, kind_by_kind,
)  # fmt: skip


def whole(style: Style) -> str:
    return "\n".join(
        (
            'digraph {\n  input [label="Input"];\n  output [label="Output"];',
            *style(),
            "  input -> s0_norm;\n  s3_sum -> output;\n}\n",
        )
    )


def fixed(text: str, gone: set[str]) -> str:
    cut = "".join(line for line in text.splitlines(keepends=True) if line.rstrip("\n") not in gone)
    assert cut != text
    result = fix_text(cut, ONLY_EDGES)
    assert result.refused == ()
    return result.text


@pytest.mark.parametrize("style", STYLES)
def test_single_edges_are_restored(style: Style) -> None:
    text = whole(style)
    for stage in (0, 2, 3):
        for pair in EDGES:
            assert fixed(text, {edge(stage, *pair)}) == text, (stage, pair)


@pytest.mark.parametrize("style", STYLES)
def test_fan_outs_and_runs_are_restored(style: Style) -> None:
    text = whole(style)
    for stage in (1, 3):
        for some in (EDGES[:3], EDGES[4:6], EDGES[6:]):
            assert fixed(text, {edge(stage, *pair) for pair in some}) == text, (stage, some)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("stage", STAGES)
def test_whole_stages_are_restored(style: Style, stage: int) -> None:
    text = whole(style)
    found = fixed(text, set(edges(stage)))
    # If all their neighbors are gone, they may go before or after an empty line or an edge of the graph.
    if (style, stage) in {(stage_by_stage, s) for s in (0, 2, 3)} | {(edges_outside_clusters, s) for s in (0, 3)}:
        assert sorted(found.splitlines()) == sorted(text.splitlines())
        block = "\n".join(edges(stage))
        assert block in found
    else:
        assert found == text
