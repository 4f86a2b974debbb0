from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlint.strategy.degrees import Degrees
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet, union
from dotlint.strategy.layout import Layout, known_layouts, parse_flavor, parse_order
from dotlint.strategy.placement import Partition, Placement
from dotlint.strategy.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable


def placed(layout: Layout | str, spec: str) -> Placement:
    layout = Layout.named(layout) if isinstance(layout, str) else layout
    return layout.placement(parse_spec(spec)[0].degrees)


def written(sets: tuple[GpuSet, ...] | None) -> list[str] | None:
    return None if sets is None else [str(each) for each in sets]


def test_product_multiplies_every_axis() -> None:
    placement = placed("product", "pp4ep4tp2sp2cp2dp2")
    assert placement.world == 4 * 4 * 2 * 2 * 2 * 2
    assert placed("product", "pp4ep4tp2").world == 32
    assert placed("product", "pp4vpp2tp4dcp2").world == 16


def test_product_leaves_the_inside_of_a_stage_open() -> None:
    placement = placed("product", "pp4ep4tp2sp2")
    assert written(placement.stages) == ["0-15", "16-31", "32-47", "48-63"]
    assert placement.slices("tp", 0) is None
    assert placement.groups("ep") is None
    assert (placement.partition("tp", 1).parts, placement.partition("tp", 1).size) == (2, 8)
    assert (placement.partition("ep", 1).parts, placement.partition("ep", 1).size) == (4, 4)
    assert placement.partition(("tp", "sp"), 1).parts == 4


def test_two_orders_give_shards_and_experts_their_own_gpus() -> None:
    layout = Layout(order=parse_order("pp,tp,sp,ep"), expert_order=parse_order("pp,ep,tp,sp", experts=True))
    placement = placed(layout, "pp4ep4tp2sp2")
    assert written(placement.slices("tp", 0)) == ["0-7", "8-15"]
    assert written(placement.slices("tp", 3)) == ["48-55", "56-63"]
    assert written(placement.slices("sp", 0)) == ["0-3,8-11", "4-7,12-15"]
    assert written(placement.slices(("tp", "sp"), 0)) == ["0-3", "4-7", "8-11", "12-15"]
    assert written(placement.slices("ep", 1)) == ["16-19", "20-23", "24-27", "28-31"]


def test_an_order_fixes_only_its_own_axes() -> None:
    placement = placed(Layout(order=parse_order("pp,tp,sp,ep")), "pp4ep4tp2sp2")
    assert placement.slices("tp", 0) is not None
    assert placement.slices("ep", 0) is None


ORDERS = [
    # preset, strategy, what, expected; by hand from the systems' own sources
    ("megatron", "tp2pp2dp2", "stages", ["0-3", "4-7"]),
    ("megatron", "tp2pp2dp2", "dp", ["0,2", "1,3", "4,6", "5,7"]),
    ("megatron", "tp2dp4ep2", "ep", ["0,2", "1,3", "4,6", "5,7"]),
    ("megatron", "tp2dp4ep2", "edp", ["0,4", "1,5", "2,6", "3,7"]),
    ("megatron", "tp2dp4ep2etp1", "ep", ["0-1", "2-3", "4-5", "6-7"]),
    ("megatron", "tp2sp2dp2", "sp", ["0-1", "2-3"]),
    ("vllm", "dp2pp2tp2", "stages", ["0-1,4-5", "2-3,6-7"]),
    ("vllm", "dp2pp2tp2", "pp", ["0,2", "1,3", "4,6", "5,7"]),
    ("vllm", "dp2pp2tp2ep4", "ep", ["0-1,4-5", "2-3,6-7"]),
    ("vllm", "tp8dcp2", "dcp", ["0-1", "2-3", "4-5", "6-7"]),
    ("vllm", "cp2tp2", "cp", ["0,2", "1,3"]),
    ("sglang", "tp8ep4", "ep", ["0,2,4,6", "1,3,5,7"]),
    ("sglang", "tp8ep4", "etp", ["0-1", "2-3", "4-5", "6-7"]),
    ("sglang", "dp4tp2ep8", "ep", ["0-7"]),
    ("deepspeed", "dp8ep4", "ep", ["0-3", "4-7"]),
    ("deepspeed", "dp8ep4", "edp", ["0,4", "1,5", "2,6", "3,7"]),
    ("deepspeed", "dp2sp4", "sp", ["0-3", "4-7"]),
    ("trtllm", "tp4pp2", "tp", ["0-3", "4-7"]),
    ("trtllm", "tp8ep4", "ep", ["0-3", "4-7"]),
    ("trtllm", "tp8ep4", "etp", ["0,4", "1,5", "2,6", "3,7"]),
    ("trtllm", "cp2tp2pp2", "cp", ["0,2", "1,3", "4,6", "5,7"]),
    ("torchtitan", "pp2dp2tp2ep4", "ep", ["0-3", "4-7"]),
    ("huggingface", "dp2tp4", "tp", ["0-3", "4-7"]),
    ("llama3", "tp2pp2dp2", "pp", ["0,2", "1,3", "4,6", "5,7"]),
    ("llama3", "tp2pp2dp2", "dp", ["0,4", "1,5", "2,6", "3,7"]),
]


