"""GPUs that are inferred and written into labels."""

from __future__ import annotations

import pytest

from dotlint.edits.gpus.label import spelled_ids
from dotlint.strategy.gpus import GpuSet
from tests.dsl import fixed

SPELLED = [
    ("0-7", "8-15", "8-15"),
    ("0", "3", "3"),
    ("0", "0-3", "0-3"),
    ("0,1,2,3", "4-7", "4,5,6,7"),
    ("0, 1", "4-6", "4, 5, 6"),
    ("0 – 7", "8-15", "8 – 15"),
    ("0 to 7", "8-15", "8 to 15"),
    ("0-3", "0-3,8-11", "0-3,8-11"),
    ("0,1", "0-63", "0-63"),
]


@pytest.mark.parametrize(("like", "gpus", "expected"), SPELLED)
def test_ids_are_written_in_the_style_of_others(like: str, gpus: str, expected: str) -> None:
    assert spelled_ids(like, GpuSet.parse(gpus)) == expected


def gathered(shard: str, gather: str) -> str:
    """Return two shards that feed an all-gather; `#` in `shard` is the number."""
    return (
        "digraph {\n"
        + "".join(f"  attn_{i} [label={shard.replace('#', str(i))}]\n" for i in range(2))
        + f"  gather [label={gather}]\n  attn_0 -> gather\n  attn_1 -> gather\n}}\n"
    )


LABELS = [
    (r'"Attention\nGPU: #"', r'"All-Gather"', r'"All-Gather\nGPU: 0-1"'),
    (r'"Attention\nGPU: #"', r'"All-Gather\nTP=2"', r'"All-Gather\nTP=2\nGPU: 0-1"'),
    (r'"Attention\lGPU: #\l"', r'"All-Gather\l"', r'"All-Gather\lGPU: 0-1\l"'),
    ('"Attention\nGPU: #"', '"All-Gather"', r'"All-Gather\nGPU: 0-1"'),
    ('"Attention\n   GPU: #"', '"All-Gather\n   over TP"', '"All-Gather\n   over TP\n   GPU: 0-1"'),
    (r'"Attention\nGPU: [#]"', r'"All-Gather"', r'"All-Gather\nGPU: [0-1]"'),
    (r'"Attention\nGPU #"', r'"All-Gather"', r'"All-Gather\nGPU 0-1"'),
    (r'"Attention\nGPU: #\nInput: [B=2, H=4]"', r'"All-Gather\nInput: [B=2, H=4]"', r'"All-Gather\nGPU: 0-1\nInput: [B=2, H=4]"'),
    (r'"Attention\nInput: [B=2, H=4]\nGPU: #"', r'"All-Gather\nInput: [B=2, H=4]"', r'"All-Gather\nInput: [B=2, H=4]\nGPU: 0-1"'),
    (r"<Attention<br/>GPU: #>", r"<All-Gather>", r"<All-Gather<br/>GPU: 0-1>"),
    # some are named
    (r'"Attention\nGPU: #"', r'"All-Gather\nGPU: 0"', r'"All-Gather\nGPU: 0-1"'),
    (r'"Attention\nGPUs: #"', r'"All-Gather (GPU 1) over TP"', r'"All-Gather (GPU 0-1) over TP"'),
]  # fmt: skip


@pytest.mark.parametrize(("shard", "gather", "expected"), LABELS)
def test_a_collective_gets_all_gpus_in_the_style_of_its_shards(shard: str, gather: str, expected: str) -> None:
    assert fixed(gathered(shard, gather), "C005", unsafe=False) == gathered(shard, expected)


def test_a_collective_on_other_gpus_is_an_unsafe_fix() -> None:
    text = gathered(r'"Attention\nGPU: #"', r'"All-Gather\nGPU: 4-5"')
    assert fixed(text, "C005", unsafe=False) == text
    assert fixed(text, "C005") == text.replace("4-5", "0-1")


