"""A text of four megabytes does not delay typing. The tests check the order of events, not their times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from tests.server.session import Session

if TYPE_CHECKING:
    from pathlib import Path

TASKS = 35_000
CHANGES = 10


def _large() -> str:
    lines = ["digraph build {", "  node [shape=box];"]
    lines += [
        f'  task_{i} [label="task {i} 😀 of the build", tooltip="what it makes and needs"];' for i in range(TASKS)
    ]
    lines += [f"  task_{i // 2} -> task_{i};" for i in range(1, TASKS)]
    return "\n".join([*lines, "}", ""])


def test_a_series_of_changes_is_published_once_and_requests_are_answered_before(tmp_path: Path) -> None:
    text = _large()
    assert len(text.encode()) > 4_000_000
    editor = Session(tmp_path)
    try:
        uri = editor.open("build.dot", text)
        assert editor.diagnostics[uri] == []
        editor.wait(lambda: "**Node**" in (editor.hover(uri, 2_002, 4) or ""), "the facts of a node")
        before = len(editor.events)
        for number in range(CHANGES):
            editor.change(uri, 2 + number, ((2, 0, 2, 0), f"  new_{number} -> new_{number};\n"))
            shown = editor.hover(uri, 2_003 + number, 4)  # a node that moved down by this number of lines
            assert shown is not None
            assert "`task_2000`" in shown
            editor.events.append(("hover", number))
            assert "task_1" in editor.complete(uri, 2 + number, 2)
        editor.wait_for(uri, 1 + CHANGES)
        editor.wait_until_done(uri)
        after = editor.events[before:]
        assert after[:CHANGES] == [("hover", number) for number in range(CHANGES)]
        assert set(after[CHANGES:]) == {(uri, 1 + CHANGES)}
        assert len(after) > CHANGES + 1  # first the findings of the fast rules
        assert len(editor.found(uri, "G001")) == 1 or editor.found(uri, "N006")
    finally:
        editor.close()
