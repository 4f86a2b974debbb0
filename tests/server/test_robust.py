"""The server with hostile texts, texts that are not files on disk, and editors that violate the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed: pip install -e '.[test]'")

from lsprotocol import types
from pygls.exceptions import JsonRpcException

import dotlint
from dotlint.cli.main import main as command_line
from tests.server.session import PATIENCE, Session, applied, edits, environment, range_

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("untitled:Untitled-1", "digraph { a -> a }\n"),
        ("vscode-vfs://github/some/where/a%20b.dot", "digraph { a -> a }\n"),
        ("missing/folder/x;y.dot", "digraph { a -> a }\n"),
    ],
)
def test_texts_without_a_file_are_linted(editor: Session, name: str, text: str) -> None:
    uri = editor.open(name, text)
    assert [d.code for d in editor.diagnostics[uri]] == ["N006"]
    editor.wait_until_done(uri)
    assert "**Node** `a`" in (editor.hover(uri, 0, 10) or "")


@pytest.mark.parametrize(
    "uri", ["file://[bad/a.dot", "http://[::1", "file:///a%00b.dot", "file:", "file:///" + "x" * 5000 + ".dot"]
)
def test_a_uri_that_names_no_file_is_a_text_without_one(editor: Session, uri: str) -> None:
    editor.open(uri, "digraph { a -> a; b:<p> -> c; d [<label>=x label=a] }\n")
    assert "N006" in [d.code for d in editor.diagnostics[uri]]
    for column in range(0, 50, 3):
        editor.hover(uri, 0, column)
        editor.complete(uri, 0, column)
    document = types.TextDocumentIdentifier(uri)
    symbols = editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    assert editor.do(symbols)
    for one in editor.actions(uri, range_(0, 0, 1, 0)):
        assert one.title


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "// only this", "\0", "}{", "]" * 50, '"', "<", "/*"])
def test_texts_without_a_graph_do_not_stop_the_server(editor: Session, text: str) -> None:
    uri = editor.open("nothing.dot", text)
    end = types.Position(text.count("\n"), 0)
    document = types.TextDocumentIdentifier(uri)
    editor.hover(uri, 0, 0)
    editor.complete(uri, end.line, end.character)
    client = editor.client
    assert editor.do(client.text_document_document_symbol_async(types.DocumentSymbolParams(document))) == []
    assert editor.do(client.text_document_definition_async(types.DefinitionParams(document, end))) is None
    for one in editor.actions(uri, range_(0, 0, 99, 99)):
        assert one.title


def test_features_work_outside_syntax_errors(editor: Session) -> None:
    text = 'digraph {\n  a [label="A"]\n  a -> b\n  b -> "c [style=bold]\n  c -> a\n}\n'
    uri = editor.open("broken.dot", text)
    assert [d.code for d in editor.diagnostics[uri] if str(d.code).startswith("E")] == ["E003"]
    place = types.DefinitionParams(types.TextDocumentIdentifier(uri), types.Position(2, 2))
    assert editor.do(editor.client.text_document_definition_async(place)).range.start.line == 1


def test_in_an_incomplete_text_every_offered_action_works(editor: Session) -> None:
    text = 'digraph {\n  a -> a\n  b -> c [label="open]\n'
    uri = editor.open("open.dot", text)
    for finding in editor.diagnostics[uri]:
        for action in editor.actions(uri, finding.range, ["quickfix"]):
            if action.title.startswith(f"suppress {finding.code} ") and " here" in action.title:
                assert action.edit is not None
                left = dotlint.check(applied(text, edits(action.edit)), filename="open.dot").findings
                assert finding.code not in {f.code for f in left}


@pytest.mark.parametrize(
    "text", ["digraph { a -> b; a [label=1 2]; }}", "digraph { a:a b }} a -> ", 'graph { a b=[ a "']
)
def test_renaming_in_an_incomplete_text_changes_only_the_name(editor: Session, text: str) -> None:
    uri = editor.open("split.dot", text)
    after = text
    with contextlib.suppress(JsonRpcException):
        after = applied(text, editor.rename(uri, 0, text.index("a", 7), "two words"))
    counts = [(read.node_count, read.edge_count) for read in map(dotlint.parse, (text, after))]
    assert counts[0] == counts[1]


def test_a_request_can_be_canceled(editor: Session) -> None:
    uri = editor.open("back.dot", "digraph { a -> a }\n")
    document = types.TextDocumentIdentifier(uri)

    async def taken_back() -> str:
        editor.change_now(uri, 2, "digraph { b -> b }\n")
        params = types.DocumentSymbolParams(document)
        question = asyncio.ensure_future(
            editor.client.protocol.send_request_async(  # type: ignore[no-untyped-call]
                types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, params, msg_id="q"
            )
        )
        await asyncio.sleep(0)  # now it is sent
        editor.client.cancel_request(types.CancelParams("q"))
        try:
            await question
        except JsonRpcException as error:
            return str(error)
        return "answered"

    assert "cancel" in editor.do(taken_back())
    editor.wait_for(uri, 2)
    assert editor.hover(uri, 0, 10) is not None


HOSTILE = (
    'digraph {\n  "a`b</code><script>alert(1)</script>" [label="```\\n[x](http://evil)\\x1b[31m"]\n'
    '  "a`b</code><script>alert(1)</script>" -> "\u202eevil\u0007" [shape="**bold** ```"]\n'
    '  "\u202eevil\u0007" [shape="</div>"]\n}\n'
)


def test_a_hostile_text_is_escaped_everywhere(editor: Session) -> None:
    uri = editor.open("hostile.dot", HOSTILE)
    assert editor.diagnostics[uri]
    for finding in editor.diagnostics[uri]:
        assert "\u202e" not in finding.message
        assert "\u0007" not in finding.message
        shown = editor.hover(uri, finding.range.start.line, finding.range.start.character)
        assert shown is not None
        assert "\u202e" not in shown
        assert "\x1b" not in shown
        outside = _outside_code(shown)
        assert "<script>" not in outside
        assert "</div>" not in outside
        assert "**bold**" not in outside


def _outside_code(markdown: str) -> str:
    """Return Markdown without its code: fenced blocks, and spans between runs of backquotes of equal length."""
    kept, fence = [], ""
    for line in markdown.split("\n"):
        if not fence and line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        elif fence and line.strip() == fence:
            fence = ""
        elif not fence:
            pieces = line.split("`")
            kept.append("".join(pieces[::2]) if "``" not in line and len(pieces) % 2 else line)
    assert not fence
    return "\n".join(kept)


WIDE = 'digraph {\r\n  "😀a" -> "é"; b [label="😀😀", shape=elipse]; "😀a" [label=x]\r\n  "é" -> b\r\n}\r\n'


@pytest.mark.parametrize(
    ("encodings", "agreed", "quote", "shape", "second"),
    [
        (None, "utf-16", 7, (39, 45), 48),
        (["utf-16"], "utf-16", 7, (39, 45), 48),
        (["utf-8", "utf-16"], "utf-8", 9, (46, 52), 55),
        (["utf-32"], "utf-32", 6, (36, 42), 45),
    ],
)
def test_positions_use_the_negotiated_encoding(
    tmp_path: Path, encodings: list[str] | None, agreed: str, quote: int, shape: tuple[int, int], second: int
) -> None:
    editor = Session(tmp_path, editor="neovim", encodings=encodings) if encodings else Session(tmp_path)
    try:
        if encodings:
            assert editor.result.capabilities.position_encoding == agreed
        uri = editor.open("wide.dot", WIDE)
        (finding,) = editor.found(uri, "A004")
        assert finding.range == range_(1, shape[0], 1, shape[1])
        where = types.DocumentHighlightParams(types.TextDocumentIdentifier(uri), types.Position(1, 3))
        marks = editor.do(editor.client.text_document_document_highlight_async(where))
        width = quote - 2
        assert [one.range for one in marks] == [range_(1, 2, 1, 2 + width), range_(1, second, 1, second + width)]
        # A change after them, in the same units, and the end of a line with CR LF.
        editor.change(uri, 2, (range_tuple(1, second, 1, second + width), '"😀a2"'), ((2, 99, 2, 99), " // c"))
        editor.wait_for(uri, 2)
        place = types.DefinitionParams(types.TextDocumentIdentifier(uri), types.Position(1, second + 1))
        found = editor.do(editor.client.text_document_definition_async(place))
        assert found.range == range_(1, second, 1, second + width + 1)
        fix = next(one for one in editor.actions(uri, finding.range, ["quickfix"]) if one.is_preferred)
        assert fix.edit is not None
        (edit,) = edits(fix.edit)
        assert (edit.range, edit.new_text) == (finding.range, "ellipse")
    finally:
        editor.close()


def range_tuple(*four: int) -> tuple[int, int, int, int]:
    first, second, third, fourth = four
    return first, second, third, fourth


def test_lines_end_as_in_the_protocol_and_a_byte_order_mark_counts(editor: Session) -> None:
    text = '\ufeffdigraph {\r\n a\r -> a\u2028\n "\x0b" -> a [shape=bxo]\n b [shape=bxo]\n}'
    uri = editor.open("lines.dot", text)
    (finding,) = editor.found(uri, "A004")
    assert finding.range == range_(4, 10, 4, 13)
    editor.change(uri, 2, ((4, 10, 4, 13), "box"), ((0, 1, 0, 8), "graph"))
    editor.wait_for(uri, 2)
    assert not editor.found(uri, "A004")
    assert editor.found(uri, "E013")


def test_incremental_and_full_changes_have_the_same_result(editor: Session) -> None:
    uri = editor.open("changes.dot", "digraph {\n  a -> b\n}\n")
    editor.change(uri, 2, ((1, 7, 1, 8), "a"), ((1, 8, 1, 8), " // 😀"))
    editor.wait_for(uri, 2)
    assert [d.code for d in editor.diagnostics[uri]] == ["N006"]
    editor.change(uri, 3, "digraph {\n  a -> b\n}\n")
    editor.wait_for(uri, 3)
    assert editor.diagnostics[uri] == []
    editor.change(uri, 4, "digraph {}", ((0, 9, 0, 9), " a -> a "))
    editor.wait_for(uri, 4)
    assert [d.code for d in editor.diagnostics[uri]] == ["N006"]


def test_closing_removes_the_diagnostics(editor: Session) -> None:
    uri = editor.open("closed.dot", "digraph { a -> a }\n")
    document = types.TextDocumentIdentifier(uri)
    editor.notify(editor.client.text_document_did_close, types.DidCloseTextDocumentParams(document))
    editor.wait(lambda: editor.diagnostics[uri] == [], "empty diagnostics")
    assert editor.hover(uri, 0, 10) is None


TWICE = "digraph {\n  a -> b\n  a -> b\n  a [shape=bxo]\n}\n"


def test_an_editor_with_few_capabilities_gets_what_it_supports(tmp_path: Path) -> None:
    def little(can: types.ClientCapabilities) -> None:
        can.workspace = can.text_document = can.general = None

    editor = Session(tmp_path, can=little, options={"strategy": "tp2"})
    try:
        uri = editor.open("plain.dot", TWICE)
        params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
        outline = editor.do(editor.client.text_document_document_symbol_async(params))
        assert isinstance(outline[0], types.SymbolInformation)
        assert "**" not in (editor.hover(uri, 3, 12) or "**")
        (command,) = editor.actions(uri, range_(0, 0, 9, 9))
        assert isinstance(command, types.Command)
        params = types.ExecuteCommandParams(command.command, command.arguments)
        editor.do(editor.client.workspace_execute_command_async(params))
        assert [applied(TWICE, edits(one)) for one in editor.applied] == [dotlint.fix(TWICE).text]
        assert editor.registered == []
    finally:
        editor.close()


def test_an_editor_that_cannot_resolve_gets_all_fixes_on_request(tmp_path: Path) -> None:
    def unresolving(can: types.ClientCapabilities) -> None:
        assert can.text_document is not None
        assert can.text_document.code_action is not None
        can.text_document.code_action.resolve_support = None
        can.workspace = None

    editor = Session(tmp_path, can=unresolving)
    try:
        uri = editor.open("plain.dot", TWICE)
        (action,) = editor.actions(uri, range_(0, 0, 9, 9), ["source.fixAll"])
        assert action.edit is not None
        assert action.edit.changes
        assert applied(TWICE, edits(action.edit)) == dotlint.fix(TWICE).text
    finally:
        editor.close()


def _frame(message: dict[str, Any] | str) -> bytes:
    body = (message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def _talk(*messages: dict[str, Any] | str) -> tuple[int, dict[Any, Any], str]:
    """Send messages to a server; return its exit status, the answers by id, and its log."""
    run = subprocess.run(
        [sys.executable, "-m", "dotlint", "server"],
        input=b"".join(map(_frame, messages)),
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
        check=False,
    )
    answers: dict[Any, Any] = {}
    rest = run.stdout
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        answer = json.loads(rest[:length])
        answers[answer.get("id")] = answer
        rest = rest[length:]
    return run.returncode, answers, run.stderr.decode()


START: dict[str, Any] = {"id": 1, "method": "initialize", "params": {"capabilities": {}}}


def test_an_invalid_request_gets_an_error_and_the_server_continues() -> None:
    status, answers, log = _talk(
        START,
        {"id": 2, "method": "textDocument/hover", "params": {"textDocument": 5}},
        {"id": 3, "method": "textDocument/unheardOf", "params": {}},
        "this is no JSON",
        "[1, 2]",
        {"id": 4, "method": "textDocument/hover",
         "params": {"textDocument": {"uri": "file:///none.dot"}, "position": {"line": -5, "character": -1}}},
        {"id": 5, "method": "textDocument/rename", "params": {
            "textDocument": {"uri": "file:///none.dot"}, "position": {"line": 0, "character": 0}, "newName": "x"}},
        {"method": "textDocument/didChange", "params": {
            "textDocument": {"uri": "file:///none.dot", "version": 1}, "contentChanges": []}},
        {"id": 6, "method": "workspace/executeCommand", "params": {"command": "dotlint.fixAll", "arguments": []}},
        {"id": 7, "method": "shutdown"},
        {"id": 8, "method": "textDocument/hover",
         "params": {"textDocument": {"uri": "file:///none.dot"}, "position": {"line": 0, "character": 0}}},
        {"method": "exit"},
    )  # fmt: skip
    assert status == 0, log
    assert {number: "error" in answers[number] for number in range(1, 9)} == {
        1: False, 2: True, 3: True, 4: True, 5: True, 6: True, 7: False, 8: True,
    }  # fmt: skip
    assert answers[5]["error"]["message"] == "file:///none.dot is not open"
    assert "Traceback" in log  # for the message that is not JSON


def test_exit_without_shutdown_is_status_1() -> None:
    assert _talk(START, {"method": "exit"})[0] == 1
    assert _talk(START)[0] == 1  # the editor is gone


def test_without_pygls_one_line_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import io  # noqa: PLC0415

    for name in [name for name in sys.modules if name.startswith(("pygls", "dotlint.server"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    out, err = io.StringIO(), io.StringIO()
    assert command_line(["server"], io.BytesIO(), out, err) == 2
    assert err.getvalue() == "dotlint: error: the language server needs pygls 2: pip install 'dotlint[lsp]'\n"
    assert out.getvalue() == ""
