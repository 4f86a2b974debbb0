"""The tensor analysis of graphs of any form: no rule fails, and neither the order of statements nor names matter."""

from __future__ import annotations

import random
from itertools import pairwise, product
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from dotlint.engine.result import Settings
from dotlint.pipeline.lint import lint
from dotlint.syntax.source import Source
from tests.dsl import check_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

TITLES = [
    "Input", "Embedding", "LayerNorm", "QKV Projection", "Q Projection", "Attention", "Ring Attention", "Output Projection",
    "Residual Add", "MLP Up", "SiLU", "MLP Down", "MLP", "All-Reduce", "All-Gather", "Reduce-Scatter", "Sequence Split",
    "Sequence Gather", "Gate", "Top-K Routing", "Dispatch", "Expert", "Combine", "All-to-All", "KV Cache", "KV Transfer",
    "LM Head", "Softmax", "Output", "Frobnicate", "Gate + Dispatch", "Row-Parallel Linear", "Layers 2-15",
]  # fmt: skip
SHAPES = [
    "",
    "[4, 8, 64]",
    "[batch=4, seq=8, hidden=64]",
    "[batch=4, seq=8, hidden=32]",
    "[B, S, H/2]",
    "[4, 8, 4, 16]",
]
FAMILIES = ["amber", "birch", "cedar", "fern", "maple", "olive"]
KINDS = ["digraph", "graph", "strict digraph", "strict graph"]
STRATEGIES = [None, "tp2", "prefill=tp2sp2;decode=tp4", "pp2ep2tp2"]

Node = tuple[str, int, int, str]
"""The phase, family and number of a node, and its label."""
Graph = tuple[list[Node], list[tuple[Node, Node]]]


@st.composite
def graphs(draw: st.DrawFn, *, any_edges: bool = False) -> Graph:
    """Draw families of operators and links between successive families.

    With `any_edges`, draw other edges too: loops, cycles, parallel edges and edges between siblings.
    """
    families: list[list[Node]] = []
    titles = draw(st.lists(st.sampled_from(TITLES), max_size=len(FAMILIES)))
    if draw(st.booleans()):
        titles.sort(key=TITLES.index)  # in the order of a model, without some of its operators
    for family, title in zip(draw(st.permutations(range(len(FAMILIES)))), titles, strict=False):
        label = [title]
        label += [f"{side}: {shape}" for side in ("Input", "Output") if (shape := draw(st.sampled_from(SHAPES)))]
        phase, on_gpus = draw(st.sampled_from(["", "prefill", "decode"])), draw(st.booleans())
        numbers = range(draw(st.sampled_from([1, 2, 2, 4])))
        families.append([(phase, family, n, r"\n".join([*label, f"GPU: {n}"] if on_gpus else label)) for n in numbers])
    edges: list[tuple[Node, Node]] = []
    for tails, heads in pairwise(families):
        alike = len(tails) == len(heads) and draw(st.booleans())
        edges += zip(tails, heads, strict=True) if alike else product(tails, heads)
    nodes = [node for family in families for node in family]
    if any_edges and nodes:
        ends = st.sampled_from(nodes)
        edges += draw(st.lists(st.tuples(ends, ends), max_size=4))
    return nodes, edges


def name(node: Node, families: Sequence[str] = FAMILIES) -> str:
    """Return the name of a node; `families` are the words for the families."""
    phase, family, number, _ = node
    return "_".join(filter(None, [phase, families[family], str(number)]))


def written(graph: Graph, kind: str = "digraph", families: Sequence[str] = FAMILIES) -> str:
    """Write a graph."""
    arrow = "->" if kind.endswith("digraph") else "--"
    statements = [f'{name(node, families)} [label="{node[-1]}"];' for node in graph[0]]
    statements += [f"{name(tail, families)} {arrow} {name(head, families)};" for tail, head in graph[1]]
    return "\n".join([f"{kind} {{", *statements, "}\n"])


def analysis(graph: Graph, families: Sequence[str] = FAMILIES) -> tuple[object, ...]:
    """Return the faults, the followed edges and the reasons for the others, whatever their order and names."""
    context = lint(Source.from_text(written(graph, families=families), "test.dot"), Settings()).context
    assert context is not None
    (found,) = context.graphs
    nodes = {name(node, families): node for node in graph[0]}
    ends = {edge.index: (nodes[edge.tail.name], nodes[edge.head.name]) for edge in found.graph.edges}
    faults = {
        (
            one.rule,
            one.kind,
            one.found,
            *(frozenset(nodes[r.name] for r in some) for some in (one.at.members, one.tails)),
        )
        for one in found.flow.faults
    }
    reasons = sorted((*ends[index], reason) for index, reason in found.flow.reasons.items())
    return faults, sorted(ends[index] for index in found.flow.followed), reasons


@given(graphs(any_edges=True), st.sampled_from(KINDS), st.sampled_from(STRATEGIES), st.integers(1, 2))
@settings(deadline=None)
def test_no_rule_fails(graph: Graph, kind: str, strategy: str | None, copies: int) -> None:
    check_rules(written(graph, kind) * copies, strategy=strategy)


@given(graphs(), st.integers(0, 1000))
@settings(deadline=None)
def test_the_order_of_statements_does_not_matter(graph: Graph, seed: int) -> None:
    draw = random.Random(seed)
    nodes, edges = graph
    assert analysis((draw.sample(nodes, len(nodes)), draw.sample(edges, len(edges)))) == analysis(graph)


@given(graphs())
@settings(deadline=None)
def test_the_names_of_nodes_do_not_matter(graph: Graph) -> None:
    assert analysis(graph, FAMILIES[::-1]) == analysis(graph)
