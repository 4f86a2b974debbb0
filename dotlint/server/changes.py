"""Edits of a text in the types of the protocol."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.engine.finding import Edit
from dotlint.server.diagnostics import range_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.server.open_file import Snapshot

_MOST_LINES: Final = 3_000


def workspace_edit(uri: str, snapshot: Snapshot, edits: Iterable[Edit], *, versioned: bool) -> types.WorkspaceEdit:
    """Return a workspace edit of one text; with `versioned`, the editor can reject it for another version of the text."""
    changes = [types.TextEdit(range_of(snapshot.text, edit.start, edit.end), edit.text) for edit in edits]
    if versioned:
        document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=snapshot.version)
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(changes))])
    return types.WorkspaceEdit(changes={uri: changes})


def between(old: str, new: str) -> list[Edit]:
    """Return the edits that turn one text into another, by lines, so that cursors and folds elsewhere are kept."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    first = _common_start(before, after)
    most = min(len(before), len(after)) - first
    last = _common_start(before[::-1][:most], after[::-1][:most])
    before, after = before[first : len(before) - last], after[first : len(after) - last]
    start = len("".join(old.splitlines(keepends=True)[:first]))
    if max(len(before), len(after)) > _MOST_LINES:
        return [Edit(start, start + len("".join(before)), "".join(after))]
    offsets = [start]
    for line in before:
        offsets.append(offsets[-1] + len(line))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        Edit(offsets[i1], offsets[i2], "".join(after[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _common_start(one: list[str], other: list[str]) -> int:
    return next(
        (index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
