"""`dotlint summary`: a graph in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import lint_one, report_crashes
from dotlint.cli.options import file_options, format_option, output_option
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

    Each section says what passes, what fails and where, and what was skipped.

    \b
    dotlint summary deployment.dot -s pp4ep4tp2sp2 -o summary.md
    """
    from dotlint import summary

    result, _ = lint_one(streams, path, options)
    found = summary.summarise(result)
    write_result(streams, summary.as_json(found) if form == "json" else summary.as_markdown(found), output)
    return report_crashes(streams, result)
