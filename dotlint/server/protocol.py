"""The protocol of pygls, except that dotlint stores the texts itself and answers invalid messages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.protocol.json_rpc import RPCRequest

if TYPE_CHECKING:
    from collections.abc import Generator

    from pygls.protocol.json_rpc import RPCMessage

REFUSED: Final = types.LSPErrorCodes.RequestFailed.value
OUTDATED: Final = types.LSPErrorCodes.ContentModified.value
_NO_MESSAGE: Final = object()
log = logging.getLogger(__name__)


class Protocol(LanguageServerProtocol):
    """Answers invalid requests, and requests after the shutdown, with an error.

    pygls would also store each text and update it line by line, which is slower than typing in a large text.
    """

    @property
    def is_shut_down(self) -> bool:
        """Whether the editor has requested the shutdown."""
        return self._shutdown

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Generator[Any]:
        """Pass on that a text was opened."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Generator[Any]:
        """Pass on that a text was changed."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Generator[Any]:
        """Pass on that a text was closed."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None

    def structure_message(self, data: dict[str, Any]) -> Any:  # noqa: ANN401 - a message of some type
        """Parse a message; answer an invalid request with an error."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            number = data.get("id")
            if "method" in data and isinstance(number, int | str):
                self._send_response(number, error=error.to_response_error())
            return _NO_MESSAGE

    def handle_message(self, message: RPCMessage) -> None:
        """Handle a message."""
        if message is _NO_MESSAGE:
            return
        if not hasattr(message, "jsonrpc"):
            log.error("ignored a message that is not JSON-RPC")
            return
        if self._shutdown and isinstance(message, RPCRequest):
            error = types.ResponseError(types.ErrorCodes.InvalidRequest.value, "dotlint is shutting down")
            self._send_response(message.id, error=error)
            return
        super().handle_message(message)


class Quiet(logging.Filter):
    """Removes the traceback from log records of requests that were refused on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, but shorten those of refused requests."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, JsonRpcException) and error.code in {REFUSED, OUTDATED}:
            record.msg, record.args, record.exc_info = "a request was refused: %s", (error.message,), None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True
