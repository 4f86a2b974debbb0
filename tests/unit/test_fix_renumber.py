from __future__ import annotations

import pytest

from dotlint.deployment.patterns.renumber import Shift, ShiftError, map_gpus
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import rules_folder
from dotlint.strategy.gpus import GpuSet

DEVICES = load_vocabulary(str(rules_folder() / "vocabulary.toml")).devices

SHIFT = Shift(1, 2, (1, 4), 4, map_gpus(GpuSet.parse("0-15"), GpuSet.parse("16-31")), DEVICES)

TEXTS = [
    (r"PIPELINE STAGE 1\nLayers 1-4\nGPUs: 0-15", r"PIPELINE STAGE 2\nLayers 5-8\nGPUs: 16-31"),
    (
        r"LayerNorm\nInput: [batch=4, seq=1, hidden=16]\nGPU: 8-15",
        r"LayerNorm\nInput: [batch=4, seq=1, hidden=16]\nGPU: 24-31",
    ),
    (r"Pipeline\nStage 1→2", r"Pipeline\nStage 2→3"),
    (r"P2P stage 1 -> stage 2", r"P2P stage 2 -> stage 3"),
    ("Expert 0-3", "Expert 0-3"),
    ("PP=4, TP=2", "PP=4, TP=2"),
    ("Layers: 4", "Layers: 4"),
    ("L3 norm", "L7 norm"),
    ("layer 17", "layer 17"),
    ("GPUs [0, 1, 2, 3]", "GPUs [16, 17, 18, 19]"),
    ("8 GPUs", "8 GPUs"),
    ("Top-2, 1 of 4", "Top-2, 1 of 4"),
    ("<b>Stage 1</b><br/>GPU: 0-7", "<b>Stage 2</b><br/>GPU: 16-23"),
    ("// stage 1: layers 1-4", "// stage 2: layers 5-8"),
]


@pytest.mark.parametrize(("text", "moved"), TEXTS)
def test_a_label_is_renumbered(text: str, moved: str) -> None:
    assert SHIFT.text(text) == moved


NAMES = [
    ("decode_layernorm1", 0, "decode_layernorm2"),
    ("expert1_1", 0, "expert2_1"),
    ("s1_layer02_gpu3", 0, "s2_layer06_gpu19"),
    ("all2all1", 0, "all2all2"),
    ("a#1#b", 0, "a#2#b"),
    ("l3.norm", None, "l7.norm"),
]


@pytest.mark.parametrize(("name", "position", "moved"), NAMES)
def test_a_name_is_renumbered(name: str, position: int | None, moved: str) -> None:
    assert SHIFT.name(name, position) == moved


def test_unmapped_gpus_raise() -> None:
    shift = Shift(0, 1, gpus=map_gpus(GpuSet.parse("0,2,4,6"), GpuSet.parse("1,3,5,9")), devices=DEVICES)
    assert shift.text("GPU: 0") == "GPU: 1"
    with pytest.raises(ShiftError):
        shift.text("GPU: 8")
    with pytest.raises(ShiftError):
        shift.text("GPU: 4-6")


def test_sets_of_different_sizes_are_not_mapped() -> None:
    assert map_gpus(GpuSet.parse("0-15"), GpuSet.parse("16-23")) == {}
