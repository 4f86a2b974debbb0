"""An editor with its own server, for tests: a real client over standard input and output, in a thread."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

import dotlint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

PATIENCE = 240  # seconds; a crowded machine is slow, and no test is about time
Range = tuple[int, int, int, int]


class Session:
    """A started server and its output. `events` has publications (URI, version) and notes, in order."""

    def __init__(
        self,
        folder: Path,
        *,
        editor: str = "visual-studio-code",
        options: Any = None,
        settings: dict[str, Any] | None = None,
        encodings: list[str] | None = None,
        can: Callable[[types.ClientCapabilities], None] = lambda _: None,
        folders: dict[Path, Any] | None = None,
    ) -> None:
        self.folder = folder
        self.events: list[tuple[str, int | None]] = []
        self.diagnostics: dict[str, list[types.Diagnostic]] = {}
        self.registered: list[str] = []
        self.refreshed: list[str] = []  # "tokens" or "hints" for each request to ask for them again
        self.applied: list[types.WorkspaceEdit] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        capabilities = client_capabilities(editor)
        if encodings is not None:
            capabilities.general = types.GeneralClientCapabilities(position_encodings=encodings)
        can(capabilities)
        self.client = LanguageClient(converter_factory=default_converter, configuration={"": settings or {}})
        for each, values in (folders or {}).items():  # settings of each folder
            self.client.set_configuration(values, scope_uri=each.as_uri())
        # Functions, since pygls sets attributes on them, which a method does not allow.
        own: dict[str, Any] = {
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: lambda params: self._published(params),  # noqa: PLW0108
            types.CLIENT_REGISTER_CAPABILITY: lambda params: self._register(params),  # noqa: PLW0108
            types.WORKSPACE_SEMANTIC_TOKENS_REFRESH: lambda _: self.refreshed.append("tokens"),
            types.WORKSPACE_INLAY_HINT_REFRESH: lambda _: self.refreshed.append("hints"),
            types.WORKSPACE_APPLY_EDIT: lambda params: self._apply(params),  # noqa: PLW0108
        }
        register_lsp_features(self.client, {**DEFAULT_CLIENT_FEATURES, **own})
        command = (sys.executable, "-m", "dotlint", "server")
        self.do(self.client.start_io(*command, cwd=str(folder), env=environment()))
        opened = [types.WorkspaceFolder(each.as_uri(), each.name) for each in folders or ()] or None
        params = types.InitializeParams(
            capabilities, root_uri=folder.as_uri(), initialization_options=options, workspace_folders=opened
        )
        self.result: types.InitializeResult = self.do(self.client.initialize_session(params))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def wait(self, ready: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not ready():
            assert time.monotonic() < end, f"timed out waiting for {what}"
            time.sleep(0.02)

    def open(self, name: str, text: str, *, version: int = 1) -> str:
        """Open a text and wait for its diagnostics; a name with a colon is a URI."""
        uri = name if ":" in name else (self.folder / name).as_uri()
        self.events = [event for event in self.events if event[0] != uri]
        item = types.TextDocumentItem(uri, "dot", version, text)
        self.notify(self.client.text_document_did_open, types.DidOpenTextDocumentParams(item))
        self.wait_for(uri, version)
        return uri

    def wait_for(self, uri: str, version: int | None) -> None:
        self.wait(lambda: (uri, version) in self.events, f"diagnostics of {uri}, version {version}")

    def wait_until_done(self, uri: str) -> None:
        """Wait for everything that is known about the current text; code actions need all of it."""
        context = types.CodeActionContext([], ["quickfix"])
        document = types.TextDocumentIdentifier(uri)
        self.do(
            self.client.text_document_code_action_async(types.CodeActionParams(document, range_(0, 0, 0, 0), context))
        )

    def notify(self, notify: Callable[[Any], None], params: Any) -> None:
        async def notified() -> None:
            notify(params)

        self.do(notified())

    def change(self, uri: str, version: int, *changes: tuple[Range, str] | str) -> None:
        """Change ranges of a text, or all of it."""

        async def changed() -> None:
            self.change_now(uri, version, *changes)

        self.do(changed())

    def change_now(self, uri: str, version: int, *changes: tuple[Range, str] | str) -> None:
        """Change a text; call this only in the editor's thread."""
        events = [
            types.TextDocumentContentChangeWholeDocument(one)
            if isinstance(one, str)
            else types.TextDocumentContentChangePartial(range_(*one[0]), one[1])
            for one in changes
        ]
        identifier = types.VersionedTextDocumentIdentifier(version, uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, events))

    def hover(self, uri: str, line: int, character: int) -> str | None:
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        found = self.do(self.client.text_document_hover_async(params))
        return None if found is None else found.contents.value

    def complete(self, uri: str, line: int, character: int) -> dict[str, types.CompletionItem]:
        params = types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        return {item.label: item for item in self.do(self.client.text_document_completion_async(params)).items}

    def actions(self, uri: str, where: types.Range, only: list[str] | None = None) -> list[types.CodeAction]:
        context = types.CodeActionContext(self.diagnostics[uri], only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, context)
        return self.do(self.client.text_document_code_action_async(params)) or []

    def rename(self, uri: str, line: int, character: int, name: str) -> list[types.TextEdit]:
        where = types.Position(line, character)
        params = types.RenameParams(types.TextDocumentIdentifier(uri), where, name)
        return edits(self.do(self.client.text_document_rename_async(params)))

    def found(self, uri: str, code: str) -> list[types.Diagnostic]:
        return [one for one in self.diagnostics[uri] if one.code == code]

    def close(self) -> int | None:
        """Shut the server down and return its exit status."""
        self.do(self.client.shutdown_session())
        return self.stop()

    def stop(self) -> int | None:
        assert self.client._server is not None
        self.do(self.client.stop())  # type: ignore[no-untyped-call]
        self.do(self.client._server.wait())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        return self.client._server.returncode

    def _published(self, params: types.PublishDiagnosticsParams) -> None:
        self.diagnostics[params.uri] = list(params.diagnostics)
        self.events.append((params.uri, params.version))

    def _register(self, params: types.RegistrationParams) -> None:
        self.registered += [one.method for one in params.registrations]

    def _apply(self, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        self.applied.append(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)


def environment() -> dict[str, str]:
    """Return an environment that finds the dotlint under test from any folder."""
    return {**os.environ, "PYTHONPATH": str(Path(dotlint.__file__).parent.parent)}


def range_(line: int, character: int, last: int, end: int) -> types.Range:
    return types.Range(types.Position(line, character), types.Position(last, end))


def edits(change: types.WorkspaceEdit) -> list[types.TextEdit]:
    """Return the edits of a change of one text."""
    if change.document_changes:
        (document,) = change.document_changes
        assert isinstance(document, types.TextDocumentEdit)
        return [one for one in document.edits if isinstance(one, types.TextEdit)]
    (changes,) = (change.changes or {}).values()
    return list(changes)


def applied(text: str, changes: list[types.TextEdit]) -> str:
    """Apply edits as an editor that counts in UTF-16 does."""
    units = text.encode("utf-16-le", "surrogatepass")
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + 2 * len((line + "\n").encode("utf-16-le", "surrogatepass")) // 2)
    placed = [
        (starts[one.range.start.line] + 2 * one.range.start.character,
         starts[one.range.end.line] + 2 * one.range.end.character, number, one.new_text)
        for number, one in enumerate(changes)
    ]  # fmt: skip
    for start, end, _, new in sorted(placed, reverse=True):
        units = units[:start] + new.encode("utf-16-le", "surrogatepass") + units[end:]
    return units.decode("utf-16-le", "surrogatepass")
