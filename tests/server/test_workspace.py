"""Workspaces of several files and folders: symbols, and settings for each folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from lsprotocol import types

from tests.server.session import Session

FIXTURES = Path(__file__).parent.parent / "fixtures"
MAIN = (FIXTURES / "moe_two_phases.dot").read_text("utf-8")
LOOP = "digraph {\n  a -> a\n}\n"


def _found(editor: Session, query: str) -> list[types.SymbolInformation]:
    params = types.WorkspaceSymbolParams(query)
    return list(editor.do(editor.client.workspace_symbol_async(params)) or [])


def _shown(symbols: list[types.SymbolInformation]) -> list[tuple[str, str, int]]:
    return [(s.name, s.location.uri.rpartition("/")[2], s.location.range.start.line) for s in symbols]


def test_symbols_of_open_texts_and_of_files_on_disk(tmp_path: Path) -> None:
    (tmp_path / "closed.dot").write_text(
        "digraph {\n  x [label=\"😀\"]; '😀' -> attention_7\n}\n".replace("'", '"'), "utf-8"
    )
    (tmp_path / "broken.dot").write_text('digraph {\n  attention_8 -> b\n  c [label="x"\n', "utf-8")
    (tmp_path / "not.dot").write_bytes(b"\x00\x01\x02")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "left_out.dot").write_text("digraph { attention_9 }", "utf-8")
    (tmp_path / "dotlint.toml").write_text('exclude = ["made/"]\n', "utf-8")
    (tmp_path / "open.dot").write_text("digraph { attention_0 }", "utf-8")
    editor = Session(tmp_path)
    try:
        editor.open("open.dot", "digraph {\n\n  attention_1\n}\n")
        names = {("attention_1", "open.dot", 2), ("attention_7", "closed.dot", 1), ("attention_8", "broken.dot", 1)}
        assert set(_shown(_found(editor, "attention"))) == names
        assert _shown(_found(editor, "ATT7")) == [("attention_7", "closed.dot", 1)]
        (where,) = (s.location.range for s in _found(editor, "attention_7"))
        assert (where.start.character, where.end.character) == (26, 37)
        assert _found(editor, "nowhere") == []

        (tmp_path / "closed.dot").write_text("digraph { renamed }", "utf-8")
        (tmp_path / "broken.dot").unlink()
        assert _shown(_found(editor, "attention")) == [("attention_1", "open.dot", 2)]
        assert _shown(_found(editor, "renamed")) == [("renamed", "closed.dot", 0)]
    finally:
        editor.close()


def test_a_deployment_has_its_stages_among_the_symbols(tmp_path: Path) -> None:
    (tmp_path / "main.dot").write_text(MAIN, "utf-8")
    editor = Session(tmp_path)
    try:
        stages = _found(editor, "stage 2")
        assert [(s.name, s.container_name, s.kind) for s in stages] == [("stage 2", "prefill", types.SymbolKind.Module)]
    finally:
        editor.close()


def test_each_folder_has_its_own_settings(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    folders: dict[Path, Any] = {one: {"dotlint": {"ignore": ["N006"]}}, two: {"dotlint": {"strategy": "own.toml"}}}
    for folder in folders:
        folder.mkdir()
    (two / "own.toml").write_text('[phases.prefill]\nstrategy = "pp4ep4tp2sp2"\n', "utf-8")
    editor = Session(tmp_path, folders=folders)
    try:
        first, second = editor.open("one/a.dot", LOOP), editor.open("two/a.dot", LOOP)
        assert not editor.found(first, "N006")
        assert editor.found(second, "N006")
        main = editor.open("two/main.dot", MAIN)
        assert editor.found(main, "C003")
        assert editor.client.messages == []

        gone = types.WorkspaceFolder(one.as_uri(), "one")
        change = types.WorkspaceFoldersChangeEvent(added=[], removed=[gone])
        params = types.DidChangeWorkspaceFoldersParams(change)
        editor.notify(editor.client.workspace_did_change_workspace_folders, params)
        editor.wait(lambda: editor.found(first, "N006"), "the finding of a file in no folder any more")
    finally:
        editor.close()
