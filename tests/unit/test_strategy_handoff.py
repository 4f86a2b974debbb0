"""Which rank of prefill sends which heads and layers of the KV cache to which rank of decode."""

from __future__ import annotations

import tomllib

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.strategy import Strategy
from dotlint.strategy.describe import describe
from dotlint.strategy.handoff import Handoff, handoff_of
from dotlint.strategy.wording import plain_text


def strategy(prefill: str, decode: str, model: str, layout: str = "vllm") -> Strategy:
    text = (
        f'[layout]\nmodel = "{layout}"\n[pool]\nkind = "disaggregated"\n[phases.prefill]\nstrategy = "{prefill}"\n'
        f'[phases.decode]\nstrategy = "{decode}"\n[model]\n{model}\n'
    )
    return Strategy.from_table(tomllib.loads(text), where="plan")


def handoff(prefill: str, decode: str, model: str, layout: str = "vllm") -> Handoff:
    found = handoff_of(strategy(prefill, decode, model, layout))
    assert found is not None
    return found


def shown(prefill: str, decode: str, model: str, width: int = 80) -> list[str]:
    description = describe(strategy(prefill, decode, model), {card.check: card.code for card in own_cards()})
    text = plain_text(description, width)
    return text[text.index("KV cache from prefill to decode") :].splitlines()[2:]


PLANS = [(one, two, g) for one in (1, 2, 3, 4, 8) for two in (1, 2, 4, 6, 16) for g in (1, 2, 3, 4, 6, 8)]


@pytest.mark.parametrize(("prefill", "decode", "heads"), PLANS)
def test_every_rank_gets_each_head_that_it_holds_from_all_that_have_it(prefill: int, decode: int, heads: int) -> None:
    def held(rank: int, ranks: int) -> range:
        return range(rank * heads // ranks, max((rank + 1) * heads // ranks, rank * heads // ranks + 1))

    found = handoff(f"tp{prefill}", f"tp{decode}", f"kv_heads = {heads}")
    told = {
        (head, sender, receiver)
        for pair in found.heads
        for head in range(pair.heads[0], pair.heads[1] + 1)
        for sender in range(pair.senders[0], pair.senders[1] + 1)
        for receiver in range(pair.receivers[0], pair.receivers[1] + 1)
    }
    assert told == {
        (head, sender, receiver)
        for receiver in range(decode)
        for head in held(receiver, decode)
        for sender in range(prefill)
        if head in held(sender, prefill)
    }


@pytest.mark.parametrize(
    ("prefill", "decode", "layers", "pairs"),
    [
        ("pp4", "pp2", 8, {(1, 1): ((1, 2),), (2, 1): ((3, 4),), (3, 2): ((5, 6),), (4, 2): ((7, 8),)}),
        ("pp3", "pp2", 12, {(1, 1): ((1, 4),), (2, 1): ((5, 6),), (2, 2): ((7, 8),), (3, 2): ((9, 12),)}),
        ("pp2vpp2", "pp1", 8, {(1, 1): ((1, 2), (5, 6)), (2, 1): ((3, 4), (7, 8))}),
        ("pp1", "pp1", 8, {(1, 1): ()}),
    ],
)
def test_layers_go_from_stage_to_stage(
    prefill: str, decode: str, layers: int, pairs: dict[tuple[int, int], object]
) -> None:
    found = handoff(prefill, decode, f"layers = {layers}\nkv_heads = 1", "overlay")
    assert {(pair.sender, pair.receiver): pair.layers for pair in found.stages} == pairs


@pytest.mark.parametrize(
    ("prefill", "decode", "model", "lines"),
    [
        (
            "pp2tp4", "tp8", "layers = 8\nkv_heads = 8",
            [
                "  layers  prefill stage  decode stage",
                "  1-4     1              1",
                "  5-8     2              1",
                "",
                "  KV heads  prefill TP rank  decode TP rank",
                "  0-1       0                0-1",
                "  2-3       1                2-3",
                "  4-5       2                4-5",
                "  6-7       3                6-7",
            ],
        ),
        (
            "tp4", "tp16dcp2", "kv_heads = 2",
            [
                "  KV heads  prefill TP rank  decode TP rank",
                "  0         0 or 1           0-7",
                "  1         2 or 3           8-15",
                "",
                "  – ranks joined by `or` hold copies of the same heads: one of them sends to",
                "    each rank of decode",
                "  – rank r of decode keeps the tokens of part r mod DCP=2",
            ],
        ),
        (
            "tp8", "tp16dp2", "kv_lora_rank = 512",
            [
                "  – every rank holds the whole latent of a token: any TP rank of the stage of",
                "    prefill sends it to each of the 16 TP ranks of decode",
                "  – a request goes from one replica of prefill (1) to one of decode (2)",
            ],
        ),
        ("tp8", "tp2", "layers = 2", ["  – not known without `kv_heads`"]),
    ],
)  # fmt: skip
def test_the_text_shows_patterns(prefill: str, decode: str, model: str, lines: list[str]) -> None:
    assert shown(prefill, decode, model) == lines


def test_many_ranks_take_few_lines() -> None:
    assert len(shown("tp64", "tp32", "kv_heads = 64")) == 10
    assert shown("tp64pp8", "tp64pp8", "kv_heads = 64\nlayers = 64")[1] == "  all     1-8            the same, 1-8"


def test_the_dictionary_has_the_gpus_of_every_rank() -> None:
    found = describe(strategy("tp2dp2", "tp4", "kv_heads = 4"), {card.check: card.code for card in own_cards()})
    assert found.to_dict()["handoff"]["gpus"] == {"prefill": [["0,2", "1,3"]], "decode": [["4", "5", "6", "7"]]}
    assert found.to_dict()["handoff"]["heads"][0] == {"heads": [0, 0], "prefill": [0, 0], "decode": [0, 0]}


def test_phases_on_the_same_gpus_hand_nothing_over() -> None:
    assert handoff_of(Strategy.parse("prefill=tp4; decode=tp4")) is None
    assert handoff_of(Strategy.parse("prefill=tp4@0-3; decode=tp4@4-7")) is not None
    assert handoff_of(Strategy.parse("tp4").with_phase_assumed()) is None
