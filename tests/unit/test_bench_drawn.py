"""The generator of the benchmark: what it writes is DOT, is what it drew, and is the same for the same seed."""

from __future__ import annotations

import pytest

from bench.mutation.drawn.changes import DRAWN
from bench.mutation.drawn.manner import FACTORS
from bench.mutation.drawn.trial import draw, mutate, run
from bench.mutation.drawn.writer import write
from dotlint.api import check, parse

SEEDS = [f"test.{number}" for number in range(80)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawn_graph_has_the_nodes_and_edges_that_were_drawn(seed: str) -> None:
    drawn = draw(seed)
    page = write(drawn.world, drawn.manner)
    graph = parse(page.text).graphs[0]
    wanted = {(page.ids[tail], page.ids[head]) for tail, head, _ in drawn.world.edges}
    assert {(edge.tail.name, edge.head.name) for edge in graph.edges} == wanted
    assert set(page.ids.values()) <= set(graph.nodes)
    assert len(set(page.ids.values())) == len(drawn.world.ops)
    assert not [finding for finding in check(page.text).findings if finding.code.startswith("E")]


@pytest.mark.parametrize("seed", SEEDS[:40])
def test_graphviz_reads_what_was_drawn(seed: str) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    drawn = draw(seed)
    page = write(drawn.world, drawn.manner)
    graph = pygraphviz.AGraph(string=page.text)
    assert set(page.ids.values()) <= {str(node) for node in graph.nodes()}
    assert graph.number_of_edges() == len({edge[:2] for edge in drawn.world.edges})


def test_one_seed_means_one_graph() -> None:
    one, other = ([write(drawn.world, drawn.manner).text for drawn in map(draw, SEEDS[:20])] for _ in range(2))
    assert one == other
    assert len(set(one)) == len(one)


def test_all_values_of_a_factor_are_drawn() -> None:
    seen = [draw(f"values.{number}").manner.factors() for number in range(400)]
    missing = [
        f"{factor}={value}"
        for factor, values in FACTORS.items()
        for value in values
        if value not in {manner[factor] for manner in seen}
    ]
    assert missing == []


def test_each_defect_can_be_done_and_changes_the_text() -> None:
    left = set(DRAWN)
    for number in range(400):
        drawn = draw(f"defects.{number}")
        page = write(drawn.world, drawn.manner)
        for title in sorted(left):
            done = mutate(drawn, title, page)
            if done:
                assert done[1].text != page.text
                left.discard(title)
    assert left == set()


def test_a_run_has_a_correct_graph_and_two_defects() -> None:
    outcomes = run("test.1")
    assert [bool(outcome.mutation) for outcome in outcomes] == [False, True, True]
