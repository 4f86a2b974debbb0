"""What goes into a run and what comes out of it for one file; light to import, small to send on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.engine.crash import is_crash
from dotlint.engine.finding import SEVERITIES, Finding, Holds, Severity, Undecided
from dotlint.engine.select import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.engine.baseline import Baseline
    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.facts import Excerpt, Facts, PhaseFile, Positions, StrategySource
    from dotlint.graph.document import Document
    from dotlint.strategy import Strategy

Verdict = Literal["correct", "incorrect", "unreadable"]


class Settings(Struct, frozen=True):
    """How to run: the declared strategy, where it was declared, which rules, which findings are known."""

    strategy: Strategy | None = None
    strategy_source: StrategySource | None = None
    selection: Selection = field(default_factory=Selection)
    cards: tuple[Card, ...] = ()
    baseline: Baseline | None = None
    fail_on: Severity = "warning"
    vocabularies: tuple[str, ...] = ()


class FileResult(Struct):
    """What a run says of one file. `unreadable` has the reason where it could not be read at all.

    `context` has the whole file as it was read; a `slim` result has none, and `places` and `facts` instead.
    `suppressed` are findings that a comment of the file takes away, `baselined` those that the baseline
    knows, and `outlived` counts entries of the baseline for this file that are no longer found.
    """

    path: str
    context: FileContext | None
    findings: list[Finding]
    holds: list[Holds] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    unreadable: str | None = None
    kept: Facts | None = None
    suppressed: list[Finding] = field(default_factory=list)
    baselined: list[Finding] = field(default_factory=list)
    outlived: int = 0

    @property
    def verdict(self) -> Verdict:
        """`correct` where there is no error."""
        if self.unreadable is not None:
            return "unreadable"
        return "incorrect" if any(f.severity == "error" for f in self.findings) else "correct"

    @property
    def document(self) -> Document:
        """The file as read; only of a file that could be read, and not of a slim result."""
        assert self.context is not None
        return self.context.document

    @property
    def rules(self) -> Mapping[str, Card]:
        """Every rule's card by its code; only of a file that could be read, and not of a slim result."""
        assert self.context is not None
        return self.context.rules

    @property
    def positions(self) -> Positions:
        """Lines and columns of the findings; only of a file that could be read."""
        if self.context is not None:
            return self.context.document.source
        assert self.kept is not None
        assert self.kept.excerpt is not None
        return self.kept.excerpt

    @property
    def facts(self) -> Facts:
        """What was counted and declared; only of a file that could be read."""
        if self.kept is not None:
            return self.kept
        assert self.context is not None
        return _facts(self.context)

    @property
    def troubles(self) -> tuple[str, ...]:
        """A line for each file of the deployment that the strategy names and that cannot be read."""
        if self.unreadable is not None:
            return ()
        return tuple(
            f"{one.origin}: phase {one.phase} is the file `{one.file}`: {one.problem}"
            for one in self.facts.deployment
            if one.problem is not None
        )

    @property
    def crashed(self) -> bool:
        """Whether a check raised."""
        return any(map(is_crash, self.findings))

    def counts(self) -> dict[Severity, int]:
        """Count the findings that nothing else causes, by severity."""
        return {s: sum(1 for f in self.findings if f.severity == s and not f.caused_by) for s in SEVERITIES}

    def slim(self) -> FileResult:
        """Give the same result without text, tree and graphs: all that a report needs and nothing more."""
        if self.context is None:
            return self
        kept = replace(
            self.facts,
            excerpt=_excerpt([*self.findings, *self.suppressed, *self.baselined], self.context.document.source),
        )
        return replace(
            self,
            context=None,
            findings=_without_data(self.findings),
            suppressed=_without_data(self.suppressed),
            baselined=_without_data(self.baselined),
            kept=kept,
        )


def _without_data(findings: list[Finding]) -> list[Finding]:
    """Leave out what only fixes need: it holds on to the graph."""
    return [finding if finding.data is None else replace(finding, data=None) for finding in findings]


def _facts(context: FileContext) -> Facts:
    from dotlint.engine.facts import Facts  # noqa: PLC0415 - who only asks for help needs no strategy

    document = context.document
    return Facts(
        nodes=document.node_count,
        edges=document.edge_count,
        directed=all(graph.directed for graph in document.graphs),
        graphs=len(document.graphs),
        is_deployment=context.is_deployment if context.read_as_deployment else None,
        strategy=next((g.strategy for g in context.graphs if g.strategy), context.strategy),
        strategy_source=context.strategy_source,
        deployment=_deployment(context),
    )


def _deployment(context: FileContext) -> tuple[PhaseFile, ...]:
    if context.part is None or context.whole is None:
        return ()
    from dotlint.engine.phase_files import phase_files  # noqa: PLC0415 - few deployments have several files

    return phase_files(context.whole, context.part)


def _excerpt(findings: list[Finding], source: Positions) -> Excerpt:
    from dotlint.engine.facts import Excerpt  # noqa: PLC0415

    starts = {offset for f in findings for offset in (f.start, *(r.start for r in f.related))}
    ends = {offset for f in findings for offset in (f.end, *(r.end for r in f.related))}
    ends |= {offset for f in findings for location in f.locations for offset in (location.start, location.end)}
    edited = {offset for f in findings if f.fix for e in f.fix.edits for offset in (e.start, e.end)}
    positions = {offset: source.position(offset) for offset in sorted(starts | ends | edited)}
    lines = sorted({positions[offset].line for offset in starts})
    return Excerpt(positions, {line: source.line_text(line) for line in lines})
