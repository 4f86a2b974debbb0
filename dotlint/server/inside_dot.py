"""Whether an offset of an open file is inside DOT, and the start of a statement before it, where parsing can begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.documents.kinds import is_document
from dotlint.server.text import common_prefix, offset_before_change

if TYPE_CHECKING:
    from dotlint.server.messages import ParsedText
    from dotlint.server.open_file import OpenFile

_STATEMENTS_BEFORE: Final = 20
_MOST_BEFORE: Final = 50_000


def is_dot(file: OpenFile, offset: int) -> bool:
    """Return whether an offset is inside DOT: always in a DOT file, and within a block of a document."""
    snapshot = file.current if file.current.parsed else file.last
    if not is_document(file.path):
        return True
    if snapshot is None or snapshot.parsed is None or snapshot.parsed.spans is None:
        return False
    old, text = snapshot.text.body, file.text.body
    same = common_prefix(old, text)
    before = offset_before_change(old, text, offset) if offset > same else offset
    at = same if before is None else before
    return any(start <= at <= end for start, end in snapshot.parsed.spans)


def since(file: OpenFile, offset: int) -> int:
    """Return the offset of the start of some statement before an offset; parsing can begin there."""
    text = file.text.body
    for snapshot in (file.current, file.last):
        if snapshot is None or snapshot.parsed is None:
            continue
        start = _statement_start(snapshot.parsed, snapshot.text.body, text, offset)
        if offset - start < _MOST_BEFORE:
            return start
    return 0 if offset < _MOST_BEFORE else text.rfind("\n", 0, offset) + 1


def _statement_start(parsed: ParsedText, old: str, text: str, offset: int) -> int:
    mentions = parsed.mentions
    same = common_prefix(old, text)
    old_offset = offset_before_change(old, text, offset) if offset > same else None
    if old_offset is not None:  # after the last change, which has moved the statements
        start = mentions.statement_before(old_offset, _STATEMENTS_BEFORE)
        moved = start + offset - old_offset
        if start > same and offset_before_change(old, text, moved) == start:
            return moved
    return mentions.statement_before(min(offset, same), _STATEMENTS_BEFORE)
