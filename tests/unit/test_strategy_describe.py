from __future__ import annotations

import json
from typing import Literal

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.strategy import Layout, ModelFacts, Strategy
from dotlint.strategy.arithmetic import arithmetic
from dotlint.strategy.describe import describe
from dotlint.strategy.phases import build
from dotlint.strategy.spec import parse_spec
from dotlint.strategy.wording import plain_text

CODES = {card.check: card.code for card in own_cards()}

REFERENCE = """\
pp4ep4tp2sp2
layout product: every axis multiplies the GPUs

64 GPUs, 0-63
  PP·EP·TP·SP = 4·4·2·2 = 64 GPUs

  PP=4  pipeline parallel  the layers in 4 stages, one after another
  EP=4  expert parallel    the experts in 4 groups
  TP=2  tensor parallel    each layer's weights in 2 shards
  SP=2  sequence parallel  the tokens of a sequence in 2 parts

  TP shards: 2 per stage, 8 GPUs each, any equal parts
  sequence parts: 2 per stage, 8 GPUs each, any equal parts
  expert groups: 4 per stage, 4 GPUs each, any equal parts

  stage  GPUs
  1      0-15
  2      16-31
  3      32-47
  4      48-63

  – shards and expert groups may be any equal parts of a stage's GPUs; set order
    and expert_order under [layout] to fix them
"""


def test_the_whole_text_of_a_plain_strategy() -> None:
    assert plain_text(describe(Strategy.parse("pp4ep4tp2sp2"), CODES)) == REFERENCE


def test_a_fixed_order_shows_which_gpus() -> None:
    text = plain_text(describe(Strategy.parse("dp2pp2tp4ep8", layout=Layout.named("vllm")), CODES))
    assert "1      0-3,8-11   0,8 | 1,9 | 2,10 | 3,11" in text
    assert "the GPUs of a stage are not contiguous" in text


def test_an_assumed_phase_is_marked() -> None:
    text = plain_text(describe(Strategy.parse("pp4ep4tp2sp2").with_phase_assumed(), CODES))
    assert "decode: 64 GPUs, 0-63 (assumed)" in text
    assert "64 GPUs in total" in text


WIDE = [
    Strategy.parse("pp64ep64tp8dp4"),
    Strategy.parse("pp16dp32tp2ep64etp1", layout=Layout.named("megatron")),
    Strategy.parse("tp8ep4", layout=Layout.named("trtllm")),
    Strategy.parse("prefill=vpp2pp4tp2; decode=tp8dcp2@64-71").with_phase_assumed("verify"),
]


@pytest.mark.parametrize("strategy", WIDE, ids=lambda strategy: str(strategy.source))
@pytest.mark.parametrize("width", [40, 80, 140])
def test_text_fits_its_width(strategy: Strategy, width: int) -> None:
    lines = plain_text(describe(strategy, CODES), width).splitlines()
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("strategy", WIDE, ids=lambda strategy: str(strategy.source))
def test_the_dictionary_is_json_and_whole(strategy: Strategy) -> None:
    data = json.loads(json.dumps(describe(strategy, CODES).to_dict()))
    for shown, phase in zip(data["phases"], strategy.phases, strict=True):
        assert shown["gpus"] == phase.total
        assert [stage["gpus"] for stage in shown["stages"]] == [str(each) for each in phase.stages]
        assert shown["stages"][0]["shards"]["parts"] == phase.shards(0).parts


SUMS = [
    ("tp4", ModelFacts(heads=16), [("heads", True)]),
    ("tp4", ModelFacts(heads=14), [("heads", False)]),
    ("tp8", ModelFacts(heads=16, kv_heads=2), [("heads", True), ("heads", True)]),
    ("tp8", ModelFacts(heads=16, kv_heads=3), [("heads", True), ("heads", False)]),
    ("tp4", ModelFacts(kv_heads=6), [("heads", False)]),
    ("ep4", ModelFacts(experts=16), [("experts", True)]),
    ("ep3", ModelFacts(experts=16), [("experts", False)]),
    ("sp2", ModelFacts(seq=10240), [("sequence", True)]),
    ("sp3", ModelFacts(seq=10240), [("sequence", False)]),
    ("sp2cp2", ModelFacts(seq=6), [("sequence", False)]),
    ("pp4", ModelFacts(layers=4), [("layers", True)]),
    ("pp4", ModelFacts(layers=6), [("layers", True)]),
    ("pp4", ModelFacts(layers=3), [("layers", False)]),
    ("pp2vpp4", ModelFacts(layers=6), [("layers", False)]),
    ("tp1pp1ep1sp1", ModelFacts(heads=3, experts=5, seq=7, layers=9), []),
    ("pp4tp4ep4sp2", ModelFacts(), []),
]


@pytest.mark.parametrize(("spec", "model", "expected"), SUMS)
def test_sums(spec: str, model: ModelFacts, expected: list[tuple[str, bool]]) -> None:
    (phase,) = Strategy.parse(spec).phases
    assert [(each.check, each.holds) for each in arithmetic(phase, model)] == expected


def test_grids_are_a_calculation_too() -> None:
    (phase,) = Strategy.parse("tp4pp4ep8", layout=Layout.named("megatron")).phases
    (only,) = (each for each in arithmetic(phase, ModelFacts()) if each.refuses)
    assert (only.check, only.holds) == ("grid-mismatch", False)
    assert "16 GPUs" in only.text


def test_ulysses_divides_heads_once_more() -> None:
    (phase,) = Strategy.parse("tp4sp8", layout=Layout(sp="ulysses")).phases
    assert [each.holds for each in arithmetic(phase, ModelFacts(heads=16))] == [True, False]


def test_layers_are_listed_by_stage() -> None:
    strategy = build(parse_spec("pp2vpp2"), model=ModelFacts(layers=8))
    text = plain_text(describe(strategy, CODES))
    assert "1      0     1-2, 5-6" in text
    assert "2      1     3-4, 7-8" in text


@pytest.mark.parametrize(
    ("pool", "spec", "text"),
    [
        (
            "disaggregated",
            "prefill=tp4@0-3; decode=tp4@2-5",
            "decode is disaggregated, but shares GPUs 2-3 with prefill",
        ),
        ("unified", "prefill=tp4@0-3; decode=tp4@4-7", "the pool is declared unified, but decode shares no GPUs"),
        ("disaggregated", "prefill=tp4@0-3; decode=tp4@4-7", None),
        ("unified", "prefill=tp4@0-3; decode=tp2@2-3", None),
        (None, "prefill=tp4@0-3; decode=tp4@2-5", None),
    ],
)
def test_phases_on_gpus_that_their_pool_excludes(
    pool: Literal["unified", "disaggregated"] | None, spec: str, text: str | None
) -> None:
    described = describe(build(parse_spec(spec), pool=pool), CODES)
    failed = [(code, each.text) for phase in described.phases for code, each in phase.refusals]
    assert [code for code, _ in failed] == (["D007"] if text else [])
    assert all(each.startswith(text or "") for _, each in failed)
