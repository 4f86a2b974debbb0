"""Numbers of GPUs that a text states for a whole deployment."""

from __future__ import annotations

import pytest

from dotlint.strategy.totals import find_totals


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("64 GPUs total", [(64, "64 GPUs total")]),
        ("on 64 GPUs in total.", [(64, "64 GPUs in total")]),
        ("64 GPU, total", [(64, "64 GPU, total")]),
        ("16 total GPUs", [(16, "16 total GPUs")]),
        ("Total: 64 GPUs", [(64, "Total: 64 GPUs")]),
        ("total number of GPUs: 64", [(64, "total number of GPUs: 64")]),
        ("Total GPUs = 1,024", [(1024, "Total GPUs = 1,024")]),
        ("total of GPUs 8", [(8, "total of GPUs 8")]),
        ("GPU count: 32", [(32, "GPU count: 32")]),
        ("GPUs total=32", [(32, "GPUs total=32")]),
        ("GPUs: 32 in total", [(32, "GPUs: 32 in total")]),
        ("world_size = 16", [(16, "world_size = 16")]),
        ("World size: 16", [(16, "World size: 16")]),
        ("num_gpus=8", [(8, "num_gpus=8")]),
        ("32 GPUs total for prefill, 16 GPUs total for decode", [(32, "32 GPUs total"), (16, "16 GPUs total")]),
        ("128 GPUs Total: 16 nodes", [(128, "128 GPUs Total")]),
        ("0 GPUs total", []),
        ("total GPUs: 0-63", []),
        ("4.8 GPUs total", []),
        ("64 CPUs total", []),
        ("total: 64", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("several_axes", [False, True])
def test_explicit_totals(text: str, phrases: list[tuple[int, str]], several_axes: bool) -> None:
    found = find_totals(text, several_axes=several_axes)
    assert [(total.value, text[total.start : total.end]) for total in found] == phrases
    numbers = [text[total.number_start : total.number_end] for total in found]
    assert [int(number.replace(",", "")) for number in numbers] == [value for value, _ in phrases]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("PP4 TP2, 64 GPUs", [64]),
        ("64-GPU deployment", [64]),
        ("8 GPUs and 16 GPUs", [8, 16]),
        ("all 64 GPUs", []),
        ("the first 8 GPUs", []),
        ("2 x 8 GPUs", []),
        ("8 GPUs per stage", []),
        ("8 GPUs each", []),
        ("8 GPUs/stage", []),
        ("8 GPUs for attention", []),
        ("the deployment calls 64 GPUs", [64]),
        ("64 GPUs total, 8 GPUs", [64]),
    ],
)
def test_a_bare_number_counts_next_to_a_strategy(text: str, values: list[int]) -> None:
    assert [total.value for total in find_totals(text, several_axes=True)] == values
    assert [total.value for total in find_totals(text, several_axes=False)] == ([64] if "total" in text else [])
