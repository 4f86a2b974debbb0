"""The requests and notifications of the protocol, with the functions that answer them."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from dotlint.errors import DotlintError
from dotlint.server import action_requests as fixing
from dotlint.server import actions, features, lifecycle, navigation
from dotlint.server.app import DotlintServer
from dotlint.server.protocol import REFUSED
from dotlint.server.semantic_tokens import LEGEND
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable


def make_server() -> DotlintServer:
    """Return a server with all requests registered."""
    server = DotlintServer()
    for method, function, options in _FEATURES:
        server.feature(method, options)(_with_error_answers(function))
    server.command("dotlint.fixAll")(fixing.fix_all_now)
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


_COMPLETION = types.CompletionOptions(trigger_characters=["[", "=", ",", ">", '"', ":"], resolve_provider=True)
_ACTIONS = types.CodeActionOptions(
    code_action_kinds=[types.CodeActionKind.QuickFix, actions.FIX_ALL], resolve_provider=True
)
_FEATURES: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZE, lifecycle.initialize, None),
    (types.INITIALIZED, lifecycle.initialized, None),
    (types.SHUTDOWN, lifecycle.shut_down, None),
    (types.TEXT_DOCUMENT_DID_OPEN, lifecycle.did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, lifecycle.did_change, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, lifecycle.did_close, None),
    (types.TEXT_DOCUMENT_DID_SAVE, lifecycle.did_save, types.SaveOptions(include_text=False)),
    (types.WORKSPACE_DID_CHANGE_CONFIGURATION, lifecycle.settings_changed, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, lifecycle.watched_files_changed, None),
    (types.TEXT_DOCUMENT_HOVER, features.hover_at, None),
    (types.TEXT_DOCUMENT_COMPLETION, features.completion, _COMPLETION),
    (types.COMPLETION_ITEM_RESOLVE, features.resolve_completion, None),
    (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, features.tokens_full, LEGEND),
    (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA, features.tokens_delta, LEGEND),
    (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, features.tokens_range, LEGEND),
    (types.TEXT_DOCUMENT_FOLDING_RANGE, features.folding, None),
    (types.TEXT_DOCUMENT_DOCUMENT_COLOR, features.colors, None),
    (types.TEXT_DOCUMENT_COLOR_PRESENTATION, features.color_presentations, None),
    (types.TEXT_DOCUMENT_INLAY_HINT, features.inlay_hints, None),
    (types.TEXT_DOCUMENT_DEFINITION, navigation.definition, None),
    (types.TEXT_DOCUMENT_REFERENCES, navigation.references, None),
    (types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, navigation.document_highlights, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, navigation.prepare_rename, None),
    (types.TEXT_DOCUMENT_RENAME, navigation.renamed, None),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, features.document_symbols, None),
    (types.WORKSPACE_SYMBOL, features.workspace_symbols, None),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, lifecycle.folders_changed, None),
    (types.TEXT_DOCUMENT_CODE_ACTION, fixing.code_actions, _ACTIONS),
    (types.CODE_ACTION_RESOLVE, fixing.resolve_code_action, None),
)
