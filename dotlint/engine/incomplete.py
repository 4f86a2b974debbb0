"""Suppress "X is missing" findings in files that were only partly parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import parse_name
from dotlint.engine.finding import Undecided
from dotlint.syntax.recovery.bounds import statement_end
from dotlint.text.lines import line_start
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Finding
    from dotlint.graph.document import Document

_IDS = regex(r'"((?:[^"\\]|\\.)*)"|([^\W\d]\w*|\d+)')


class Loss(Struct, frozen=True):
    """What was not parsed in a file.

    `open_end` is true if the file is truncated, so that anything may be missing; `names` are the ids in statements that
    were not parsed completely, `families` the families of the ids in sets with an ellipsis.
    """

    open_end: bool
    names: frozenset[str]
    families: frozenset[str]

    def touches(self, name: str) -> bool:
        """Return whether a statement that was not parsed may be about the node."""
        return name in self.names or (bool(self.families) and parse_name(name).family in self.families)


def loss_of(document: Document, rules: Mapping[str, Card]) -> Loss | None:
    """Return what was not parsed in a file; None if nothing was lost."""
    text = document.text
    names: set[str] = set()
    families: set[str] = set()
    open_end = False
    for problem in document.problems:
        loses = rules[problem.code].loses
        if problem.cut or loses in {"rest", "program"}:
            open_end = True
        elif loses in {"statement", "members"}:
            start = line_start(text, problem.start)
            found = {a or b for a, b in _IDS.findall(text, start, statement_end(text, start, problem.end))}
            names |= found
            if loses == "members":
                families |= {parse_name(name).family for name in found if any(c.isdigit() for c in name)}
    return Loss(open_end, frozenset(names), frozenset(families)) if open_end or names else None


def without_unsupported(
    document: Document, rules: Mapping[str, Card], loss: Loss, findings: Sequence[Finding]
) -> tuple[list[Finding], list[Undecided]]:
    """Return the findings that the loss does not contradict, and a skipped item for each section with others."""
    last = len(document.graphs) - 1
    left: list[Finding] = []
    sections: dict[str, None] = {}
    for finding in findings:
        ends = (*finding.nodes, *(name for pair in finding.missing_edges for name in pair))
        match rules[finding.code].claims_absence:
            case None:
                lost = False
            case "label":
                lost = any(map(loss.touches, finding.nodes))
            case "path":  # any statement may be a part of the path
                lost = True
            case "statement" | "connection":
                lost = (loss.open_end and finding.graph == last) or any(map(loss.touches, ends))
        if lost:
            sections.setdefault(finding.section)
        else:
            left.append(finding)
    line = document.source.position(document.problems[0].start).line
    return left, [
        Undecided(section, "what is missing", f"fix the syntax from line {line} on: part of the file was not parsed")
        for section in sections
    ]
