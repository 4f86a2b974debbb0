"""P001, P007, P008, D005, D006, D007 and S007: numbers of shards, expert groups, GPUs and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dsl import ENDS, check_rules, digraph, edges, find, fixed, node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def side_by_side(places: Mapping[str, str], title: str = "MLP", all_gpus: str = "0-3") -> str:
    """Nodes between a norm and an all-reduce; `places` has the GPUs of each."""
    return digraph(
        *ENDS,
        node("norm", "RMSNorm", all_gpus),
        *(node(name, title, gpus) for name, gpus in places.items()),
        node("sum", "All-Reduce", all_gpus),
        *edges("input", "norm"),
        *(edge for name in places for edge in edges("norm", name, "sum")),
        *edges("sum", "output"),
    )


def experts(labels: Mapping[str, str], gpus: Sequence[str] = (), all_gpus: str = "0-3") -> str:
    """Experts between a router and a combine; `labels` has the title of each, `gpus` their GPUs in that order."""
    return digraph(
        *ENDS,
        node("route", "Router", all_gpus),
        *(node(name, title, dict(enumerate(gpus)).get(i, "")) for i, (name, title) in enumerate(labels.items())),
        node("comb", "All-to-All combine", all_gpus),
        *edges("input", "route"),
        *(edge for name in labels for edge in edges("route", name, "comb")),
        *edges("comb", "output"),
    )


@pytest.mark.parametrize(
    ("gpus", "codes"),
    [
        (["0", "1", "2", "3"], []),
        (["0", "1", "2"], ["P007"]),
        (["0", "1", "1", "3"], ["D005"]),
    ],
)
def test_mlp_shards_are_counted_and_placed_like_those_of_attention(gpus: list[str], codes: list[str]) -> None:
    text = side_by_side({f"ffn_{n}": each for n, each in enumerate(gpus)})
    result = check_rules(text, "P007", "D005", strategy="tp4")
    assert [f.code for f in result.findings] == codes
    ticks = {one.subject for one in result.holds}
    assert ("shard counts" in ticks) == ("P007" not in codes)
    assert ("shards" in ticks) == ("D005" not in codes)


def test_p007_operators_that_follow_one_another_are_no_shards() -> None:
    names = [f"{op}{n}_r{rank}" for n in (1, 2) for rank in range(2) for op in ("ffn",)]
    text = digraph(
        *ENDS,
        *(node(name, "MLP", name[-1]) for name in names),
        *(edge for rank in "01" for edge in edges("input", f"ffn1_r{rank}", f"ffn2_r{rank}", "output")),
    )
    result = check_rules(text, "P007", strategy="tp2")
    assert not result.findings
    assert [one.text for one in result.holds] == ["mlp: 2 shards of each of 2 operators"]


def test_p007_replicas_are_no_shards_whatever_their_number() -> None:
    text = side_by_side({f"attn_dp{n}": f"{2 * n}-{2 * n + 1}" for n in range(3)}, "Attention", "0-5")
    result = check_rules(text, "P007", strategy="tp2dp3")
    assert not result.findings
    assert not result.holds


def test_p007_one_mistake_in_several_operators_and_layers_is_one_finding() -> None:
    layers = range(2)
    text = digraph(
        *ENDS,
        *(
            node(f"layer{n}_{op}_{rank}", title, str(rank))
            for n in layers
            for rank in range(3)
            for op, title in (("qkv", "QKV projection"), ("attn", "Attention"))
        ),
        *(node(f"layer{n}_sum", "All-Reduce", "0-3") for n in layers),
        *(
            edge
            for n, before in enumerate(("input", "layer0_sum"))
            for rank in range(3)
            for edge in edges(before, f"layer{n}_qkv_{rank}", f"layer{n}_attn_{rank}", f"layer{n}_sum")
        ),
        *edges("layer1_sum", "output"),
    )
    (finding,) = find(text, "P007", strategy="tp4")
    assert finding.message.startswith("qkv and attention have 3 shards in layer 0, but the strategy has TP=4")
    assert len(finding.nodes) == 12


@pytest.mark.parametrize(
    ("numbers", "rest", "found"),
    [
        ([0, 1, 2, 15], None, True),
        ([0, 1, 2, 15], "Experts 3-14", False),
        (list(range(16)), None, False),
        ([0, 4, 8, 12], None, True),
    ],
)
def test_p008_experts_that_are_left_out(numbers: list[int], rest: str | None, *, found: bool) -> None:
    labels = {f"moe_{n}": f"Expert {n}" for n in numbers} | ({"others": rest} if rest else {})
    text = experts(labels, [str(n) for n in numbers], "0-15")
    assert bool(find(text, "P008", strategy="ep16")) == found
    assert not find(text, "P008", strategy="ep4") or numbers == [0, 1, 2, 15]


def test_p008_ticks_no_sample_of_the_experts_of_each_rank() -> None:
    labels = {f"x{n}": f"Expert {n}" for n in (0, 1, 8, 9)}
    result = check_rules(experts(labels, ["0", "0", "1", "1"], "0-1"), "P008", strategy="ep2")
    assert not result.findings
    assert not result.holds
    assert ["left out" in one.needs for one in result.undecided] == [True]


def test_p008_tensor_ranks_of_experts_and_the_shared_expert_are_no_groups() -> None:
    labels = {f"expert_{rank}_{n}": "Expert linear" for n in range(4) for rank in range(2)}
    text = experts({**labels, "common_9": "Shared expert"}, [str(rank) for _ in range(4) for rank in range(2)], "0-1")
    assert not find(text, "P008", "D005", strategy="ep4tp2")
    assert find(text, "P008", strategy="ep8tp2")


def test_d005_two_expert_groups_on_one_gpu() -> None:
    labels = {f"group_{n}": f"Experts {2 * n}-{2 * n + 1}" for n in range(4)}
    (finding,) = find(experts(labels, ["0", "0", "2", "3"]), "D005", strategy="ep4")
    assert "are several on GPUs 0 and none on GPUs 1" in finding.message
    assert not find(experts(labels, ["0", "1", "2", "3"]), "D005", strategy="ep4")


POOLS = """
[pool]
kind = "disaggregated"
[phases.prefill]
strategy = "tp2"
gpus = "0-1"
[phases.decode]
strategy = "tp2"
gpus = "2-3"
"""


def two_pools(handover: str, gpus: str, label: str) -> str:
    phases = {"prefill": "0-1", "decode": "2-3"}
    return digraph(
        f'label="{label}";',
        *(
            node(f"{name}_{op}", op, on)
            for name, on in phases.items()
            for op in ("Input", "Attention", "MLP", "Output")
        ),
        node("hand_over", handover, gpus),
        *(
            edge
            for name in phases
            for edge in edges(*(f"{name}_{op}" for op in ("Input", "Attention", "MLP", "Output")))
        ),
        *edges("prefill_Attention", "hand_over", "decode_Attention"),
    )


@pytest.mark.parametrize(
    ("title", "label", "codes"),
    [
        ("KV transfer", "4 GPUs in total", set()),
        ("KV transfer", "5 GPUs in total", {"P001"}),
        ("MLP", "4 GPUs in total", {"D006", "D007"}),
    ],
)
def test_p001_d006_d007_what_two_pools_have_in_common(title: str, label: str, codes: set[str]) -> None:
    found = find(two_pools(title, "0-3", label), "P001", "D006", "D007", strategy=POOLS)
    assert {finding.code for finding in found} == codes


@pytest.mark.parametrize(
    ("layers", "extra", "found"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], "", True),
        ([0, 7], "", True),
        ([0, 1], "", False),
        ([0, 7], "Layers 1-6", False),
    ],
)
def test_s007_layers_that_are_neither_drawn_nor_covered(layers: list[int], extra: str, *, found: bool) -> None:
    names = [f"layer{n}_mlp" for n in layers]
    between = [node("others", extra)] if extra else []
    path = [names[0], "others", *names[1:]] if extra else names
    text = digraph(*ENDS, *(node(name, "MLP", "0") for name in names), *between, *edges("input", *path, "output"))
    total = 9 if len(layers) == 8 else 8
    assert bool(find(text, "S007", strategy=f"strategy = 'tp1'\n[model]\nlayers = {total}\n")) == found


@pytest.mark.parametrize(("spec", "fires"), [("tp4", True), ("tp4dpa2", True), ("tp4dpa4", False)])
def test_c001_replicas_of_attention_within_tp_need_no_all_reduce(spec: str, fires: bool) -> None:
    dims = "[batch=4, seq=8, hidden=64]"
    shards = "".join(
        f'attn_{i} [label="Attention compute\\nInput: {dims}\\nOutput: {dims}\\nGPU: {i}"] in -> attn_{i} -> gate;'
        for i in range(4)
    )
    gate = f'gate [label="MoE Gate\\nInput: {dims}\\nOutput: {dims}\\nGPU: 0-3"]'
    text = f'digraph {{ in [label="Input"] {shards} {gate} out [label="Output"] gate -> out }}'
    table = f'strategy = "{spec}"\n[layout]\nmodel = "sglang"\n'
    assert bool(find(text, "C001", strategy=table)) == fires
    assert find(text, "P007", strategy=table) == []


def ranks_of_a_stage(moved: str = "", to: str = "", parts: str = "norm qkv gate add") -> str:
    """Operators on two tensor ranks each, one of which is moved."""
    names = [f"{part}_tp{rank}" for part in parts.split() for rank in range(2)]
    titles = {"norm": "RMSNorm", "qkv": "QKV Projection", "gate": "MoE Gate", "add": "Residual Add"}
    return digraph(
        *ENDS,
        *(node(name, titles[name.partition("_")[0]], to if name == moved else name[-1]) for name in names),
        *(edge for rank in "01" for edge in edges("input", *(f"{p}_tp{rank}" for p in parts.split()), "output")),
    )


@pytest.mark.parametrize("moved", ["norm_tp0", "gate_tp1", "add_tp0"])
def test_d005_a_shard_on_the_gpu_of_its_sibling(moved: str) -> None:
    here, there = moved[-1], "10"[int(moved[-1])]
    text = ranks_of_a_stage(moved, there)
    (finding,) = find(text, "D005", strategy="tp2")
    assert finding.nodes == (moved,)
    assert f"on GPUs {here}" in finding.message
    assert fixed(text, "D005", strategy="tp2") == ranks_of_a_stage()


def test_d005_ranks_that_no_other_operator_proves() -> None:
    assert not find(ranks_of_a_stage(), "D005", strategy="tp2")
    # With two others, either may be the layout; on other GPUs than its sibling's, it is no shared one.
    assert not find(ranks_of_a_stage("gate_tp1", "0", "norm gate add"), "D005", strategy="tp2")
    assert not find(ranks_of_a_stage("gate_tp1", "5"), "D005", strategy="tp2")
