"""Apply the suppressions of a file to its findings, and report suppressions that are unused or malformed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.engine.finding import Edit, Finding, Fix, Related
from dotlint.engine.narrow import without

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.card import Card
    from dotlint.graph.document import Document
    from dotlint.suppressions.directives import Directive, Suppressions, Word


def suppress(
    document: Document,
    findings: Sequence[Finding],
    suppressions: Suppressions,
    ran: Iterable[Card],
    *,
    whole: bool,
) -> tuple[list[Finding], list[Finding]]:
    """Split the findings of a file into those that remain and those that its comments suppress at every location.

    Findings that are suppressed at some of their locations have been narrowed before. The rules about comments (X002,
    X003) run here if they are among `ran`, the rules of this run. `whole` is true if no rules were selected:
    only then can a comment without rule codes be unused.
    """
    if not suppressions.directives and not suppressions.mistakes:
        return list(findings), []
    by_code = {card.code: card for card in ran}
    taken = [_gone(suppressions, finding) for finding in findings]
    extra: list[Finding] = []
    if (card := by_code.get("X002")) is not None:
        asked = frozenset(card.code for card in by_code.values() if card.section != "meta")
        for directive in suppressions.directives:
            found = _unused(card, document, directive, asked, findings, whole=whole)
            extra += [found] if found else []
    if (card := by_code.get("X003")) is not None:
        extra += [card.finding(m.message, m.start, m.end, help=m.help) for m in suppressions.mistakes]
    every = [*findings, *extra]
    taken += [_gone(suppressions, finding) for finding in extra]
    return without(every, lambda index: taken[index])


def _gone(suppressions: Suppressions, finding: Finding) -> bool:
    return len(suppressions.take(finding)) == len({location.key for location in finding.locations})


def _unused(
    card: Card,
    document: Document,
    directive: Directive,
    asked: frozenset[str],
    findings: Sequence[Finding],
    *,
    whole: bool,
) -> Finding | None:
    if directive.words is None:
        if directive.used or not whole:
            return None
        idle: list[Word] = []
        message = f"this `{directive.verb}` suppresses nothing"
        edits = _removals(document, directive)
    else:
        idle = [word for word in directive.words if word.codes & asked and not word.codes & directive.used]
        if not idle:
            return None
        words = ", ".join(word.text for word in idle)
        message = f"`{directive.verb}[{words}]` suppresses nothing"
        if len(idle) == len(directive.words):
            edits = _removals(document, directive)
        else:
            kept = ", ".join(word.text for word in directive.words if word not in idle)
            edits = [_rewritten(each, kept) for each in (directive, directive.end) if each and each.words]
    start, end = (idle[0].start, idle[-1].end) if idle else (directive.start, directive.stop)
    elsewhere = _elsewhere(document, directive, idle, findings)
    return card.finding(
        message,
        start,
        end,
        help="remove it" if not elsewhere else "move it to the location of the finding, or remove it",
        related=elsewhere,
        fix=Fix("safe", tuple(edits), "Remove the unused suppression"),
        fixable="safe",
    )


def _elsewhere(
    document: Document, directive: Directive, idle: Sequence[Word], findings: Sequence[Finding]
) -> tuple[Related, ...]:
    """Return findings of the directive's rules that are about a node declared here but are located elsewhere."""
    codes = frozenset().union(*(word.codes for word in idle)) if idle else None
    found: list[Related] = []
    for finding in findings:
        if (codes is not None and finding.code not in codes) or directive.verb != "ignore":
            continue
        nodes = document.graphs[finding.graph].nodes if finding.graph < len(document.graphs) else {}
        members = [nodes[name] for name in finding.nodes if name in nodes]
        starts = [s.start for node in members for s in node.statements]
        starts += [edge.start for node in members for edge in (*node.out_edges, *node.in_edges)]
        if any(start <= at < end for at in starts for start, end in directive.spans):
            found.append(Related(f"{finding.code} is about this node and is located here", finding.start, finding.end))
    return tuple(found[:3])


def _rewritten(directive: Directive, kept: str) -> Edit:
    start, end = directive.brackets
    return Edit(start, end, f"[{kept}]")


def _removals(document: Document, directive: Directive) -> list[Edit]:
    """Return the edits that remove a directive and, if it starts a block, its end."""
    return [_removal(document, each) for each in (directive, directive.end) if each]


def _removal(document: Document, directive: Directive) -> Edit:
    """Remove the line of a directive if nothing else is on it, else its comment, else only its text."""
    text, comment = document.text, directive.comment
    start, end = directive.opens, directive.stop
    closed = comment.kind == "/*" and text.endswith("*/", comment.start + 2, comment.end)
    if closed and not text[end : comment.end - 2].strip(" \t\r\n*") and start == comment.start:
        end = comment.end
    elif closed and start == comment.start:
        start = directive.start  # the comment has more text and stays
    source = document.source
    line = source.line_start(source.position(start).line)
    line_end = source.line_start(source.position(end).line + 1)
    if not text[line:start].strip() and not text[end:line_end].strip():
        return Edit(line, line_end, "")
    before = len(text[line:start].rstrip(" \t")) + line
    if text[end:line_end].strip():
        # The comment may be all that separates two tokens.
        apart = start > line and not text[start - 1].isspace() and not text[end].isspace()
        return Edit(start, end, " " if apart else "")
    return Edit(before, end, "")