@pytest.mark.parametrize("shard", [r'"{Attention|GPU: #}" shape=record', r'"Attention on GPU # alone"'])
def test_without_an_exemplar_no_gpus_are_written(shard: str) -> None:
    text = gathered(shard, r'"All-Gather"')
    assert fixed(text, "C005") == text


def stages(*labels: str, names: str = "norm{s} qkv{s}_0 qkv{s}_1") -> str:
    """Return stages of two GPUs, with a label for each node, or `""` for none."""
    parts = names.split()
    lines = [
        f'  {parts[n].format(s=s)} [label="{labels[s * len(parts) + n]}"]\n'
        for s in range(len(labels) // len(parts))
        for n in range(len(parts))
    ]
    edges = "".join(f"  norm{s} -> qkv{s}_{i}\n" for s in range(len(labels) // len(parts)) for i in range(2))
    return "digraph {\n" + "".join(lines) + edges + "}\n"


WHOLE = [
    label
    for s in range(3)
    for label in (
        f"Stage {s} LayerNorm\\nGPU: {2 * s}-{2 * s + 1}",
        f"Stage {s} QKV Projection\\nGPU: {2 * s}",
        f"Stage {s} QKV Projection\\nGPU: {2 * s + 1}",
    )
]


@pytest.mark.parametrize("place", range(9))
def test_missing_gpus_are_inferred_from_siblings(place: int) -> None:
    labels = [*WHOLE]
    labels[place] = labels[place].partition("\\n")[0]
    assert fixed(stages(*labels), "D001") == stages(*WHOLE)


def test_no_gpus_are_written_if_siblings_disagree() -> None:
    labels = [label.replace("GPU: 4-5", "GPU: 4") for label in WHOLE]
    labels[0] = "Stage 0 LayerNorm"
    assert fixed(stages(*labels), "D001") == stages(*labels)


GUESSES = [
    # the GPUs of a node with the same number, as for every sibling
    ("qkv_0 3, qkv_1 1, qkv_2 ?, attn_0 3, attn_1 1, attn_2 2", "2"),
    ("qkv_0 0, qkv_1 1, qkv_2 ?, attn_0 0, attn_1 1, attn_2 5", "5"),
    ("qkv_0 3, qkv_1 1, qkv_2 ?, attn_0 3, attn_1 1, attn_2 2, mlp_0 3, mlp_1 1, mlp_2 4", None),
    ("qkv_0 3, qkv_1 1, qkv_2 ?, attn_0 3, attn_1 2, attn_2 2", None),
    # extrapolated from three or more
    ("qkv_0 0-1, qkv_1 2-3, qkv_3 6-7, qkv_4 ?", "8-9"),
    ("qkv_0 0, qkv_1 1, qkv_3 2, qkv_4 ?", None),
    ("qkv_0 0, qkv_1 1, qkv_2 ?", None),
    # the remaining GPUs of the unit, if each sibling has the same number
    ("stage0_norm 0-3, stage0_qkv_0 0, stage0_qkv_1 ?, stage0_qkv_2 1, stage0_qkv_3 3", "2"),
    ("stage0_norm 0-3, stage0_qkv_0 0-1, stage0_qkv_1 ?, stage0_qkv_2 3", None),
    ("stage0_norm 0-3, stage0_qkv_0 0-1, stage0_qkv_1 ?, stage0_qkv_2 1-2", None),
]


@pytest.mark.parametrize(("nodes", "gpus"), GUESSES)
def test_gpus_are_inferred_only_if_all_methods_agree(nodes: str, gpus: str | None) -> None:
    titles = {"norm": "LayerNorm", "qkv": "QKV Projection", "attn": "Attention", "mlp": "MLP"}
    rows = [
        (name, next(t for word, t in titles.items() if word in name), ids)
        for name, ids in map(str.split, nodes.split(", "))
    ]

    def write(lacking: str) -> str:
        labels = ((name, f"{title}\\nGPU: {ids}" if ids != "?" else title + lacking) for name, title, ids in rows)
        drawn = "".join(f'  {name} [label="{label}"]\n' for name, label in labels)
        return "digraph {\n" + drawn + f"  {rows[0][0]} -> {rows[1][0]}\n}}\n"

    assert fixed(write(""), "D001") == write(f"\\nGPU: {gpus}" if gpus else "")


VAGUE = [
    (0, "GPU: all GPUs", True),
    (0, "GPU: All", True),
    (0, "All GPUs", True),
    (0, "GPU: Shared (All GPUs)", True),
    (1, "GPU: all GPUs", True),
    (0, "GPU: All TP ranks", False),
    (0, "GPUs: per TP pair", False),
    (0, "GPU: any", False),
]


@pytest.mark.parametrize(("place", "words", "inferred"), VAGUE)
def test_vague_words_become_the_ids_of_the_unit(place: int, words: str, inferred: bool) -> None:
    labels = [*WHOLE]
    labels[place] = labels[place].partition("\\n")[0] + f"\\n{words}"
    assert fixed(stages(*labels), "D002", "pp3tp2") == stages(*(WHOLE if inferred else labels))
    assert fixed(stages(*labels), "D002") == stages(*labels)  # unknown without a strategy


MOVED = [
    ({1: (6, 7)}, "pp3tp2", {1: (2, 3)}),
    ({0: (2, 3), 1: (0, 1)}, "pp3tp2", {0: (0, 1), 1: (2, 3)}),
    ({2: (8, 11)}, "pp3tp2", {2: (4, 5)}),
]


def placed(moved: dict[int, tuple[int, int]]) -> str:
    pieces = []
    for s in range(3):
        low, high = moved.get(s, (2 * s, 2 * s + 1))
        half = (high - low + 1) // 2
        spans = [(low, high), (low, low + half - 1), (low + half, high)]
        said = [f"{a}-{b}" if b > a else str(a) for a, b in spans]
        pieces.append(
            f'  subgraph cluster_{s} {{\n    label="Stage {s}, GPUs {said[0]}"\n'
            f'    norm{s} [label="LayerNorm\\nGPU: {said[0]}"]\n    qkv{s}_0 [label="QKV Projection\\nGPU: {said[1]}"]\n'
            f'    qkv{s}_1 [label="QKV Projection\\nGPU: {said[2]}"]\n    norm{s} -> qkv{s}_0\n    norm{s} -> qkv{s}_1\n  }}\n'
        )
    return "digraph {\n" + "".join(pieces) + "}\n"


@pytest.mark.parametrize(("before", "strategy", "after"), MOVED)
def test_a_stage_moves_to_its_gpus_with_its_cluster(
    before: dict[int, tuple[int, int]], strategy: str, after: dict[int, tuple[int, int]]
) -> None:
    assert fixed(placed(before), "D003", strategy) == placed(after)


def test_a_stage_with_gpus_in_its_names_is_not_moved() -> None:
    text = placed({2: (8, 11)}).replace("qkv2_0", "gpu8_qkv2").replace("qkv2_1", "gpu10_qkv2")
    assert fixed(text, "D003", "pp3tp2") == text


DIVIDED = [
    (("0-1", "1-2"), ("0-1", "2-3")),
    (("0-2", "2-3"), ("0-1", "2-3")),
    (("0-2", "3"), ("0-1", "2-3")),
    (("2-3", "0-2"), None),  # they overlap, and neither matches an equal division
]


@pytest.mark.parametrize(("before", "after"), DIVIDED)
def test_shards_divide_the_unit(before: tuple[str, str], after: tuple[str, str] | None) -> None:
    def write(one: str, two: str) -> str:
        return (
            'digraph {\n  subgraph cluster_0 {\n    label="Stage 0, GPUs 0-3"\n'
            f'    qkv_0 [label="QKV Projection\\nGPU: {one}"]\n    qkv_1 [label="QKV Projection\\nGPU: {two}"]\n'
            '    sum [label="All-Reduce\\nGPU: 0-3"]\n  }\n  qkv_0 -> sum\n  qkv_1 -> sum\n}\n'
        )

    assert fixed(write(*before), "D005", "tp2dp2") == write(*(after or before))
