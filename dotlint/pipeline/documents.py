"""Lint the DOT inside a document: block by block, with findings and edits at the offsets of the document."""

from __future__ import annotations

import gc
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from dotlint.documents.edits import in_document
from dotlint.documents.kinds import find_blocks
from dotlint.edits.apply import Taken, apply_edits
from dotlint.engine.facts import FileFacts, FlowFacts
from dotlint.engine.finding import Edit, Finding, Location, Related
from dotlint.engine.result import BlockResult, FileResult, excerpt_of
from dotlint.errors import DotlintError
from dotlint.pipeline.lint_dot import lint_dot
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotlint.documents.block import Block
    from dotlint.engine.result import Settings
    from dotlint.graph.document import Document

Moved = TypeVar("Moved", Finding, Location, Related)
Part = TypeVar("Part")
_Move = tuple[int, int, Finding, list[Edit]]  # the number of a finding, its block, its own version, the edits

_COLLECTED = 16  # blocks

DOES_NOT_FIT = "it does not fit into the document"


def lint_document(
    source: Source, settings: Settings, *, on_read: Callable[[Document], None] | None = None, slim: bool = False
) -> FileResult:
    """Lint the blocks of a document, and return one result.

    Its `blocks` are the results of the blocks themselves; a `slim` one has none.
    """
    try:
        blocks = find_blocks(source.text, source.name)
    except DotlintError as error:
        return FileResult(source.name, None, [], unreadable=str(error))
    results: list[FileResult] = []
    for block in blocks:
        result = lint_dot(as_source(block, source.name), settings, on_read=on_read)
        results.append(result.without_context() if slim else result)
        if slim and not len(results) % _COLLECTED:
            gc.collect(0)  # contexts are cycles; the collector would let those of hundreds of blocks pile up
    merged = _merged(source, blocks, results, settings)
    return merged.slim() if slim else merged


def lint_with_lines_of_document(block: BlockResult, settings: Settings) -> FileResult:
    """Lint a block again so that its lines, but not its columns, count as in the document."""
    source = as_source(block.block, block.result.path)
    return lint_dot(source.with_text("\n" * (block.line - 1) + source.text), settings)


def only_block(result: FileResult, settings: Settings) -> FileResult:
    """Return the result of the only DOT block of a document, or of its only deployment, with the document's lines."""
    with_graphs = [block for block in result.blocks if block.result.facts.graphs]
    deployments = [block for block in with_graphs if block.result.facts.is_deployment]
    for candidates in (with_graphs, deployments):
        if len(candidates) == 1:
            return lint_with_lines_of_document(candidates[0], settings)
    if not with_graphs:
        raise DotlintError(f"{result.path}: there is no DOT in this document")
    lines = ", ".join(str(block.line) for block in with_graphs)
    raise DotlintError(
        f"{result.path}: this document has several blocks of DOT, at lines {lines}; save the one you mean as a DOT file"
    )


def as_source(block: Block, name: str) -> Source:
    """Return the DOT of a block as a source of its own, with offsets of its own.

    Its last line ends as a line, because a block that ends within a line is not a file that was cut off.
    """
    return Source(f"{block.text}{_implied_end(block)}", name)


def _implied_end(block: Block) -> str:
    return "" if block.text.endswith("\n") else "\n"


def fixed_block(block: Block, edits: Iterable[Edit]) -> str:
    """Return the text of a block with edits of its source; it ends as before, because the document goes on there."""
    return ending_like(block, apply_edits(f"{block.text}{_implied_end(block)}", edits))


def ending_like(block: Block, new: str) -> str:
    """Return a new text of a block's source as the text of the block."""
    old = str(block.text)
    return new if old.endswith("\n") else new.rstrip("\r\n") + old[len(old.rstrip("\r")) :]


def line_of(source: Source, block: Block, offset: int) -> int:
    """Return the line of the document for an offset of a block."""
    return source.position(block.text.source_offset(offset)).line


