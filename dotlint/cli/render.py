"""`dotlint render`: draw a graph with its findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotlint.cli.choice import OneOf
from dotlint.cli.linting import lint_one, report_crashes
from dotlint.cli.options import FileOptions, file_options, graph_option, output_path
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import write_bytes, write_messages
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.streams import Streams
    from dotlint.picture.engines import Form
    from dotlint.picture.model import FoldLevel


class RenderOptions(FileOptions):
    """The options of `render`."""

    output: str | None
    form: Form | None
    only_problems: bool
    fold: FoldLevel | None
    full_labels: bool
    graph: int | None
    time_limit: float


@click.command("render")
@file_options
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), callback=output_path, metavar="FILE",
    help="Write to this .svg, .png or .pdf file. Without it, SVG is written to standard output.",
)  # fmt: skip
@click.option(
    "-f", "--format", "form", type=OneOf("svg", "png", "pdf"),
    help="The picture format; the default is the file name's.",
)  # fmt: skip
@click.option("--only-problems", is_flag=True, help="Draw each stage or layer that has no findings as a single node.")
@click.option(
    "--fold", type=OneOf("none", "siblings", "layers", "stages"),
    help="Draw each of these as a single node. Without it, large graphs are folded until they are readable.",
)  # fmt: skip
@click.option("--full-labels", is_flag=True, help="Show complete labels, including tensor dimensions.")
@graph_option
@click.option(
    "--time-limit", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True, metavar="SECONDS",
    help="The time that a layout may take.",
)  # fmt: skip
@click.pass_obj
def command(streams: Streams, /, path: str, **options: Unpack[RenderOptions]) -> int:
    r"""Draw a graph with its findings.

    The picture shows dead ends, cycles, missing edges and nodes, and stages in boxes.

    \b
    dotlint render deployment.dot -s pp4ep4tp2sp2 -o deployment.svg
    dotlint render deployment.dot --only-problems -o problems.png
    """
    from dotlint.picture import PictureOptions, render

    form = options["form"] or _form(options["output"])
    chosen = PictureOptions(
        graph=None if options["graph"] is None else options["graph"] - 1,
        only_problems=options["only_problems"],
        fold=options["fold"],
        full_labels=options["full_labels"],
        time_limit=options["time_limit"],
    )
    refuse_overwriting(options["output"], [path], options)
    result, _ = lint_one(streams, path, options)
    drawing = render(result, form, chosen)
    write_messages(streams, *drawing.notes)
    write_bytes(streams, drawing.data, options["output"])
    return report_crashes(streams, result)


def _form(output: str | None) -> Form:
    from dotlint.picture.engines import FORMS

    if output is None:
        return "svg"
    form = Path(output).suffix[1:].lower()
    if form not in FORMS:
        raise DotlintError(f"{output}: the name must end in .svg, .png or .pdf; --format allows any other name")
    return form
