"""Corner cases of strategies: single GPUs, open layouts, files, missing parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dotlint.engine.own_cards import own_cards
from dotlint.strategy import GpuSet, Layout, ModelFacts, Strategy, StrategyError
from dotlint.strategy.arithmetic import arithmetic
from dotlint.strategy.declarations import read_degrees
from dotlint.strategy.degrees import Degrees
from dotlint.strategy.describe import describe
from dotlint.strategy.phase_files import phases_of_file
from dotlint.strategy.phases import build
from dotlint.strategy.spec import parse_spec
from dotlint.strategy.wording import plain_text
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from pathlib import Path

CODES = {card.check: card.code for card in own_cards()}


def sums(spec: str, facts: dict[str, Any], layout: Layout | None = None) -> list[tuple[str, bool, str]]:
    strategy = build(parse_spec(spec), layout=layout or Layout(), model=ModelFacts(**facts))
    return [(one.check, one.holds, one.text) for phase in strategy.phases for one in arithmetic(phase, strategy.model)]


@pytest.mark.parametrize(
    ("spec", "layout", "facts", "expected"),
    [
        ("tp2sp4", Layout.named("deepspeed"), {"heads": 12}, [False]),
        ("tp2sp4", Layout.named("deepspeed"), {"heads": 16}, [True]),
        ("tp2sp4", Layout(sp="ulysses"), {"heads": 12}, [False]),
        ("tp2sp4", Layout(sp="ring"), {"heads": 12}, []),
        ("tp2sp4", Layout(), {"heads": 12}, []),
        ("tp2sp1", Layout.named("deepspeed"), {"heads": 12}, []),
        ("tp5sp4", Layout(sp="ulysses"), {"heads": 12}, []),  # only reported once: TP does not divide the heads
    ],
)
def test_exchanged_heads(spec: str, layout: Layout, facts: dict[str, int], expected: list[bool]) -> None:
    assert [holds for code, holds, text in sums(spec, facts, layout) if code == "heads" and "TP·SP" in text] == expected


@pytest.mark.parametrize(
    ("spec", "facts", "expected"),
    [
        ("tp8", {"kv_heads": 4}, ("heads", True, "4 key-value heads over TP=8: each on 2 shards")),
        ("tp8", {"kv_heads": 3}, ("heads", False, "3 key-value heads are neither a multiple nor a divisor of TP=8")),
        ("pp4", {"layers": 3}, ("layers", False, "3 layers are fewer than PP=4")),
        ("pp4", {"layers": 10}, ("layers", True, "10 layers over PP=4: 2 or 3 each")),
        ("pp2vpp2", {"layers": 6}, ("layers", True, "6 layers over PP·VPP=4: 1 or 2 each")),
    ],
)
def test_calculations_in_words(spec: str, facts: dict[str, int], expected: tuple[str, bool, str]) -> None:
    assert expected in sums(spec, facts)


def test_facts_that_nothing_divides_are_not_listed() -> None:
    assert sums("dp2", {"heads": 7, "kv_heads": 3, "experts": 5, "seq": 11, "layers": 3}) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("dp2", None),
        ("tp2", "shards may be any equal parts"),
        ("sp2", "shards may be any equal parts"),
        ("ep2", "expert groups may be any equal parts"),
        ("tp2ep2", "shards and expert groups may be any equal parts"),
    ],
)
def test_open_partitions_of_a_layout_are_noted(spec: str, expected: str | None) -> None:
    text = " ".join(plain_text(describe(Strategy.parse(spec), CODES), width=200).split())
    assert (expected or "any equal parts of a stage's GPUs") in text if expected else "any equal parts" not in text


@pytest.mark.parametrize("text", ["TP=0 within a node", "with TP0", "(TP=1)", "DP=1 groups", "with tp-1"])
def test_ranks_are_not_degrees(text: str) -> None:
    assert read_degrees(text) is None


def test_gpus_that_were_declared() -> None:
    assert Strategy.parse("tp4").declared_gpus == GpuSet.span(0, 4)
    assert Strategy.parse("prefill=tp2@0-1; decode=tp2@4-5").declared_gpus == GpuSet.parse("0-1,4-5")


def write(folder: Path, text: str) -> Path:
    path = folder / "s.toml"
    path.write_text(text, encoding="utf-8")
    return path


FILES = '[phases.prefill]\nstrategy = "tp2"\nfile = "a.dot"\n[phases.decode]\nstrategy = "tp2"\nfile = "b.dot"\n'


def test_files_are_identified_by_resolved_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = Strategy.load(write(tmp_path, FILES))
    (tmp_path / "link.dot").symlink_to("b.dot")
    monkeypatch.chdir(tmp_path)
    for path, own, other in [("a.dot", "prefill", "decode"), ("./link.dot", "decode", "prefill")]:
        part = phases_of_file(strategy, path)
        assert part is not None
        assert ([phase.name for phase in part.phases], [phase.name for phase in part.others]) == ([own], [other])
        assert (part.named, part.only_phase) == (True, own)
    stranger = phases_of_file(strategy, "sub/a.dot")
    assert stranger is not None
    assert (stranger.phases, len(stranger.others), stranger.named, stranger.only_phase) == ((), 2, False, None)
    assert phases_of_file(Strategy.parse("tp2"), "a.dot") is None


def test_a_phase_without_a_file_takes_the_other_files(tmp_path: Path) -> None:
    strategy = Strategy.load(write(tmp_path, FILES.replace('file = "b.dot"\n', "")))
    part = phases_of_file(strategy, str(tmp_path / "x.dot"))
    assert part is not None
    assert (part.only_phase, part.named) == ("decode", False)
    prefill, decode = strategy.phases
    assert (prefill.path, decode.path) == (str(tmp_path / "a.dot"), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[phases.prefill]\nstrategy = "tp2"\nfile = " "\n', "must be a file name"),
        ('[phases.prefill]\nstrategy = "tp2"\nfile = "a\\u0000b"\n', "must be a file name"),
        ('[phases.prefill]\nstrategy = "prefill=tp2"\n', "must not name phases"),
        ('[phases.prefill]\nstrategy = "a=tp2; b=tp4"\n', "must not name phases"),
        ('[phases.prefill]\nstrategy = "tp2@0-1"\ngpus = "0-1"\n', "remove one of them"),
        ('[phases.prefill]\ngpus = "0-1"\n', "has no strategy"),
        ('[phases.a]\nstrategy = "tp2"\n[phases.A]\nstrategy = "tp2"\n', "repeated"),
        ("[phases]\n", "no phase is declared"),
        ("x = \x07", "cannot be read"),
        (".".join("a" * 200) + " = 1", "more than 100 parts"),
        ("x = " + "[" * 9_000, "nested too deeply"),
    ],
)
def test_mistakes_in_strategy_files(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match=message) as caught:
        Strategy.load(write(tmp_path, text))
    assert str(caught.value).isprintable()
    assert "s.toml" in str(caught.value)


def test_control_characters_in_names_are_escaped(tmp_path: Path) -> None:
    with pytest.raises(StrategyError) as caught:
        Strategy.load(tmp_path / "a\x1bb.toml")
    assert "\x1b" not in str(caught.value)
    with pytest.raises(StrategyError, match="Invalid"):  # printable text stays
        Strategy.load(write(tmp_path, "= 1"))


def test_two_files_cannot_both_declare_the_layout(tmp_path: Path) -> None:
    one = tmp_path / "one.toml"
    one.write_text('[phases.prefill]\nstrategy = "tp2"\n[model]\nlayers = 4\n', encoding="utf-8")
    two = tmp_path / "two.toml"
    two.write_text('[phases.decode]\nstrategy = "tp2"\n[layout]\nmodel = "overlay"\n', encoding="utf-8")
    with pytest.raises(StrategyError, match="several strategy files"):
        Strategy.combine([str(one), str(two)])
    both = Strategy.combine([str(one), "decode=tp4"])
    assert (both.model.layers, [phase.name for phase in both.phases]) == (4, ["prefill", "decode"])
    with pytest.raises(StrategyError, match="two strategies without a phase"):
        Strategy.combine(["tp2", "tp4"])
    with pytest.raises(StrategyError, match="repeated"):
        Strategy.combine(["prefill=tp2", "prefill=tp4"])


def test_phases_by_name() -> None:
    strategy = Strategy.parse("prefill=tp2; decode=tp4")
    assert [phase.name for phase in strategy.narrowed(["decode"]).phases] == ["decode"]
    assert strategy.phase("train") is None
    assert not strategy.has_files
    assert [phase.name for phase in strategy.with_layout(Layout.named("vllm")).phases] == ["prefill", "decode"]


def test_ranks_of_open_and_fixed_layouts() -> None:
    fixed = Layout.named("vllm").placement(Degrees.of({"tp": 8, "dcp": 3}))
    assert fixed.groups("dcp") == ()
    assert Layout().placement(Degrees.of({"tp": 4})).groups("dcp") is None
    no_tp = Layout("overlay", order=("pp", "dp")).placement(Degrees.of({"pp": 2, "dp": 2}))
    assert [str(group) for group in no_tp.groups("dcp") or ()] == ["0", "1", "2", "3"]
    assert Layout.named("llama3").placement(Degrees.of({"tp": 2})).groups("ep") == ()
    assert fixed.groups("vpp") == ()
    for index in (-1, 1):
        with pytest.raises(StrategyError):
            fixed.stage(index)
    replicated = Strategy.parse("dp2tp2", layout=Layout.named("megatron")).phases[0]
    assert [str(gpus) for gpus in replicated.replica_stage_gpus(0)] == ["0-1", "2-3"]


def test_degrees_by_axis() -> None:
    degrees = Degrees.of({"tp": 2}).with_axis("pp", 3)
    assert (degrees.get("pp"), degrees.get("tp"), degrees.get("ep"), sorted(degrees.named)) == (3, 2, 1, ["pp", "tp"])
    for wrong in ("xp", "named", ""):
        with pytest.raises(StrategyError):
            degrees.get(wrong)
        with pytest.raises(StrategyError):
            Degrees.of({wrong: 2})


def test_sets_of_gpus() -> None:
    few, more = GpuSet.span(0, 2), GpuSet.span(0, 4)
    assert few < more
    assert not few < GpuSet.span(0, 2)
    assert 1 in few
    assert 2 not in few
    assert -1 not in few
    assert "1" not in few
    assert GpuSet.parse("0,2,4,6").short(7) == "0,2,4,6"
    assert GpuSet.parse("0,2,4,6").short(6) == "0,2,...,6"
    assert GpuSet.parse("0,2,4,6,8,10").short(13) == "0,2,4,6,8,10"
    assert GpuSet.parse("0,2,4,6,8,10,12").short(13) == "0,2,4,...,12"
    assert GpuSet.parse("0,2,4,6,8,10,12").short(11) == "0,2,...,12"
    for end in ("first", "last"):
        with pytest.raises(StrategyError, match="empty"):
            getattr(GpuSet(), end)


def test_tables_are_read() -> None:
    assert read_toml("a.b = 1\n[c]\nd = [1, 2]\n") == {"a": {"b": 1}, "c": {"d": [1, 2]}}
    assert read_toml(".".join("a" * 100) + " = 1")
    assert read_toml('x = "' + "a." * 90 + '"')


def test_the_middle_of_many_stages_is_omitted() -> None:
    lines = plain_text(describe(Strategy.parse("pp64"), CODES)).splitlines()
    table = [line.split() for line in lines[next(i for i, line in enumerate(lines) if "stage " in line) + 1 :]]
    assert [row[0] for row in table if row] == [*map(str, range(1, 17)), "...", "63", "64"]
    few = plain_text(describe(Strategy.parse("pp32"), CODES))
    assert "..." not in few


def test_carets_are_as_long_as_the_mistake() -> None:
    assert StrategyError("m", text="abc", position=1).frame() == "abc\n ^"
    assert StrategyError("m", text="abc", position=1, length=9).frame() == "abc\n ^^"
    assert StrategyError("m", text="abc", position=3).frame() == "abc\n   ^"
    assert StrategyError("m", text="a\x1bc", position=1, length=0).frame() == "a c\n ^"
    assert StrategyError("m", text="abc").frame() == ""


def test_decode_is_assumed_from_prefill_where_there_is_one() -> None:
    for text, tp in [("train=tp2@0-1; prefill=tp4@2-5", 4), ("train=tp2", 2), ("tp8", 8)]:
        decode = Strategy.parse(text).with_phase_assumed().phase("decode")
        assert decode is not None
        assert (decode.assumed, decode.degrees.tp) == (True, tp)
    assert [phase.own_gpus for phase in Strategy.parse("prefill=tp2@0-1; decode=tp2").phases] == [True, False]
