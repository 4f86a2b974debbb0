"""`dotlint check`: lint files, report, fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import exit_status, files_to_lint, lint_all, report_failures
from dotlint.cli.options import (
    complete_rules,
    configuration_options,
    format_option,
    rules_option,
    stdin_option,
    strategy_options,
)
from dotlint.cli.output import FORMATS, is_folder, render, results_to_report, wants_pages
from dotlint.cli.streams import Streams, write_messages, write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from dotlint.cli.options import CheckOptions
    from dotlint.engine.result import FileResult, Settings


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@strategy_options
@click.option(
    "--select", multiple=True, metavar="RULES", shell_complete=complete_rules,
    help="Run only these rules: codes, prefixes or names, comma-separated.",
)  # fmt: skip
@click.option(
    "--extend-select", multiple=True, metavar="RULES", shell_complete=complete_rules, help="Also run these rules."
)
@click.option("--ignore", multiple=True, metavar="RULES", shell_complete=complete_rules, help="Skip these rules.")
@rules_option
@click.option("--fix", is_flag=True, help="Apply safe fixes in place and report the remaining findings.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff: also apply fixes that may change the meaning."
)
@click.option("--diff", is_flag=True, help="Print the changes that --fix would make as a unified diff; write no file.")
@format_option(*FORMATS)
@click.option(
    "-o", "--output", type=click.Path(), metavar="PATH",
    help="Write to this file instead of standard output. With --format html a folder gets a page per file and an index.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(("error", "warning", "info")),
    help="The lowest severity that sets exit status 1; the default is warning.",
)  # fmt: skip
@click.option(
    "--preset", type=click.Choice(("recommended", "strict", "graphviz")),
    help="The rules to run if --select is not given; the default is recommended.",
)  # fmt: skip
@stdin_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 even if there are findings.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing for files without findings.")
@configuration_options
@click.option(
    "--baseline", type=click.Path(dir_okay=False), metavar="FILE", help="Do not report the findings in this file."
)
@click.option(
    "--write-baseline", type=click.Path(dir_okay=False), metavar="FILE",
    help="Record all current findings in this file and exit 0.",
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
@click.option("--statistics", is_flag=True, help="Show the number of findings per rule instead of the findings.")
@click.option("--watch", is_flag=True, help="Lint again whenever a file changes.")
@click.pass_obj
def command(streams: Streams, /, **options: Unpack[CheckOptions]) -> int:
    r"""Lint files and folders.

    A folder is searched for *.dot and *.gv; `-` is standard input. In a document such as notes.md, the DOT blocks are
    linted.

    \b
    dotlint check llm_parallel_deployment.dot --strategy pp4ep4tp2sp2
    dotlint check graphs/ --format concise --fail-on error
    """
    if not options["watch"]:
        return check(streams, options)
    from dotlint.cli.watching import watch

    return watch(streams, options, lambda: check(streams, options))


def check(streams: Streams, options: CheckOptions) -> int:
    """Lint once, and return the exit status."""
    if is_folder(options["output"]) and not wants_pages(options):
        raise DotlintError(f"{options['output']} is a folder; only --format html can write to one")
    files = files_to_lint(streams, options)
    if options["write_baseline"]:
        from dotlint.cli.baseline import record

        return record(streams, files, options)
    if options["fix"] or options["diff"]:
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
        text = render(results_to_report(results, options), files, options, streams)
        write_result(streams, text, options["output"])
    return exit_status(results, files, options)


def _report_messages(
    streams: Streams, results: Sequence[FileResult], files: Sequence[tuple[str, Settings]], options: CheckOptions
) -> None:
    report_failures(streams, results)
    if not options["quiet"]:
        strategies = {
            id(settings.strategy): settings.strategy for _, settings in files if settings.strategy is not None
        }
        write_messages(streams, *dict.fromkeys(f"{s.source}: {note}" for s in strategies.values() for note in s.notes))
    outlived = sum(result.outlived for result in results)
    if outlived and not options["quiet"]:
        entries = (
            "1 baseline entry no longer matches" if outlived == 1 else f"{outlived} baseline entries no longer match"
        )
        write_messages(streams, f"{entries}; run --write-baseline to refresh the file")
