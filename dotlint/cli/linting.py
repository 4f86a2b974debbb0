"""Lint the files that the options of a command name."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from dotlint.cli.options import configured
from dotlint.cli.streams import FAILED, FOUND, write_messages
from dotlint.documents.kinds import is_document
from dotlint.engine.crash import is_crash
from dotlint.errors import DotlintError
from dotlint.files.reading import is_pipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.cli.options import CheckOptions, FileOptions
    from dotlint.cli.streams import Streams
    from dotlint.config.configurations import Configurations
    from dotlint.engine.result import FileResult, Settings
    from dotlint.report.progress import Progress


def files_to_lint(streams: Streams, options: CheckOptions) -> list[tuple[str, Settings]]:
    """Return the files to lint, each with its settings: those of its configuration, overridden by the options."""
    configurations = configured(options)
    stdin = options["stdin_filename"] or "-"
    named = {path for path in options["paths"] if not os.path.isdir(path)}
    unread: list[str] = []
    found = discovered(options, configurations, unread)
    write_messages(streams, *dict.fromkeys(unread))
    kept = [path for path in found if not configurations.excluded(path, named=path in named)]
    if options["verbose"]:
        from dotlint.cli.verbose import report_files

        report_files(streams, len(found), kept, configurations)
    if not found and not options["force_exclude"]:
        where = ", ".join(options["paths"])
        kind = "DOT file and no document" if options["embedded"] else "*.dot or *.gv file"
        raise DotlintError(f"no {kind} in {where}, or .gitignore or --exclude skips all of them")
    if not kept:
        write_messages(
            streams,
            f"nothing to lint: {'the configuration excludes every file' if found else 'every file is excluded'}",
        )
    return [(path, _settings_of(path, stdin, configurations, named)) for path in kept]


def _settings_of(path: str, stdin: str, configurations: Configurations, named: set[str]) -> Settings:
    if path in named and is_pipe(path):
        from msgspec.structs import replace

        return replace(configurations.settings(path), piped=True)
    return configurations.settings(stdin if path == "-" else path)


def discovered(options: CheckOptions, configurations: Configurations, unread: list[str] | None = None) -> list[str]:
    """Return the files that the command line names, and those in the folders that it names.

    `unread` gets a line for each `.gitignore` that cannot be read.
    """
    from dotlint.files.discovery import discover
    from dotlint.files.exclusion import Patterns

    lines = tuple(line for value in options["exclude"] for line in value.split(",") if line)
    exclude = (Patterns(os.getcwd(), lines),) if lines else ()
    gitignore = not options["no_respect_gitignore"]
    found = list(
        discover(
            options["paths"],
            exclude=exclude,
            force_exclude=options["force_exclude"],
            gitignore=gitignore,
            endings=configurations.endings,
            unread=unread,
        )
    )
    documents = [path for path in found if is_document(path)]
    return [*found, *_included(documents, found)] if documents else found


def _included(documents: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    """Yield the DOT files that documents include and that are not found otherwise."""
    from dotlint.documents.included import included_files

    known = {os.path.realpath(path) for path in found}
    for document in documents:
        for file in included_files(document):
            if os.path.realpath(file) not in known:
                known.add(os.path.realpath(file))
                yield file


def lint_all(streams: Streams, files: Sequence[tuple[str, Settings]], options: CheckOptions) -> list[FileResult]:
    """Lint files and standard input, and return the slim results in the order of `files`."""
    from dotlint.pipeline.processes import lint_files

    # A worker process may not have what the shell opened for this one.
    named = [(path, settings) for path, settings in files if path != "-" and not settings.piped]
    with progress_of(streams, len(named), options) as progress:
        linted = iter(
            lint_files(
                named,
                jobs=options["jobs"],
                cached=not options["no_cache"],
                timed=options["verbose"],
                progress=progress,
            )
        )
    return [
        _lint_piped(streams, path, settings, options) if path == "-" or settings.piped else next(linted)
        for path, settings in files
    ]


def _lint_piped(streams: Streams, path: str, settings: Settings, options: CheckOptions) -> FileResult:
    from dotlint.engine.timing import measured

    with measured() as seconds:
        result = lint_path(streams, path, options["stdin_filename"], settings)
    result.seconds = seconds
    return result


@contextlib.contextmanager
def progress_of(streams: Streams, count: int, options: CheckOptions) -> Iterator[Progress | None]:
    """Show a progress line for several files on a terminal; yield None if there is none to show."""
    if count < 2 or options["quiet"] or not streams.stderr.isatty():
        yield None
        return
    from dotlint.report.progress import Progress

    progress = Progress(streams.stderr, count)
    try:
        yield progress
    finally:
        progress.end()


def lint_path(streams: Streams, path: str, stdin_name: str | None, settings: Settings) -> FileResult:
    """Lint a file (`-`: standard input). If it cannot be read, `unreadable` of the result has the reason."""
    from dotlint.engine.result import FileResult
    from dotlint.files.discovery import UnreadableError, read_piped
    from dotlint.pipeline import lint_file

    if path != "-":
        return lint_file.lint_path(path, settings)
    name = stdin_name or "<stdin>"
    try:
        data = read_piped(streams.stdin, settings.most_bytes)
    except UnreadableError as error:
        return FileResult(name, None, [], unreadable=str(error))
    return lint_file.lint_path(name, settings, data=data)


def lint_one(streams: Streams, path: str, options: FileOptions) -> tuple[FileResult, Settings]:
    """Lint the only file of a command. Raises `DotlintError` if it cannot be read."""
    from msgspec.structs import replace

    name = options.get("stdin_filename")
    settings = replace(configured(options).settings((name or "-") if path == "-" else path), piped=True)
    result = lint_path(streams, path, name, settings)
    if result.context is None and result.unreadable is None:
        from dotlint.pipeline.documents import only_block

        result = only_block(result, settings)
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable}")
    return result, settings


def report_failures(streams: Streams, results: Sequence[FileResult]) -> bool:
    """Report the files that cannot be read, including those that a strategy names; return whether there are any."""
    unreadable = [f"{result.path}: {result.unreadable}" for result in results if result.unreadable is not None]
    troubles = dict.fromkeys(line for result in results for line in result.troubles)
    write_messages(streams, *(f"error: {line}" for line in (*unreadable, *troubles)))
    return bool(unreadable or troubles)


def report_crashes(streams: Streams, result: FileResult) -> int:
    """Report the rules that crashed, because the output is incomplete without them; return the exit status."""
    write_messages(streams, *(f"error: {finding.message}" for finding in result.findings if is_crash(finding)))
    return FAILED if result.crashed else 0


def exit_status(results: Sequence[FileResult], files: Sequence[tuple[str, Settings]], options: CheckOptions) -> int:
    """Return the exit status of a check."""
    from dotlint.engine.finding import SEVERITIES

    if any(result.unreadable is not None or result.crashed or result.troubles for result in results):
        return FAILED
    for result, (_, settings) in zip(results, files, strict=True):
        counts = result.counts()
        counted = SEVERITIES[: SEVERITIES.index(settings.fail_on) + 1]
        if any(counts[severity] for severity in counted) and not options["exit_zero"]:
            return FOUND
    return 0
