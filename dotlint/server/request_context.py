"""What requests have in common: the file and offset that they are about, and the refusal of outdated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcException

from dotlint.errors import DotlintError
from dotlint.server.protocol import OUTDATED
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from lsprotocol import types

    from dotlint.server.app import DotlintServer
    from dotlint.server.messages import ParsedText
    from dotlint.server.open_file import OpenFile, Snapshot
    from dotlint.server.text import Text, TextPosition


async def parsed_at(
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
    refuse_outdated(snapshot, asked)
    return file, snapshot, parsed, snapshot.text.offset(text_position(params.position))


def refuse_outdated(snapshot: Snapshot, asked: Text) -> None:
    """Refuse the request if the text has changed since, because its positions no longer apply."""
    if snapshot.text is not asked:
        raise JsonRpcException("the text has changed since the request", code=OUTDATED)


def text_position(position: types.Position) -> TextPosition:
    """Return a position of the protocol as a pair."""
    return position.line, position.character
