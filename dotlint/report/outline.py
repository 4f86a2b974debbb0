"""The report of a file, from its result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dotlint.report.head import facts_of, tally_of
from dotlint.report.location import uri_of_file
from dotlint.report.model import Outline
from dotlint.report.passed import passed_items, passed_lines, skipped_items, skipped_line
from dotlint.report.sections import sections_of
from dotlint.report.shorten import without_repetition
from dotlint.report.steps import commands, shell_path, with_steps
from dotlint.report.verdict import verdict_caveat, verdict_kind, verdict_words

if TYPE_CHECKING:
    from dotlint.engine.result import FileResult


def outline(result: FileResult, options: str = "", *, links: bool = False) -> Outline:
    """Return the report of a result; suggested commands repeat the command-line `options`.

    With `links`, the outline has the address of the file, and entries those of their rules' pages.
    """
    if result.unreadable is not None:
        return Outline(result.path, "unreadable", "unreadable", (result.unreadable,))
    sections, steps = with_steps(without_repetition(sections_of(result, links=links)))
    command = f"dotlint check{f' {options}' if options else ''}"
    return Outline(
        path=result.path,
        kind=verdict_kind(result),
        verdict=verdict_words(result),
        facts=facts_of(result),
        brief=facts_of(result, brief=True),
        tally=tally_of(result),
        sections=sections,
        holds=passed_items(result),
        passed=passed_lines(result),
        undecided=skipped_items(result),
        skipped=skipped_line(result),
        checks_skipped=len(result.undecided),
        steps=steps,
        commands=commands(steps, sections, command, shell_path(result.path)),
        files=(result.path,) if steps else (),
        caveat=verdict_caveat(result),
        address=uri_of_file(result.path) if links and os.path.lexists(result.path) else None,
    )
