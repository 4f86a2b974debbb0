"""What nobody can say of a file of which a part could not be read: that something is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import parse_name
from dotlint.engine.finding import Undecided
from dotlint.syntax.recovery.bounds import line_start, statement_end
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.engine.finding import Finding
    from dotlint.graph.document import Document
    from dotlint.syntax.problem import Problem

# Mistakes after which every statement is there, whole but for an attribute.
_LOSSLESS = {"E008", "E009", "E011", "E012", "E013", "E015", "E016"}
# Rules that say of nodes, edges or numbers of them that they are not there.
ABSENCE = {
    *("G003", "G004", "G005", "G006", "G007", "G008", "G009", "S001", "S002", "S003", "S004", "S007", "S008", "S009"),
    *("S010", "S011", "S012", "S013", "S014", "P007", "P008", "P009", "C002", "C003", "C005", "D003", "D005", "D006"),
    *("H002", "H005", "T007", "N001", "N008"),
}
# Rules that say that no path leads from one node to another: any statement may be a step of it.
_OF_PATHS = {"G006", "G007", "G008", "S004", "S009"}
# Rules that say that a label lacks something.
_OF_LABELS = {"T001", "D001"}
_IDS = regex(r'"((?:[^"\\]|\\.)*)"|([^\W\d]\w*|\d+)')


class Loss(Struct, frozen=True):
    """What could not be read.

    `open_end` is true where the file was cut off, so that anything may have followed; `names` are the ids of the
    statements that could not be read whole, `families` those of sets in which dots stand for members.
    """

    open_end: bool
    names: frozenset[str]
    families: frozenset[str]

    def touches(self, name: str) -> bool:
        """Whether a statement that was not read names the node."""
        return name in self.names or (bool(self.families) and parse_name(name).family in self.families)


def loss_of(document: Document) -> Loss | None:
    """Say what was lost of a file; None where nothing was."""
    text = document.text
    names: set[str] = set()
    families: set[str] = set()
    open_end = False
    for problem in document.problems:
        if _at_end(problem, len(text.rstrip())):
            open_end = True
        elif problem.code not in _LOSSLESS | {"E002", "E007"}:
            start = line_start(text, problem.start)
            found = {a or b for a, b in _IDS.findall(text, start, statement_end(text, start, problem.end))}
            names |= found
            if problem.code == "E014":
                families |= {parse_name(name).family for name in found if any(c.isdigit() for c in name)}
    return Loss(open_end, frozenset(names), frozenset(families)) if open_end or names else None


def _at_end(problem: Problem, end: int) -> bool:
    """Whether what follows a mistake, or comes before it, is not in the file."""
    if problem.code == "E002":
        return problem.end >= end
    if problem.code == "E007":
        return problem.applicability is None
    return problem.code in {"E005", "E006", "E010"} or (
        problem.code == "E001" and problem.message.startswith("too many")
    )


def without_absent(
    document: Document, loss: Loss, findings: Sequence[Finding]
) -> tuple[list[Finding], list[Undecided]]:
    """Part findings into those that stand and a word for those that what was lost may answer."""
    last = len(document.graphs) - 1
    left: list[Finding] = []
    sections: dict[str, None] = {}
    for finding in findings:
        ends = (*finding.nodes, *(name for pair in finding.missing_edges for name in pair))
        if finding.code in ABSENCE:
            lost = (
                (loss.open_end and finding.graph == last) or finding.code in _OF_PATHS or any(map(loss.touches, ends))
            )
        else:
            lost = finding.code in _OF_LABELS and any(map(loss.touches, finding.nodes))
        if lost:
            sections.setdefault(finding.section)
        else:
            left.append(finding)
    line = document.source.position(document.problems[0].start).line
    return left, [
        Undecided(section, "what is not there", f"mend the syntax first, from line {line} on: a part was not read")
        for section in sections
    ]
