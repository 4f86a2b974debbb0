from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet, union

WRITTEN = [
    ("0-31,64-95", "0-31,64-95", 64),
    ("3,1,2,0", "0-3", 4),
    ("0,4,8,12", "0,4,8,12", 4),
    ("8-11, 0 - 3", "0-3,8-11", 8),
    ("7", "7", 1),
    ("0-1,2-3", "0-3", 4),
]


@pytest.mark.parametrize(("text", "written", "count"), WRITTEN)
def test_ids_are_read_and_written_compactly(text: str, written: str, count: int) -> None:
    gpus = GpuSet.parse(text)
    assert str(gpus) == written
    assert len(gpus) == count


@pytest.mark.parametrize("text", ["", ",", "a", "0-", "-3", "0..3", "0-3-5", "0 1", "64 GPUs", "1,1", "0-3,2"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(StrategyError):
        GpuSet.parse(text)


def test_a_large_set_costs_nothing() -> None:
    gpus = GpuSet.parse("0-2000000000")
    assert len(gpus) == 2_000_000_001
    assert 1_999_999_999 in gpus
    assert len(gpus - GpuSet.span(5, 10)) == 1_999_999_991


@pytest.mark.parametrize(
    ("text", "stride"),
    [("0-7", 1), ("0,4,8,12", 4), ("0,8", 8), ("0-3,8-11", None), ("0,4,9", None), ("3", None)],
)
def test_stride(text: str, stride: int | None) -> None:
    assert GpuSet.parse(text).stride == stride


def test_a_long_set_is_shortened() -> None:
    gpus = GpuSet.of(range(0, 64, 4))
    assert gpus.short(20) == "0,4,8,12,16,...,60"
    assert len(gpus.short(20)) <= 20
    assert GpuSet.parse("0-7").short(3) == "0-7"


def test_empty() -> None:
    empty = GpuSet()
    assert not empty
    assert (str(empty), len(empty), list(empty)) == ("", 0, [])
    with pytest.raises(StrategyError, match="empty"):
        _ = empty.first


ids = st.frozensets(st.integers(0, 60))


@given(ids, ids)
def test_it_is_a_set(left: frozenset[int], right: frozenset[int]) -> None:
    ours, theirs = GpuSet.of(left), GpuSet.of(right)
    assert set(ours) == left
    assert len(ours) == len(left)
    assert set(ours | theirs) == left | right
    assert set(ours & theirs) == left & right
    assert set(ours - theirs) == left - right
    assert (ours <= theirs) == (left <= right)
    assert (ours < theirs) == (left < right)
    assert ours.isdisjoint(theirs) == left.isdisjoint(right)
    assert (ours == theirs) == (left == right)
    assert union([ours, theirs]) == ours | theirs
    assert all((number in ours) == (number in left) for number in range(62))
    if left:
        assert GpuSet.parse(str(ours)) == ours
        assert (ours.first, ours.last) == (min(left), max(left))


@given(ids, st.data())
def test_pick_takes_positions(numbers: frozenset[int], data: st.DataObject) -> None:
    ordered = sorted(numbers)
    places = data.draw(st.frozensets(st.integers(0, max(0, len(ordered) - 1)))) if ordered else frozenset()
    assert set(GpuSet.of(ordered).pick(GpuSet.of(places))) == {ordered[place] for place in places}
    with pytest.raises(StrategyError):
        GpuSet.of(ordered).pick(GpuSet.of([len(ordered)]))
