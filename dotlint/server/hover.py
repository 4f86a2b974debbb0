"""Hovers: what was inferred for the node at a position, the attribute or rule there, and the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from dotlint.report.markdown import code, escape
from dotlint.server.attribute_text import attribute_at
from dotlint.server.cards import rule_text
from dotlint.server.comments import rule_at
from dotlint.server.cursor import cursor_at, id_at
from dotlint.server.diagnostics import range_of, underlined_range
from dotlint.server.inside_dot import is_dot, since
from dotlint.server.node_text import node_text
from dotlint.server.text import offset_before_change
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.server.messages import FindingInfo, Report, RuleInfo
    from dotlint.server.open_file import OpenFile, Snapshot

_MOST_RULES: Final = 3


def hover(file: OpenFile, position: tuple[int, int], *, markdown: bool) -> types.Hover | None:
    """Return the hover at a position, from the current text if it is linted, otherwise from the last linted one.

    Does not wait for a run. None if nothing is known.
    """
    offset = file.text.offset(position)
    parts: list[str] = []
    range_: types.Range | None = None
    rule = rule_at(file, offset)
    if rule is not None:
        parts.append(rule_text(rule[0], markdown=markdown))
        range_ = range_of(file.text, *rule[1])
    elif is_dot(file, offset):
        cursor = cursor_at(file.text.body, offset + 1, since(file, offset))
        attribute = attribute_at(cursor, file.text.body, offset, markdown=markdown)
        if attribute is not None:
            parts.append(attribute[0])
            range_ = range_of(file.text, *attribute[1])
    if not parts:
        node = _node_part(file, offset, markdown=markdown)
        parts += [node] if node else []
    parts += _finding_parts(file, offset, markdown=markdown)
    if not parts:
        return None
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    text = ("\n\n---\n\n" if markdown else "\n\n").join(parts)
    return types.Hover(types.MarkupContent(kind, text), range_)


def _node_part(file: OpenFile, offset: int, *, markdown: bool) -> str | None:
    for snapshot in (file.current, file.last):
        if snapshot is None or snapshot.parsed is None:
            continue
        mentions = snapshot.parsed.mentions
        there = _offset_in(file, snapshot, offset)
        if there is not None:
            mention = mentions.at(there)
            node = mention.node if mention is not None else None
        else:  # in changed text: look up the name instead
            name = id_at(file.text.body, offset, since(file, offset))
            node = mentions.node_named(name) if name is not None else None
        if node is None:
            continue
        if node in snapshot.nodes:
            return node_text(snapshot.nodes[node], markdown=markdown)
        if snapshot is not file.last and file.last is not None:
            continue  # the last linted text may have its facts
        return _declaration_text(snapshot, node, markdown=markdown)
    return None


def _declaration_text(snapshot: Snapshot, node: int, *, markdown: bool) -> str:
    """Return what is known about a node before the text is linted."""
    assert snapshot.parsed is not None
    mentions = snapshot.parsed.mentions
    own = [mention for mention in mentions.of(node) if mention.own]
    line = snapshot.text.position(own[0].start)[0] + 1 if own else None
    name = code(mentions.names[node]) if markdown else f"`{one_line(mentions.names[node])}`"
    declared = f"declared in line {line}" if line else "only mentioned in edges"
    return f"{name}: {declared}; dotlint is still checking the file"


def _offset_in(file: OpenFile, snapshot: Snapshot, offset: int) -> int | None:
    """Return the offset in a snapshot for an offset in the current text; None if the text there has changed."""
    return offset if snapshot is file.current else offset_before_change(snapshot.text.body, file.text.body, offset)


def _finding_parts(file: OpenFile, offset: int, *, markdown: bool) -> Iterator[str]:
    snapshot = file.current if file.current.report is not None else file.last
    if snapshot is None or snapshot.report is None:
        return
    there = _offset_in(file, snapshot, offset)
    if there is None:
        return
    here = findings_at(snapshot, snapshot.report, snapshot.text.position(there), snapshot.text.position(there))
    listed: set[str] = set()
    for _, finding, _ in here:
        rule = file.rules.get(finding.code)
        if rule is None or (finding.code not in listed and len(listed) == _MOST_RULES):
            continue
        yield _finding_text(finding, rule, markdown=markdown, known=finding.code in listed)
        listed.add(finding.code)


def _finding_text(finding: FindingInfo, rule: RuleInfo, *, markdown: bool, known: bool) -> str:
    show = escape if markdown else str
    lines = [f"**{finding.code}** {escape(finding.message)}" if markdown else f"{finding.code} {finding.message}"]
    lines += [f"{name}: {show(text)}" for name, text in (("help", finding.help), ("note", finding.note)) if text]
    lines += [] if known else [rule_text(rule, markdown=markdown)]
    return "\n\n".join(lines)


def findings_at(
    snapshot: Snapshot, report: Report, first: tuple[int, int], last: tuple[int, int]
) -> list[tuple[int, FindingInfo, int]]:
    """Return the findings underlined between two positions as (number, finding, index of its location there)."""
    found = []
    start, end = snapshot.text.offset(first), snapshot.text.offset(last)
    for number, finding in enumerate(report.findings):
        for index, location in enumerate(finding.locations):
            if location[0] > end or location[1] < start:
                continue  # a finding may have thousands of locations
            range_ = underlined_range(snapshot.text, *location)
            if (range_.start.line, range_.start.character) <= last and first <= (range_.end.line, range_.end.character):
                found.append((number, finding, index))
                break
    return found
