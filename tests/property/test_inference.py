"""An inferred strategy says nothing that a check of the same file contradicts."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotlint.deployment.strategy_file import strategy_file
from dotlint.engine.result import Settings
from dotlint.engine.select import Selection
from dotlint.pipeline.inferred import inferred
from dotlint.pipeline.lint import lint
from dotlint.strategy import Strategy
from dotlint.syntax.source import Source
from tests.dsl import ENDS, digraph, edges, node

FIXTURES = Path(__file__).parent.parent / "fixtures"
RULES = Selection(select=("P", "D", "S002"))


def contradicted(text: str) -> tuple[str, Counter[str]]:
    """Infer a strategy; return the file and what a check says only because of it."""
    source = Source.from_text(text, "test.dot")
    result = lint(source, Settings())
    assert result.context is not None
    found = inferred(result, result.context.graphs[0].deployment)
    table = strategy_file(found, "test.dot")
    if not any(phase.degrees for phase in found.phases):
        return table, Counter()
    declared = Strategy.from_table(tomllib.loads(table), where="the inferred strategy")
    with_it, without = (
        Counter(f"{f.code} {f.message}" for f in lint(source, one).findings)
        for one in (Settings(declared, "option", RULES), Settings(selection=RULES))
    )
    return table, with_it - without


def deployment(stages: int, ranks: int, experts: int, gap: int, rename: str) -> str:
    """Stages of attention shards and experts on GPUs of their own; `gap` is the stage whose last shard is missing."""
    statements, path = [*ENDS], ["input"]
    for stage in range(stages):
        size = max(ranks, experts)
        gpus = f"{stage * size}-{(stage + 1) * size - 1}"
        name = rename.format(stage)
        statements += [node(f"{name}_norm", "RMSNorm", gpus), *edges(path[-1], f"{name}_norm")]
        for op, title, number in (("attn", "Attention", ranks), ("expert", "Expert", experts)):
            before, after = (f"{name}_norm", f"{name}_sum") if op == "attn" else (f"{name}_sum", f"{name}_comb")
            statements.append(node(after, "All-Reduce" if op == "attn" else "All-to-All combine", gpus))
            for rank in range(number - (op == "attn" and stage == gap and number > 1)):
                shard = f"{name}_{op}_{rank}"
                statements += [node(shard, title, str(stage * size + rank)), *edges(before, shard, after)]
        path.append(f"{name}_comb")
    return digraph(*statements, *edges(path[-1], "output"))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4),
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from([1, 2, 4, 6]),
    st.integers(-1, 3),
    st.sampled_from(["stage{}", "pp{}", "layer{}", "s{}", "n{}"]),
)
def test_check_does_not_contradict_what_is_inferred(
    stages: int, ranks: int, experts: int, gap: int, rename: str
) -> None:
    table, more = contradicted(deployment(stages, ranks, experts, gap, rename))
    assert not more, table


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FIXTURES.glob("*_*.dot") if path.name != "build_dependencies.dot")
)
def test_fixtures(name: str) -> None:
    table, more = contradicted((FIXTURES / name).read_text())
    assert not more, table


def test_data_and_tensor_parallelism_are_told_apart_by_dimensions() -> None:
    def parts(before: str, after: str) -> str:
        shards = [
            statement
            for n in range(4)
            for statement in (
                node(f"qkv_{n}", "QKV projection", str(n), before, after),
                *edges("input", f"qkv_{n}", "sum"),
            )
        ]
        start = node("input", "Input", "0-3", "", "[batch=8, seq=16, hidden=512]")
        return digraph(start, ENDS[1], node("sum", "All-Gather", "0-3"), *shards, *edges("sum", "output"))

    whole, heads = "[batch=8, seq=16, hidden=512]", "[batch=8, seq=16, heads={}, d_k=64]"
    assert 'strategy = "tp4"' in contradicted(parts(whole, heads.format(2)))[0]
    assert (
        'strategy = "dp4"' in contradicted(parts(whole.replace("8", "2", 1), heads.format(8).replace("8", "2", 1)))[0]
    )
    assert 'strategy = "dp4"' in contradicted(parts(whole, heads.format(8)))[0]
