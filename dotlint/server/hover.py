"""What is shown at a place: what was understood of the node there, and the rules of the findings there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.report.markdown import code, escape
from dotlint.server.cards import fenced
from dotlint.server.completion import since
from dotlint.server.cursor import id_at
from dotlint.server.diagnostics import shown_range
from dotlint.server.text import carried
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.server.messages import Report, Rule, Spot, Told
    from dotlint.server.open_files import OpenFile, Snapshot

_MOST_RULES: Final = 3


def hover(file: OpenFile, place: tuple[int, int], *, markdown: bool) -> types.Hover | None:
    """Say what is known of a position: from the present text where it is linted, else from the latest that was.

    Nothing is waited for. None where there is nothing to say.
    """
    parts = [part for part in (_node(file, place, markdown=markdown), *_rules(file, place, markdown=markdown)) if part]
    if not parts:
        return None
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, ("\n\n---\n\n" if markdown else "\n\n").join(parts)))


def _node(file: OpenFile, place: tuple[int, int], *, markdown: bool) -> str | None:
    offset = file.text.offset(place)
    for snapshot in (file.current, file.last):
        if snapshot is None or snapshot.reading is None:
            continue
        mentions = snapshot.reading.mentions
        there = _there(file, snapshot, offset)
        if there is not None:
            mention = mentions.at(there)
            node = mention.node if mention is not None else None
        else:  # in what was changed since: go by the name that stands there
            name = id_at(file.text.body, offset, since(file, offset))
            node = mentions.named(name) if name is not None else None
        if node is None:
            continue
        if node in snapshot.pages:
            return fenced(snapshot.pages[node], "text") if markdown else snapshot.pages[node]
        if snapshot is not file.last and file.last is not None:
            continue  # an earlier text may tell more
        return _mentioned(snapshot, node, markdown=markdown)
    return None


def _mentioned(snapshot: Snapshot, node: int, *, markdown: bool) -> str:
    """Say of a node what is known before the rules are through."""
    assert snapshot.reading is not None
    mentions = snapshot.reading.mentions
    own = [mention for mention in mentions.of(node) if mention.own]
    line = snapshot.text.place(own[0].start)[0] + 1 if own else None
    name = code(mentions.names[node]) if markdown else f"`{one_line(mentions.names[node])}`"
    where = f"declared in line {line}" if line else "only mentioned in edges"
    return f"{name}: {where}; the rest of it is still being read"


def _there(file: OpenFile, snapshot: Snapshot, offset: int) -> int | None:
    """Give the place in a snapshot that a place in the present text stands for."""
    return offset if snapshot is file.current else carried(snapshot.text.body, file.text.body, offset)


def _rules(file: OpenFile, place: tuple[int, int], *, markdown: bool) -> Iterator[str]:
    snapshot = file.current if file.current.report is not None else file.last
    if snapshot is None or snapshot.report is None:
        return
    offset = _there(file, snapshot, file.text.offset(place))
    if offset is None:
        return
    here = findings_at(snapshot, snapshot.report, snapshot.text.place(offset), snapshot.text.place(offset))
    shown: set[str] = set()
    for _, told, _ in here:
        rule = snapshot.report.rules.get(told.code)
        if rule is None or (told.code not in shown and len(shown) == _MOST_RULES):
            continue
        yield _said(told, rule, markdown=markdown, known=told.code in shown)
        shown.add(told.code)


def _said(told: Told, rule: Rule, *, markdown: bool, known: bool) -> str:
    show = escape if markdown else str
    lines = [f"**{told.code}** {escape(told.message)}" if markdown else f"{told.code} {told.message}"]
    lines += [f"{name}: {show(text)}" for name, text in (("help", told.help), ("note", told.note)) if text]
    lines += [] if known else [rule.markdown if markdown else rule.plain]
    if markdown and rule.address and not known:
        lines.append(f"[the rule's card]({rule.address})")
    return "\n\n".join(lines)


def findings_at(
    snapshot: Snapshot, report: Report, first: tuple[int, int], last: tuple[int, int]
) -> list[tuple[int, Told, Spot]]:
    """Return the findings with their numbers that are underlined between two positions, each with its location there."""
    found = []
    for number, told in enumerate(report.findings):
        for spot in told.spots:
            shown = shown_range(snapshot.text, spot.start, spot.end)
            if (shown.start.line, shown.start.character) <= last and first <= (shown.end.line, shown.end.character):
                found.append((number, told, spot))
                break
    return found
