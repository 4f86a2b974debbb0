"""GPUs and dimensions in labels."""

from __future__ import annotations

import pytest

from dotlint.deployment.axes import change
from dotlint.deployment.devices.reader import Gpus
from dotlint.deployment.gpus_and_dims import read_tensors
from dotlint.deployment.shapes import read_dims
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.strategy.gpus import GpuSet

DEVICES = load_vocabulary(str(rules_folder() / "vocabulary.toml")).devices


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("GPU: 0-15", range(16)),
        ("GPU: 3", [3]),
        ("GPUs: 0,1,2,3", range(4)),
        ("GPUs 0-3, 8-11", [0, 1, 2, 3, 8, 9, 10, 11]),
        ("GPUs [0, 1]", [0, 1]),
        ("GPU0", [0]),
        ("gpu_7", [7]),
        ("Device 3", [3]),
        ("devices 4..7", [4, 5, 6, 7]),
        ("GPU ids: 1 and 2", [1, 2]),
        ("Stage 1 on GPUs 0–3", range(4)),
        ("GPU 0 to 3", range(4)),
        ("GPU 4, GPU 5", [4, 5]),
        ("(GPU: 0-1)", [0, 1]),
        ("GPU: TP=8 across 0-7", range(8)),
        ("Devices: experts spread over 4-7", [4, 5, 6, 7]),
        ("gpus: 0 1 2 3", range(4)),
        ("GPU: 0, 2, ..., 14", range(0, 16, 2)),
        ("GPU: [0-7], [8-15]", range(16)),
        ("GPU: [128+0-128+7]", range(128, 136)),
        ("在显卡0到3上", range(4)),
        ("Stage 2: GPU 16-17", [16, 17]),
        ("8 GPUs: 0-7", range(8)),
        ("GPU 1 of 8", [1]),
    ],
)
def test_gpu_ids(line: str, ids: list[int]) -> None:
    found = DEVICES.read([line])
    assert found is not None
    assert found.ids == GpuSet.of(ids)
    assert not found.transfer


@pytest.mark.parametrize(
    ("line", "gpus"),
    [
        ("8 GPUs", Gpus(count=8)),
        ("128 GPUs: 64 EP groups", Gpus(count=128)),
        ("Ring Attention - 16 Devices", Gpus(count=16)),
        ("num_gpus=8", Gpus(count=8)),
        ("GPU: 4 heads, d_k=128", None),
        ("heads_per_gpu=16", None),
        ("GPU memory 80GB", None),
        ("TP rank 3", None),
        ("GPU: ROUTER", Gpus(unread="GPU: ROUTER")),
        ("64 GPUs total", Gpus(count=64)),
        ("4 experts per GPU", None),
        ("GPU groups", None),
        ("all GPUs", Gpus(vague="all GPUs")),
        ("GPU: replicated", Gpus(vague="GPU: replicated")),
        ("GPU: {gpu_id}", Gpus(vague="GPU: {gpu_id}")),
        ("GPU: N/A", Gpus(host=True)),
        ("Attention", None),
        ("Input: [batch=4]", None),
        ("GPU: 5-3", Gpus(unread="GPU: 5-3")),
    ],
)
def test_text_without_ids(line: str, gpus: Gpus | None) -> None:
    assert DEVICES.read([line]) == gpus


def test_a_transfer_is_no_range() -> None:
    found = DEVICES.read(["Send", "GPU 0 -> GPU 4"])
    assert found == Gpus(ids=GpuSet.of([0, 4]), transfer=True)


