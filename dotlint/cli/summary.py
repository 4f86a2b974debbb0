"""`dotlint summary`: summarize a graph in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import lint_one, report_crashes
from dotlint.cli.options import file_options, format_option, output_option
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import write_result

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import FileOptions
    from dotlint.cli.streams import Streams


@click.command("summary")
@file_options
@format_option("markdown", "json")
@output_option
@click.pass_obj
def command(streams: Streams, /, path: str, form: str, output: str | None, **options: Unpack[FileOptions]) -> int:
    r"""Summarize a graph in words.

    Each section lists what passed, what failed and where, and what was skipped.

    \b
    dotlint summary deployment.dot -s pp4ep4tp2sp2 -o summary.md
    """
    from dotlint import summary

    refuse_overwriting(output, [path], options)
    result, _ = lint_one(streams, path, options)
    summarized = summary.summarize(result)
    text = summary.as_json(summarized) if form == "json" else summary.as_markdown(summarized)
    write_result(streams, text, output)
    return report_crashes(streams, result)
