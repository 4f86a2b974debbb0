"""The requests and notifications of the protocol, one function each."""

from __future__ import annotations

import asyncio
import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dotlint.errors import DotlintError
from dotlint.server import actions, symbols
from dotlint.server import rename as naming
from dotlint.server.app import DotlintServer
from dotlint.server.changes import between, workspace_edit
from dotlint.server.completion import complete
from dotlint.server.diagnostics import range_of
from dotlint.server.hover import hover
from dotlint.server.protocol import OUTDATED, REFUSED
from dotlint.server.workspace_symbols import matching, open_symbols
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.server.messages import ParsedText
    from dotlint.server.open_files import OpenFile, Snapshot
    from dotlint.server.text import Text, TextPosition


def make_server() -> DotlintServer:
    """Return a server with all requests registered."""
    server = DotlintServer()
    for method, function, options in _FEATURES:
        server.feature(method, options)(_with_error_answers(function))
    server.command("dotlint.fixAll")(fix_all_now)
    return server


def _with_error_answers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a `DotlintError` with its message in one line; pygls answers and logs all other exceptions."""
    if not inspect.iscoroutinefunction(function):
        return function

    @wraps(function)
    async def answer(ls: DotlintServer, *args: Any) -> Any:  # noqa: ANN401 - the parameters and result of any request
        try:
            return await function(ls, *args)
        except DotlintError as error:
            raise JsonRpcException(one_line(str(error)), code=REFUSED) from error

    return answer


async def initialize(ls: DotlintServer, params: types.InitializeParams) -> None:
    """Store the capabilities of the editor."""
    ls.begin(params)


async def initialized(ls: DotlintServer, _params: types.InitializedParams) -> None:
    """Request the settings, and register for changes."""
    await ls.workers.warm()
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
    for change in params.content_changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            text = text.changed(_text_position(change.range.start), _text_position(change.range.end), change.text)
        else:
            text = ls.text(change.text)
    ls.files.change(file, text, params.text_document.version)


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


async def hover_at(ls: DotlintServer, params: types.HoverParams) -> types.Hover | None:
    """Return what was inferred for the node there, and the rules of the findings there."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else hover(file, _text_position(params.position), markdown=ls.client.markdown)


