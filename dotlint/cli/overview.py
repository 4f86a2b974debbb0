"""`dotlint overview`: write a simplified graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import lint_one, report_crashes
from dotlint.cli.options import file_options, graph_option, output_option
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import write_result

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import FileOptions
    from dotlint.cli.streams import Streams


@click.command("overview")
@file_options
@output_option
@graph_option
@click.pass_obj
def command(
    streams: Streams, /, path: str, output: str | None, graph: int | None, **options: Unpack[FileOptions]
) -> int:
    r"""Write a simplified graph as DOT.

    The graph shows the phases, stages and GPUs, and the connections between them.

    \b
    dotlint overview deployment.dot -s pp4ep4tp2sp2 -o deployment_simplified.dot
    """
    from dotlint.overview import overview

    refuse_overwriting(output, [path], options)
    result, settings = lint_one(streams, path, options)
    write_result(streams, overview(result, settings, graph=None if graph is None else graph - 1), output)
    return report_crashes(streams, result)
