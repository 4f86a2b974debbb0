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
from dotlint.server.workspace_symbols import matching, of_open
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.server.messages import Reading
    from dotlint.server.open_files import OpenFile, Snapshot
    from dotlint.server.text import Text

Place = tuple[int, int]


def make_server() -> DotlintServer:
    """Give a server that knows every request."""
    server = DotlintServer()
    for method, function, options in _FEATURES:
        server.feature(method, options)(_answering(function))
    server.command("dotlint.fixAll")(fix_all_now)
    return server


def _answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a mistake of the user's an answer that says so in a line; all others are pygls's to answer and log."""
    if not inspect.iscoroutinefunction(function):
        return function

    @wraps(function)
    async def answer(ls: DotlintServer, *args: Any) -> Any:  # noqa: ANN401 - whatever the protocol has
        try:
            return await function(ls, *args)
        except DotlintError as error:
            raise JsonRpcException(one_line(str(error)), code=REFUSED) from error

    return answer


async def initialize(ls: DotlintServer, params: types.InitializeParams) -> None:
    """Note what the editor can do."""
    ls.begin(params)


async def initialized(ls: DotlintServer, _params: types.InitializedParams) -> None:
    """Ask for settings, and to be told of changes."""
    await ls.workers.warm()
    await ls.read_settings()
    await ls.watch()


async def shut_down(ls: DotlintServer, *_params: object) -> None:
    """End the linting processes."""
    ls.files.close_all()
    await ls.workers.close()


def did_open(ls: DotlintServer, params: types.DidOpenTextDocumentParams) -> None:
    """Lint a text that was opened."""
    document = params.text_document
    ls.files.open(document.uri, ls.path_of(document.uri), ls.text(document.text), document.version)


def did_change(ls: DotlintServer, params: types.DidChangeTextDocumentParams) -> None:
    """Note changes of a text, each on top of the one before it."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return
    text = file.text
    for change in params.content_changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            text = text.changed(_place(change.range.start), _place(change.range.end), change.text)
        else:
            text = ls.text(change.text)
    ls.files.change(file, text, params.text_document.version)