def edits_in_document(document: str, block: Block, edits: Iterable[Edit]) -> list[Edit] | None:
    """Return edits of a block's source as edits of its document; None if they do not fit."""
    own = [_within(block, edit) for edit in edits]
    changes = in_document(document, block, [(edit.start, edit.end, edit.text) for edit in own])
    return None if changes is None else [Edit(*change) for change in changes]


def _within(block: Block, edit: Edit) -> Edit:
    """Return an edit that leaves the implied end of the last line as it is."""
    size = len(block.text)
    if block.text.endswith("\n") or edit.end < size:
        return edit
    text = edit.text.rstrip("\n")
    return Edit(size, size, "\n" + text) if edit.start > size else Edit(edit.start, size, text)


def keeps_blocks(source: Source, text: str, blocks: Sequence[Block], changed: dict[int, str]) -> bool:
    """Return whether a new text of the document has the same blocks, apart from the changed ones."""
    try:
        found = find_blocks(text, source.name)
    except DotlintError:
        return False
    expected = [changed.get(index, str(block.text)) for index, block in enumerate(blocks)]
    return [str(block.text) for block in found] == expected


def _merged(source: Source, blocks: Sequence[Block], results: Sequence[FileResult], settings: Settings) -> FileResult:
    merged = FileResult(source.name, None, [])
    merged.blocks = tuple(
        BlockResult(block, line_of(source, block, 0), result) for block, result in zip(blocks, results, strict=True)
    )
    graphs = 0
    for block, result in zip(blocks, results, strict=True):
        before = len(merged.findings)
        merged.findings += [at_document(one, block, graphs, before) for one in result.findings]
        merged.suppressed += [at_document(one, block, graphs, 0) for one in result.suppressed]
        merged.baselined += [at_document(one, block, graphs, 0) for one in result.baselined]
        merged.holds += [replace(one, graph=one.graph + graphs) for one in result.holds]
        merged.undecided += [replace(one, graph=one.graph + graphs) for one in result.undecided]
        graphs += result.facts.graphs
    seen: Counter[str] = Counter()
    merged.findings = _with_unique_fingerprints(merged.findings, seen)
    merged.suppressed = _with_unique_fingerprints(merged.suppressed, seen)
    _move_fixes(source, blocks, results, merged)
    if settings.baseline is not None:
        # An entry that matches in one block is left by the others.
        every = Counter(settings.baseline.of_file(source.name))
        matched = (every - Counter(result.outlived) for result in results)
        merged.outlived = tuple((every - sum(matched, Counter())).elements())
    found = [*merged.findings, *merged.suppressed, *merged.baselined]
    merged.kept = replace(_facts([result.facts for result in results]), excerpt=excerpt_of(found, source))
    return merged


def at_document(finding: Finding, block: Block, graphs: int, findings: int) -> Finding:
    """Return a finding of a block with the offsets of the document; its fix is moved later.

    `graphs` and `findings` count those of the blocks before.
    """
    at = block.text.source_offset

    def moved(part: Moved) -> Moved:
        start = at(part.start)
        return replace(part, start=start, end=max(start, at(part.end)))

    return replace(
        moved(finding),
        related=tuple(map(moved, finding.related)),
        locations=tuple(map(moved, finding.locations)),
        graph=finding.graph + graphs,
        caused_by=tuple(cause + findings for cause in finding.caused_by),
        data=None,
        parts=(),
    )


def _with_unique_fingerprints(findings: Iterable[Finding], seen: Counter[str]) -> list[Finding]:
    """Return the findings of all blocks with fingerprints that differ also where two blocks have the same mistake."""
    unique: list[Finding] = []
    for finding in findings:
        names: dict[str | None, str | None] = {None: None}
        for old in dict.fromkeys((finding.fingerprint, *(one.fingerprint for one in finding.locations))):
            if old is not None:
                seen[old] += 1
                names[old] = old if seen[old] == 1 else f"{seen[old]:04x}{old[4:]}"
        locations = tuple(replace(one, fingerprint=names[one.fingerprint]) for one in finding.locations)
        unique.append(replace(finding, fingerprint=names[finding.fingerprint], locations=locations))
    return unique


