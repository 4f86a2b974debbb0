"""`dotlint diff`: what differs between two graphs as deployments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from dotlint.cli.linting import report_failures
from dotlint.cli.options import (
    color_option,
    configuration_options,
    configured,
    format_option,
    output_option,
    rules_option,
    selection_options,
    strategy_options,
)
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import FAILED, FOUND, terminal_width, use_color, write_messages, write_result
from dotlint.engine.crash import is_crash
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from dotlint.cli.options import ConfigOptions
    from dotlint.cli.streams import Streams
    from dotlint.comparison.model import Comparison
    from dotlint.engine.result import FileResult

_FORMATS: Final = ("text", "markdown", "json", "html")
_OF_GIT: Final = (7, 9)  # the numbers of arguments that git passes to an external diff; the second for a renamed file


@click.command("diff")
@click.argument("paths", nargs=-1, required=True, metavar="A B")
@strategy_options
@selection_options("Compare the findings of only these rules: codes, prefixes or names, comma-separated.")
@rules_option
@click.option("--textconv", is_flag=True, help="Print one file in a normal form that `git diff` can compare.")
@click.option(
    "--path", "name", metavar="NAME",
    help="The name of the file in the report and for the configuration, if A and B are temporary copies.",
)  # fmt: skip
@format_option(*_FORMATS)
@output_option
@color_option
@configuration_options
@click.pass_obj
def command(
    streams: Streams,
    /,
    paths: tuple[str, ...],
    textconv: bool,
    name: str | None,
    form: str,
    output: str | None,
    color: str,
    **options: Unpack[ConfigOptions],
) -> int:
    r"""Show what differs between two deployments.

    They are compared by meaning, not as texts: a node may be renamed. The exit status is 1 if the deployments differ; colors,
    comments, order, names and formatting do not count, and neither do findings alone. `-` is standard input, and
    /dev/null a file that does not exist. The seven arguments of a diff driver of git are understood; then the exit
    status is 0 unless the run failed, as git demands.

    \b
    dotlint diff plan.dot plan_fixed.dot
    git difftool --no-prompt --extcmd "dotlint diff" HEAD~1 -- plan.dot
    """
    if textconv:
        if len(paths) != 1:
            raise click.UsageError("--textconv takes one file")
        refuse_overwriting(output, paths, options)
        from dotlint.comparison.normalized import normalized

        result = _lint(streams, paths[0], name or paths[0], options)
        write_result(streams, normalized(result), output)
        return 0
    of_git = len(paths) in _OF_GIT
    if of_git:
        pairs = [(paths[1], paths[0]), (paths[4], paths[7] if len(paths) == _OF_GIT[1] else paths[0])]
    elif len(paths) == 1 and "GIT_DIFF_PATH_COUNTER" in os.environ:
        write_messages(streams, f"{paths[0]} is unmerged: resolve its conflicts first")
        return 0
    elif len(paths) == 2:
        pairs = [(path, name or path) for path in paths]
    else:
        raise click.UsageError(f"two files are needed, not {len(paths)}")
    refuse_overwriting(output, (path for path, _ in pairs), options)
    if all(path == "-" for path, _ in pairs):
        raise click.UsageError("only one of the two files can be standard input")
    results = [_lint(streams, path, known_as, options) for path, known_as in pairs]
    if report_failures(streams, results):
        return FAILED
    from dotlint.comparison.compare import compare

    missing = [_is_missing(path) for path, _ in pairs]
    found = compare(results[0], results[1], missing=(missing[0], missing[1]))
    write_result(streams, _rendered(streams, found, form, output, color), output)
    return _status(streams, found, results, of_git=of_git)


def _lint(streams: Streams, path: str, name: str, options: ConfigOptions) -> FileResult:
    """Lint a file under the name that the configuration knows it by; one that does not exist is empty."""
    from dotlint.files.discovery import UnreadableError, read_bytes, read_piped
    from dotlint.pipeline.lint_file import lint_path

    if os.path.isdir(path):
        raise DotlintError(f"{path} is a folder; `dotlint diff` compares two files")
    settings = configured(options).settings(name)
    try:
        if _is_missing(path):
            data = b""
        elif path == "-":
            data = read_piped(streams.stdin, settings.most_bytes)
        else:
            data = read_bytes(path, piped=True, most=settings.most_bytes)
    except UnreadableError as error:
        raise DotlintError(f"{path}: {error}") from None
    result = lint_path("<stdin>" if name == "-" else name, settings, data=data)
    if result.context is not None or result.unreadable is not None:
        return result
    from dotlint.pipeline.documents import only_block

    return only_block(result, settings)


def _is_missing(path: str) -> bool:
    """Return whether git passes the path for a file that does not exist."""
    return path == "/dev/null" or os.path.normcase(path) == os.path.normcase(os.devnull)


def _rendered(streams: Streams, found: Comparison, form: str, output: str | None, color: str) -> str:
    if form == "json":
        from dotlint.report.comparison import as_json

        return as_json.render(found)
    from dotlint.report.comparison.outline import sketch

    outline = sketch(found)
    if form == "markdown":
        from dotlint.report.comparison import markdown

        return markdown.render(outline)
    if form == "html":
        from dotlint.page import comparison

        return comparison.render(outline)
    from dotlint.report.comparison import text

    colored = use_color(color, terminal=output is None and streams.stdout.isatty())
    return text.render(outline, width=terminal_width(), color=colored)


def _status(streams: Streams, found: Comparison, results: Sequence[FileResult], *, of_git: bool) -> int:
    crashes = [finding.message for result in results for finding in result.findings if is_crash(finding)]
    write_messages(streams, *(f"error: {message}" for message in crashes))
    if crashes:
        return FAILED
    return FOUND if found.differ and not of_git else 0
