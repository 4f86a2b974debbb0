"""`dotlint batch`: lint tables of graphs, on this machine or on a Ray cluster."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dotlint.cli.choice import OneOf
from dotlint.cli.options import (
    ConfigOptions,
    color_option,
    configuration_options,
    preset_option,
    rules_option,
    selection_options,
    strategy_options,
)
from dotlint.cli.streams import Streams, fail, terminal_width, use_color, write_messages, write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotlint.batch.options import RowOptions

_INTERRUPTED = 128 + 2  # what a shell reports for a command that SIGINT ended
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class _Bytes(click.ParamType[int]):
    """A number of bytes, such as `500MB` or `2GB`."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        if isinstance(value, int):
            return value
        text = str(value).strip().lower().removesuffix("b")
        unit = text[-1:] if text[-1:] in "kmgt" else ""
        try:
            return int(float(text.removesuffix(unit)) * _UNITS[unit])
        except ValueError:
            self.fail(f"`{value}` is not a size; write for example `2GB`", param, ctx)


@click.command("batch")
@click.argument("source", metavar="IN")
@click.option(
    "-o", "--output", required=True, metavar="OUT",
    help="The output: a folder of Parquet files, or one file if the name ends with .parquet or .jsonl.",
)  # fmt: skip
@click.option("--dot", default="dot", show_default=True, metavar="COLUMN", help="The column with the DOT text.")
@click.option("--path", metavar="COLUMN", help="The column with the name of the file of each row.")
@click.option(
    "--strategy-column", metavar="COLUMN", help="The column with the strategy of each row; it overrides --strategy."
)
@click.option("--label", metavar="COLUMN", help="Count the values of this column separately in the summary.")
@click.option("--prefix", default="", metavar="TEXT", help="Start the name of each result column with this text.")
@click.option("--fix", is_flag=True, help="Add the column `fixed`: the text after safe fixes.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix, also apply fixes that may change the meaning.")
@selection_options("Run only these rules.")
@preset_option
@strategy_options
@rules_option
@configuration_options
@click.option("--engine", type=OneOf("local", "ray"), default="local", show_default=True, help="What runs the parts.")
@click.option("--address", metavar="ADDRESS", help="The Ray cluster: auto or ray://...; by default, a new one here.")
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Processes of the local engine (default: one per CPU)."
)
@click.option(
    "--batch-size", type=click.IntRange(1), default=500, show_default=True, metavar="N", help="Rows of a part."
)
@click.option(
    "--time-limit", type=click.FloatRange(0.001), default=60, show_default=True, metavar="SECONDS",
    help="The longest time for one row.",
)  # fmt: skip
@click.option(
    "--memory-limit", type=_Bytes(), default="4GB", show_default=True, metavar="SIZE",
    help="The most memory for one row, on Linux.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Continue an earlier run with the same input and options.")
@color_option
@click.pass_obj
def command(streams: Streams, /, source: str, output: str, **options: Any) -> int:  # noqa: ANN401
    r"""Lint tables of graphs: a row in, a row out.

    IN is a Parquet file, JSON lines, or a folder of either or of DOT files, as a path or as a URI such as
    s3://bucket/graphs. Each row keeps its columns and gets the verdict, the findings and their counts. A row that cannot
    be handled has the reason in the column `error`, and never fails the run.

    \b
    dotlint batch graphs.parquet -o linted --label generator
    """
    try:
        from dotlint.batch.job import Job
        from dotlint.batch.options import Limits
        from dotlint.batch.run import output_of, run
        from dotlint.batch.summary import as_text
        from dotlint.batch.table import Columns
    except ModuleNotFoundError as error:
        raise DotlintError(f"{error.name} is missing; install it with `pip install 'dotlint[batch]'`") from None
    parts, form, _ = output_of(output)
    columns = Columns(options["dot"], options["path"], options["strategy_column"], options["prefix"])
    limits = Limits(options["time_limit"], options["memory_limit"])
    job = Job(source, parts, form, columns, _row_options(options), limits, options["batch_size"], options["label"])
    try:
        with _bar(streams) as bar:
            whole = run(job, output, _engine(options), resume=options["resume"], progress=bar)
    except KeyboardInterrupt:
        fail(streams, "interrupted; the same command with --resume goes on")
        return _INTERRUPTED
    color = use_color(options["color"], terminal=streams.stdout.isatty())
    write_result(streams, as_text(whole, job.label, width=terminal_width(), color=color))
    write_messages(streams, f"wrote {output}")
    return 0


def _engine(options: dict[str, Any]) -> Any:  # noqa: ANN401 - see `dotlint.batch.run`
    if options["engine"] == "ray":
        if options["jobs"]:
            raise DotlintError("--jobs is for the local engine; Ray uses the CPUs of its cluster")
        from dotlint.batch.on_ray import run_on_ray

        return partial(run_on_ray, address=options["address"])
    if options["address"]:
        raise DotlintError("--address needs --engine ray")
    from dotlint.batch.local import run_local

    return partial(run_local, jobs=options["jobs"])


def _row_options(options: dict[str, Any]) -> RowOptions:
    from dotlint.batch.options import RowOptions
    from dotlint.cli.options import split_config
    from dotlint.engine.select import split_names

    if options["unsafe_fixes"] and not options["fix"]:
        raise DotlintError("--unsafe-fixes needs --fix")
    pairs, file = split_config(ConfigOptions(config=options["config"]))
    return RowOptions(
        strategy=tuple(options["strategy"]),
        layout=options["layout"],
        world=options["world"],
        model=options["model"],
        gpu=options["gpu"],
        preset=options["preset"],
        select=split_names(options["select"]) if options["select"] else None,
        extend_select=split_names(options["extend_select"]),
        ignore=split_names(options["ignore"]),
        rules=tuple(options["folders"]),
        config=file,
        pairs=pairs,
        fix=("unsafe" if options["unsafe_fixes"] else "safe") if options["fix"] else None,
    )


@contextlib.contextmanager
def _bar(streams: Streams) -> Iterator[Callable[[int, int, int], None] | None]:
    """Show a progress bar if standard error is a terminal, and yield the function that updates it."""
    if not streams.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=streams.stderr), transient=True) as progress:
        task = progress.add_task("lint", total=None)

        def update(done: int, parts: int, rows: int) -> None:
            progress.update(task, completed=done, total=parts, description=f"{rows:,} rows")

        yield update
