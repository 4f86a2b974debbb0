"""Text of a DOT file as markup and data of a page: it is shown, never interpreted."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from dotlint.text.display import visible
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDS_SCRIPT = regex(r"<(?=[/!sS])")


def plain(text: str) -> str:
    """Return a text as markup for an element or attribute; markup and control characters are escaped."""
    return escape(visible(text))


def prose(text: str, nodes: Mapping[str, int] | None = None) -> str:
    """Return a sentence as markup; parts in backquotes become code, and names of `nodes` refer to their numbers."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    return "".join(_code(part, nodes or {}) if index % 2 else escape(part) for index, part in enumerate(parts))


def _code(text: str, nodes: Mapping[str, int]) -> str:
    node = nodes.get(text)
    return f"<code>{escape(text)}</code>" if node is None else f'<code data-node="{node}">{escape(text)}</code>'


def embedded(value: object) -> str:
    """Return data as ASCII JSON for a script element: nothing in it ends the element or starts a comment."""
    return _ENDS_SCRIPT.sub(r"\\u003c", json.dumps(value, ensure_ascii=True, separators=(",", ":")))
