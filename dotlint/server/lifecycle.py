"""The start and end of a connection, and what the editor reports: texts, settings, folders and files that change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dotlint.server.moves import Change, whole_change
from dotlint.server.request_context import text_position

if TYPE_CHECKING:
    from dotlint.server.app import DotlintServer


async def initialize(ls: DotlintServer, params: types.InitializeParams) -> None:
    """Store the capabilities of the editor."""
    ls.begin(params)


async def initialized(ls: DotlintServer, _params: types.InitializedParams) -> None:
    """Request the settings, and register for changes."""
    ls.workers.prepare()
    await ls.read_settings()
    await ls.watch()


async def shut_down(ls: DotlintServer, *_params: object) -> None:
    """Stop the worker processes."""
    ls.files.close_all()
    await ls.workers.close()


def did_open(ls: DotlintServer, params: types.DidOpenTextDocumentParams) -> None:
    """Lint a text that was opened."""
    document = params.text_document
    ls.files.open(document.uri, ls.path_of(document.uri), ls.text(document.text), document.version)


def did_change(ls: DotlintServer, params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes of a text in order."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return
    text = file.text
    changes: list[Change] = []
    for change in params.content_changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            first, last = text_position(change.range.start), text_position(change.range.end)
            start = text.offset(first)
            changes.append(Change(start, max(start, text.offset(last)), len(change.text)))
            text = text.changed(first, last, change.text)
        else:
            before, text = text, ls.text(change.text)
            changes.append(whole_change(before.body, text.body))
    ls.files.change(file, text, params.text_document.version, changes)


def did_close(ls: DotlintServer, params: types.DidCloseTextDocumentParams) -> None:
    """Remove a text that was closed."""
    ls.files.close(params.text_document.uri)
    ls.forget(params.text_document.uri)


def did_save(ls: DotlintServer, params: types.DidSaveTextDocumentParams) -> None:
    """Lint the other files of the deployment again, since they are checked against the files on disk."""
    ls.files_changed([params.text_document.uri])


async def settings_changed(ls: DotlintServer, params: types.DidChangeConfigurationParams) -> None:
    """Lint every open text with the new settings."""
    await ls.read_settings(params.settings)


def watched_files_changed(ls: DotlintServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Lint again after a change of a configuration, a strategy or another file of the deployment."""
    ls.files_changed([change.uri for change in params.changes])


async def folders_changed(ls: DotlintServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Lint with the settings of the new workspace folders."""
    ls.folders_changed()
    await ls.read_settings()
