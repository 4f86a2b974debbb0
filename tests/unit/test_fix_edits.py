from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from dotlint.edits.apply import apply_edits, touching
from dotlint.engine.finding import Edit
from dotlint.pipeline.fixed import unified_diff

if TYPE_CHECKING:
    from pathlib import Path


def test_edits_are_applied_by_offset_and_stably() -> None:
    edits = [Edit(3, 3, "x"), Edit(0, 1, "A"), Edit(3, 3, "y")]
    assert apply_edits("abcd", edits) == "Abcxyd"


def test_overlapping_edits_raise() -> None:
    with pytest.raises(ValueError, match="overlap at offset 1"):
        apply_edits("abcd", [Edit(0, 2, ""), Edit(1, 3, "")])


@pytest.mark.parametrize(
    ("one", "other", "touch"),
    [
        ((0, 2), (2, 4), True),
        ((5, 5), (5, 5), True),
        ((0, 2), (3, 4), False),
        ((3, 4), (0, 2), False),
        ((1, 9), (3, 3), True),
    ],
)
def test_adjoining_edits_touch(one: tuple[int, int], other: tuple[int, int], touch: bool) -> None:
    assert touching([Edit(*one, "")], [Edit(*other, "")]) is touch


TEXTS = [
    ("a\nb\nc\n", "a\nB\nc\n"),
    ("a\nb", "a\nb\nc"),
    ("a\r\nb\r\n", "a\r\nb\r\nc\r\n"),
    ("a\x0cb\x1cc\u2028d\n", "a\x0cb\x1cc\u2028d\ne\n"),
    ("", "a\n"),
    ("a\n", ""),
]


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch here")
@pytest.mark.parametrize(("old", "new"), TEXTS)
def test_patch_accepts_the_diff(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "f.dot"
    path.write_bytes(old.encode())
    diff = unified_diff(old, new, "f.dot")
    subprocess.run(["patch", "--binary", "-p1"], input=diff.encode(), cwd=tmp_path, check=True, capture_output=True)
    assert (path.read_bytes() if path.exists() else b"") == new.encode()


def test_no_change_is_no_diff() -> None:
    assert unified_diff("a", "a", "f.dot") == ""
