"""`dotlint strategy`: explain a strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.options import color_option, format_option, layout_option, world_option
from dotlint.cli.streams import terminal_width, use_color, write_result

if TYPE_CHECKING:
    from dotlint.cli.streams import Streams


@click.command("strategy")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC|FILE.toml...")
@layout_option
@world_option
@format_option("text", "json")
@color_option
@click.pass_obj
def command(
    streams: Streams, specs: tuple[str, ...], layout: str | None, world: int | None, form: str, color: str
) -> int:
    """Show what a strategy means.

    The output lists its phases and degrees, and the GPUs of each stage, shard and expert group. The exit status is 1
    if the strategy is impossible.
    """
    from dotlint.report import strategy as report
    from dotlint.strategy import Layout, Strategy

    strategy = Strategy.combine(specs, layout=Layout.named(layout) if layout else None, world=world)
    description = report.described(strategy)
    if form == "json":
        write_result(streams, report.as_json(description))
    else:
        colored = use_color(color, terminal=streams.stdout.isatty())
        write_result(streams, report.as_text(description, width=terminal_width(), color=colored))
    return 1 if description.impossible else 0
