from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dotlint.strategy import GpuSet, Layout, Strategy, StrategyError

if TYPE_CHECKING:
    from pathlib import Path

    from dotlint.strategy import Phase


def stages(phase: Phase | None) -> list[str]:
    assert phase is not None
    return [str(each) for each in phase.stages]


QUARTERS = ["0-15", "16-31", "32-47", "48-63"]


def test_one_phase_without_a_name() -> None:
    strategy = Strategy.parse("pp4ep4tp2sp2")
    (phase,) = strategy.phases
    assert (phase.name, phase.total, phase.assumed) == ("", 64, False)
    assert stages(phase) == QUARTERS
    assert strategy.phase("decode") is phase
    assert strategy.source == "pp4ep4tp2sp2"


def test_decode_is_assumed_on_the_gpus_of_prefill() -> None:
    strategy = Strategy.parse("pp4ep4tp2sp2").with_phase_assumed("decode")
    prefill, decode = strategy.phases
    assert (prefill.name, prefill.assumed) == ("prefill", False)
    assert (decode.name, decode.assumed, decode.degrees.sp) == ("decode", True, 1)
    assert stages(decode) == QUARTERS
    assert (decode.total, decode.world) == (64, 32)
    assert (decode.shards(0).parts, decode.shards(0).size) == (2, 8)
    assert decode.shards(0, sequence=True).parts == 2
    assert (decode.experts(0).parts, decode.experts(0).size) == (4, 4)
    assert strategy.with_phase_assumed("decode") is strategy
    assert strategy.declared_gpus == GpuSet.span(0, 64)


def test_declared_decode_is_not_assumed() -> None:
    strategy = Strategy.parse("prefill=pp4ep4tp2sp2; decode=pp4ep4tp2sp1@0-31")
    assert strategy.with_phase_assumed("decode") is strategy
    assert stages(strategy.phase("Decode")) == ["0-7", "8-15", "16-23", "24-31"]
    assert stages(strategy.phase("prefill")) == QUARTERS


def test_assumed_shards_follow_the_declared_order() -> None:
    layout = Layout(order=("pp", "tp", "sp", "ep"), expert_order=("pp", "ep", "tp", "sp"))
    decode = Strategy.parse("pp4ep4tp2sp2", layout=layout).with_phase_assumed().phase("decode")
    assert decode is not None
    assert [str(each) for each in decode.shards(1).slices or ()] == ["16-23", "24-31"]
    assert [str(each) for each in decode.experts(0).slices or ()] == ["0-3", "4-7", "8-11", "12-15"]


def test_gpus_need_not_be_contiguous() -> None:
    strategy = Strategy.parse("pp2tp4@8-11,32-35", layout=Layout.named("megatron"))
    (phase,) = strategy.phases
    assert stages(phase) == ["8-11", "32-35"]
    assert [str(each) for each in phase.shards(1).slices or ()] == ["32", "33", "34", "35"]
    assert phase.stage_of(GpuSet.parse("33,35")) == 1
    assert phase.stage_of(GpuSet.parse("8,35")) is None
    assert phase.stage_of(GpuSet()) is None


def test_a_phase_without_gpus_starts_at_its_pool() -> None:
    strategy = Strategy.parse("prefill=pp2tp4@64-71; decode=tp4")
    assert stages(strategy.phase("decode")) == ["64-67"]
    assert stages(Strategy.parse("decode=tp2@0-1; prefill=tp4").phase("prefill")) == ["0-3"]


MISFITS = [
    (
        "pp4ep4tp2sp2@64",
        "needs 64 GPUs (pp4ep4tp2sp2), but @64 is a single GPU id, not a count: write 0-63",
    ),
    ("prefill=tp8; decode=tp8@8-11", "phase 'decode' needs 8 GPUs (tp8), but 8-11 is 4 GPUs: write 8-15"),
    ("pp262144tp2", "at most 262144"),
]


