"""The requests for code actions, and the edit that makes all safe fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dotlint.errors import DotlintError
from dotlint.server import actions
from dotlint.server.app import DotlintServer  # noqa: TC001 - pygls evaluates the annotations of commands
from dotlint.server.changes import between, workspace_edit
from dotlint.server.protocol import REFUSED
from dotlint.server.request_context import refuse_outdated
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from dotlint.server.open_file import OpenFile


async def code_actions(
    ls: DotlintServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    """Return the code actions there; an editor without code action literals gets only the command that fixes all."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    asked = file.text
    await ls.files.understood(file)
    snapshot, report = await ls.files.report(file)
    refuse_outdated(snapshot, asked)
    only = params.context.only
    versioned = ls.client.versioned_edits
    found: list[types.CodeAction | types.Command] = []
    if ls.client.takes_actions and actions.is_requested(types.CodeActionKind.QuickFix.value, only):
        found += actions.quick_fixes(file.uri, snapshot, report, file.rules, params.range, versioned=versioned)
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
