"""Render the results of a check in the requested format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dotlint.cli.streams import terminal_width, use_color, write_result
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.engine.result import FileResult, Settings

FORMATS = (
    "report",
    "full",
    "concise",
    "llm",
    "markdown",
    "json",
    "jsonl",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "checkstyle",
    "rdjson",
    "html",
)
# The options that decide what is found, and so what a suggested command fixes.
_REPEATED = (
    "strategy", "layout", "world", "model", "gpu", "preset", "select", "extend_select", "ignore", "folders", "config",
    "isolated", "baseline", "ignore_suppressions",
)  # fmt: skip
_FOR_READERS = ("report", "full", "concise", "llm", "markdown")


def wants_pages(options: CheckOptions) -> bool:
    """Return whether to write HTML pages, which need more than the results."""
    return options["form"] == "html" and not options["statistics"]


def is_folder(output: str | None) -> bool:
    """Return whether `--output` names an existing folder, or ends like the name of one."""
    return output is not None and (output.endswith(("/", os.sep)) or os.path.isdir(output))


def results_to_report(results: list[FileResult], options: CheckOptions) -> list[FileResult]:
    """Return the results to report: with --quiet, those with findings and of unreadable files."""
    return [r for r in results if r.findings or r.unreadable is not None] if options["quiet"] else results


def has_last_line(options: CheckOptions) -> bool:
    """Return whether the report ends with a line that counts the findings, also those that were fixed."""
    return options["form"] in _FOR_READERS and options["form"] != "llm" and not options["statistics"]


def write_report(
    streams: Streams,
    results: list[FileResult],
    files: Sequence[tuple[str, Settings]],
    options: CheckOptions,
    terminal: Streams | None = None,
    fixed: Mapping[str, int] | None = None,
) -> None:
    """Write the report of a check. What people read has no part for a path that does not exist: a message reports it.

    `fixed` counts the findings that the run has fixed, by code.
    """
    reported = results_to_report(results, options)
    if options["form"] in _FOR_READERS and not options["statistics"]:
        reported = [r for r in reported if r.unreadable is None or r.path.startswith("<") or os.path.lexists(r.path)]
        if results and not reported and not options["quiet"]:
            return
    last = _last_line(results, fixed, options) if has_last_line(options) else ""
    write_result(streams, render(reported, files, options, terminal or streams, last), options["output"])


def _last_line(results: Sequence[FileResult], fixed: Mapping[str, int] | None, options: CheckOptions) -> str:
    """Return what the run found in all files; with --quiet or in the concise format, nothing if there is nothing."""
    from dotlint.report.found import found

    nothing = not fixed and not any(result.findings or result.unreadable is not None for result in results)
    silent = nothing and (options["quiet"] or options["form"] == "concise")
    return "" if silent or not results else found(results, fixed)


def repeated_options(options: CheckOptions) -> str:
    """Return the options of this command line to repeat in suggested commands."""
    words: list[str] = []
    for key in _REPEATED:
        value = options.get(key)
        flag = "--rules" if key == "folders" else f"--{key.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value:
            for each in value if isinstance(value, tuple) else (str(value),):
                words += [flag, _quoted(each)]
    return " ".join(words)


def _quoted(word: str) -> str:
    """Return a word as a shell reads it."""
    if word.isalnum() and word.isascii():
        return word
    from shlex import quote

    return quote(word)


def render(
    results: list[FileResult],
    files: Sequence[tuple[str, Settings]],
    options: CheckOptions,
    streams: Streams,
    last: str = "",
) -> str:
    """Render results in any format except HTML; `last` is the last line of what people read.

    Each report module is imported only if it is used.
    """
    form = options["form"]
    if options["statistics"]:
        from dotlint.report import statistics

        return statistics.render(results, form="json" if form.startswith("json") else "text")
    if form in ("json", "jsonl"):
        from dotlint.report import as_json

        return as_json.render(results) if form == "json" else as_json.render_lines(results)
    if form == "concise":
        from dotlint.report import concise

        return concise.render(results, last)
    if form == "llm":
        from dotlint.report import llm
        from dotlint.report.steps import shell_path

        words = ["dotlint check --format llm", repeated_options(options)]
        paths = [shell_path(path) for path in options["paths"] if path == "-" or os.path.lexists(path)]
        return llm.render(results, " ".join(filter(None, words)), paths)
    if form in ("full", "report", "markdown"):
        return _for_people(results, options, last, terminal=options["output"] is None and streams.stdout.isatty())
    return _for_machines(results, files, form)


def _for_people(results: list[FileResult], options: CheckOptions, last: str, *, terminal: bool) -> str:
    color = use_color(options["color"], terminal=terminal)
    form, width = options["form"], terminal_width()
    links = form != "markdown" and terminal and color and _terminal_has_links()
    if form == "full":
        from dotlint.report import full

        return full.render(results, width=width, color=color, links=links, last=last)
    from dotlint.report.outline import outline

    repeated = repeated_options(options)
    outlines = [outline(result, repeated, links=links) for result in results]
    if form == "markdown":
        from dotlint.report import markdown

        return markdown.render(outlines, last)
    from dotlint.report import rich_report

    return rich_report.render(outlines, width=width, color=color, verbose=options["verbose"], last=last)


def _terminal_has_links() -> bool:
    from dotlint.report.links import supported

    return supported()


def _for_machines(results: list[FileResult], files: Sequence[tuple[str, Settings]], form: str) -> str:
    if form == "sarif":
        from dotlint.report import sarif

        every = {card.code: card for settings in {id(s): s for _, s in files}.values() for card in settings.cards}
        return sarif.render(results, [every[code] for code in sorted(every)])
    if form == "gitlab":
        from dotlint.report import gitlab

        return gitlab.render(results)
    if form == "junit":
        from dotlint.report import junit

        return junit.render(results, files[0][1].fail_on if files else "warning")
    if form == "checkstyle":
        from dotlint.report import checkstyle

        return checkstyle.render(results)
    if form == "rdjson":
        from dotlint.report import rdjson

        return rdjson.render(results)
    from dotlint.report import github

    step_summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if step_summary:
        github.add_summary(as_path(step_summary), results)
    return github.render(results)
