"""`github`: annotations for a step of GitHub Actions, and a table for the job summary.

The commands and their escaping: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.errors import DotlintError
from dotlint.report.causes import fixed_by
from dotlint.report.location import in_repository
from dotlint.report.markdown import escape
from dotlint.text.display import one_line, visible
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dotlint.engine.finding import Finding, Location, Severity
    from dotlint.engine.result import FileResult

# GitHub shows ten annotations of each kind per step and silently drops the rest.
MOST_ANNOTATIONS = 10
# GitHub rejects a summary of more than 1 MiB as a whole.
_MOST_ROWS = 500
_BAR = regex(r"(?<!\\)((?:\\\\)*)\|")
_KINDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_WORDS = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "notice": ("notice", "notices")}


class _Item(Struct, frozen=True):
    """One annotation; those with the lowest `rank` come first.

    The rank orders by kind, puts follow-on findings after the others, and the first location of a finding before its
    other ones. Lines and columns count from 1; the end column is exclusive.
    """

    kind: str
    rank: tuple[int, bool, bool]
    title: str
    text: str
    path: str
    line: int = 1
    end_line: int = 1
    column: int = 1
    end_column: int = 1


def render(results: Sequence[FileResult]) -> str:
    """Return workflow commands, errors first and at most ten of each kind, and a line that counts the omitted ones."""
    items = _items(results, first_only=False)
    lines: list[str] = []
    left: list[str] = []
    for kind, (one, many) in _WORDS.items():
        some = [item for item in items if item.kind == kind]
        lines += [_command(item) for item in some[:MOST_ANNOTATIONS]]
        more = len(some) - MOST_ANNOTATIONS
        if more > 0:
            left.append(f"{more} more {one if more == 1 else many}")
    if left:
        lines.append(
            f"dotlint: {' and '.join(left)} not annotated: GitHub shows {MOST_ANNOTATIONS} of each kind per step"
        )
    return "".join(line + "\n" for line in lines)


def summary(results: Sequence[FileResult]) -> str:
    """Return Markdown for the job summary: the counts, and a table with each finding at its first location."""
    items = _items(results, first_only=True)
    counts = [(sum(1 for item in items if item.kind == kind), names) for kind, names in _WORDS.items()]
    found = ", ".join(f"{number} {one if number == 1 else many}" for number, (one, many) in counts if number)
    files = f"{len(results)} file" + ("" if len(results) == 1 else "s")
    lines = ["### dotlint", "", f"{found or 'No findings'} in {files}.", ""]
    if items:
        lines += ["| | location | rule | finding |", "|---|---|---|---|"]
        lines += [
            f"| {' | '.join([item.kind, *map(_escaped_cell, (f'{item.path}:{item.line}', item.title, item.text))])} |"
            for item in items[:_MOST_ROWS]
        ]
        if len(items) > _MOST_ROWS:
            lines += ["", f"and {len(items) - _MOST_ROWS} more."]
    return "\n".join(lines) + "\n"


def add_summary(file: Path, results: Sequence[FileResult]) -> None:
    """Append the summary to the file that `GITHUB_STEP_SUMMARY` names.

    Raises `DotlintError` if the file cannot be written.
    """
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace") as out:
            out.write(summary(results))
    except OSError as error:
        raise DotlintError(f"GITHUB_STEP_SUMMARY: {file}: cannot write the file: {error.strerror or error}") from error


def _items(results: Iterable[FileResult], *, first_only: bool) -> list[_Item]:
    items: list[_Item] = []
    for result in results:
        path = in_repository(result.path)
        if result.unreadable is not None:
            items.append(_Item("error", (0, False, False), "dotlint", visible(result.unreadable), path))
        items += [
            _item_at(finding, location, result, path)
            for finding in result.findings
            for location in (finding.locations[:1] if first_only else finding.locations)
        ]
    return sorted(items, key=lambda item: item.rank)


def _item_at(finding: Finding, location: Location, result: FileResult, path: str) -> _Item:
    start, end = result.source.position(location.start), result.source.position(location.end)
    text = visible(finding.message)
    if finding.caused_by:
        text += f" ({fixed_by(finding, result)})"
    elif finding.help:
        text += f"\nhelp: {visible(finding.help)}"
    kind = _KINDS[finding.severity]
    rank = (list(_WORDS).index(kind), bool(finding.caused_by), location is not finding.locations[0])
    title = f"{finding.code} {finding.name}"
    return _Item(kind, rank, title, text, path, start.line, end.line, start.column, end.column)


def _command(item: _Item) -> str:
    properties = {"file": visible(item.path), "line": str(item.line), "endLine": str(item.end_line)}
    if item.line == item.end_line:  # GitHub rejects columns of an annotation of several lines
        properties |= {"col": str(item.column), "endColumn": str(max(item.column, item.end_column - 1))}
    properties["title"] = item.title
    written = ",".join(f"{key}={_escaped_property(value)}" for key, value in properties.items())
    return f"::{item.kind} {written}::{_escaped_data(item.text)}"


def _escaped_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped_data(text).replace(":", "%3A").replace(",", "%2C")


def _escaped_cell(text: str) -> str:
    # A bar separates cells even in inline code, unless an odd number of backslashes precedes it.
    return _BAR.sub(r"\1\\|", escape(one_line(text, 500)))