@pytest.mark.parametrize(("preset", "spec", "what", "expected"), ORDERS)
def test_presets_follow_their_systems(preset: str, spec: str, what: str, expected: list[str]) -> None:
    placement = placed(preset, spec)
    assert placement.verdict == "ok"
    assert written(placement.stages if what == "stages" else placement.groups(what)) == expected


def test_an_expert_group_is_what_one_expert_index_occupies() -> None:
    assert written(placed("trtllm", "tp8ep4").slices("ep", 0)) == ["0,4", "1,5", "2,6", "3,7"]
    assert written(placed("megatron", "tp2dp4ep2").slices("ep", 0)) == ["0-1,4-5", "2-3,6-7"]
    assert written(placed("vllm", "dp2tp2ep4").slices("ep", 0)) == ["0", "1", "2", "3"]
    assert written(placed("vllm", "dp2tp2").slices("ep", 0)) == ["0-3"]


IMPOSSIBLE = [
    ("megatron", "tp4pp4ep8", "PP·EP·ETP = 4·8·4 = 128"),
    ("megatron", "tp2dp4ep2edp4", "PP·EDP·EP·ETP = 1·4·2·2 = 16"),
    ("megatron", "tp4sp2", "SP=2 must equal TP=4"),
    ("megatron", "tp4vpp2", "PP=1"),
    ("vllm", "tp8ep4", "EP is DP·CP·TP = 8, not 4"),
    ("vllm", "tp8dcp3", "DCP=3"),
    ("sglang", "tp8ep3", "expert grid"),
    ("deepspeed", "cp2tp2", "no context parallelism"),
    ("trtllm", "tp8ep4etp4", "expert grid"),
    ("trtllm", "tp8dp4", "DP=4 must equal TP=8"),
    ("vllm", "pp4vpp2", "no interleaved pipeline"),
    ("huggingface", "pp2tp2", "no pipeline parallelism"),
    ("megatron", "tp8dpa2", "no attention data parallelism"),
    ("sglang", "tp8dpa3", "TP=8 is not divisible by DPA=3"),
    ("trtllm", "tp8dpa4", "DPA=4 must equal TP=8"),
    ("llama3", "tp8ep4", "no expert parallelism"),
    ("overlay", "tp2dp2ep3", "expert grid"),
    ("product", "pp2ep2tp2etp2edp2", "an expert group has 2 GPUs"),
]


@pytest.mark.parametrize(("layout", "spec", "why"), IMPOSSIBLE)
def test_impossible_layouts_are_explained(layout: str, spec: str, why: str) -> None:
    placement = placed(layout, spec)
    assert placement.verdict.startswith("impossible: ")
    assert any(why in problem for problem in placement.problems), placement.problems


