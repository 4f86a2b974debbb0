"""`dotlint check`: lint files, report, fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.choice import OneOf
from dotlint.cli.linting import exit_status, files_to_lint, lint_all, report_failures
from dotlint.cli.options import (
    color_option,
    configuration_options,
    format_option,
    output_path,
    preset_option,
    rules_option,
    selection_options,
    stdin_option,
    strategy_options,
)
from dotlint.cli.output import FORMATS, is_folder, results_to_report, wants_pages, write_report
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import Streams, write_messages, write_result
from dotlint.errors import DotlintError
from dotlint.text.display import visible
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from dotlint.cli.options import CheckOptions
    from dotlint.engine.result import FileResult, Settings


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@strategy_options
@selection_options("Run only these rules: codes, prefixes or names, comma-separated.")
@rules_option
@click.option("--fix", is_flag=True, help="Apply safe fixes in place and report the remaining findings.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff: also apply fixes that may change the meaning."
)
@click.option(
    "--fix-only", is_flag=True, help="As --fix, but do not report the remaining findings, and exit 0 if there are any."
)
@click.option("--show-fixes", is_flag=True, help="With --fix: list the applied fixes.")
@click.option("--diff", is_flag=True, help="Print the changes that --fix would make as a unified diff; write no file.")
@format_option(*FORMATS)
@click.option(
    "-o", "--output", type=click.Path(), callback=output_path, metavar="PATH",
    help="Write to this file instead of standard output. With --format html a folder gets a page per file and an index.",
)  # fmt: skip
@click.option(
    "--fail-on", type=OneOf("error", "warning", "info"),
    help="The lowest severity that sets exit status 1; the default is warning.",
)  # fmt: skip
@preset_option
@stdin_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 even if there are findings.")
@color_option
@click.option(
    "-v", "--verbose", is_flag=True,
    help="List the checks that passed and were skipped, and report the files, configurations, cached results and times.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing for files without findings.")
@configuration_options
@click.option(
    "--baseline", type=click.Path(dir_okay=False), metavar="FILE", help="Do not report the findings in this file."
)
@click.option(
    "--write-baseline", type=click.Path(dir_okay=False), metavar="FILE",
    help="Record all current findings in this file and exit 0.",
)  # fmt: skip
@click.option(
    "--prune-baseline", is_flag=True, help="Remove the entries of the baseline that no longer match; add none."
)
@click.option("--ignore-suppressions", is_flag=True, help="Also report findings that comments in the files suppress.")
@click.option(
    "--add-suppressions", metavar="REASON",
    help="Write a comment with this reason for each finding that is reported, and exit 0; with --diff, write no file.",
)  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N",
    help="The number of parallel processes; the default is one per CPU if there are many files.",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="PATTERNS",
    help="Skip these files in a folder search: patterns as in .gitignore, comma-separated.",
)  # fmt: skip
@click.option("--force-exclude", is_flag=True, help="Also skip excluded files that are named on the command line.")
@click.option(
    "--embedded", is_flag=True,
    help="In a folder search, also read documents (Markdown, notebooks, sources, ...) for the DOT inside them.",
)  # fmt: skip
@click.option("--no-respect-gitignore", is_flag=True, help="Also lint files that .gitignore excludes.")
@click.option("--show-files", is_flag=True, help="List the files that would be linted, and lint none.")
@click.option("--statistics", is_flag=True, help="Show the number of findings per rule instead of the findings.")
@click.option("--watch", is_flag=True, help="Lint again whenever a file changes.")
@click.pass_obj
def command(streams: Streams, /, **options: Unpack[CheckOptions]) -> int:
    r"""Lint files and folders.

    A folder is searched for *.dot and *.gv; without PATH, this is the current folder. `-` is standard input. In a
    document such as notes.md, the DOT blocks are linted.

    \b
    dotlint check llm_parallel_deployment.dot --strategy pp4ep4tp2sp2
    dotlint check graphs/ --format concise --fail-on error
    """
    options["paths"] = options["paths"] or (".",)
    if not options["watch"]:
        return check(streams, options)
    from dotlint.cli.watching import watch

    return watch(streams, options, lambda: check(streams, options))


def check(streams: Streams, options: CheckOptions) -> int:
    """Lint once, and return the exit status."""
    if is_folder(options["output"]) and not wants_pages(options):
        raise DotlintError(f"{options['output']} is a folder; only --format html can write to one")
    files = files_to_lint(streams, options)
    refuse_overwriting(options["output"], (path for path, _ in files), options)
    if options["show_files"]:
        write_result(streams, "".join(f"{visible(path)}\n" for path, _ in files), options["output"])
        return 0
    if options["add_suppressions"] is not None:
        from dotlint.cli.suppressing import add_suppressions

        return add_suppressions(streams, files, options)
    if options["write_baseline"]:
        refuse_overwriting(options["write_baseline"], (path for path, _ in files), options, option="--write-baseline")
        from dotlint.cli.baseline import record

        return record(streams, files, options)
    if options["prune_baseline"] and (options["fix"] or options["fix_only"] or options["diff"]):
        raise DotlintError("--prune-baseline cannot be combined with --fix or --diff")
    if options["fix"] or options["fix_only"] or options["diff"]:
        from dotlint.cli.fixing import fix

        return fix(streams, files, options)
    if options["unsafe_fixes"]:
        write_messages(streams, "--unsafe-fixes has no effect without --fix or --diff")
    if wants_pages(options):
        from dotlint.cli.pages import make, write

        pages = make(streams, files, options)
        results = [page.result for page in pages]
        _report_messages(streams, results, files, options)
        write(streams, pages, results_to_report(results, options), options)
    else:
        results = lint_all(streams, files, options)
        _report_messages(streams, results, files, options)
        if options["verbose"]:
            from dotlint.cli.verbose import report_times

            report_times(streams, results, files, options)
        write_report(streams, results, files, options)
    return exit_status(results, files, options)


def _report_messages(
    streams: Streams, results: Sequence[FileResult], files: Sequence[tuple[str, Settings]], options: CheckOptions
) -> None:
    report_failures(streams, results)
    if not options["quiet"]:
        sources: dict[str, dict[str, None]] = {}
        for strategy in {id(settings.strategy): settings.strategy for _, settings in files}.values():
            if strategy is not None:
                for note in strategy.notes:
                    sources.setdefault(note, {})[strategy.source] = None
        write_messages(streams, *(f"{listed(list(found), 3)}: {note}" for note, found in sources.items()))
    if options["prune_baseline"]:
        from dotlint.cli.baseline import prune

        prune(streams, results, files, options)
        return
    outlived = sum(len(result.outlived) for result in results)
    if outlived and not options["quiet"]:
        entries = (
            "1 baseline entry no longer matches" if outlived == 1 else f"{outlived} baseline entries no longer match"
        )
        write_messages(
            streams,
            f"{entries}; run --prune-baseline to remove {'it' if outlived == 1 else 'them'}, or --write-baseline to refresh the file",
        )