@pytest.mark.parametrize(
    ("text", "keys", "sizes"),
    [
        ("batch=4, seq=1024, hidden=512", ("batch", "seq", "hidden"), (4, 1024, 512)),
        ("4, 1024, 512", ("", "", ""), (4, 1024, 512)),
        ("batch=B, seq=?", ("batch", "seq"), (None, None)),
        ("Batch = 4", ("batch",), (4,)),
        ("tokens: 8, hidden: 64", ("tokens", "hidden"), (8, 64)),
        ("B=4, S=2k, H=16*64", ("b", "s", "h"), (4, 2048, 1024)),
        ("seq=100k", ("seq",), (100_000,)),
        ("B×S×H/2", ("", "", ""), (None, None, None)),
    ],
)
def test_dims(text: str, keys: tuple[str, ...], sizes: tuple[int | None, ...]) -> None:
    dims = read_dims(text)
    assert dims is not None
    assert (dims.keys, dims.sizes) == (keys, sizes)


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("B, S, H", "B, S, H/2", (("hidden", 2, 1),)),
        ("batch=?, hidden=128", "batch=?, hidden=256", (("hidden", 128, 256),)),
        ("b=8, s=64, heads=4, d_k=32", "b=8, s=64, h=256", (("features", 128, 256),)),
        ("b=8, n=4, s=64, d=32", "b=8, s=64, h=128", ()),
        ("B, S, D", "B, S, H", ()),
    ],
)
def test_change(before: str, after: str, parts: tuple[tuple[str, int, int], ...]) -> None:
    one, two = read_dims(before), read_dims(after)
    assert one is not None
    assert two is not None
    found = change(one, two)
    assert found is not None
    assert found.parts == parts


@pytest.mark.parametrize("text", ["", " , ", "see the note!", "a; b"])
def test_text_without_dims(text: str) -> None:
    assert read_dims(text) is None


def test_size_by_any_of_several_names() -> None:
    dims = read_dims("batch_size=4, seq_len=10")
    assert dims is not None
    assert dims.size("seq", "seq_len") == 10
    assert dims.size("hidden") is None


@pytest.mark.parametrize(
    ("lines", "inputs", "outputs", "bare"),
    [
        (["Input: [b=1]", "Output: [b=2]"], ["b=1"], ["b=2"], []),
        (["in: [1, 2]", "out: (3, 4)"], ["1, 2"], ["3, 4"], []),
        (["Input dims: [b=1], [c=2]"], ["b=1", "c=2"], [], []),
        (["[1, 2] -> [3, 4]"], ["1, 2"], ["3, 4"], []),
        (["QKV [1, 2]"], [], [], ["1, 2"]),
        (["Input: [b=1]", "Output: same as input"], ["b=1"], ["b=1"], []),
        (["Output: batch=1, seq=2"], [], ["batch=1, seq=2"], []),
        (["GPUs: [0, 1]"], [], [], []),
        (["LayerNorm"], [], [], []),
        (["Input: 8x4096x1024", "Output：8×4096×512"], ["8x4096x1024"], ["8×4096×512"], []),
        (["8×4096×1024 → 8×4096×512"], ["8×4096×1024"], ["8×4096×512"], []),
        (["(8, 4096, 1024) -> (8, 4096, 512)"], ["8, 4096, 1024"], ["8, 4096, 512"], []),
        (["in=(8, 4, 64), out=(8, 4, 32)"], ["8, 4, 64"], ["8, 4, 32"], []),
        (["Input: [b=1], Output: [b=2]"], ["b=1"], ["b=2"], []),
        (["Entrée : [b=1]", "Sortie : [b=2]"], ["b=1"], ["b=2"], []),
        (["输入: [b=1]", "输出: [b=2]"], ["b=1"], ["b=2"], []),
        (["in_shape: [b=1]", "Output:", "[b=2]"], ["b=1"], ["b=2"], []),
        (["Input: batch: 4, seq: 8"], ["batch: 4, seq: 8"], [], []),
        (["shape: 8, 4096, 1024"], [], [], ["8, 4096, 1024"]),
        (["dev(0,1)", "(0,1) -> (1,1)", "Expert 3 (GPUs 0,1)", "Layer 2 - 4×4", "v1.2x3"], [], [], []),
    ],
)
def test_tensors(lines: list[str], inputs: list[str], outputs: list[str], bare: list[str]) -> None:
    tensors = read_tensors(lines)
    assert [dims.text for dims in tensors.inputs] == inputs
    assert [dims.text for dims in tensors.outputs] == outputs
    assert [dims.text for dims in tensors.bare] == bare


def test_a_vocabulary_can_add_words_of_devices() -> None:
    more = load_vocabulary(str(rules_folder() / "vocabulary.toml"), '[devices]\nnames = ["tile"]')
    found = more.devices.read(["Tile: 0-3"])
    assert found is not None
    assert found.ids == GpuSet.span(0, 4)
    assert DEVICES.read(["Tile: 0-3"]) is None
