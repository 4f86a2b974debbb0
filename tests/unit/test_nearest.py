"""The word that a message suggests for an unknown one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotlint.files.paths import nearest_path
from dotlint.text.nearest import Lexicon, edits_between, nearest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("selct", ["select", "ignore"], "select"),
        ("SELCT", ["select", "ignore"], "select"),
        ("warn", ["error", "warning", "info"], "warning"),
        ("all-redce", ["All-Reduce", "all-gather"], "All-Reduce"),
        ("s0001", ["S001", "G001"], "S001"),
        ("gate", ["Gate", "gATE"], "Gate"),
        ("zzz", ["select", "ignore"], None),
        ("", ["select"], None),
        ("x", [], None),
    ],
)
def test_nearest(word: str, known: list[str], expected: str | None) -> None:
    assert nearest(word, known) == expected


def test_alike_enough_is_for_the_caller_to_say() -> None:
    assert nearest("graf", ["graph"]) == "graph"
    assert nearest("graf", ["graph"], least=0.7) is None


def test_paths(tmp_path: Path) -> None:
    for name in ("model.dot", "model.txt", "other.dot"):
        (tmp_path / name).touch()
    assert nearest_path(tmp_path / "modle.dot", endings=(".dot",)) == str(tmp_path / "model.dot")
    assert nearest_path(tmp_path / "modell.txt") == str(tmp_path / "model.txt")
    assert nearest_path(tmp_path / "quite.else", endings=(".dot",)) is None
    assert nearest_path(tmp_path / "gone" / "model.dot") is None


def test_edits_count_swaps_as_one() -> None:
    assert [edits_between("shard", word) for word in ("shard", "sharp", "shrad", "shar", "chart", "gate")] == [
        0,
        1,
        1,
        1,
        2,
        3,
    ]


def test_the_nearest_word_and_whether_it_is_the_only_one() -> None:
    words = Lexicon(["label", "labels", "lhead", "fillcolor"])
    assert words.nearest("lable") == ("label", 1, True)
    assert words.nearest("FillColor") == ("fillcolor", 0, True)
    assert words.nearest("lbl") is None


def test_of_equally_near_words_the_one_with_the_same_beginning_is_suggested() -> None:
    assert nearest("S00l", ["S001", "S010", "A001"]) == "S001"