@pytest.mark.parametrize(("text", "what"), MISFITS)
def test_a_phase_that_does_not_fit_its_gpus_is_refused(text: str, what: str) -> None:
    with pytest.raises(StrategyError) as caught:
        Strategy.parse(text)
    assert what in str(caught.value)


def test_replicas_of_a_product_have_two_layouts() -> None:
    (phase,) = Strategy.parse("pp2tp4dp2").phases
    assert stages(phase) == ["0-7", "8-15"]
    assert phase.replica_count == 2
    first = [str(each) for each in phase.replica_stage_gpus(0)]
    assert first == ["0-3", "8-11", "4-7"]
    assert [str(each) for each in phase.replica_stage_gpus(1)] == ["4-7", "12-15", "8-11"]


def test_replicas_of_a_preset_are_known() -> None:
    (phase,) = Strategy.parse("dp2pp2tp4", layout=Layout.named("vllm")).phases
    assert [str(each) for each in phase.replica_stage_gpus(1)] == ["4-7", "12-15"]


def test_layers_of_a_stage() -> None:
    (phase,) = Strategy.parse("pp4").phases
    assert phase.stage_layers(1, 16) == (range(4, 8),)
    assert phase.stage_layers(0, 18) is None
    (chunked,) = Strategy.parse("pp2vpp2").phases
    assert chunked.stage_layers(1, 8) == (range(2, 4), range(6, 8))


def test_phases_are_combined() -> None:
    strategy = Strategy.combine(["prefill=pp4tp2", "decode=pp2tp2@8-11"])
    assert [phase.name for phase in strategy.phases] == ["prefill", "decode"]
    assert strategy.source == "prefill=pp4tp2; decode=pp2tp2@8-11"
    assert Strategy.combine(["pp4"]).phases == Strategy.parse("pp4").phases
    for wrong in (["pp4", "pp2"], ["a=pp4", "A=pp2"], []):
        with pytest.raises(StrategyError):
            Strategy.combine(wrong)


def test_another_layout_lays_the_same_phases_out() -> None:
    strategy = Strategy.parse("dp2pp2tp4").with_layout(Layout.named("vllm"))
    assert stages(strategy.phases[0]) == ["0-3,8-11", "4-7,12-15"]


FILE = """
[layout]
model = "product"
order = "pp,tp,sp,ep"
expert_order = "pp,ep,tp,sp"
sp = "ulysses"
[pool]
kind = "unified"
[phases.prefill]
strategy = "pp4ep4tp2sp2"
gpus = "0-63"
[phases.decode]
strategy = "pp4ep4tp2sp1"
file = "decode_dag.dot"
[model]
layers = 16
heads = 16
kv_heads = 16
hidden = 512
experts = 16
top_k = 2
batch = 4
seq = 10240
"""


def save(folder: Path, text: str | bytes) -> Path:
    path = folder / "strategy.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_strategy_file_declares_more(tmp_path: Path) -> None:
    path = save(tmp_path, FILE)
    strategy = Strategy.read(str(path))
    assert [str(each) for each in strategy.phases[0].shards(0).slices or ()] == ["0-7", "8-15"]
    assert (strategy.pool, strategy.model.experts, strategy.model.seq) == ("unified", 16, 10240)
    decode = strategy.phase("decode")
    assert decode is not None
    assert (decode.file, str(decode.gpus)) == ("decode_dag.dot", "0-31")
    assert strategy.source == str(path)
    relaid = Strategy.load(path, layout=Layout("product"))
    assert relaid.phases[0].shards(0).slices is None
    assert relaid.model == strategy.model


def test_disaggregated_phases_follow_each_other(tmp_path: Path) -> None:
    path = save(tmp_path, '[pool]\nkind="disaggregated"\n[phases.a]\nstrategy="tp4"\n[phases.b]\nstrategy="tp2"\n')
    assert [str(phase.gpus) for phase in Strategy.load(path).phases] == ["0-3", "4-5"]