def did_close(ls: DotlintServer, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a text."""
    ls.files.close(params.text_document.uri)
    ls.forget(params.text_document.uri)


def did_save(ls: DotlintServer, params: types.DidSaveTextDocumentParams) -> None:
    """Lint again the other files of a deployment: they are compared with what is on disk."""
    ls.files_changed([params.text_document.uri])


async def settings_changed(ls: DotlintServer, params: types.DidChangeConfigurationParams) -> None:
    """Lint every open text by the new settings."""
    await ls.read_settings(params.settings)


def watched_files_changed(ls: DotlintServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Lint again where a configuration, a strategy or another file of a deployment changed."""
    ls.files_changed([change.uri for change in params.changes])


async def hovered(ls: DotlintServer, params: types.HoverParams) -> types.Hover | None:
    """Say what was understood of the node there, and which rules the findings there are of."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else hover(file, _place(params.position), markdown=ls.client.markdown)


async def completed(ls: DotlintServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Give what may be written there."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else complete(file, _place(params.position))


async def defined(ls: DotlintServer, params: types.DefinitionParams) -> types.Location | None:
    """Find the statement of the node there."""
    file, snapshot, reading, offset = await _read(ls, params, at_once=True)
    return naming.definition(file.uri, snapshot, reading, offset)


async def referred(ls: DotlintServer, params: types.ReferenceParams) -> list[types.Location] | None:
    """Find every mention of the node there."""
    file, snapshot, reading, offset = await _read(ls, params, at_once=True)
    declaration = params.context.include_declaration
    return naming.references(file.uri, snapshot, reading, offset, declaration=declaration)


async def highlighted(ls: DotlintServer, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight] | None:
    """Mark every mention of the node there."""
    _, snapshot, reading, offset = await _read(ls, params)
    return naming.highlights(snapshot, reading, offset)


async def rename_prepared(ls: DotlintServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    """Say what would be renamed there."""
    _, snapshot, reading, offset = await _read(ls, params, at_once=True)
    mention = naming.renamable(snapshot, reading, offset)
    return types.PrepareRenamePlaceholder(
        range_of(snapshot.text, mention.start, mention.end), reading.mentions.names[mention.node]
    )


async def renamed(ls: DotlintServer, params: types.RenameParams) -> types.WorkspaceEdit:
    """Give the edits that rename the node there."""
    file, snapshot, reading, offset = await _read(ls, params, at_once=True)
    edits = naming.renamed(snapshot, reading, offset, params.new_name)
    if edits and not reading.whole:
        await asyncio.to_thread(naming.refuse_other_meaning, snapshot, edits)
    return workspace_edit(file.uri, snapshot, edits, versioned=ls.client.versioned_edits)


async def outlined(
    ls: DotlintServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation] | None:
    """Give the phases, stages and layers of a text, else its clusters."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    snapshot, report = await ls.files.report(file)
    if ls.client.nested_symbols:
        return symbols.nested(snapshot.text, report.symbols)
    return list(symbols.flat(file.uri, snapshot.text, report.symbols))


async def found_everywhere(ls: DotlintServer, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    """Find symbols by name in all open texts and in the files of the folders that are open."""
    await ls.ready.wait()
    scopes = ls.files.scopes
    assert scopes is not None
    on_disk = await ls.on_disk.symbols(scopes.folders, ls.client.encoding)
    files = ls.files.all()
    open_ = {file.path for file in files}
    symbols = [symbol for file in files for symbol in of_open(file)]
    symbols += [symbol for path, some in on_disk.items() if path not in open_ for symbol in some]
    return matching(symbols, params.query)


async def folders_changed(ls: DotlintServer, _params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Lint by what holds in the folders that are open now."""
    ls.folders_changed()
    await ls.read_settings()


async def actions_offered(
    ls: DotlintServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """Give what can be done about the findings there; to an editor that knows but commands, the one there is."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    asked = file.text
    snapshot, report = await ls.files.report(file)
    _refuse_other(snapshot, asked)
    only = params.context.only
    versioned = ls.client.versioned_edits
    found: list[types.CodeAction | types.Command] = []
    if ls.client.takes_actions and actions.wanted(types.CodeActionKind.QuickFix.value, only):
        found += actions.quick_fixes(file.uri, snapshot, report, params.range, versioned=versioned)
    everything = actions.fix_all(file.uri, snapshot, report, resolvable=ls.client.resolves_edits)
    if everything is not None and actions.wanted(actions.FIX_ALL, only):
        if (
            only and ls.client.takes_actions and not ls.client.resolves_edits
        ):  # asked for by name, as on saving: it is to be applied at once
            everything.command, everything.edit = None, await _all_fixed(ls, file)
        found.append(everything if ls.client.takes_actions or everything.command is None else everything.command)
    return found


async def action_resolved(ls: DotlintServer, action: types.CodeAction) -> types.CodeAction:
    """Work out all safe fixes, for an action that was chosen."""
    file = ls.files.get(str(actions.data_of(action).get("uri")))
    if file is not None:
        action.edit = await _all_fixed(ls, file)
    return action


async def fix_all_now(ls: DotlintServer, uri: str) -> None:
    """Apply all safe fixes, for an editor that cannot resolve actions."""
    file = ls.files.get(uri)
    if file is None:
        raise JsonRpcException(f"{one_line(uri)} is not open", code=REFUSED)
    try:
        edit = await _all_fixed(ls, file)
    except DotlintError as error:
        raise JsonRpcException(one_line(str(error)), code=REFUSED) from error
    await ls.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, actions.FIX_ALL_TITLE))


async def _all_fixed(ls: DotlintServer, file: OpenFile) -> types.WorkspaceEdit:
    snapshot = file.current
    fixed = await ls.files.fixed(file)
    if fixed.refused:
        lines = "; ".join(fixed.refused[:5])
        ls.note(f"dotlint: {len(fixed.refused)} fixes were left out: {lines}")
    edits = between(snapshot.text.body, fixed.text)
    return workspace_edit(file.uri, snapshot, edits, versioned=ls.client.versioned_edits)


async def _read(
    ls: DotlintServer,
    params: types.TextDocumentPositionParams | Any,  # noqa: ANN401 - any request that has a place
    *,
    at_once: bool = False,
) -> tuple[OpenFile, Snapshot, Reading, int]:
    """Give the file that a request speaks of, its present reading, and the place; raises where it is not open."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        raise DotlintError(f"{one_line(params.text_document.uri)} is not open")
    asked = file.text
    snapshot, reading = await ls.files.reading(file, at_once=at_once)
    _refuse_other(snapshot, asked)
    return file, snapshot, reading, snapshot.text.offset(_place(params.position))


def _refuse_other(snapshot: Snapshot, asked: Text) -> None:
    """Refuse to answer of a text that the question was not asked of: places in it are others."""
    if snapshot.text is not asked:
        raise JsonRpcException("the text was changed meanwhile", code=OUTDATED)


def _place(position: types.Position) -> Place:
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
    (types.TEXT_DOCUMENT_HOVER, hovered, None),
    (types.TEXT_DOCUMENT_COMPLETION, completed, _COMPLETION),
    (types.TEXT_DOCUMENT_DEFINITION, defined, None),
    (types.TEXT_DOCUMENT_REFERENCES, referred, None),
    (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, highlighted, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, rename_prepared, None),
    (types.TEXT_DOCUMENT_RENAME, renamed, None),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, outlined, None),
    (types.WORKSPACE_SYMBOL, found_everywhere, None),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, folders_changed, None),
    (types.TEXT_DOCUMENT_CODE_ACTION, actions_offered, _ACTIONS),
    (types.CODE_ACTION_RESOLVE, action_resolved, None),
)
