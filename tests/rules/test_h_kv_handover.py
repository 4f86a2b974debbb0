"""H006: which rank of prefill hands which KV heads to which rank of decode."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.dsl import digraph, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotlint.engine.finding import Finding

    Edge: TypeAlias = tuple[str, str]
    Naming: TypeAlias = Callable[[str, int, int], str]


def strategy(prefill: str, decode: str, first: int, last: int, behind: int, **model: int) -> str:
    facts = "\n".join(f"{name} = {value}" for name, value in model.items())
    return (
        f'[pool]\nkind = "disaggregated"\n[phases.prefill]\nstrategy = "{prefill}"\ngpus = "{first}-{last}"\n'
        f'[phases.decode]\nstrategy = "{decode}"\ngpus = "{last + 1}-{behind}"\n[model]\n{facts}\n'
    )


def named(phase: str, layer: int, rank: int) -> str:
    return f"{phase}_l{layer}_attn_{rank}"


def phase_of(
    phase: str, ranks: int, first: int, layers: int = 1, name: Naming = named, heads: int = 0, gpus: bool = True
) -> Iterable[str]:
    """A phase whose layers have an attention of so many ranks and an all-reduce."""
    yield f'subgraph cluster_{phase} {{ label="{phase} (TP={ranks})";'
    yield f'{phase}_input [label="Input"];'
    before = f"{phase}_input"
    for layer in range(layers):
        reduce = f"{phase}_l{layer}_reduce"
        yield f'{reduce} [label="Layer {layer}\\nAll-Reduce\\nGPU: {first}-{first + ranks - 1}"];'
        for rank in range(ranks):
            shape = f"[batch=4, seq={1024 if phase == 'prefill' else 1}, heads={heads}, d_k=64]"
            lines = [f"Layer {layer}", "Attention"]
            lines += [f"Input: {shape}", f"Output: {shape}"] if heads else []
            lines += [f"GPU: {first + rank}"] if gpus else []
            label = "\\n".join(lines)
            yield f'{name(phase, layer, rank)} [label="{label}"];'
            yield f"{before} -> {name(phase, layer, rank)} -> {reduce};"
        before = reduce
    yield f'{phase}_output [label="Output"]; {before} -> {phase}_output; }}'


def right(prefill: int, decode: int, heads: int) -> list[tuple[int, int]]:
    """Pair the ranks that have a KV head in common, each head with the first rank that holds it."""

    def of(head: int, ranks: int) -> list[int]:
        copies = max(1, ranks // heads)
        each = max(1, heads // ranks)
        return [r for r in range(ranks) if head in range(r // copies * each, r // copies * each + each)]

    return sorted({(of(h, prefill)[0], to) for h in range(heads) for to in of(h, decode)})


def graph(prefill: int, decode: int, pairs: Iterable[Edge], layers: int = 1, **more: object) -> str:
    return digraph(
        *phase_of("prefill", prefill, 0, layers, **more),  # type: ignore[arg-type]
        *phase_of("decode", decode, prefill, layers, **more),  # type: ignore[arg-type]
        *(f'{tail} -> {head} [label="KV cache"];' for tail, head in pairs),
    )


def edges_of(pairs: Iterable[tuple[int, int]], layers: int = 1, name: Naming = named) -> list[Edge]:
    return [(name("prefill", n, one), name("decode", n, two)) for n in range(layers) for one, two in pairs]


def tp(prefill: int, decode: int, **model: int) -> str:
    return strategy(f"tp{prefill}", f"tp{decode}", 0, prefill - 1, prefill + decode - 1, **model)


def nodes(found: Iterable[Finding]) -> set[str]:
    return {name for finding in found for name in finding.nodes}


PLANS = [(one, two, g) for one in (1, 2, 4, 8) for two in (1, 2, 4, 8) for g in (1, 2, 4, 8) if one * two > 1]


@pytest.mark.parametrize(("prefill", "decode", "heads"), PLANS)
def test_h006_every_rank_gets_its_heads(prefill: int, decode: int, heads: int) -> None:
    layers, seed = 3, random.Random(f"{prefill} {decode} {heads}")
    declared = tp(prefill, decode, kv_heads=heads)
    pairs = edges_of(right(prefill, decode, heads), layers)
    text = graph(prefill, decode, pairs, layers)
    assert find(text, "H006", "H001", "H002", strategy=declared) == []
    dropped = seed.choice(pairs)
    found = find(graph(prefill, decode, [p for p in pairs if p != dropped], layers), "H006", strategy=declared)
    assert nodes(found) == {dropped[1]}
    assert found[0].severity == "error"
    one, two = seed.sample(pairs, 2)
    if heads > 1 and one[0] != two[0] and one[1] != two[1] and (one[0], two[1]) not in pairs:
        swapped = [p for p in pairs if p not in (one, two)] + [(one[0], two[1]), (two[0], one[1])]
        found = find(graph(prefill, decode, swapped, layers), "H006", strategy=declared)
        assert {one[1], two[1]} <= nodes(found)