def test_a_file_may_hold_a_whole_specification(tmp_path: Path) -> None:
    path = save(tmp_path, 'strategy = "pp2tp2"\nlayout.model = "vllm"\n')
    strategy = Strategy.load(path)
    assert (strategy.phases[0].name, strategy.layout.preset) == ("", "vllm")


def test_a_file_and_a_phase_are_combined(tmp_path: Path) -> None:
    path = save(tmp_path, '[phases.prefill]\nstrategy="tp4"\n[model]\nheads=8\n')
    strategy = Strategy.combine(["decode=tp2", str(path)])
    assert [phase.name for phase in strategy.phases] == ["decode", "prefill"]
    assert strategy.model.heads == 8


WRONG = [
    ("[phase.a]\nstrategy='tp4'", "unknown key 'phase': did you mean 'phases'?"),
    ("[phases.a]\nstrategi='tp4'", "did you mean 'strategy'?"),
    ("[phases.a]\nstrategy='tp4'\n[layout]\nmodel='megatorn'", "did you mean 'megatron'?"),
    ("[phases.a]\nstrategy='tp4'\n[layout]\nsp='ring attention'", "use one of ulysses, megatron, ring"),
    ("[phases.a]\nstrategy='tp4'\n[layout]\norder=['pp']", "layout.order must be a string, not an array"),
    ("[phases.a]\nstrategy='tp4'\n[layout]\norder='pp'", "lacks tp"),
    ("[phases.a]\nstrategy='tp4'\n[pool]\nkind='unifed'", "did you mean 'unified'?"),
    ("[phases.a]\nstrategy='tp4'\n[model]\nlayer=3", "did you mean 'layers'?"),
    ("[phases.a]\nstrategy='tp4'\n[model]\nlayers='3'", "model.layers must be an integer, not a string"),
    ("[phases.a]\nstrategy='tp4'\n[model]\nlayers=true", "model.layers must be an integer, not a boolean"),
    ("[phases.a]\nstrategy='tp4'\n[model]\nlayers=0", "model.layers must be between 1"),
    ("[phases.a]\nstrategy='tp4'\ngpus=4", "phases.a.gpus must be a string, not a number"),
    ("[phases.a]\nstrategy='tp4'\ngpus='4'", "not a count"),
    ("[phases.a]\nstrategy='tp4@0-3'\ngpus='0-3'", "remove one of them"),
    ("[phases.a]\nstrategy='tp4; b=tp2'", "only the degrees"),
    ("[phases.a]\nstrategy='tpp4 4'", "phases.a"),
    ("[phases.a]\nstrategy='tp4'\n[phases.A]\nstrategy='tp2'", "repeated"),
    ("[phases.a]\ngpus='0-3'", "phases.a has no strategy"),
    ("[phases]\na='tp4'", "a must be a table"),
    ("strategy='tp4'\n[phases.a]\nstrategy='tp4'", "remove one of them"),
    ("", "no phase is declared"),
    ("[phases.a", "cannot be read"),
    (b"\xff\xfe", "cannot be read"),
]


@pytest.mark.parametrize(("text", "what"), WRONG)
def test_a_mistake_in_a_file_names_the_file_and_the_key(tmp_path: Path, text: str | bytes, what: str) -> None:
    path = save(tmp_path, text)
    with pytest.raises(StrategyError) as caught:
        Strategy.load(path)
    message = str(caught.value)
    assert what in message
    assert "\n" not in message
    assert message.count("strategy.toml") <= 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match="does not exist"):
        Strategy.read(str(tmp_path / "none.toml"))
    with pytest.raises(StrategyError, match="folder"):
        Strategy.load(tmp_path)


def test_reading_a_strategy_loads_nothing_heavy() -> None:
    code = (
        "import sys, dotlint.strategy as s; s.Strategy.parse('pp4tp2').phases[0].stages;"
        "print([m for m in ('click','rich','lark','networkx','tomllib','difflib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
