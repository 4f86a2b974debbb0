"""Semantic tokens: each mention of a node, with the style of its role and stage (see `token_styles`)."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.server.references import OWN
from dotlint.server.token_styles import DECLARATION, MODIFIERS, ODD_STAGE, STATIC, TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.server.messages import ParsedText
    from dotlint.server.text import Text

LEGEND: Final = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))


def tokens(
    text: Text, parsed: ParsedText, styles: Mapping[str, int], first: int = 0, last: int | None = None
) -> list[int]:
    """Return the tokens between two offsets as the protocol encodes them; an id of several lines is left out."""
    mentions = parsed.mentions
    style_of = [styles.get(name, 0) for name in mentions.names]
    encoded: list[int] = []
    line, column = 0, 0
    end_of_last = -1
    for index in range(max(bisect_right(mentions.starts, first) - 1, 0), len(mentions)):
        start, end = mentions.starts[index], mentions.ends[index]
        if last is not None and start >= last:
            break
        if start < end_of_last or end <= first:
            continue
        at, until = text.position(start), text.position(end)
        if at[0] != until[0]:
            continue
        end_of_last = end
        style = style_of[mentions.nodes[index]]
        modifiers = (DECLARATION if mentions.owns[index] == OWN else 0) | (STATIC if style & ODD_STAGE else 0)
        same_line = at[0] == line
        encoded += (
            at[0] - line,
            at[1] - column if same_line else at[1],
            until[1] - at[1],
            style & (ODD_STAGE - 1),
            modifiers,
        )
        line, column = at
    return encoded


def edits_between(old: Sequence[int], new: Sequence[int]) -> list[types.SemanticTokensEdit]:
    """Return the edit that turns an answer into the next one: the part between the first and the last difference."""
    most = min(len(old), len(new))
    start = next((index for index in range(most) if old[index] != new[index]), most)
    if start == len(old) == len(new):
        return []
    same = next((n for n in range(most - start) if old[-1 - n] != new[-1 - n]), most - start)
    return [types.SemanticTokensEdit(start, len(old) - same - start, list(new[start : len(new) - same]))]
