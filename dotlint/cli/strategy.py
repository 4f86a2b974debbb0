"""`dotlint strategy`: explain a strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.options import color_option, format_option, gpu_option, layout_option, model_option, world_option
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import terminal_width, use_color, write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.cli.streams import Streams
    from dotlint.strategy import Strategy
    from dotlint.strategy.launch.argument import LaunchArgument


class _WithLaunchOptions(click.Command):
    """A command whose arguments may be launch options: `"-tp 8 -pp 2"`, or after `--`, `-tp 8 -pp 2`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move arguments that contain launch options behind `--`, where click takes none of them for its own."""
        end = args.index("--") if "--" in args else len(args)
        before, launched = args[:end], args[end + 1 :]
        moved = [*(arg for arg in before if _is_launch_text(arg)), *launched]
        kept = [arg for arg in before if not _is_launch_text(arg)]
        return super().parse_args(ctx, [*kept, "--", *moved] if moved else kept)


def _is_launch_text(argument: str) -> bool:
    return argument.startswith("-") and any(character.isspace() for character in argument)


@click.command("strategy", cls=_WithLaunchOptions)
@click.argument("specs", nargs=-1, metavar="SPEC|FILE.toml...")
@click.option(
    "--from", "system", metavar="ENGINE",
    help="Read launch options, or files with them, of this engine: vllm, sglang, megatron, trtllm, torchtitan, "
    "deepspeed; or manifests of dynamo, llm-d, kserve.",
)  # fmt: skip
@layout_option
@world_option
@model_option
@gpu_option
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), metavar="FILE",
    help="Also write the strategy as TOML to this file; `-` is standard output, without the description.",
)  # fmt: skip
@format_option("text", "json")
@color_option
@click.pass_obj
def command(
    streams: Streams,
    specs: tuple[str, ...],
    system: str | None,
    model: str | None,
    layout: str | None,
    world: int | None,
    gpu: str | None,
    output: str | None,
    form: str,
    color: str,
) -> int:
    """Show what a strategy means.

    The output lists its phases and degrees, and the GPUs of each stage, shard and expert group. The exit status is 1
    if the strategy is impossible.
    """
    from dotlint.config.rules import read_strategy
    from dotlint.report import strategy as report

    strategy = read_strategy(_launched(specs, system) if system is not None else specs, layout, world, model, gpu)
    description = report.described(strategy)
    if output is not None:
        _write(streams, strategy, specs, model, output)
    if output == "-":
        pass
    elif form == "json":
        write_result(streams, report.as_json(description))
    else:
        colored = use_color(color, terminal=streams.stdout.isatty())
        write_result(streams, report.as_text(description, width=terminal_width(), color=colored))
    return 1 if description.impossible else 0


def _launched(specs: Sequence[str], system: str) -> list[LaunchArgument]:
    """Return the launch options that the arguments are: words without spaces, from the first option on, are one command."""
    from shlex import join

    from dotlint.strategy.error import did_you_mean, quoted
    from dotlint.strategy.launch.argument import launch_argument
    from dotlint.strategy.launch.systems import SYSTEMS

    name = system.strip().lower()
    if name not in SYSTEMS:
        remedy, _ = did_you_mean(name, SYSTEMS)
        raise DotlintError(f"--from: unknown engine {quoted(system)}: {remedy}")
    if not specs:
        raise DotlintError(f'--from {name} needs launch options: a file, or options such as "--tensor-parallel-size 8"')
    if any(spec.startswith("-") and not _is_launch_text(spec) for spec in specs):
        specs = [join(specs)]
    return [found for spec in specs if (found := launch_argument(spec, name)) is not None]


def _write(streams: Streams, strategy: Strategy, specs: Sequence[str], model: str | None, output: str) -> None:
    """Write the strategy as TOML, but never over a file that it was read from."""
    from dotlint.strategy.launch.write import as_toml

    text = as_toml(strategy)
    if output == "-":
        write_result(streams, text)
        return
    refuse_overwriting(output, (*(name.rpartition(":")[2] for name in specs), *specs, *filter(None, (model,))))
    write_result(streams, text, output)
