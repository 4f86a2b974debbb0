"""Inlay hints: the tensor that travels along an edge, after the node that it feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.server.messages import FlowHint
    from dotlint.server.text import Text

_MOST: Final = 2_000


def inlay_hints(text: Text, hints: Iterable[FlowHint], range_: types.Range) -> list[types.InlayHint]:
    """Return the hints in a range."""
    first = text.offset((range_.start.line, range_.start.character))
    last = text.offset((range_.end.line, range_.end.character))
    return [
        types.InlayHint(
            types.Position(*text.position(hint.offset)),
            hint.text,
            kind=types.InlayHintKind.Type,
            tooltip=hint.details,
            padding_left=True,
        )
        for hint in hints
        if first <= hint.offset <= last
    ][:_MOST]
