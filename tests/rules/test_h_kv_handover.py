"""H006: which rank of prefill hands which KV heads to which rank of decode."""

from __future__ import annotations

import random
import re
from math import prod
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.dsl import check_rules, digraph, find

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


def test_h006_names_ranks_and_heads() -> None:
    (finding,) = find(graph(2, 4, edges_of([(0, 0), (1, 1), (1, 2)])), "H006", strategy=tp(2, 4, kv_heads=2))
    assert finding.message == (
        "decode rank 1 (`decode_l0_attn_1`) needs KV head 0 from prefill rank 0 (`prefill_l0_attn_0`), but is handed "
        "KV head 1 from prefill rank 1 (`prefill_l0_attn_1`); decode rank 3 (`decode_l0_attn_3`) needs KV head 1 from "
        "prefill rank 1 (`prefill_l0_attn_1`), but is handed nothing"
    )
    (finding,) = find(graph(4, 2, edges_of([(0, 0), (1, 0), (2, 1)])), "H006", strategy=tp(4, 2, kv_heads=8))
    assert finding.message == (
        "decode rank 1 (`decode_l0_attn_1`) needs KV heads 6 and 7 from prefill rank 3 (`prefill_l0_attn_3`), but is "
        "handed only KV heads 4 and 5 from prefill rank 2 (`prefill_l0_attn_2`)"
    )


def test_h006_one_finding_for_the_same_fault_in_all_layers() -> None:
    (finding,) = find(graph(2, 2, edges_of([(0, 1), (1, 0)], 3), 3), "H006", strategy=tp(2, 2, kv_heads=4))
    assert finding.message.endswith("; the same in layer 1 and layer 2")
    assert len(finding.nodes) == 6


def test_h006_follows_from_a_missing_edge() -> None:
    pairs = edges_of([(0, 0), (1, 1)], 4)
    text = graph(2, 2, pairs[:3] + pairs[4:], 4)
    found = check_rules(text, strategy=tp(2, 2, kv_heads=2)).findings
    (cause,) = (index for index, f in enumerate(found) if f.code == "S001")
    assert [f.caused_by for f in found if f.code == "H006"] == [(cause,)]


CROSSED, STRAIGHT = [(0, 1), (1, 0)], [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (graph(2, 2, edges_of(STRAIGHT)), None),
        (graph(2, 2, edges_of(CROSSED)), "warning"),
        (graph(2, 2, edges_of(CROSSED), heads=4), "error"),
        (graph(2, 2, edges_of(CROSSED), gpus=False), "warning"),
        (graph(2, 2, edges_of([(0, 0)])), "error"),  # none, however many heads there are
        (graph(2, 4, edges_of([(0, 0), (0, 1), (1, 2), (1, 3)])), None),
        (graph(2, 4, edges_of([(0, 0), (1, 1), (0, 2), (1, 3)])), "warning"),
        (graph(2, 2, edges_of(CROSSED)).replace("TP=2", "SP=2"), None),
        (graph(2, 2, edges_of(CROSSED)).replace("Attention", "MLA Attention"), None),
        (graph(2, 2, edges_of([(a, b) for a in (0, 1) for b in (0, 1)])), None),  # an exchange among all
        (graph(2, 2, edges_of([*STRAIGHT, (0, 1)])), "warning"),
        (graph(2, 2, [("prefill_output", "decode_input")]), None),
        (graph(2, 2, [*edges_of([(0, 0)]), ("prefill_output", "decode_input")]), None),
    ],
)
def test_h006_without_a_strategy(text: str, severity: str | None) -> None:
    assert [f.severity for f in find(text, "H006")] == ([severity] if severity else [])


NAMINGS: dict[str, Naming] = {
    "opaque": lambda phase, layer, rank: f"n{(17 if phase == 'prefill' else 57) + layer * 7 + rank}",
    "letters": lambda phase, layer, rank: f"{phase[0]}{layer}attn{'abcd'[rank]}",
    "words": lambda phase, layer, rank: f"{phase}Attn{layer}Rank{rank}",
    "rank first": lambda phase, layer, rank: f"tp{rank}_{phase}_{layer}",
    "from one": lambda phase, layer, rank: f"{phase}_L{layer + 1}_tp{rank + 1}",
}


