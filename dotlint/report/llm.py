"""`llm`: the short form of results as text, which the command line and the MCP server share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.report.short_form import short_report
from dotlint.text.display import one_line
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.result import FileResult
    from dotlint.report.short_form import NextStep, ShortReport

_FIXES = {"safe": " [fix]", "unsafe": " [unsafe fix]", None: ""}


def report_lines(report: ShortReport) -> Iterable[str]:
    """Yield the lines of a report, without the next step."""
    path = one_line(report.path, 4096)
    yield f"{path}: {'unreadable: ' if report.verdict == 'unreadable' else ''}{report.summary}"
    for one in report.findings:
        where = f"{path}:{one.line}:{one.column}"
        also = f" (and {count(one.also, 'more location')})" if one.also else ""
        if one.also_at:
            also = f" (also line{'' if len(one.also_at) == 1 else 's'} {listed([str(line) for line in one.also_at])})"
        yield f"{one.code} {one.severity} {where}{_FIXES[one.fix]} {one.message}{also}"
        yield from (f"  {one_line(line, 1 << 20)}" for line in one.edges)
        if one.units:
            yield f"  units: {one_line(', '.join(one.units), 2000)}"
        if one.nodes:
            yield f"  nodes: {one_line(', '.join(one.nodes), 2000)}"
        if one.help:
            yield f"  help: {one.help}"
        if one.note:
            yield f"  note: {one.note}"
    if report.not_listed:
        yield f"not listed: {count(report.not_listed, 'more finding')}"
    if report.follow_on:
        number = sum(report.follow_on.values())
        codes = listed([code if n == 1 else f"{n} {code}" for code, n in report.follow_on.items()], 12)
        yield f"follow-on: {count(number, 'finding')} that the fixes above also fix ({codes})"
    if report.skipped:
        yield f"skipped: {'; '.join(report.skipped)}"


def render(results: Sequence[FileResult], command: str, paths: Sequence[str]) -> str:
    """Return the short form of all results. It ends with the command to run next.

    `command` is `dotlint check` with the options to repeat, and `paths` are those of the command line, for a shell.
    """
    reports = [short_report(result) for result in results]
    unclean = [one for one in reports if one.verdict == "unreadable" or one.findings or one.not_listed]
    lines = [line for report in (unclean if len(reports) > 1 else reports) for line in report_lines(report)]
    if len(reports) > 1:
        lines.append(f"{len(reports) - len(unclean)} of {count(len(reports), 'file')} without findings")
    steps = {report.next for report in reports if report.verdict != "unreadable"}
    unreadable = any(report.verdict == "unreadable" for report in reports)
    lines.append(f"next: {_command(steps, command, paths, unreadable=unreadable)}")
    return "".join(line + "\n" for line in lines)


def _command(steps: set[NextStep], command: str, paths: Sequence[str], *, unreadable: bool) -> str:
    if "fix" in steps:
        return " ".join((command, "--fix", *paths))
    if "unsafe" in steps:
        diff = " ".join((command, "--diff --unsafe-fixes", *paths))
        return f"{diff} (review the diff, then use --fix instead of --diff)"
    again = " ".join((command, *paths))
    if "edit" in steps:
        return f"edit as described, then {again}"
    return f"make each unreadable file readable, then {again}" if unreadable else "nothing has to change"
