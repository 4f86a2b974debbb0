"""Lazily compiled patterns: the prefilter misses no match."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import dotlint
from dotlint.engine.own_cards import own_cards
from dotlint.text.regex import _Prefiltered, regex

FIXTURES = Path(__file__).parents[1] / "fixtures"
OPTIONAL = ("server", "notebook", "watch", "__main__")
WORDS = (
    "World size: 64 (8 GPUs x 8), total 64 GPUs, 32 GPUs in total, GPU count: 16, num_gpus = 8",
    "Stage 1 -> Stage 2, each GPU, every device, per rank: [1024 → 4096], expert_{i}, gpu_i, $rank, %d",
    "simplified for brevity: edges not shown ... representative connections only; layers repeat the pattern",
    'charset="latin1" color="#ff00" Input: [batch=?, seq=4]',
)


def needy() -> dict[str, _Prefiltered]:
    found: dict[str, _Prefiltered] = {}
    for module in pkgutil.walk_packages(dotlint.__path__, "dotlint."):
        if module.name.split(".")[1] in OPTIONAL:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for at, one in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(one, _Prefiltered):
                    found[f"{module.name}.{name}.{at}"] = one
    return found


NEEDY = needy()


def texts() -> list[str]:
    wholes = [path.read_text("utf-8", "surrogateescape") for path in sorted(FIXTURES.rglob("*.dot"))]
    wholes += [text for card in own_cards() for e in card.examples for text in (e.bad, e.good) if text]
    lines = [line for whole in wholes for line in re.split(r"\\[nlr]|\n", whole)]
    return [*wholes, *lines, *WORDS]


TEXTS = texts()


def test_there_are_some() -> None:
    assert len(NEEDY) >= 15


@pytest.mark.parametrize("name", sorted(NEEDY))
def test_no_text_without_a_needed_word_has_a_match(name: str) -> None:
    late = NEEDY[name]
    compiled = re.compile(late._text, late._flags)
    passed_over = [text for text in TEXTS if not any(word in text.lower() for word in late.needs)]
    assert passed_over
    assert [text for text in passed_over if compiled.search(text)] == []


def test_what_has_the_word_is_found() -> None:
    late = regex(r"(\d+) gpus", re.IGNORECASE, needs=("gpu",))
    assert late.search("nothing 8") is None
    assert late.fullmatch("nothing 8") is None
    assert list(late.finditer("nothing 8")) == []
    found = late.match("8 GPUs")
    assert found is not None
    assert found[1] == "8"
    assert [match[1] for match in late.finditer("8 GPUs, 9 gpus")] == ["8", "9"]
    assert late.search("nothing 8") is None