@pytest.mark.parametrize("declared", [tp(2, 4, kv_heads=2), ""])
@pytest.mark.parametrize("name", NAMINGS.values(), ids=NAMINGS)
def test_h006_whatever_the_names(name: Naming, declared: str) -> None:
    right, wrong = [(0, 0), (0, 1), (1, 2), (1, 3)], [(0, 0), (1, 1), (1, 2), (1, 3)]
    assert find(graph(2, 4, edges_of(right, 3, name), 3, name=name), "H006", strategy=declared) == []
    found = find(graph(2, 4, edges_of(wrong, 3, name), 3, name=name), "H006", strategy=declared)
    assert nodes(found) == {name("decode", layer, 1) for layer in range(3)}


def through(nodes: Iterable[str], *ways: str) -> str:
    """Two ranks in each phase and nodes between them; `p0` is the attention of rank 0 of prefill."""
    text = digraph(*phase_of("prefill", 2, 0), *phase_of("decode", 2, 2), *nodes, *(f"{way};" for way in ways))
    for rank in (0, 1):
        text = text.replace(named("prefill", 0, rank), f"p{rank}").replace(named("decode", 0, rank), f"d{rank}")
    return text


KV = ['kv_0 [label="KV cache transfer\\nrank 0"];', 'kv_1 [label="KV cache transfer\\nrank 1"];']
CACHES = [
    f'{phase}_cache_{rank} [label="{phase} KV cache\\nGPU: {first + rank}"];'
    for phase, first in (("prefill", 0), ("decode", 2))
    for rank in (0, 1)
]
KV_NODES = [f'kv_{n} [label="KV cache transfer"];' for n in (0, 1)]
RDMA = [f'x_{n} [label="RDMA write"];' for n in (0, 1)]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (through(KV_NODES, "p0 -> kv_0 -> d0", "p1 -> kv_1 -> d1"), set()),
        (through(KV_NODES, "p0 -> kv_0 -> d1", "p1 -> kv_1 -> d0"), {"d0", "d1"}),
        (through(KV_NODES, "p0 -> kv_0 -> d0", "p1 -> kv_1"), {"d1"}),
        (through(RDMA, "p0 -> x_0 -> d1", "p1 -> x_1 -> d0"), {"d0", "d1"}),
        (through(RDMA, "p0 -> x_0 -> d0", "p1 -> x_1 -> d1"), set()),
        (through(KV_NODES[:1], "{p0 p1} -> kv_0 -> {d0 d1}"), set()),
        (through(KV_NODES[:1], "{p0 p1} -> kv_0 -> {d0 d1}", "p0 -> d1", "p1 -> d0"), set()),
        (through(KV_NODES[:1], "p0 -> kv_0 -> {d0 d1}"), {"d1"}),
        (through(CACHES, *(f"p{n} -> prefill_cache_{n} -> decode_cache_{n} -> d{n}" for n in (0, 1))), set()),
        (through(CACHES, *(f"p{n} -> prefill_cache_{n} -> decode_cache_{1 - n} -> d{1 - n}" for n in (0, 1))), {"d0", "d1"}),
        (through(CACHES, *(f"p{n} -> prefill_cache_{n} -> decode_cache_{1 - n}" for n in (0, 1))), {"d0", "d1"}),
        (through(CACHES, *(f"p{n} -> prefill_cache_{n} -> decode_cache_{n}" for n in (0, 1))), set()),
    ],
)  # fmt: skip
def test_h006_through_nodes(text: str, wrong: set[str]) -> None:
    found = nodes(find(text, "H006", strategy=tp(2, 2, kv_heads=4)))
    assert {node for node in found if "cache" not in node} == wrong


@pytest.mark.parametrize("layout", ["", '[layout]\nmodel = "overlay"\n'])
@pytest.mark.parametrize(
    ("degrees", "heads", "pairs", "wrong"),
    [
        ("cp2tp2 tp2", 4, [(0, 0), (1, 1), (2, 0), (3, 1)], set()),  # all tokens of its heads
        ("cp2tp2 tp2", 4, [(0, 0), (1, 1), (2, 0)], {1}),
        ("dp2tp2 tp2", 4, [(0, 0), (1, 1), (2, 0), (3, 1)], set()),  # each replica has a cache of its own
        ("tp2 dp2tp2", 4, [(0, 0), (1, 1), (0, 2), (1, 3)], set()),
        ("tp2 dp2tp2", 4, [(0, 0), (1, 1), (0, 2), (0, 3)], {3}),
        ("tp4 tp8", 3, [(0, 0), (0, 1), (1, 2), (2, 3), (2, 4), (2, 5), (3, 6), (3, 7)], set()),
    ],
)
def test_h006_other_degrees(
    layout: str, degrees: str, heads: int, pairs: list[tuple[int, int]], wrong: set[int]
) -> None:
    prefill, decode = degrees.split()
    first, last = (prod(map(int, re.findall(r"\d+", each))) for each in (prefill, decode))
    declared = layout + strategy(prefill, decode, 0, first - 1, first + last - 1, kv_heads=heads)
    names: Naming = lambda phase, _, rank: f"{phase}_attn_{'abcdefgh'[rank]}"  # noqa: E731 - one line says it
    text = graph(first, last, edges_of(pairs, 1, names), name=names).replace("TP=", "")
    assert nodes(find(text, "H006", strategy=declared)) == {names("decode", 0, rank) for rank in wrong}


