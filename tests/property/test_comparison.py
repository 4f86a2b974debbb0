"""What a comparison reports of drawn deployments: nothing if only the text differs, and exactly what was changed."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from bench.mutation.drawn.trial import draw
from bench.mutation.drawn.writer import write
from dotlint.comparison.compare import compare
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.lint import lint
from dotlint.syntax.lexemes import Html
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dotlint.comparison.model import Comparison, Difference
    from dotlint.graph.model import Graph, Subgraph

SEEDS = [f"compare.{number}" for number in range(25)]
SETTINGS = Settings(selection=Selection(select=("S",)))


def compared(before: str, after: str) -> Comparison:
    sides = (lint(Source.from_bytes(text.encode(), "plan.dot"), SETTINGS) for text in (before, after))
    return compare(*sides)


def drawn(seed: str) -> str:
    one = draw(seed)
    return write(one.world, one.manner).text


def graph_of(text: str) -> Graph:
    return lint(Source.from_bytes(text.encode(), "plan.dot"), SETTINGS).document.graphs[0]


def rewritten(
    text: str,
    seed: str,
    rename: Callable[[str], str] = str,
    *,
    without_edge: int | None = None,
    without_node: str | None = None,
    label: Callable[[str, str], str] = lambda _, label: label,
) -> str:
    """Write the graph of a text again: nodes renamed, statements in another order and format, with these changes."""
    rng = random.Random(seed)
    source = lint(Source.from_bytes(text.encode(), "plan.dot"), SETTINGS).document
    graph = source.graphs[0]

    def value(text: str) -> str:
        return f"<{text}>" if isinstance(text, Html) else '"' + text.replace('"', '\\"') + '"'

    def attributes(found: Mapping[str, str]) -> str:
        pairs = [f"{name}={value(text)}" for name, text in found.items()]
        rng.shuffle(pairs)
        return f" [{', '.join(pairs)}]" if pairs else ""

    def name(node: str) -> str:
        return value(rename(node))

    def body(block: Graph | Subgraph) -> Iterator[str]:
        for child in block.children:
            facts = [f"{key}={value(text)}" for key, text in child.own_attributes.items()]
            yield f"subgraph {value(child.name) if child.name else ''} {{ {'; '.join([*facts, *body(child)])} }}"
        inner = {node for child in block.children for node in child.nodes}
        statements = [
            name(node.name) + attributes({**node.attributes, **labeled(node.name, node.attributes)})
            for node in block.nodes.values()
            if node.name != without_node and (block is graph or node.name not in inner)
        ]
        rng.shuffle(statements)
        yield from statements

    def labeled(node: str, found: Mapping[str, str]) -> dict[str, str]:
        return {"label": label(node, found["label"])} if "label" in found else {}

    edges = [
        f"{name(edge.tail.name)} {'->' if graph.directed else '--'} {name(edge.head.name)}{attributes(edge.attributes)}"
        for edge in graph.edges
        if edge.index != without_edge and without_node not in {edge.tail.name, edge.head.name}
    ]
    rng.shuffle(edges)
    facts = [f"{key}={value(text)}" for key, text in graph.attributes.items()]
    comments = "\n".join(source.text[one.start : one.end] for one in source.comments)
    head = f"{'strict ' if graph.strict else ''}{'digraph' if graph.directed else 'graph'} {value(graph.name or '')}"
    statements = ";\n\n  ".join([*facts, *body(graph), *edges])
    return f"{comments}\n{head} {{\n{statements}\n}}\n"


def opaque(text: str, seed: str) -> Callable[[str], str]:
    names = list(graph_of(text).nodes)
    numbers = list(range(len(names)))
    random.Random(seed).shuffle(numbers)
    new = dict(zip(names, numbers, strict=True))
    return lambda name: f"v{new[name]}"


@pytest.mark.parametrize("seed", SEEDS)
def test_order_and_format_are_no_difference(seed: str) -> None:
    text = drawn(seed)
    found = compared(text, rewritten(text, seed))
    assert found.differences == []
    assert all(one == two for matched in found.matched for one, two in matched.pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_other_names_are_no_difference(seed: str) -> None:
    text = drawn(seed)
    found = compared(text, rewritten(text, seed, lambda name: f"my_{name}"))
    assert found.differences == []
    assert all(two == f"my_{one}" for matched in found.matched for one, two in matched.pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_without_meaningful_names_are_matched_by_what_else_is_known(seed: str) -> None:
    text = drawn(seed)
    rename = opaque(text, seed)
    found = compared(text, rewritten(text, seed, rename))
    assert [pair for matched in found.matched for pair in matched.pairs if pair[1] != rename(pair[0])] == []
    labeled = all(node.attributes.get("label", "\\N") != "\\N" for node in graph_of(text).nodes.values())
    assert not labeled or found.differences == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_missing_edge_is_reported_alone(seed: str) -> None:
    text = drawn(seed)
    edges = graph_of(text).edges
    gone = random.Random(seed).choice(edges)
    if sum((edge.tail, edge.head) == (gone.tail, gone.head) for edge in edges) > 1:
        return
    found = compared(text, rewritten(text, seed, without_edge=gone.index))
    (one,) = found.differences
    assert (one.section, one.change) == ("edges", "removed")
    assert [item.before for item in one.items] == [(gone.tail.name, gone.head.name)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_missing_node_is_reported_with_its_edges(seed: str) -> None:
    text = drawn(seed)
    graph = graph_of(text)
    gone = random.Random(seed).choice(list(graph.nodes.values()))
    found = compared(text, rewritten(text, seed, without_node=gone.name))
    (one,) = found.differences
    assert one.change == "removed"
    assert [item.before for item in one.items] == [(gone.name,)]
    assert one.items[0].edges == len({*gone.in_edges, *gone.out_edges})


@pytest.mark.parametrize("seed", SEEDS)
def test_other_devices_are_reported_at_their_node(seed: str) -> None:
    text = drawn(seed)
    graph = graph_of(text)
    stated = [node for node in graph.nodes.values() if re.search(r"GPU: ?\d+(?!\d)", node.label)]
    if not stated:
        return
    moved = random.Random(seed).choice(stated)

    def label(name: str, old: str) -> str:
        return re.sub(r"GPU: ?\d+(?:-\d+)?", "GPU: 991", old) if name == moved.name else old

    found = compared(text, rewritten(text, seed, label=label))
    assert {item.before for one in found.differences for item in one.items} == {(moved.name,)}
    assert "devices" in {one.section for one in found.differences}


def mirrored(one: Difference) -> tuple[object, ...]:
    change = {"added": "removed", "removed": "added"}.get(one.change, one.change)
    return (
        one.section,
        change,
        one.field,
        one.now,
        one.was,
        frozenset((item.after, item.before) for item in one.items),
    )


def plainly(one: Difference) -> tuple[object, ...]:
    return (one.section, one.change, one.field, one.was, one.now, frozenset((i.before, i.after) for i in one.items))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_other_way_round_is_the_mirror_image(seed: str) -> None:
    text, rng = drawn(seed), random.Random(seed)
    graph = graph_of(text)
    other = rewritten(
        text,
        seed,
        lambda name: f"my_{name}",
        without_node=rng.choice(list(graph.nodes)),
        without_edge=rng.randrange(len(graph.edges)),
    )
    there, back = compared(text, other), compared(other, text)
    singles = [{plainly(one) for one in there.differences}, {mirrored(one) for one in back.differences}]
    assert singles[0] == singles[1]
    assert (len(there.findings.fixed), len(there.findings.new)) == (len(back.findings.new), len(back.findings.fixed))
