"""Wrong GPUs of stages, shards and collectives: the fix, or the reason why there is none."""

from __future__ import annotations

import re

import pytest

from tests.dsl import fix
from tests.unit.fix_assertions import assert_left_alone
from tests.unit.test_fix_gpus import WHOLE, gathered, placed, stages


def assert_changed(text: str, changes: dict[str, str], code: str, strategy: str | None) -> None:
    """Assert that each key is replaced by its value, and nothing else changes."""
    result = fix(text, code, strategy)
    assert result.refused == ()
    for before, after in changes.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    assert result.text == text


MOVED = placed({1: (6, 7)})
MOVES = {
    'norm1 [label="LayerNorm\\nGPU: 6-7"]': 'norm1 [label="LayerNorm\\nGPU: 2-3"]',
    'qkv1_0 [label="QKV Projection\\nGPU: 6"]': 'qkv1_0 [label="QKV Projection\\nGPU: 2"]',
    'qkv1_1 [label="QKV Projection\\nGPU: 7"]': 'qkv1_1 [label="QKV Projection\\nGPU: 3"]',
}
TITLE = 'label="Stage 1, GPUs 6-7"'
HEADER = 'label="Stage 1"\n    head1 [shape=plaintext label="Stage 1\\nGPUs: {}"]'
ALONG = [
    # the header of the stage may be right already, or is moved too
    (TITLE, HEADER.format("2-3"), {}),
    (TITLE, HEADER.format("6-7"), {"GPUs: 6-7": "GPUs: 2-3"}),
    (TITLE, 'label="Stage 1, GPUs 2-3"', {}),
    (TITLE, "graph [" + TITLE + "]", {"GPUs 6-7": "GPUs 2-3"}),
    # nodes without GPUs stay without
    (
        'qkv1_1 [label="QKV Projection\\nGPU: 7"]',
        'qkv1_1 [label="QKV Projection"]',
        {TITLE: TITLE.replace("6-7", "2-3")},
    ),
]


@pytest.mark.parametrize(("old", "new", "besides"), ALONG)
def test_all_mentions_of_gpus_move_with_a_stage(old: str, new: str, besides: dict[str, str]) -> None:
    text = MOVED.replace(old, new)
    changes = {before: after for before, after in MOVES.items() if before in text}
    assert_changed(text, {**changes, **besides}, "D003", "pp3tp2")


def without_whole(text: str) -> str:
    text = re.sub(r"    norm1 \[.*\n", "", text)
    return text.replace("    norm1 -> qkv1_0\n    norm1 -> qkv1_1\n", "    qkv1_0 -> qkv1_1\n")


FOURTH = (
    '  subgraph cluster_3 {\n    label="Stage 3, GPUs 2-3"\n    norm3 [label="LayerNorm\\nGPU: 2-3"]\n'
    '    qkv3_0 [label="QKV Projection\\nGPU: 2"]\n    norm3 -> qkv3_0\n  }\n'
)
WIDE = placed({2: (8, 11)})
STAYS = [
    (without_whole(MOVED), "no operator is on all of the stage's GPUs, so a part of them may belong to another stage"),
    (MOVED.replace("Stage 1, GPUs 6-7", "Stage 1, GPUs 20-21"), "the label of the cluster names other GPUs"),
    (MOVED.replace("nGPU: 7", "nGPU: 7\\nfor GPU: 6"), "the new GPUs of `qkv1_1` are uncertain"),
    # fewer GPUs are not a share if they match no degree of the strategy or are not consecutive
    (WIDE.replace("GPU: 8-9", "GPU: 8-10"), "the new GPUs of `qkv2_0` are uncertain"),
    (WIDE.replace("GPU: 8-9", "GPU: 8,10"), "the new GPUs of `qkv2_0` are uncertain"),
    (WIDE.replace("GPU: 8-9", "GPU: 9-10"), "the new GPUs of `qkv2_0` are uncertain"),
]


@pytest.mark.parametrize(("text", "why"), STAYS)
def test_a_stage_is_not_moved_if_ambiguous(text: str, why: str) -> None:
    assert_left_alone(text, "D003", "pp3tp2", why)


def test_a_stage_is_not_moved_to_gpus_of_another_stage() -> None:
    text = MOVED.replace("digraph {\n", "digraph {\n" + FOURTH)
    helps = {finding.unit: finding.help for finding in fix(text, "D003", "pp3tp2").remaining}
    assert helps == {
        "stage 1": "move the stage to GPUs 2-3 (no automatic fix: stage 3 is on GPUs 2-3)",
        "stage 3": "remove the stage, or declare more stages (no automatic fix: the strategy has no such stage)",
    }


SHARD = "QKV Projection\\nGPU: {}"


def shards(*labels: str, unit: str | None = "Stage 0, GPUs 0-3") -> str:
    opening, closing = (f'  subgraph cluster_0 {{\n    label="{unit}"\n', "  }\n") if unit else ("", "")
    nodes = "".join(f'    qkv_{i} [label="{label}"]\n' for i, label in enumerate(labels))
    edges = "".join(f"  qkv_{i} -> sum\n" for i in range(len(labels)))
    return f'digraph {{\n{opening}{nodes}    sum [label="All-Reduce\\nGPU: 0-3"]\n{closing}{edges}}}\n'