def test_h006_what_attention_does_on_the_axis_of_experts_is_not_known() -> None:
    declared = strategy("ep2tp2", "ep2tp2", 0, 3, 7, kv_heads=4)
    assert find(graph(4, 4, edges_of([(0, 1), (1, 0), (2, 2), (3, 3)])), "H006", strategy=declared) == []


@pytest.mark.parametrize(
    ("pairs", "wrong"),
    [
        ([(0, 0), (1, 1), (2, 2)], set()),
        ([(0, 0), (1, 2), (2, 1)], {1, 2}),
        ([(0, 0), (1, 1)], {2}),
        ([(2, 0)], set()),  # one edge stands for the hand-over of all layers
    ],
)
def test_h006_layers(pairs: list[tuple[int, int]], wrong: set[int]) -> None:
    edges = [(named("prefill", one, rank), named("decode", two, rank)) for one, two in pairs for rank in (0, 1)]
    found = find(graph(2, 2, edges, 3), "H006", strategy=tp(2, 2, kv_heads=4))
    assert nodes(found) == {named("decode", layer, rank) for layer in wrong for rank in (0, 1)}


@pytest.mark.parametrize(
    ("pairs", "wrong"),
    [
        ([(0, 0), (1, 0), (2, 1), (3, 1)], set()),
        ([(0, 0), (1, 1), (2, 1), (3, 1)], {"d0", "d1"}),
        ([(0, 0), (1, 0), (2, 1)], {"d1"}),
    ],
)
def test_h006_stages_of_different_length(pairs: list[tuple[int, int]], wrong: set[str]) -> None:
    declared = strategy("pp4", "pp2", 0, 3, 5, kv_heads=4, layers=8)
    lines = []
    for phase, count, first in (("prefill", 4, 0), ("decode", 2, 4)):
        stages = [f'{phase[0]}{n} [label="{phase}\\nStage {n}\\nAttention\\nGPU: {first + n}"]' for n in range(count)]
        path = [f"{phase}_input", *(f"{phase[0]}{n}" for n in range(count)), f"{phase}_output"]
        lines += [*stages, " -> ".join(path), f'{path[0]} [label="Input"] {path[-1]} [label="Output"]']
    lines += [f'p{one} -> d{two} [label="KV cache"]' for one, two in pairs]
    assert nodes(find(digraph(*lines), "H006", strategy=declared)) == wrong


def staged(phase: str, first: int, stages: int, ranks: int) -> list[str]:
    """A phase whose stages have an attention of so many ranks each and an all-reduce."""
    lines = [f'{phase}_in [label="{phase} input"] {phase}_out [label="{phase} output"]']
    before = f"{phase}_in"
    for stage in range(stages):
        here = first + stage * ranks
        reduce = f"{phase}_reduce_{stage}"
        lines += [f'{reduce} [label="All-Reduce\\nStage {stage}\\nGPU: {here}-{here + ranks - 1}"]']
        for rank in range(ranks):
            name = f"{phase}_s{stage}_attn_{rank}"
            lines += [f'{name} [label="Attention\\nStage {stage}\\nGPU: {here + rank}"] {before} -> {name} -> {reduce}']
        before = reduce
    return [f"subgraph cluster_{phase} {{", *lines, f"{before} -> {phase}_out }}"]


