"""`dotlint infer`: the strategy that labels imply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import lint_one
from dotlint.cli.options import file_options, output_option
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import FOUND, write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import FileOptions
    from dotlint.cli.streams import Streams


@click.command("infer")
@file_options
@output_option
@click.pass_obj
def command(streams: Streams, /, path: str, output: str | None, **options: Unpack[FileOptions]) -> int:
    """Infer the strategy from a file's labels.

    The output is TOML. It lists the labels that contradict the strategy; if there are any, the exit status is 1.
    """
    from dotlint.deployment.strategy_file import strategy_file
    from dotlint.pipeline.inferred import inferred

    refuse_overwriting(output, [path], options)
    result, _ = lint_one(streams, path, options)
    assert result.context is not None
    recognized = [graph for graph in result.context.graphs if graph.deployment.recognized]
    if not recognized:
        raise DotlintError(f"{path}: no deployment is recognized, so there is no strategy to infer")
    found = inferred(result, recognized[0].deployment)
    write_result(streams, strategy_file(found, path), output)
    return FOUND if found.contradictions else 0
