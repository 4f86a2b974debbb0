"""`--watch`: when a change is one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dotlint.files.watch import changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def runs(path: Path, *steps: Callable[[], object]) -> list[str]:
    """Take a step at each wait of the watch; give what the file holds at each run."""
    pending = iter(steps)

    def wait(_seconds: float) -> None:
        step = next(pending, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    seen = []
    with contextlib.suppress(KeyboardInterrupt):
        for _ in changes(lambda: [str(path)], wait):
            seen.append(path.read_text() if path.exists() else "gone")
    return seen


def nothing() -> None:
    """Let time pass."""


def test_a_save_in_several_steps_is_one_run(tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_text("old")
    steps = (
        nothing,
        lambda: path.write_text(""),
        lambda: path.write_text("half"),
        lambda: path.write_text("whole one"),
    )
    assert runs(path, *steps, nothing, nothing, nothing) == ["old", "whole one"]


def test_a_file_that_is_replaced_runs_once(tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_text("old")
    (tmp_path / "new").write_text("new one")
    assert runs(path, path.unlink, lambda: (tmp_path / "new").rename(path), nothing, nothing) == ["old", "new one"]


def test_a_file_that_goes_and_comes_is_two_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    path.write_text("old")
    again = lambda: path.write_text("again")  # noqa: E731 - a step
    assert runs(path, path.unlink, nothing, again, nothing, nothing) == ["old", "gone", "again"]
