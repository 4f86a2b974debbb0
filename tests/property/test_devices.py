"""A random set of devices, written in a random notation, is read as that set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dotlint.deployment.classify import read_deployment
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.graph.builder import read
from dotlint.strategy.gpus import GpuSet

if TYPE_CHECKING:
    from dotlint.deployment.model import Deployment

VOCABULARY = load_vocabulary(str(rules_folder() / "vocabulary.toml"))
SINGULAR = (
    "GPU",
    "gpu",
    "Device",
    "NPU",
    "XPU",
    "TPU",
    "cuda",
    "dev",
    "显卡",
    "设备",
    "device_id",
    "gpu_id",
    "GPU rank",
)
PLURAL = ("GPUs", "gpus", "Devices", "NPUs", "显卡", "GPU ids", "device ids")
KEYS = (": ", ":", "：", "=", " = ", " ")
DASHES = ("-", " - ", "–", "~", "～", "..", "...", "…", " to ", "到")
COMMAS = (",", ", ", "，", "、", " and ", " & ", " + ")
BRACKETS = ("{}", "[{}]", "({})", "{{{}}}")
AROUND = ("{}", "Attention ({})", "Stage 1, {}", "{}, TP=4", "L3: {}", "{{MLP|{}}}", "{} (4 heads)", "MLP on {}")

ids = st.integers(min_value=0, max_value=130)
sets = st.sets(ids, min_size=2, max_size=12)


def as_list(numbers: set[int], comma: str, dash: str) -> str:
    """Write ranges and single ids."""
    runs = GpuSet.of(numbers).runs
    return comma.join(str(one) if stop - one == 1 else f"{one}{dash}{stop - 1}" for one, stop in runs)


def labelled(*labels: str) -> Deployment:
    """Read operators with these labels."""
    nodes = "\n".join(f'op_{i} [label="Attention\\n{label}"]' for i, label in enumerate(labels))
    return read_deployment(read(f"digraph {{\n{nodes}\n}}").graphs[0], VOCABULARY)


@given(sets, *(st.sampled_from(some) for some in (PLURAL, KEYS, COMMAS, DASHES, BRACKETS, AROUND)))
def test_a_set(numbers: set[int], word: str, key: str, comma: str, dash: str, bracket: str, around: str) -> None:
    label = around.format(word + key + bracket.format(as_list(numbers, comma, dash)))
    found = VOCABULARY.devices.read([label])
    assert found is not None
    assert found.ids == GpuSet.of(numbers), label
    assert not found.transfer


@given(ids, *(st.sampled_from(some) for some in (SINGULAR, (*KEYS, "", "_", "-"), ("{}", "[{}]"), AROUND)))
def test_one_device(number: int, word: str, key: str, bracket: str, around: str) -> None:
    label = around.format(word + key + bracket.format(number))
    found = VOCABULARY.devices.read([label])
    assert found is not None
    assert found.ids == GpuSet.of([number]), label


@given(ids, st.integers(min_value=1, max_value=64))
def test_slices_and_hexadecimal_ids(first: int, size: int) -> None:
    for label in (f"gpus[{first}:{first + size}]", f"GPU: 0x{first:02X}-0x{first + size - 1:02x}"):
        found = VOCABULARY.devices.read([label])
        assert found is not None
        assert found.ids == GpuSet.span(first, size), label


@given(
    st.integers(min_value=2, max_value=4),
    st.integers(min_value=2, max_value=8),
    st.sampled_from(
        ("dev({},{})", "node{}/gpu{}", "host{}:gpu{}", "Node {} GPU {}", "GPU: DP{}_TP{}", "device: PP{}/TP{}")
    ),
)
def test_places_are_numbered_by_the_extents_of_the_file(rows: int, columns: int, notation: str) -> None:
    labels = [notation.format(row, column) for row in range(rows) for column in range(columns)]
    deployment = labelled(*labels)
    assert [str(r.gpus) for r in deployment.readings] == [str(i) for i in range(rows * columns)]
    assert not deployment.unread_devices


@given(st.sampled_from(("rank {}", "Rank: {}", "rank={}", "G{}")), st.integers(min_value=2, max_value=8))
def test_ranks_are_devices_where_nothing_else_names_devices(notation: str, size: int) -> None:
    alone = labelled(*(notation.format(i) for i in range(size)))
    assert [r.gpus for r in alone.readings] == [GpuSet.of([i]) for i in range(size)]
    explicit = labelled(*(f"{notation.format(i)}\\nGPU: {i + 8}" for i in range(size)))
    assert [r.gpus for r in explicit.readings] == [GpuSet.of([i + 8]) for i in range(size)]
    mixed = labelled(*(notation.format(i) for i in range(size)), *(f"GPU {i + 40}" for i in range(size)))
    assert [r.gpus for r in mixed.readings[:size]] == [None] * size


@given(st.integers(min_value=3, max_value=20), st.integers(min_value=20, max_value=64))
def test_ranges_that_overlap_are_pairs(size: int, apart: int) -> None:
    pairs = labelled(*(f"GPU {i}-{i + apart}" for i in range(size)))
    assert [r.gpus for r in pairs.readings] == [GpuSet.of([i, i + apart]) for i in range(size)]


@given(
    sets, sets, st.sampled_from(("GPU: {} -> {}", "GPUs {} → {}", "From: GPUs {}\\nTo: GPUs {}", "GPUs {} to GPUs {}"))
)
def test_a_transfer_is_on_the_devices_of_neither_end(one: set[int], two: set[int], notation: str) -> None:
    label = notation.format(as_list(one, ",", "-"), as_list(two, ",", "-"))
    (reading,) = labelled(label).readings
    assert reading.evidence.gpus is not None
    assert reading.evidence.gpus.transfer, label
    assert reading.evidence.gpus.ids == GpuSet.of(one | two), label
    assert reading.gpus is None
