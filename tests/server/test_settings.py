"""The configuration that applies in an editor, and the messages about invalid settings."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from lsprotocol import types

from tests.server.session import Session, range_

FIXTURES = Path(__file__).parent.parent / "fixtures"
LOOP = "digraph {\n  a -> a\n}\n"
MAIN = (FIXTURES / "moe_two_phases.dot").read_text("utf-8")


def _changed_on_disk(editor: Session, path: Path) -> None:
    event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    editor.notify(editor.client.workspace_did_change_watched_files, types.DidChangeWatchedFilesParams([event]))


def _codes(editor: Session, uri: str) -> set[str]:
    return {str(one.code) for one in editor.diagnostics[uri]}


def test_the_nearest_configuration_applies_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    config = tmp_path / "dotlint.toml"
    config.write_text('ignore = ["N006"]\n', "utf-8")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "pyproject.toml").write_text("[tool.dotlint.severity]\nN006 = 'info'\n", "utf-8")
    editor = Session(tmp_path)
    try:
        outer, inner = editor.open("a.dot", LOOP), editor.open("inner/b.dot", LOOP)
        assert "N006" not in _codes(editor, outer)
        assert editor.found(inner, "N006")[0].severity == types.DiagnosticSeverity.Information
        assert sorted(editor.registered) == [
            "workspace/didChangeConfiguration", "workspace/didChangeWatchedFiles",
        ]  # fmt: skip

        config.write_text('ignor = ["N006"]\n', "utf-8")
        _changed_on_disk(editor, config)
        editor.wait(lambda: editor.client.messages, "a message")
        (message,) = editor.client.messages
        assert message.type == types.MessageType.Error
        assert "unknown key `ignor`" in message.message or "ignor" in message.message
        assert "did you mean `ignore`?" in message.message
        editor.wait(lambda: _codes(editor, outer) == {"configuration"}, "the mistake at its file")
        assert editor.hover(outer, 1, 2) is not None

        config.write_text("", "utf-8")
        _changed_on_disk(editor, config)
        editor.wait(lambda: "N006" in _codes(editor, outer), "the finding that is ignored no more")
        assert len(editor.client.messages) == 1
    finally:
        editor.close()


def test_the_strategy_comes_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "dotlint.toml").write_text('[strategy]\n"main*" = "pp4ep4tp2sp2"\n', "utf-8")
    editor = Session(tmp_path)
    try:
        assert "S001" in _codes(editor, editor.open("main.dot", MAIN))
        assert "C003" in _codes(editor, editor.open("main2.dot", MAIN))
        assert "C003" not in _codes(editor, editor.open("other.dot", MAIN.replace("EP", "xx").replace("TP", "xx")))
    finally:
        editor.close()


def test_settings_of_the_editor_override_files_and_may_change(tmp_path: Path) -> None:
    (tmp_path / "dotlint.toml").write_text('strategy = "pp2"\n', "utf-8")
    settings = {"dotlint": {"strategy": "pp4ep4tp2sp2", "select": ["D006", "C003"], "path": "dotlint"}}
    editor = Session(tmp_path, options={"select": ["N006"], "strategy": "tp2"}, settings=settings)
    try:
        uri = editor.open("main.dot", MAIN)
        assert "C003" in _codes(editor, uri) <= {"D006", "C003"}
        editor.client.set_configuration({"dotlint": {"strategy": "", "extendSelect": ["N006"]}})
        editor.notify(
            editor.client.workspace_did_change_configuration, types.DidChangeConfigurationParams(settings=None)
        )
        editor.wait(lambda: "C003" not in _codes(editor, uri), "the strategy of the start")
        assert editor.client.messages == []
    finally:
        editor.close()


def test_invalid_settings_are_reported_and_ignored(tmp_path: Path) -> None:
    options = {"dotlint": {"strategie": "pp2", "select": 5, "preset": "loud"}}
    editor = Session(tmp_path, options=options)
    try:
        uri = editor.open("a.dot", LOOP)
        assert "N006" in _codes(editor, uri)
        messages = [one.message for one in editor.client.messages]
        assert messages == [
            "dotlint: unknown setting `strategie`; did you mean `strategy`?",
            "dotlint: the setting `select` must be a string or a list of strings",
            "dotlint: the setting `preset` is `loud`, but must be one of recommended, strict, graphviz",
        ]
    finally:
        editor.close()


def test_an_unreadable_strategy_is_reported_once(tmp_path: Path) -> None:
    editor = Session(tmp_path, options={"strategy": "pp4qq2"})
    try:
        first, second = editor.open("a.dot", LOOP), editor.open("b.dot", LOOP)
        assert _codes(editor, first) == _codes(editor, second) == {"configuration"}
        assert len(editor.client.messages) == 1
        assert "qq" in editor.client.messages[0].message
        assert editor.actions(first, range_(0, 0, 9, 0)) == []
    finally:
        editor.close()


def test_an_excluded_file_is_parsed_but_not_linted(tmp_path: Path) -> None:
    (tmp_path / "dotlint.toml").write_text('exclude = ["made/"]\n', "utf-8")
    editor = Session(tmp_path)
    try:
        uri = editor.open("made/a.dot", LOOP)
        assert editor.diagnostics[uri] == []
        assert editor.rename(uri, 1, 2, "b")
    finally:
        editor.close()


def test_files_of_one_deployment_are_linted_again_together(tmp_path: Path) -> None:
    for path in (FIXTURES / "two_files").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    editor = Session(tmp_path, options={"strategy": "serving.toml"})
    try:
        loop = tmp_path / "token_loop.dot"
        uri = editor.open("token_loop.dot", loop.read_text("utf-8"))
        messages = len([event for event in editor.events if event[0] == uri])
        _changed_on_disk(editor, tmp_path / "prompt_pass.dot")
        editor.wait(lambda: len([event for event in editor.events if event[0] == uri]) > messages, "another run")
        alone = editor.open("alone.dot", LOOP)
        messages = len([event for event in editor.events if event[0] == alone])
        _changed_on_disk(editor, loop)
        editor.open("last.dot", LOOP)
        assert len([event for event in editor.events if event[0] == alone]) == messages
    finally:
        editor.close()