DIVIDED = [
    (shards(SHARD.format("0-1"), SHARD.format("1-3")), {"GPU: 1-3": "GPU: 2-3"}, "tp2dp2"),
    (shards(SHARD.format("0-1"), SHARD.format("1-3")), {"GPU: 1-3": "GPU: 2-3"}, "tp2sp2"),
    # a phase of one stage need not name it
    (shards(SHARD.format("0-1"), SHARD.format("1-3"), unit=None), {"GPU: 1-3": "GPU: 2-3"}, "tp2dp2"),
    (shards("QKV on GPUs 0-1", "QKV on GPUs 1-3"), {"GPUs 1-3": "GPUs 2-3"}, "tp2dp2"),
    (shards(SHARD.format("0,1,2"), SHARD.format("3,4")), {"0,1,2": "0,1", "3,4": "2,3"}, "tp2dp2"),
    (shards(SHARD.format("0,2"), SHARD.format("1")), {"0,2": "0,1", "GPU: 1": "GPU: 2,3"}, "tp2dp2"),
]


@pytest.mark.parametrize(("text", "changes", "strategy"), DIVIDED)
def test_shards_get_equal_parts(text: str, changes: dict[str, str], strategy: str) -> None:
    assert_changed(text, changes, "D005", strategy)


UNDIVIDED = [
    (
        shards(SHARD.format("0-1"), SHARD.format("1-2"), SHARD.format("3")),
        "its GPUs cannot be divided into 3 equal parts",
    ),
    (shards(SHARD.format("0-1"), "QKV GPU 0\\nGPU: 1-3"), "`qkv_1` does not name its GPUs in one place"),
    (shards(SHARD.format("1-2"), SHARD.format("0-1")), "no shard is on the GPUs of an equal division"),
]


@pytest.mark.parametrize(("text", "why"), UNDIVIDED)
def test_shards_are_not_moved(text: str, why: str) -> None:
    assert_left_alone(text, "D005", "tp2dp2", why)


ATTENTION = r'"Attention\nGPU: #"'
BETWEEN = r'"Attention\nheads 4\nGPU: #\nInput: [B=2]"'
LINES = [
    # after the line above it in other labels, before the line below it, else last
    (BETWEEN, r'"All-Gather\nheads 8\nOutput: [B=2]"', r'"All-Gather\nheads 8\nGPU: 0-1\nOutput: [B=2]"'),
    (BETWEEN, r'"All-Gather\nwhole"', r'"All-Gather\nwhole\nGPU: 0-1"'),
    (BETWEEN, r'"All-Gather\nwhole\nInput: [B=2]"', r'"All-Gather\nwhole\nGPU: 0-1\nInput: [B=2]"'),
    (ATTENTION, r'"All-Gather\nInput: [B=1]\nmore"', r'"All-Gather\nInput: [B=1]\nmore\nGPU: 0-1"'),
    # inside a sentence
    (ATTENTION, r'"All-Gather on GPU 0"', r'"All-Gather on GPU 0-1"'),
]


@pytest.mark.parametrize(("shard", "gather", "after"), LINES)
def test_a_line_of_gpus_goes_to_the_usual_position(shard: str, gather: str, after: str) -> None:
    result = fix(gathered(shard, gather), "C005")
    assert result.text == gathered(shard, after)


@pytest.mark.parametrize(
    ("gather", "why"),
    [
        ("<<table><tr><td>All-Gather</td></tr></table>>", "no label shows how GPUs are written"),
        ('"{All-Gather|x}" shape=record', "no label shows how GPUs are written"),
        (r'"All-Gather GPU 0\nGPU 0"', "`gather` does not name its GPUs in one place"),
        ("<<b>All-Gather GPU 0</b><table><tr><td>1</td></tr></table>>", "`gather` does not name its GPUs in one place"),
    ],
)
def test_labels_without_lines_of_text_stay(gather: str, why: str) -> None:
    assert_left_alone(gathered(ATTENTION, gather), "C005", None, why)


def labeled(words: str, labels: list[str], place: int = 0) -> str:
    return stages(
        *(f"{label.partition(chr(92))[0]}\\n{words}" if n == place else label for n, label in enumerate(labels))
    )


BARE = [label.partition("\\n")[0] for label in WHOLE]
IN_BRACKETS = [label.replace("GPU: ", "(GPU ") + ")" for label in WHOLE]
SAID = [
    # in the style of another label, else with its own key
    ("device: all", WHOLE, 0, "GPU: 0-1", "pp3tp2"),
    ("GPUs: all GPUs", BARE, 0, "GPUs: 0-1", "pp3tp2"),
    ("All GPUs", BARE, 0, "GPU: 0-1", "pp3tp2"),
    ("GPUs = all GPUs", IN_BRACKETS, 0, "GPUs = 0-1", "pp3tp2"),
    ("GPU: all GPUs", WHOLE[:3], 0, "GPU: 0-1", "tp2"),
    # the GPUs that the siblings do not use
    ("GPU: all GPUs", WHOLE, 1, "GPU: 0", "pp3tp2"),
]


@pytest.mark.parametrize(("words", "labels", "place", "after", "strategy"), SAID)
def test_vague_words_become_ids(words: str, labels: list[str], place: int, after: str, strategy: str) -> None:
    result = fix(labeled(words, labels, place), "D002", strategy)
    assert result.refused == ()
    assert result.text == labeled(after, labels, place)


VAGUE = [
    ("GPU: all GPUs\\nGPU: all GPUs", WHOLE, 0, "pp3tp2", "its siblings are on parts of the unit's GPUs"),
    ("GPU: all GPUs", WHOLE, 6, "pp2tp2", "the GPUs of its unit are unknown"),
    ("GPU: all GPUs", [*WHOLE[:3], *(one.replace("GPU: 2", "GPU: 7") for one in WHOLE[3:])], 3, "pp3tp2", "or other operators name others"),
    ("GPU: any", WHOLE, 0, "pp3tp2", "`GPU: any` does not mean all GPUs of the unit"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "labels", "place", "strategy", "why"), VAGUE)
def test_vague_words_stay(words: str, labels: list[str], place: int, strategy: str, why: str) -> None:
    assert_left_alone(labeled(words, labels, place), "D002", strategy, why)
