"""The settings of a run and its result for one file: fast to import, and small to send to other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from dotlint.engine.crash import is_crash
from dotlint.engine.finding import SEVERITIES, Finding, Holds, Severity, Undecided
from dotlint.engine.select import Selection
from dotlint.files.reading import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotlint.documents.block import Block
    from dotlint.engine.baseline import Baseline
    from dotlint.engine.baseline_entries import BaselineEntry
    from dotlint.engine.card import Card
    from dotlint.engine.context import FileContext
    from dotlint.engine.facts import Excerpt, FileFacts, FlowFacts, PhaseFile, SourceLines, StrategySource
    from dotlint.graph.document import Document
    from dotlint.strategy import Strategy
    from dotlint.syntax.source import Source

Verdict = Literal["correct", "incorrect", "unreadable"]


class Settings(Struct, frozen=True):
    """The settings of a run: the strategy and where it was declared, the rules, the baseline.

    A file is read up to `most_bytes`; `piped` is whether it may be a FIFO, because the user named it.
    """

    strategy: Strategy | None = None
    strategy_source: StrategySource | None = None
    selection: Selection = field(default_factory=Selection)
    cards: tuple[Card, ...] = ()
    baseline: Baseline | None = None
    fail_on: Severity = "warning"
    vocabularies: tuple[str, ...] = ()
    ignore_suppressions: bool = False
    most_bytes: int = MOST_BYTES
    piped: bool = False


class FileResult(Struct):
    """The result of a run for one file. `unreadable` is the reason if the file could not be read at all.

    `context` is the complete file; a slim result has only `source` and `facts`. `suppressed` has the findings that
    comments suppress, `baselined` the findings that the baseline knows, and `outlived` has the baseline
    entries for this file that no longer match. `blocks` has the
    complete results of the blocks of a document. `seconds` has the time of each rule if it was measured; it is empty if
    the result is from the cache.
    """

    path: str
    context: FileContext | None
    findings: list[Finding]
    holds: list[Holds] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    unreadable: str | None = None
    kept: FileFacts | None = None
    suppressed: list[Finding] = field(default_factory=list)
    baselined: list[Finding] = field(default_factory=list)
    outlived: tuple[BaselineEntry, ...] = ()
    blocks: tuple[BlockResult, ...] = ()
    seconds: dict[str, float] | None = None

    @property
    def verdict(self) -> Verdict:
        """`correct` if no finding is an error."""
        if self.unreadable is not None:
            return "unreadable"
        return "incorrect" if any(f.severity == "error" for f in self.findings) else "correct"

    @property
    def document(self) -> Document:
        """The parsed file; not available if the file was unreadable or the result is slim."""
        assert self.context is not None
        return self.context.document

    @property
    def rules(self) -> Mapping[str, Card]:
        """The card of every existing rule by its code; not available if the file was unreadable or the result is slim."""
        assert self.context is not None
        return self.context.rules

    @property
    def source(self) -> SourceLines:
        """Lines and columns of the findings; not available if the file was unreadable."""
        if self.context is not None:
            return self.context.document.source
        assert self.kept is not None
        assert self.kept.excerpt is not None
        return self.kept.excerpt

    @property
    def facts(self) -> FileFacts:
        """The facts for reports; not available if the file was unreadable."""
        if self.kept is not None:
            return self.kept
        assert self.context is not None
        return _facts(self.context)

    @property
    def troubles(self) -> tuple[str, ...]:
        """A message for each file of the deployment that the strategy names and that cannot be read."""
        if self.unreadable is not None:
            return ()
        return tuple(
            f"{one.origin}: phase {one.phase} is the file `{one.file}`: {one.problem}"
            for one in self.facts.deployment
            if one.problem is not None
        )

    @property
    def crashed(self) -> bool:
        """Whether a check raised an exception."""
        return any(map(is_crash, self.findings))

    def counts(self) -> dict[Severity, int]:
        """Return the number of findings by severity, without follow-on findings."""
        return {s: sum(1 for f in self.findings if f.severity == s and not f.caused_by) for s in SEVERITIES}

    def slim(self) -> FileResult:
        """Return the result without text, tree and graphs, with just what reports need."""
        if self.context is None:
            return replace(self, blocks=())
        excerpt = excerpt_of([*self.findings, *self.suppressed, *self.baselined], self.context.document.source)
        slim = self.without_context()
        slim.kept = replace(slim.facts, excerpt=excerpt)
        return slim

    def without_context(self) -> FileResult:
        """Return the result without tree and graphs, and without the lines and columns of the findings."""
        return replace(
            self,
            context=None,
            findings=_without_data(self.findings),
            suppressed=_without_data(self.suppressed),
            baselined=_without_data(self.baselined),
            kept=self.facts,
        )


class BlockResult(Struct, frozen=True):
    """The result of the DOT in a block of a document, with offsets of its own; `line` is where the block starts."""

    block: Block
    line: int
    result: FileResult


def _without_data(findings: list[Finding]) -> list[Finding]:
    """Return the findings without `data` and `parts`, which only fixes need and which refer to the graph."""
    return [
        finding if finding.data is None and not finding.parts else replace(finding, data=None, parts=())
        for finding in findings
    ]


def _facts(context: FileContext) -> FileFacts:
    from dotlint.engine.facts import FileFacts  # noqa: PLC0415 - `--help` needs no strategy

    document = context.document
    return FileFacts(
        nodes=document.node_count,
        edges=document.edge_count,
        directed=all(graph.directed for graph in document.graphs),
        graphs=len(document.graphs),
        is_deployment=context.is_deployment if context.read_as_deployment else None,
        strategy=next((g.strategy for g in context.graphs if g.strategy), context.strategy),
        strategy_source=context.strategy_source,
        deployment=_deployment(context),
        flow=_flow(context),
        looked_up=context.looked_up,
    )


def _flow(context: FileContext) -> FlowFacts | None:
    """Count the edges whose tensors were followed; None if no graph was read as a deployment or the analysis crashed."""
    if not context.read_as_deployment or context.is_program or not context.is_deployment:
        return None
    from dotlint.engine.facts import flow_facts  # noqa: PLC0415

    try:
        return flow_facts([graph.flow for graph in context.graphs if graph.deployment.recognized])
    except Exception:  # noqa: BLE001 - the rules that need the analysis report that it crashed
        return None


def _deployment(context: FileContext) -> tuple[PhaseFile, ...]:
    if context.part is None or context.whole is None:
        return ()
    from dotlint.engine.phase_files import phase_files  # noqa: PLC0415 - few deployments have several files

    return phase_files(context.whole, context.part)


def excerpt_of(findings: list[Finding], source: Source) -> Excerpt:
    """Return the positions and lines of a text that the findings mention."""
    from dotlint.engine.facts import Excerpt  # noqa: PLC0415

    starts = {offset for f in findings for offset in (f.start, *(r.start for r in f.related))}
    ends = {offset for f in findings for offset in (f.end, *(r.end for r in f.related))}
    ends |= {offset for f in findings for location in f.locations for offset in (location.start, location.end)}
    edited = {offset for f in findings if f.fix for e in f.fix.edits for offset in (e.start, e.end)}
    positions = {offset: source.position(offset) for offset in sorted(starts | ends | edited)}
    lines = sorted({positions[offset].line for offset in starts})
    columns = {} if source.is_ascii else {offset: source.byte_column(offset) for offset in positions}
    byte_columns = {offset: column for offset, column in columns.items() if column != positions[offset].column}
    located = {positions[location.start].line for f in findings for location in f.locations}
    hashes = source.line_hashes(located) if located else {}
    return Excerpt(positions, {line: source.line_text(line) for line in lines}, byte_columns, hashes)
