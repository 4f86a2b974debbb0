"""T007, C003 and C005: what travels to the experts and back, and whom the exchange around them joins."""

from __future__ import annotations

import pytest

from tests.dsl import check_rules, digraph, find, node

HIDDEN = "[batch=2, seq=128, hidden=256]"
SCORES = "[batch=2, seq=128, experts=4]"
NORM = node("norm", "LayerNorm", "0-3", HIDDEN, HIDDEN)
GATE = node("gate", "Expert Gate", "0-3", HIDDEN, SCORES)
ROUTE = node("route", "Top-2 Selection", "0-3", SCORES, "[batch=2, seq=128, top_2_experts]")
DISPATCH = node("dispatch", "All-to-All dispatch", "0-3", HIDDEN, HIDDEN)
EXPERTS = tuple(node(f"e{i}", f"Expert {i}", str(i), HIDDEN, HIDDEN) for i in range(4))
COMBINE = node("combine", "All-to-All combine", "0-3", HIDDEN, HIDDEN)
ADD = node("add", "Residual Add", "0-3", HIDDEN, HIDDEN)
ALL = "{e0 e1 e2 e3}"


def moe(*wired: str, extra: tuple[str, ...] = ()) -> str:
    return digraph(NORM, GATE, *EXPERTS, COMBINE, *extra, f"{ALL} -> combine", *wired)


@pytest.mark.parametrize(
    ("wired", "lost"),
    [
        (("norm -> gate -> route -> dispatch", f"dispatch -> {ALL}"), ["dispatch"]),
        (("norm -> gate -> route -> dispatch", f"dispatch -> {ALL}", f"gate -> {ALL} [style=dashed]"), ["dispatch"]),
        (("norm -> gate -> route -> dispatch", "norm -> dispatch", f"dispatch -> {ALL}"), []),
        (("norm -> gate -> route", f"route -> {ALL} [style=dashed]", f"norm -> {ALL}"), []),
        (("norm -> gate -> route", f"route -> {ALL}"), ["e0", "e1", "e2", "e3"]),
        (("norm -> gate -> route", f'route -> {ALL} [label="tokens"]'), []),
        (("norm -> gate -> route", f'route -> {ALL} [label="expert selection"]'), ["e0", "e1", "e2", "e3"]),
        (("norm -> route", "norm -> gate", f"route -> {ALL}"), ["e0", "e1", "e2", "e3"]),
    ],
)
def test_t007_is_told_once_where_hidden_states_are_lost(wired: tuple[str, ...], lost: list[str]) -> None:
    findings = find(moe(*wired, extra=(ROUTE, DISPATCH)), "T007")
    assert [name for finding in findings for name in finding.nodes] == lost


@pytest.mark.parametrize(
    ("gives", "told"),
    [
        ("[batch=2, seq=128, top_k=2]", True),
        ("[batch=2, seq=128, expert_ids]", True),
        ("[E=4, B=2]", False),
        ("[tokens=64]", False),
        ("[batch=2, seq=128, top_k=2], [batch=2, seq=128, hidden=256]", False),
        ("", False),
    ],
)
def test_t007_what_a_router_states_decides_what_it_gives(gives: str, *, told: bool) -> None:
    router = node("router", "Router", "0-3", HIDDEN, gives)
    findings = find(moe("norm -> router", f"router -> {ALL}", "norm -> gate", extra=(router,)), "T007")
    assert bool(findings) == told


def test_t007_the_chain_shows_where_hidden_states_end() -> None:
    (finding,) = find(moe("norm -> gate -> route -> dispatch", f"dispatch -> {ALL}", extra=(ROUTE, DISPATCH)), "T007")
    assert finding.note is not None
    assert [finding.note.index(f"`{name}`") for name in ("gate", "route", "dispatch")] == sorted(
        finding.note.index(f"`{name}`") for name in ("gate", "route", "dispatch")
    )


