"""M001: what does not fit into the memory of a GPU, phase by phase, and what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.summary import summarize
from tests.dsl import check_rules, digraph

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult

GRAPH = digraph(
    'attention [label="Attention\\nGPU: 0-1"];', 'mlp [label="MLP\\nGPU: 0-1"];', "attention -> mlp;"
)  # fmt: skip
MODEL = """
[model]
layers = 80
hidden = 8192
heads = 64
kv_heads = 8
ffn = 28672
vocab = 128256
dtype = "bfloat16"
gated = true
tied = false
"""
POOLS = """
[pool]
kind = "disaggregated"
[phases.prefill]
strategy = "tp2"
gpu = "{}"
[phases.decode]
strategy = "tp4"
gpu = "{}"
"""


def checked(phases: str, model: str = MODEL) -> FileResult:
    return check_rules(GRAPH, "M001", strategy=f"{phases}{model}")


@pytest.mark.parametrize(
    ("memory", "severity"),
    [("gpu_memory = 65", "error"), ("gpu_memory = 66.9", "warning"), ("gpu_memory = 67", None), ('gpu = "H100"', None)],
)
def test_m001_weights_alone_or_with_the_cache_of_one_sequence(memory: str, severity: str | None) -> None:
    result = checked('strategy = "tp2"', f"{MODEL}max_len = 8192\n{memory}\n")
    assert [finding.severity for finding in result.findings] == ([severity] if severity else [])
    assert bool(result.holds) == (severity is None)


def test_m001_each_phase_by_itself() -> None:
    result = checked(POOLS.format("A100-40GB", "H100-80GB"), f"{MODEL}max_len = 8192\n")
    (finding,) = result.findings
    assert finding.message.startswith("prefill: the weights take 65.71 GiB on each GPU, more than 40.00 GiB")
    assert finding.help == "TP that would fit: 4, 8, 16, 32, 64; PP that would fit: 2, 4, 5, 8, 10, 16, 20, 40"
    (passed,) = result.holds
    assert passed.text.startswith("decode: weights 32.86 GiB")


@pytest.mark.parametrize(
    ("facts", "needs"),
    [
        ("max_len = 8192", "declare `gpu` or `gpu_memory` under [model]"),
        ('gpu = "H100"', "declare `max_len` under [model]"),
        ('gpu = "H10"\nmax_len = 8192', "did you mean"),
    ],
)
def test_m001_says_what_it_lacks(facts: str, needs: str) -> None:
    result = checked('strategy = "tp2"', f"{MODEL}{facts}\n")
    assert (result.findings, result.holds) == ([], [])
    (skipped,) = result.undecided
    assert needs in skipped.needs


@pytest.mark.parametrize(
    ("memory", "mark", "text"),
    [
        ("gpu_memory = 80", "holds", "room for 11 such sequences"),
        ("gpu_memory = 40", "fails", ""),
        ("max_seqs = 8", "undecided", ""),
    ],
)
def test_m001_in_the_summary(memory: str, mark: str, text: str) -> None:
    (graph,) = summarize(checked('strategy = "tp2"', f"{MODEL}max_len = 8192\n{memory}\n")).graphs
    (line,) = [line for section in graph.sections for line in section.lines if line.subject == "memory of each GPU"]
    assert line.mark == mark
    assert text in line.text