OVERLAID = Layout("overlay")
NO_EDP = Layout("overlay", expert_order=("pp", "ep", "etp"))
EP_ALONE = Layout("overlay", expert_order=("pp", "ep"))
SAID: list[tuple[Layout | str, str, str, tuple[str, ...], int | None, tuple[int, int]]] = [
    # layout, strategy; verdict, notes, GPUs of the experts, ETP and EDP
    ("megatron", "tp2dp4ep2", "ok", (), 8, (2, 2)),
    ("megatron", "tp2pp2dp8ep16",
     ("impossible: the dense grid has PP·DP·CP·TP = 2·8·1·2 = 32 GPUs, "
      "the expert grid is a multiple of PP·EP·ETP = 2·16·2 = 64"), (), 64, (2, 1)),
    ("megatron", "tp2pp2dp8ep16etp1", "ok only with etp=1", ("the default, etp=2, would need 64 GPUs",), 32, (1, 1)),
    ("megatron", "tp2dp4ep3",
     ("impossible: the dense grid has PP·DP·CP·TP = 1·4·1·2 = 8 GPUs, "
      "the expert grid is a multiple of PP·EP·ETP = 1·3·2 = 6"), (), 6, (2, 1)),
    ("megatron", "tp2pp2dp8ep16etp2",
     ("impossible: the dense grid has PP·DP·CP·TP = 2·8·1·2 = 32 GPUs, "
      "the expert grid is a multiple of PP·EP·ETP = 2·16·2 = 64"), (), 64, (2, 1)),
    ("megatron", "tp2dp4ep2edp4",
     "impossible: the dense grid has PP·DP·CP·TP = 1·4·1·2 = 8 GPUs, the expert grid is PP·EDP·EP·ETP = 1·4·2·2 = 16",
     (), 16, (2, 4)),
    ("megatron", "tp4sp2vpp2", "impossible: Megatron's sequence parallelism shares TP's GPUs: SP=2 must equal TP=4", (),
     None, (4, 1)),
    (NO_EDP, "tp8ep4",
     "impossible: the dense grid has PP·DP·CP·TP = 1·1·1·8 = 8 GPUs, the expert grid is PP·EP·ETP = 1·4·1 = 4", (), 4,
     (1, 1)),
    (NO_EDP, "tp8ep4etp2", "ok only with etp=2", ("the default, etp=1, would need 4 GPUs",), 8, (2, 1)),
    (NO_EDP, "tp12ep4",
     "impossible: the dense grid has PP·DP·CP·TP = 1·1·1·12 = 12 GPUs, the expert grid is PP·EP·ETP = 1·4·1 = 4", (), 4,
     (1, 1)),
    (EP_ALONE, "tp8", "ok", (), None, (1, 1)),
    (EP_ALONE, "tp8ep8", "ok", (), 8, (1, 1)),
    (EP_ALONE, "tp8ep4",
     "impossible: the dense grid has PP·DP·CP·TP = 1·1·1·8 = 8 GPUs, the expert grid is PP·EP = 1·4 = 4", (), 4, (1, 1)),
    ("product", "pp2ep2tp4", "ok", (), None, (1, 4)),
    ("product", "pp2ep2tp4edp2", "ok", (), None, (2, 2)),
    ("product", "pp2ep2tp4etp2", "ok", (), None, (2, 2)),
    ("product", "pp2ep2tp4edp3", "impossible: an expert group has 4 GPUs, not ETP·EDP = 1·3 = 3", (), None, (1, 3)),
    (Layout("overlay", order=("dp", "pp", "tp")), "pp2dp2tp2",
     "impossible: the dense and the expert order place a stage on different GPUs",
     ("the GPUs of a stage are not contiguous",), None, (1, 4)),
    (OVERLAID, "pp2tp2", "ok", (), None, (1, 2)),
    (OVERLAID, "dp4ep4", "ok", (), 4, (1, 1)),
    (OVERLAID, "ep4", ("impossible: the dense grid has PP·DP·CP·TP = 1·1·1·1 = 1 GPUs, "
      "the expert grid is a multiple of PP·EP·ETP = 1·4·1 = 4"), (), 4, (1, 1)),
    (OVERLAID, "tp4etp3",
     ("impossible: the dense grid has PP·DP·CP·TP = 1·1·1·4 = 4 GPUs, "
      "the expert grid is a multiple of PP·EP·ETP = 1·1·3 = 3"), (), 3, (3, 1)),
    (OVERLAID, "tp3ep2",
     ("impossible: the dense grid has PP·DP·CP·TP = 1·1·1·3 = 3 GPUs, "
      "the expert grid is a multiple of PP·EP·ETP = 1·2·1 = 2"), (), 2, (1, 1)),
    ("sglang", "tp8ep2edp2", "ok", (), 8, (2, 2)),
    ("vllm", "tp8ep4etp2", "impossible: vLLM's EP is DP·CP·TP = 8, not 4", (), 8, (2, 1)),
    ("vllm", "tp4ep4etp4", "impossible: vLLM places each expert on a single GPU: ETP=4 must be 1", (), 4, (4, 1)),
    ("vllm", "tp4etp4", "ok", (), 4, (4, 1)),
    ("llama3", "tp4etp2", "impossible: Llama 3 has no expert tensor parallelism (ETP=2)", (), 2, (2, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("layout", "spec", "verdict", "notes", "experts", "rest"), SAID)
def test_verdicts_in_full(
    layout: Layout | str, spec: str, verdict: str, notes: tuple[str, ...], experts: int | None, rest: tuple[int, int]
) -> None:
    placement = placed(layout, spec)
    assert (placement.verdict, placement.notes, placement.expert_world) == (verdict, notes, experts)
    assert (placement.degrees.etp, placement.degrees.edp) == rest


def test_every_layout_without_settings_is_known() -> None:
    assert [layout.name for layout in known_layouts()] == [
        "product", "megatron", "vllm", "sglang", "deepspeed", "trtllm", "torchtitan", "huggingface", "llama3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "start", "stop"),
    [
        (lambda: Layout.named("megatorn"), 0, 8),
        (lambda: parse_flavor("ulises"), 0, 6),
        (lambda: parse_order("pp, TX,ep"), 4, 6),
        (lambda: parse_order("pp,vpp"), 3, 6),
    ],
)
def test_an_unknown_word_is_located(wrong: Callable[[], object], start: int, stop: int) -> None:
    with pytest.raises(StrategyError) as caught:
        wrong()
    assert (caught.value.position, caught.value.length) == (start, stop - start)


def test_a_degree_that_alone_makes_the_grids_fit_is_named() -> None:
    placement = placed("megatron", "tp2pp2dp8ep16etp1")
    assert placement.verdict == "ok only with etp=1"
    assert placement.expert_world == placement.world == 32
    assert placed("megatron", "tp2pp2dp8ep16").expert_world == 64


def test_trtllm_attention_dp_takes_no_gpus_of_its_own() -> None:
    placement = placed("trtllm", "tp4dp4pp2")
    assert (placement.world, placement.verdict) == (8, "ok")
    assert written(placement.groups("dp")) == ["0-3", "4-7"]


def test_flavors_of_sequence_parallelism() -> None:
    assert placed(Layout(sp="megatron"), "tp4sp4pp2").world == 8
    assert placed(Layout(sp="ring"), "tp4sp4pp2").world == 32
    assert placed(Layout("overlay", sp="ulysses"), "tp4sp2").world == 8
    assert placed(Layout("overlay"), "tp4sp4").world == 4


@pytest.mark.parametrize(
    ("layout", "spec", "why"),
    [
        (Layout(order=("pp", "tp")), "pp2tp2ep2", "lacks ep"),
        (Layout("overlay", order=("pp", "ep", "tp")), "pp2tp2ep2", "expert_order"),
        (Layout(order=("pp", "sp", "tp"), sp="megatron"), "pp2tp2sp2", "remove it"),
        (Layout(expert_order=("pp", "ep")), "pp2tp2ep2", "list every axis"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(layout: Layout, spec: str, why: str) -> None:
    with pytest.raises(StrategyError, match=why):
        placed(layout, spec)


def test_grids_whose_stages_differ_are_refused() -> None:
    layout = Layout("overlay", order=("dp", "pp", "tp"), expert_order=("pp", "edp", "ep", "etp"))
    assert "stage" in placed(layout, "pp2dp2tp2ep2").verdict


def test_names() -> None:
    assert Layout.named(" Megatron ").preset == "megatron"
    assert parse_order("pp, TP") == ("pp", "tp")
    assert parse_flavor("Ring") == "ring"
    for wrong, near in [("megatorn", "megatron"), ("overlaid", "overlay")]:
        with pytest.raises(StrategyError) as caught:
            Layout.named(wrong)
        assert caught.value.suggestion == near
    for order in ["pp,pp", "pp,xp", "pp,,tp", "pp,vpp"]:
        with pytest.raises(StrategyError):
            parse_order(order)
    with pytest.raises(StrategyError):
        parse_flavor("ulises")


def test_a_partition_knows_its_parts() -> None:
    half = GpuSet.span(0, 4), GpuSet.span(4, 4)
    any_half = Partition(("tp",), 2, GpuSet.span(0, 8), None)
    fixed = Partition(("tp",), 2, GpuSet.span(0, 8), half)
    odd = GpuSet.parse("0,2,4,6"), GpuSet.parse("1,3,5,7")
    assert any_half.accepts(half)
    assert any_half.accepts(odd)
    assert fixed.accepts(half)
    assert not fixed.accepts(odd)
    assert not any_half.accepts((half[0], half[0]))
    assert not any_half.accepts((GpuSet.span(0, 3), GpuSet.span(3, 5)))
    assert not any_half.accepts((half[0], GpuSet.span(8, 4)))


small = st.fixed_dictionaries(
    {}, optional={axis: st.integers(1, 4) for axis in ("pp", "tp", "ep", "sp", "cp", "dp", "etp")}
)


@given(
    st.sampled_from([*known_layouts(), Layout("overlay"), Layout(order=("ep", "pp", "dp", "cp", "sp", "tp"))]),
    small,
)
def test_stages_slices_and_groups_partition(layout: Layout, degrees: dict[str, int]) -> None:
    placement = layout.placement(Degrees.of(degrees))
    world = GpuSet.span(0, placement.world)
    assert_partition(placement.stages, world)
    for axis in ("pp", "tp", "ep", "sp", "cp", "dp"):
        groups = placement.groups(axis)
        if groups:
            assert_partition(groups, world)
        if axis == "pp":
            continue
        for index, stage in enumerate(placement.stages):
            part = placement.partition(axis, index)
            assert part.parts * part.size == len(stage)
            if part.slices is not None:
                assert_partition(part.slices, stage)
                assert part.accepts(part.slices)


def assert_partition(sets: tuple[GpuSet, ...], whole: GpuSet) -> None:
    assert len({len(each) for each in sets}) == 1
    assert sum(len(each) for each in sets) == len(whole)
    assert union(sets) == whole


def vectors() -> list[dict[str, Any]]:
    path = Path(__file__).parents[3] / "shared" / "spec" / "layout-vectors.json"
    if not path.exists():
        return []
    loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.shared
@pytest.mark.skipif(not vectors(), reason="the published deployments are not beside the checkout")
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: str(vector["name"]))
def test_published_deployments_come_out_exactly(vector: dict[str, Any]) -> None:
    try:
        layout = Layout.named(vector["preset"])
    except StrategyError:
        experts = parse_order(vector["expert_order"], experts=True)
        layout = Layout("overlay", order=parse_order(vector["dense_order"]), expert_order=experts)
    placement = layout.placement(Degrees.of(vector["strategy"]))
    assert placement.world == vector["world"]
    assert placement.verdict == vector["verdict"]
    assert placement.expert_world == vector.get("moe_world")
    assert_written(placement.stages, vector["stages"])
    for key, expected in vector.items():
        kind, _, rest = key.partition("_")
        if kind == "group":
            assert_written(placement.groups(rest), expected)
        elif kind == "slice":
            axis, _, stage = rest.partition("_stage")
            assert_written(placement.slices(axis, int(stage)), expected)


def assert_written(sets: tuple[GpuSet, ...] | None, expected: list[str] | dict[str, Any]) -> None:
    found = written(sets)
    assert found is not None
    if isinstance(expected, list):
        assert found == expected
    else:
        assert (len(found), found[0], found[-1]) == (expected["count"], expected["first"], expected["last"])
