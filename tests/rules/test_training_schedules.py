"""Training drawn as a graph: schedules of passes, interleaved chunks, parameters that are gathered and gradients scattered."""

from __future__ import annotations

import pytest

from tests.dsl import check_rules, digraph

STAGES, BATCHES = 4, 4


def found(text: str) -> list[str]:
    """The codes of what is found that no other finding explains."""
    return [f.code for f in check_rules(text).findings if f.severity != "info" and not f.caused_by]


def schedule(*, ordered: bool, words: bool) -> list[str]:
    """A pipeline of forward and backward passes; `ordered` draws what each stage does one after the other."""

    def name(kind: str, batch: int, stage: int) -> str:
        return f"{'fwd' if kind == 'F' else 'bwd'}_mb{batch}_stage{stage}" if words else f"{kind}{batch}_S{stage}"

    lines = []
    for s in range(STAGES):
        boxes = (name(k, b, s) for k in "FB" for b in range(BATCHES))
        lines += [f'subgraph cluster_s{s} {{ label="Stage {s} (GPU {s})";', *boxes, "}"]
    for b in range(BATCHES):
        for s in range(STAGES - 1):
            lines.append(f"{name('F', b, s)} -> {name('F', b, s + 1)};")
            lines.append(f"{name('B', b, s + 1)} -> {name('B', b, s)};")
        lines.append(f"{name('F', b, STAGES - 1)} -> {name('B', b, STAGES - 1)};")
    for s in range(STAGES) if ordered else ():
        warm = min(STAGES - 1 - s, BATCHES)
        order = [("F", b) for b in range(warm)]
        for b in range(BATCHES):
            order += ([("F", b + warm)] if b + warm < BATCHES else []) + [("B", b)]
        for (k, b), (after, c) in zip(order, order[1:], strict=False):
            lines.append(f"{name(k, b, s)} -> {name(after, c, s)} [style=dotted];")
    return lines


def without(lines: list[str], text: str) -> str:
    left = [line for line in lines if text not in line]
    assert len(left) < len(lines)
    return digraph(*left)


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_schedule_leads_back_through_the_stages(ordered: bool, words: bool) -> None:
    assert found(digraph(*schedule(ordered=ordered, words=words))) == []


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("edge", ["F2_S1 -> F2_S2", "B2_S2 -> B2_S1"])
def test_s001_a_microbatch_that_stops_between_two_stages(edge: str, ordered: bool) -> None:
    assert found(without(schedule(ordered=ordered, words=False), edge)) == ["S001"]


def test_s003_a_pass_that_one_stage_lacks() -> None:
    assert "S003" in found(without(schedule(ordered=True, words=False), "F2_S2"))


def test_g001_a_forward_pass_does_not_lead_back() -> None:
    assert "G001" in found(digraph(*schedule(ordered=False, words=True), "fwd_mb1_stage2 -> fwd_mb1_stage0;"))


def chunks(*, whole: bool) -> str:
    lines = [
        f'chunk{c}_r{r} [label="Chunk {c} rank {r}\\nlayers {8 * c + 2 * r}-{8 * c + 2 * r + 1}\\nGPU: {r}"];'
        for r in range(STAGES)
        for c in (0, 1)
        if whole or (c, r) != (1, 2)
    ]
    through = "chunk1_r2 -> " if whole else ""
    return digraph(
        'input [label="Input"]; output [label="Output"];',
        *lines,
        f"input -> chunk0_r0 -> chunk0_r1 -> chunk0_r2 -> chunk0_r3 -> chunk1_r0 -> chunk1_r1 -> {through}chunk1_r3 -> output;",
    )


def test_s005_a_chunk_that_leaves_a_rank_out() -> None:
    assert found(chunks(whole=True)) == []
    assert "S005" in found(chunks(whole=False))


def sharded(drop: str = "") -> str:
    """Three layers on two ranks that gather parameters before both passes and scatter gradients behind the second."""
    lines = []
    for r in (0, 1):
        lines.append(f'subgraph cluster_rank{r} {{ label="rank {r} (cuda:{r})"')
        for i in range(3):
            at = f"r{r}_l{i}"
            lines += [
                f'{at}_ag_f [label="all-gather params\\nlayer {i}"]; {at}_fwd [label="forward layer {i}"];',
                f'{at}_ag_b [label="all-gather params\\nlayer {i}"]; {at}_bwd [label="backward layer {i}"];',
                f'{at}_rs [label="reduce-scatter grads\\nlayer {i}"]; {at}_free [label="free params layer {i}"];',
            ]
        lines.append(f'loss_r{r} [label="loss"]; opt_r{r} [label="optimizer step"]; }}')
        for i in range(3):
            at = f"r{r}_l{i}"
            after, before = (f"loss_r{r}", f"loss_r{r}") if i == 2 else (f"r{r}_l{i + 1}_fwd", f"r{r}_l{i + 1}_bwd")
            lines += [f"{at}_ag_f -> {at}_fwd;", f"{at}_fwd -> {at}_free;", f"{at}_fwd -> {after};"]
            lines += [f"{at}_ag_b -> {at}_bwd;", f"{before} -> {at}_bwd;", f"{at}_bwd -> {at}_rs;"]
            lines.append(f"{at}_rs -> opt_r{r};")
    return without(lines, drop) if drop else digraph(*lines)


def test_parameters_come_from_no_operator() -> None:
    assert found(sharded()) == []


@pytest.mark.parametrize("edge", ["r1_l1_bwd -> r1_l1_rs", "r1_l1_ag_b -> r1_l1_bwd"])
def test_gradients_and_parameters_reach_what_takes_them(edge: str) -> None:
    assert {"S001", "G003", "G005"} & set(found(sharded(edge)))


def test_a_schedule_without_devices_is_a_deployment() -> None:
    def passes(drop: str) -> str:
        boxes = [
            f'{k}_{r}_{m} [label="{t} mb{m}"];'
            for r in range(3)
            for m in range(3)
            for k, t in (("F", "Forward"), ("B", "Backward"))
        ]
        lines = [f"F_{r}_{m} -> F_{r + 1}_{m}; B_{r + 1}_{m} -> B_{r}_{m};" for r in range(2) for m in range(3)]
        return digraph(*boxes, *lines, *(f"F_2_{m} -> B_2_{m};" for m in range(3))).replace(drop, "")

    assert found(passes("B_2_1 -> B_1_1;")) == ["S001"]
    assert found(passes("--")) == []
