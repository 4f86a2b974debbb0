"""The commands that draw and retell a graph: `dotlint render`, `dotlint summary`, `dotlint overview`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotlint.cli.configuration import configuration_options
from dotlint.cli.main import FAILED, Streams, configured, lint_path, write_bytes, write_result
from dotlint.engine.crash import is_crash
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.result import FileResult, Settings


def _file_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its file, the strategy and the configuration."""
    function = configuration_options(function)
    for option in (
        click.option(
            "--layout", metavar="MODEL|PRESET", help="How degrees become GPUs: product, overlay, megatron, vllm, ..."
        ),
        click.option(
            "-s", "--strategy", multiple=True, metavar="SPEC|FILE.toml",
            help="The declared parallel strategy, as pp4ep4tp2sp2; may be given once a phase.",
        ),
        click.option("--stdin-filename", metavar="NAME", help="The name that standard input (`-`) goes by."),
        click.argument("path", metavar="FILE"),
    ):  # fmt: skip
        function = option(function)
    return function


def _linted(streams: Streams, path: str, options: dict[str, Any]) -> tuple[FileResult, Settings]:
    name = options["stdin_filename"]
    settings = configured(options).settings((name or "-") if path == "-" else path)
    result = lint_path(streams, path, name, settings)
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable}")
    return result, settings


def _say(streams: Streams, notes: tuple[str, ...]) -> None:
    from dotlint.report.text import visible  # noqa: PLC0415

    for note in notes:
        streams.stderr.write(f"dotlint: {visible(note)}\n")


def _status(streams: Streams, result: FileResult) -> int:
    """Tell of rules that crashed: what is shown is then less than there is."""
    for finding in result.findings:
        if is_crash(finding):
            _say(streams, (f"error: {finding.message}",))
    return FAILED if result.crashed else 0


@click.command("render")
@_file_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write there; .svg, .png or .pdf says what. Without it SVG goes to standard output.",
)
@click.option("-f", "--format", "form", type=click.Choice(("svg", "png", "pdf")), help="Whatever the file is called.")
@click.option("--only-problems", is_flag=True, help="Draw what is fine as one node: a stage, else a layer.")
@click.option(
    "--fold",
    type=click.Choice(("none", "siblings", "layers", "stages")),
    help="Draw these as one node. Without it large graphs are folded as far as it takes to read them.",
)
@click.option("--full-labels", is_flag=True, help="Show whole labels, tensor dimensions too.")
@click.option("--graph", type=click.IntRange(min=1), metavar="N", help="The N-th graph of a file that has several.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a layout may take.",
)
@click.pass_obj
def render_graph(streams: Streams, /, path: str, **options: Any) -> int:  # noqa: ANN401 - click's own way
    r"""Draw a graph with the findings in it: dead ends, cycles, the edges and nodes that are missing, stages in boxes.

    \b
    dotlint render deployment.dot -s pp4ep4tp2sp2 -o deployment.svg
    dotlint render deployment.dot --only-problems -o problems.png
    """
    from dotlint.picture import Options, render  # noqa: PLC0415 - only this command draws

    output = options["output"]
    form = options["form"] or _form(output)
    chosen = Options(
        graph=None if options["graph"] is None else options["graph"] - 1,
        only_problems=options["only_problems"],
        fold=options["fold"],
        full_labels=options["full_labels"],
        time_limit=options["time_limit"],
    )
    result, _ = _linted(streams, path, options)
    drawing = render(result, form, chosen)
    _say(streams, drawing.notes)
    if output is None:
        write_bytes(streams, drawing.data)
    else:
        from dotlint.files.atomic import write_atomically  # noqa: PLC0415

        write_atomically(Path(output), drawing.data)
    return _status(streams, result)


def _form(output: str | None) -> Any:  # noqa: ANN401 - one of the formats of `picture`
    from dotlint.picture.engines import FORMS  # noqa: PLC0415

    if output is None:
        return "svg"
    form = Path(output).suffix[1:].lower()
    if form not in FORMS:
        raise DotlintError(f"{output}: a picture ends in .svg, .png or .pdf; --format says so of any other name")
    return form


@click.command("summary")
@_file_options
@click.option("-f", "--format", "form", type=click.Choice(("markdown", "json")), default="markdown", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write there instead of to standard output.")
@click.pass_obj
def summarise(streams: Streams, /, path: str, form: str, output: str | None, **options: Any) -> int:  # noqa: ANN401
    r"""Write what a graph shows, section by section: what is so, what is not and where, what cannot be decided.

    \b
    dotlint summary deployment.dot -s pp4ep4tp2sp2 -o summary.md
    """
    from dotlint import summary as made  # noqa: PLC0415 - only this command needs it

    result, _ = _linted(streams, path, options)
    found = made.summarise(result)
    write_result(streams, made.as_json(found) if form == "json" else made.as_markdown(found), output)
    return _status(streams, result)


@click.command("overview")
@_file_options
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write there instead of to standard output.")
@click.option("--graph", type=click.IntRange(min=1), metavar="N", help="The N-th graph of a file that has several.")
@click.pass_obj
def write_overview(streams: Streams, /, path: str, **options: Any) -> int:  # noqa: ANN401 - click's own way
    r"""Write the graph as authors draw it beside the detailed one: phases, stages, GPUs, what leads where, as DOT.

    \b
    dotlint overview deployment.dot -s pp4ep4tp2sp2 -o deployment_simplified.dot
    """
    from dotlint.overview import overview  # noqa: PLC0415 - only this command needs it

    result, settings = _linted(streams, path, options)
    number = options["graph"]
    text = overview(result, settings, graph=None if number is None else number - 1)
    write_result(streams, text, options["output"])
    return _status(streams, result)
