"""`--fix` and `--diff`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.cli.linting import exit_status, report_failures
from dotlint.cli.output import has_last_line, results_to_report, wants_pages, write_report
from dotlint.cli.streams import FAILED, FOUND, write_bytes, write_messages
from dotlint.engine.result import FileResult
from dotlint.files.discovery import UnreadableError, read_piped
from dotlint.pipeline.fix_files import FixedFile, fix_data, fix_file
from dotlint.pipeline.processes import lint_slim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.engine.result import Settings


def fix(streams: Streams, files: Sequence[tuple[str, Settings]], options: CheckOptions) -> int:
    """Fix files and report the remaining findings, or print the diff; return the exit status."""
    fixed = []
    piped: bytes | None = None
    for path, settings in files:
        if path == "-":
            piped, one = _fix_piped(streams, settings, options)
            if one.fixes is not None:
                piped = one.fixes.data()
        else:
            one = fix_file(path, settings, unsafe=options["unsafe_fixes"], write=not options["diff"])
        fixed.append(one)
        _report(streams, one, options)
        if path == "-" and not options["diff"] and one.fixes is not None:
            write_bytes(streams, one.fixes.data())
    if not options["diff"]:
        _lint_phases_again(fixed, [settings for _, settings in files])
    results = [one.result for one in fixed]
    failed = any(one.failure or one.result.crashed for one in fixed)
    failed = report_failures(streams, results) or failed
    _report_unsafe(streams, fixed, options)
    if options["diff"]:
        diffs = [one.fixes.diff() for one in fixed if one.fixes is not None]
        write_bytes(streams, "".join(diffs).encode("utf-8", "surrogateescape"))
        return FAILED if failed else FOUND if any(diffs) and not options["exit_zero"] else 0
    if options["fix_only"]:
        return FAILED if failed else 0
    # Standard output has the fixed text if standard input was given.
    out = streams if piped is None else streams._replace(stdout=streams.stderr)
    if wants_pages(options):
        from dotlint.cli.pages import make, write

        write(out, make(streams, files, options, piped), results_to_report(results, options), options)
    else:
        write_report(out, results, files, options, streams, fixed=sum((one.applied for one in fixed), Counter()))
    return FAILED if failed else exit_status(results, files, options)


def _fix_piped(streams: Streams, settings: Settings, options: CheckOptions) -> tuple[bytes, FixedFile]:
    name = options["stdin_filename"] or "<stdin>"
    try:
        data = read_piped(streams.stdin, settings.most_bytes)
    except UnreadableError as error:
        return b"", FixedFile(name, FileResult(name, None, [], unreadable=str(error)))
    return data, fix_data(data, name, settings, unsafe=options["unsafe_fixes"])


def _report(streams: Streams, one: FixedFile, options: CheckOptions) -> None:
    """Report what was fixed and which fixes were refused; only the latter if the diff or the last line has the former."""
    if one.failure:
        write_messages(streams, f"error: {one.failure}")
        return
    counted = options["diff"] or (has_last_line(options) and not options["fix_only"] and not options["show_fixes"])
    if one.summary and not counted:
        write_messages(streams, one.summary)
    write_messages(streams, *one.refused)
    if options["show_fixes"] and one.fixes is not None:
        titles = Counter(f"{f.code} {f.name}: {f.fix.title if f.fix else f.message}" for f in one.fixes.applied)
        write_messages(streams, *(f"  {number} × {title}" for title, number in sorted(titles.items())))


def _report_unsafe(streams: Streams, fixed: Sequence[FixedFile], options: CheckOptions) -> None:
    """Report that only unsafe fixes are left if nothing was fixed without them."""
    if options["unsafe_fixes"] or any(one.fixes is not None and one.fixes.changed for one in fixed):
        return
    unsafe = sum(finding.fixable == "unsafe" for one in fixed for finding in one.result.findings)
    if unsafe:
        fixes = "1 unsafe fix is" if unsafe == 1 else f"{unsafe} unsafe fixes are"
        write_messages(streams, f"no safe fixes; {fixes} available with --unsafe-fixes")


def _lint_phases_again(fixed: Sequence[FixedFile], settings: Sequence[Settings]) -> None:
    """Lint the phase files of a strategy again if a file was fixed: cross-phase findings depend on both files."""
    if len(fixed) < 2 or not any(one.fixes is not None and one.fixes.changed for one in fixed):
        return
    for one, its in zip(fixed, settings, strict=True):
        if one.fixes is not None and one.failure is None and its.strategy is not None and its.strategy.has_files:
            one.result = lint_slim(one.path, its, data=one.fixes.data())