async def completion(ls: DotlintServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Return the completions there."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else complete(file, _text_position(params.position))


async def definition(ls: DotlintServer, params: types.DefinitionParams) -> types.Location | None:
    """Return the declaration of the node there."""
    file, snapshot, parsed, offset = await _parsed_at(ls, params, at_once=True)
    return naming.definition(file.uri, snapshot, parsed, offset)


async def references(ls: DotlintServer, params: types.ReferenceParams) -> list[types.Location] | None:
    """Return all mentions of the node there."""
    file, snapshot, parsed, offset = await _parsed_at(ls, params, at_once=True)
    declaration = params.context.include_declaration
    return naming.references(file.uri, snapshot, parsed, offset, declaration=declaration)


async def document_highlights(
    ls: DotlintServer, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight] | None:
    """Return the highlights of the node there."""
    _, snapshot, parsed, offset = await _parsed_at(ls, params)
    return naming.highlights(snapshot, parsed, offset)


async def prepare_rename(ls: DotlintServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    """Return the range and name of the node to rename."""
    _, snapshot, parsed, offset = await _parsed_at(ls, params, at_once=True)
    mention = naming.renamable(snapshot, parsed, offset)
    return types.PrepareRenamePlaceholder(
        range_of(snapshot.text, mention.start, mention.end), parsed.mentions.names[mention.node]
    )


async def renamed(ls: DotlintServer, params: types.RenameParams) -> types.WorkspaceEdit:
    """Return the edits that rename the node there."""
    file, snapshot, parsed, offset = await _parsed_at(ls, params, at_once=True)
    edits = naming.renamed(snapshot, parsed, offset, params.new_name)
    if edits and not parsed.complete:
        await asyncio.to_thread(naming.refuse_other_meaning, snapshot, edits)
    return workspace_edit(file.uri, snapshot, edits, versioned=ls.client.versioned_edits)


async def document_symbols(
    ls: DotlintServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation] | None:
    """Return the outline: phases, stages and layers of a deployment, otherwise clusters."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    snapshot, report = await ls.files.report(file)
    if ls.client.nested_symbols:
        return symbols.nested(snapshot.text, report.symbols)
    return list(symbols.flat(file.uri, snapshot.text, report.symbols))


async def workspace_symbols(ls: DotlintServer, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    """Return the matching symbols of all open texts and of the files in the workspace folders."""
    await ls.ready.wait()
    scopes = ls.files.scopes
    assert scopes is not None
    from_disk = await ls.disk_symbols.symbols(scopes.folders, ls.client.encoding)
    files = ls.files.all()
    open_ = {file.path for file in files}
    symbols = [symbol for file in files for symbol in open_symbols(file)]
    symbols += [symbol for path, some in from_disk.items() if path not in open_ for symbol in some]
    return matching(symbols, params.query)


async def folders_changed(ls: DotlintServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Lint with the settings of the new workspace folders."""
    ls.folders_changed()
    await ls.read_settings()


async def code_actions(
    ls: DotlintServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """Return the code actions there; an editor without code action literals gets only the command that fixes all."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    asked = file.text
    snapshot, report = await ls.files.report(file)
    _refuse_outdated(snapshot, asked)
    only = params.context.only
    versioned = ls.client.versioned_edits
    found: list[types.CodeAction | types.Command] = []
    if ls.client.takes_actions and actions.is_requested(types.CodeActionKind.QuickFix.value, only):
        found += actions.quick_fixes(file.uri, snapshot, report, params.range, versioned=versioned)
    everything = actions.fix_all(file.uri, snapshot, report, resolvable=ls.client.resolves_edits)
    if everything is not None and actions.is_requested(actions.FIX_ALL, only):
        # Requested by kind, as on saving: the editor applies it at once.
        if only and ls.client.takes_actions and not ls.client.resolves_edits:
            everything.command, everything.edit = None, await _edit_of_all_fixes(ls, file)
        found.append(everything if ls.client.takes_actions or everything.command is None else everything.command)
    return found


async def resolve_code_action(ls: DotlintServer, action: types.CodeAction) -> types.CodeAction:
    """Compute all safe fixes for an action that was chosen."""
    file = ls.files.get(str(actions.data_of(action).get("uri")))
    if file is not None:
        action.edit = await _edit_of_all_fixes(ls, file)
    return action


async def fix_all_now(ls: DotlintServer, uri: str) -> None:
    """Apply all safe fixes, for an editor that cannot resolve actions."""
    file = ls.files.get(uri)
    if file is None:
        raise JsonRpcException(f"{one_line(uri)} is not open", code=REFUSED)
    try:
        edit = await _edit_of_all_fixes(ls, file)
    except DotlintError as error:
        raise JsonRpcException(one_line(str(error)), code=REFUSED) from error
    await ls.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, actions.FIX_ALL_TITLE))


async def _edit_of_all_fixes(ls: DotlintServer, file: OpenFile) -> types.WorkspaceEdit:
    snapshot = file.current
    fixed = await ls.files.fixed(file)
    if fixed.refused:
        lines = "; ".join(fixed.refused[:5])
        ls.log(f"dotlint: fixes refused ({len(fixed.refused)}): {lines}")
    edits = between(snapshot.text.body, fixed.text)
    return workspace_edit(file.uri, snapshot, edits, versioned=ls.client.versioned_edits)


async def _parsed_at(
    ls: DotlintServer,
    params: types.TextDocumentPositionParams | Any,  # noqa: ANN401 - any request with a position
    *,
    at_once: bool = False,
) -> tuple[OpenFile, Snapshot, ParsedText, int]:
    """Return the file of a request, its current snapshot, the parsed text, and the offset of the position.

    Raises `DotlintError` if the file is not open or cannot be parsed.
    """
    file = ls.files.get(params.text_document.uri)
    if file is None:
        raise DotlintError(f"{one_line(params.text_document.uri)} is not open")
    asked = file.text
    snapshot, parsed = await ls.files.parsed(file, at_once=at_once)
    _refuse_outdated(snapshot, asked)
    return file, snapshot, parsed, snapshot.text.offset(_text_position(params.position))


def _refuse_outdated(snapshot: Snapshot, asked: Text) -> None:
    """Refuse the request if the text has changed since, because its positions no longer apply."""
    if snapshot.text is not asked:
        raise JsonRpcException("the text has changed since the request", code=OUTDATED)


def _text_position(position: types.Position) -> TextPosition:
    return position.line, position.character


_COMPLETION = types.CompletionOptions(trigger_characters=["[", "=", ",", ">", '"'])
_ACTIONS = types.CodeActionOptions(
    code_action_kinds=[types.CodeActionKind.QuickFix, actions.FIX_ALL], resolve_provider=True
)
_FEATURES: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZE, initialize, None),
    (types.INITIALIZED, initialized, None),
    (types.SHUTDOWN, shut_down, None),
    (types.TEXT_DOCUMENT_DID_OPEN, did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, did_change, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, did_close, None),
    (types.TEXT_DOCUMENT_DID_SAVE, did_save, types.SaveOptions(include_text=False)),
    (types.WORKSPACE_DID_CHANGE_CONFIGURATION, settings_changed, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, watched_files_changed, None),
    (types.TEXT_DOCUMENT_HOVER, hover_at, None),
    (types.TEXT_DOCUMENT_COMPLETION, completion, _COMPLETION),
    (types.TEXT_DOCUMENT_DEFINITION, definition, None),
    (types.TEXT_DOCUMENT_REFERENCES, references, None),
    (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, document_highlights, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, prepare_rename, None),
    (types.TEXT_DOCUMENT_RENAME, renamed, None),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, document_symbols, None),
    (types.WORKSPACE_SYMBOL, workspace_symbols, None),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, folders_changed, None),
    (types.TEXT_DOCUMENT_CODE_ACTION, code_actions, _ACTIONS),
    (types.CODE_ACTION_RESOLVE, resolve_code_action, None),
)
