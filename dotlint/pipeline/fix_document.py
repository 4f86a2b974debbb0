"""Fix the DOT inside a document, and nothing else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.documents.kinds import find_blocks
from dotlint.edits.apply import apply_edits
from dotlint.engine.finding import Edit
from dotlint.engine.result import FileResult
from dotlint.errors import DotlintError
from dotlint.pipeline.documents import (
    DOES_NOT_FIT,
    as_source,
    at_document,
    edits_in_document,
    ending_like,
    fitting_of,
    keeps_blocks,
    line_of,
    lint_document,
)
from dotlint.pipeline.fixed import FixResult, fix_dot
from dotlint.pipeline.fixpoint import Refusal

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import Settings
    from dotlint.syntax.source import Source


def fix_document(source: Source, settings: Settings, *, unsafe: bool) -> FixResult:
    """Fix the blocks of a document; a block whose fixed text the document cannot contain stays as it is."""
    try:
        blocks = find_blocks(source.text, source.name)
    except DotlintError as error:
        return FixResult(source, source, (), (), FileResult(source.name, None, [], unreadable=str(error)))
    applied: list[Finding] = []
    refused: list[Refusal] = []
    results = [fix_dot(as_source(block, source.name), settings, unsafe=unsafe) for block in blocks]
    texts = [ending_like(block, fixed.text) for block, fixed in zip(blocks, results, strict=True)]
    changes: dict[int, list[Edit]] = {}
    for index, block in enumerate(blocks):
        own = edits_in_document(source.text, block, _changes(str(block.text), texts[index]))
        if own is not None:
            changes[index] = own

    def fit(some: list[int]) -> bool:
        text = apply_edits(source.text, [edit for index in some for edit in changes[index]])
        return keeps_blocks(source, text, blocks, {index: texts[index] for index in some})

    fitting = fitting_of(list(changes), fit)[0]
    fitting = fitting if fit(fitting) else []  # what fits in parts need not fit together
    for index, (block, fixed) in enumerate(zip(blocks, results, strict=True)):
        if index not in fitting:
            refused += [Refusal(one, line_of(source, block, one.start), DOES_NOT_FIT) for one in fixed.applied]
            continue
        applied += [at_document(one, block, 0, 0) for one in fixed.applied]
        refused += [
            Refusal(one.finding, line_of(source, block, one.finding.start), one.reason) for one in fixed.refused
        ]
    edits = [edit for index in fitting for edit in changes[index]]
    new = source.with_text(apply_edits(source.text, edits))
    return FixResult(source, new, tuple(applied), tuple(refused), lint_document(new, settings))


def _changes(old: str, new: str) -> list[Edit]:
    """Return edits of whole lines that turn one text into another."""
    import difflib  # noqa: PLC0415 - only if something was fixed

    if old == new:
        return []
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        _trimmed(Edit(starts[i1], starts[i2], "".join(after[j1:j2])), old)
        for kind, i1, i2, j1, j2 in matcher.get_opcodes()
        if kind != "equal"
    ]


def _trimmed(edit: Edit, old: str) -> Edit:
    """Return the edit without what it leaves as it is at both ends."""
    start, end, text = edit.start, edit.end, edit.text
    while start < end and text and old[start] == text[0]:
        start, text = start + 1, text[1:]
    while start < end and text and old[end - 1] == text[-1]:
        end, text = end - 1, text[:-1]
    return Edit(start, end, text)