def test_t007_scores_are_not_added_to_the_hidden_states_but_may_weigh_experts() -> None:
    wired = ("norm -> gate", f"norm -> {ALL}")
    (finding,) = find(moe(*wired, "norm -> add", "gate -> add", extra=(ADD,)), "T007")
    assert finding.nodes == ("add",)
    assert "adds the expert scores of `gate`" in finding.message
    assert find(moe(*wired, "combine -> add", "gate -> add", extra=(ADD,)), "T007") == []


@pytest.mark.parametrize(
    ("wired", "proven"),
    [(f"norm -> gate -> {ALL}; norm -> {ALL}", True), ("norm -> gate -> {e0 e1}; norm -> {e0 e1}", False)],
)
def test_t007_the_tick_stands_where_every_expert_gets_hidden_states(wired: str, *, proven: bool) -> None:
    assert bool([one for one in check_rules(moe(wired), "T007").holds if one.subject == "payload"]) == proven


# C003

DRAWN = node("route", "Expert Routing", "0-3", SCORES, "[batch=2, seq=128, top_k=2]", shape="ellipse")


def exchanges(text: str) -> tuple[list[str], list[str]]:
    result = check_rules(text, "C003", strategy="ep4")
    return [f.message for f in result.findings], [one.text for one in result.holds]


def test_c003_a_choice_of_experts_is_no_dispatch() -> None:
    boxes = "node [shape=box]"
    messages, ticks = exchanges(moe("norm -> gate -> route", f"route -> {ALL}", f"norm -> {ALL}", extra=(boxes, DRAWN)))
    assert not any("dispatch" in tick for tick in ticks)
    assert len([m for m in messages if "dispatches" in m]) == 1


@pytest.mark.parametrize(
    ("title", "gpus", "told"),
    [
        ("Expert Aggregation", "0-3", True),
        ("Expert Aggregation\\nEP=4", "0-3", False),
        ("Expert Aggregation", "8-9", False),
    ],
)
def test_c003_an_aggregation_for_all_ranks_may_hold_the_exchange(title: str, gpus: str, *, told: bool) -> None:
    after = node("sum", title, gpus, HIDDEN, HIDDEN)
    text = digraph(
        NORM, GATE, DISPATCH, *EXPERTS, after, "norm -> gate", "{norm gate} -> dispatch", f"dispatch -> {ALL} -> sum"
    )
    messages, _ = exchanges(text + "")
    assert bool(messages) == told


def test_c003_the_collective_of_one_expert_s_shards_combines_nothing() -> None:
    sums = tuple(node(f"r{i}", "TP All-Reduce", str(i), HIDDEN, HIDDEN) for i in range(4))
    after = node("sum", "Expert Aggregation", "0-3", HIDDEN, HIDDEN)
    links = tuple(f"e{i} -> r{i} -> sum" for i in range(4))
    messages, ticks = exchanges(
        digraph(
            NORM,
            GATE,
            DISPATCH,
            *EXPERTS,
            *sums,
            after,
            "norm -> gate",
            "{norm gate} -> dispatch",
            f"dispatch -> {ALL}",
            *links,
        )
    )
    assert any("combines" in m for m in messages)
    assert not any("combine" in tick for tick in ticks)


# C005


@pytest.mark.parametrize(("gpus", "told"), [("0-1", True), ("0-3", False), ("0-7", False), ("", True)])
def test_c005_an_all_to_all_takes_in_the_ranks_that_it_sends_to(gpus: str, *, told: bool) -> None:
    text = moe("norm -> send", f"send -> {ALL}", extra=(node("send", "All-to-All", gpus, HIDDEN, HIDDEN),))
    assert [f.nodes for f in find(text, "C005")] == ([("send",)] if told else [])


def test_c005_all_to_alls_of_each_rank_send_to_all_experts() -> None:
    each = tuple(node(f"send{i}", "All-to-All", str(i), HIDDEN, HIDDEN) for i in range(4))
    assert find(moe(*(f"norm -> send{i} -> {ALL}" for i in range(4)), extra=each), "C005") == []
