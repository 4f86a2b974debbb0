"""`dotlint new`: draw the graph that a strategy means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.choice import OneOf
from dotlint.cli.options import layout_option, model_option, world_option
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import write_messages, write_result
from dotlint.errors import DotlintError
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from dotlint.cli.streams import Streams
    from dotlint.drawing.model import Detail, Style


@click.command("new")
@click.option(
    "-s", "--strategy", multiple=True, required=True, metavar="SPEC|FILE.toml",
    help="The parallel strategy, for example pp4ep4tp2sp2; repeat for each phase.",
)  # fmt: skip
@layout_option
@world_option
@model_option
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), metavar="FILE",
    help="Write to this file instead of standard output (`-`).",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace the output file if it exists.")
@click.option(
    "--detail", type=OneOf("stage", "layer", "operator", "rank"), default="operator", show_default=True,
    help="What one node stands for.",
)  # fmt: skip
@click.option(
    "--style", type=OneOf("reference", "clusters", "plain"), default="reference", show_default=True,
    help="Headers and colors, a box for each stage, or shapes alone.",
)  # fmt: skip
@click.pass_obj
def command(
    streams: Streams,
    strategy: tuple[str, ...],
    layout: str | None,
    world: int | None,
    model: str | None,
    output: str | None,
    force: bool,
    detail: Detail,
    style: Style,
) -> int:
    r"""Draw the graph that a strategy means.

    The graph is complete: stages, shards, experts, collectives, tensor dimensions and GPUs. Sizes that no model states
    are symbols such as B, S and H.

    \b
    dotlint new -s pp4ep4tp2sp2 -o plan.dot && dotlint check plan.dot -s pp4ep4tp2sp2
    """
    from dotlint.config.rules import read_strategy
    from dotlint.drawing import as_text, draw
    from dotlint.drawing.files import phases_to_draw

    path = None if output == "-" else output
    if path is not None and not force and as_path(path).exists():
        raise DotlintError(f"{path} exists: write another file, or add --force to replace it")
    refuse_overwriting(path, (*strategy, *([model] if model else [])))
    read = read_strategy(strategy, layout, world, model)
    drawing = draw(phases_to_draw(read, path), detail)
    write_messages(streams, *drawing.folded)
    write_result(streams, as_text(drawing, style), path)
    return 0