@pytest.mark.parametrize("seed", range(40))
def test_h006_right_and_crossed_hand_overs_of_stages_and_ranks(seed: int) -> None:
    draw = random.Random(seed)
    stages, ranks = [draw.choice([1, 2, 4]) for _ in range(2)], [draw.choice([1, 2, 4]) for _ in range(2)]
    latent, heads = draw.random() < 0.25, draw.choice([1, 2, 4, 8])
    sizes = [a * b for a, b in zip(stages, ranks, strict=True)]
    facts = {"layers": 8, "kv_lora_rank": 512} if latent else {"layers": 8, "kv_heads": heads}
    plans = [f"pp{a}tp{b}" for a, b in zip(stages, ranks, strict=True)]
    declared = strategy(plans[0], plans[1], 0, sizes[0] - 1, sum(sizes) - 1, **facts)
    phases = [*staged("prefill", 0, stages[0], ranks[0]), *staged("decode", sizes[0], stages[1], ranks[1])]
    shared = [
        (one, two)
        for one in range(stages[0])
        for two in range(stages[1])
        if one * stages[1] < (two + 1) * stages[0] and two * stages[0] < (one + 1) * stages[1]
    ]
    pairs = [(draw.randrange(ranks[0]), r) for r in range(ranks[1])] if latent else right(ranks[0], ranks[1], heads)
    edges = [(f"prefill_s{a}_attn_{s}", f"decode_s{b}_attn_{r}") for a, b in shared for s, r in pairs]

    def wrong(edges: Iterable[Edge]) -> set[str]:
        kv = [f'{tail} -> {head} [label="KV cache"]' for tail, head in edges]
        return nodes(find(digraph(*phases, *kv), "H006", strategy=declared))

    assert wrong(edges) == set()
    if len(edges) > 2:  # a single edge may stand for the whole hand-over
        gone = draw.choice(edges)
        assert wrong(edge for edge in edges if edge != gone) == {gone[1]}


@pytest.mark.parametrize(
    ("degrees", "facts", "pairs", "wrong"),
    [
        ("pp4 pp2", "layers = 8 stage_layers = [6, 2]", [(0, 0), (1, 0), (2, 0), (3, 1)], set()),
        ("pp4 pp2", "layers = 8 stage_layers = [6, 2]", [(0, 0), (1, 0), (2, 1), (3, 1)], {0, 1}),
        ("pp2vpp2 pp4", "layers = 8", [(0, 0), (1, 1), (0, 2), (1, 3)], set()),  # stage 0 has layers 1-2 and 5-6
        ("pp2vpp2 pp4", "layers = 8", [(0, 0), (0, 1), (1, 2), (1, 3)], {1, 2}),
        ("pp4 pp2", "layers = 9", [(0, 0), (1, 1), (2, 1), (3, 1)], set()),  # nobody knows which stage has one more
    ],
)
def test_h006_stages_with_other_layers(degrees: str, facts: str, pairs: list[tuple[int, int]], wrong: set[int]) -> None:
    prefill, decode = degrees.split()
    counts = [int(each[2]) for each in (prefill, decode)]
    model, _, own = facts.partition(" stage_layers")
    declared = strategy(prefill, decode, 0, counts[0] - 1, sum(counts) - 1, kv_heads=4) + model
    declared = declared.replace("[model]", f"stage_layers{own}\n[model]" if own else "[model]")
    lines = [*staged("prefill", 0, counts[0], 1), *staged("decode", counts[0], counts[1], 1)]
    lines += [f'prefill_s{one}_attn_0 -> decode_s{two}_attn_0 [label="KV cache"]' for one, two in pairs]
    assert nodes(find(digraph(*lines), "H006", strategy=declared)) == {f"decode_s{n}_attn_0" for n in wrong}


def test_h006_phases_that_only_their_gpus_tell_apart() -> None:
    names: Naming = lambda phase, layer, rank: f"{'x' if phase == 'prefill' else 'y'}{layer}_attn_{rank}"  # noqa: E731
    text = graph(2, 2, edges_of([(0, 1), (1, 0)], 1, names), name=names)
    text = text.replace("prefill", "x").replace("decode", "y")
    assert nodes(find(text, "H006", strategy=tp(2, 2, kv_heads=4))) == {"y0_attn_0", "y0_attn_1"}
    assert find(text, "H006") == []


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (graph(2, 4, edges_of([(0, 0), (0, 1), (1, 2), (1, 3)])), 4),
        (graph(2, 2, edges_of([(0, 0), (1, 1)], 2)[:2], 2), 0),  # nothing is known of the other layer
        (through(KV_NODES[:1], "{p0 p1} -> kv_0 -> {d0 d1}"), 0),
        (graph(1, 1, edges_of([(0, 0)])), 0),
    ],
)
def test_h006_says_what_holds_only_if_it_is_decided_of_every_rank(text: str, held: int) -> None:
    said = [hold.text for hold in check_rules(text, "H006").holds if hold.subject == "KV hand-over"]
    assert said == [f"{held} decode ranks are handed the KV heads that they work on"] * bool(held)