def _move_fixes(source: Source, blocks: Sequence[Block], results: Sequence[FileResult], merged: FileResult) -> None:
    """Turn the edits of all fixes into edits of the document; withdraw those that do not fit.

    Fixes that do not touch each other are tried together, because each trial reads the whole document.
    """
    todo: list[_Move] = []
    number = 0
    for index, (block, result) in enumerate(zip(blocks, results, strict=True)):
        for finding in result.findings:
            if finding.fix is not None:
                edits = edits_in_document(source.text, block, finding.fix.edits)
                if edits is None:
                    _withdraw(merged, number)
                else:
                    todo.append((number, index, finding, edits))
            number += 1
    while todo:
        batch: list[_Move] = []
        rest: list[_Move] = []
        taken = Taken()
        for one in todo:
            if taken.touches(one[3]):
                rest.append(one)
            else:
                batch.append(one)
                taken.add(one[3])
        todo = rest
        fitting, others = fitting_of(batch, partial(_fit, source, blocks))
        for at, *_ in others:
            _withdraw(merged, at)
        for at, _, finding, edits in fitting:
            assert finding.fix is not None
            merged.findings[at] = replace(merged.findings[at], fix=replace(finding.fix, edits=tuple(edits)))


def fitting_of(batch: list[Part], fit: Callable[[list[Part]], bool]) -> tuple[list[Part], list[Part]]:
    """Return the parts of a batch that fit, together or alone, and those that do not even fit alone.

    A batch that does not fit is halved, because each trial reads the whole document.
    """
    if not batch or fit(batch):
        return batch, []
    if len(batch) == 1:
        return [], batch
    half = len(batch) // 2
    (first, lost), (second, more) = fitting_of(batch[:half], fit), fitting_of(batch[half:], fit)
    return first + second, lost + more


def _fit(source: Source, blocks: Sequence[Block], batch: Sequence[_Move]) -> bool:
    own: dict[int, list[Edit]] = {}
    for _, index, finding, _ in batch:
        assert finding.fix is not None
        own.setdefault(index, []).extend(finding.fix.edits)
    try:
        changed = {index: fixed_block(blocks[index], edits) for index, edits in own.items()}
        text = apply_edits(source.text, [edit for _, _, _, edits in batch for edit in edits])
    except ValueError:  # they overlap
        return False
    return keeps_blocks(source, text, blocks, changed)


def _withdraw(merged: FileResult, at: int) -> None:
    finding = merged.findings[at]
    merged.findings[at] = replace(finding, fix=None, fixable=None, no_fix=DOES_NOT_FIT)


def _facts(facts: Sequence[FileFacts]) -> FileFacts:
    """Return the facts of all blocks together."""
    edges = [one.edges for one in facts]
    read = [one.is_deployment for one in facts if one.is_deployment is not None]
    declared = next((one for one in facts if one.strategy is not None), None)
    return FileFacts(
        nodes=sum(one.nodes for one in facts),
        edges=None if None in edges else sum(count for count in edges if count is not None),
        directed=all(one.directed for one in facts),
        graphs=sum(one.graphs for one in facts),
        is_deployment=any(read) if read else None,
        strategy=declared.strategy if declared else None,
        strategy_source=declared.strategy_source if declared else None,
        deployment=next((one.deployment for one in facts if one.deployment), ()),
        flow=_flow([one.flow for one in facts if one.flow is not None]),
        looked_up={path: exists for one in facts for path, exists in one.looked_up.items()},
    )


def _flow(flows: Sequence[FlowFacts]) -> FlowFacts | None:
    if not flows:
        return None
    reasons: Counter[str] = Counter()
    for flow in flows:
        reasons.update(flow.reasons)
    return FlowFacts(
        sum(flow.edges for flow in flows), sum(flow.followed for flow in flows), dict(sorted(reasons.items()))
    )
