"""The command line: options in, exit status out."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from dotlint._version import __version__
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotlint.engine.card import Card
    from dotlint.engine.finding import Severity
    from dotlint.engine.runner import FileResult, Settings
    from dotlint.strategy import Strategy

FORMATS = ("report", "full", "concise", "markdown", "json", "jsonl")
FOUND, FAILED = 1, 2


@dataclass(frozen=True, slots=True)
class Streams:
    """Where input comes from, results go, and messages about the run go."""

    stdin: IO[bytes]
    stdout: IO[str]
    stderr: IO[str]


def main(
    argv: Sequence[str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[str] | None = None,
    stderr: IO[str] | None = None,
) -> int:
    """Run dotlint and give its exit status: 0 nothing found, 1 findings, 2 the run itself failed."""
    streams = Streams(stdin or sys.stdin.buffer, stdout or sys.stdout, stderr or sys.stderr)
    try:
        status = cli.main(args=None if argv is None else list(argv), prog_name="dotlint", standalone_mode=False, obj=streams)
    except click.exceptions.NoArgsIsHelpError as error:
        streams.stdout.write(error.format_message() + "\n")
        return 0
    except click.UsageError as error:
        command = f"{error.ctx.command_path} --help" if error.ctx else "dotlint --help"
        return _fail(streams, f"{error.format_message().rstrip('.')} (see `{command}`)")
    except click.ClickException as error:
        return _fail(streams, error.format_message())
    except DotlintError as error:
        frame = getattr(error, "frame", None)
        return _fail(streams, str(error), frame() if callable(frame) else "")
    except BrokenPipeError:
        # Who reads has gone; Python would complain once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _fail(streams, "interrupted")
    return status if isinstance(status, int) else 0


def _fail(streams: Streams, message: str, frame: str = "") -> int:
    from dotlint.report.text import visible  # noqa: PLC0415 - only where something failed

    lines = [f"dotlint: error: {visible(message)}", *(f"  {visible(line)}" for line in frame.splitlines())]
    streams.stderr.write("\n".join(lines) + "\n")
    return FAILED


_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, "--version", "-V", message="dotlint %(version)s")
def cli() -> None:
    """Lint Graphviz DOT files, above all those that describe how a model is deployed over GPUs."""


def _strategy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option("--layout", metavar="MODEL|PRESET", help="How degrees become GPUs: product, overlay, megatron, vllm, ...")(function)
    return click.option(
        "-s", "--strategy", multiple=True, metavar="SPEC|FILE.toml",
        help="The declared parallel strategy, as pp4ep4tp2sp2; may be given once a phase.",
    )(function)  # fmt: skip


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_strategy_options
@click.option("--select", multiple=True, metavar="RULES", help="Run only these rules: codes, prefixes or names, comma-separated.")
@click.option("--extend-select", multiple=True, metavar="RULES", help="Run these rules too.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Leave these rules out.")
@click.option("--rules", "folders", multiple=True, type=click.Path(exists=True, file_okay=False), help="A folder of further rule cards.")
@click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="report", show_default=True, help="The form of the output.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write there instead of to standard output.")
@click.option("--fail-on", type=click.Choice(("error", "warning", "info")), default="warning", show_default=True, help="The lowest severity that makes the exit status 1.")
@click.option("--stdin-filename", metavar="NAME", help="The name that standard input (`-`) goes by.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing for files without findings.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write a cache.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, metavar="N", help="How many processes lint at once.")
@click.pass_obj
def check(streams: Streams, **options: Any) -> int:  # noqa: ANN401 - click's own way
    """Lint files; a folder is searched for *.dot and *.gv, `-` is standard input.

    \b
    dotlint check llm_parallel_deployment.dot --strategy pp4ep4tp2sp2
    dotlint check graphs/ --format concise --fail-on error
    """
    settings = _settings(options)
    results = [_lint(streams, path, options["stdin_filename"], settings) for path in _found(options["paths"])]
    for result in results:
        if result.context is None:
            streams.stderr.write(f"dotlint: error: {_shown(result.path)}: {_shown(result.unreadable or '')}\n")
    shown = [r for r in results if r.findings or r.context is None] if options["quiet"] else results
    _write(streams, _render(shown, options, streams), options["output"])
    return _status(results, options)


def _shown(text: str) -> str:
    from dotlint.report.text import visible  # noqa: PLC0415

    return visible(text)


def _found(paths: Sequence[str]) -> list[str]:
    from dotlint.discovery import discover  # noqa: PLC0415 - `--help` needs none of it

    found = list(discover(paths))
    if not found:
        raise DotlintError(f"no *.dot or *.gv file in {', '.join(paths)}")
    return found


def _settings(options: dict[str, Any]) -> Settings:
    from dotlint.engine.card import own_cards, read_folder  # noqa: PLC0415
    from dotlint.engine.runner import Settings  # noqa: PLC0415
    from dotlint.engine.select import Selection, split_names  # noqa: PLC0415

    cards: list[Card] = list(own_cards())
    for folder in options["folders"]:
        own = {card.code: card for card in read_folder(Path(folder))}
        cards = sorted([card for card in cards if card.code not in own] + list(own.values()), key=lambda card: card.code)
    strategy = _strategy(options)
    return Settings(
        strategy=strategy,
        strategy_source="option" if strategy else None,
        selection=Selection(
            select=split_names(options["select"]) or None,
            extend_select=split_names(options["extend_select"]),
            ignore=split_names(options["ignore"]),
        ),
        cards=tuple(cards),
    )


def _strategy(options: dict[str, Any]) -> Strategy | None:
    if not options["strategy"]:
        if options["layout"]:
            raise DotlintError("--layout says how a strategy's degrees become GPUs: give one with --strategy")
        return None
    from dotlint.strategy import Layout, Strategy  # noqa: PLC0415

    layout = Layout.named(options["layout"]) if options["layout"] else None
    return Strategy.combine(options["strategy"], layout=layout)


def _lint(streams: Streams, path: str, stdin_name: str | None, settings: Settings) -> FileResult:
    from dotlint.discovery import UnreadableError, read_bytes, refuse_binary  # noqa: PLC0415
    from dotlint.engine.runner import FileResult, lint  # noqa: PLC0415
    from dotlint.syntax.source import Source  # noqa: PLC0415

    name = (stdin_name or "<stdin>") if path == "-" else path
    try:
        if path == "-":
            data = streams.stdin.read()
            refuse_binary(data)
        else:
            data = read_bytes(path)
    except UnreadableError as error:
        return FileResult(name, None, [], unreadable=str(error))
    return lint(Source.from_bytes(data, name), settings)


def _render(results: list[FileResult], options: dict[str, Any], streams: Streams) -> str:
    form = options["form"]
    if form in ("json", "jsonl"):
        from dotlint.report import as_json  # noqa: PLC0415

        return as_json.render(results) if form == "json" else as_json.render_lines(results)
    if form == "concise":
        from dotlint.report import concise  # noqa: PLC0415

        return concise.render(results)
    terminal = options["output"] is None and streams.stdout.isatty()
    colour = _colour(terminal=terminal)
    width = shutil.get_terminal_size((100, 40)).columns
    if form == "full":
        from dotlint.report import full  # noqa: PLC0415

        return full.render(results, width=width, colour=colour)
    from dotlint.report.outline import outline  # noqa: PLC0415

    repeated = " ".join(f"--strategy {_quoted(s)}" for s in options["strategy"])
    if options["layout"]:
        repeated += f" --layout {_quoted(options['layout'])}"
    outlines = [outline(result, repeated) for result in results]
    if form == "markdown":
        from dotlint.report import markdown  # noqa: PLC0415

        return markdown.render(outlines)
    from dotlint.report import rich_report  # noqa: PLC0415

    return rich_report.render(outlines, width=width, colour=colour)


def _quoted(text: str) -> str:
    import shlex  # noqa: PLC0415

    return shlex.quote(text)


def _colour(*, terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def _write(streams: Streams, text: str, output: str | None) -> None:
    if output is None:
        try:
            streams.stdout.write(text)
        except UnicodeEncodeError:
            encoding = streams.stdout.encoding or "ascii"
            streams.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        streams.stdout.flush()
        return
    from dotlint.atomic import write_atomically  # noqa: PLC0415

    write_atomically(Path(output), text.encode("utf-8", "backslashreplace"))


def _status(results: list[FileResult], options: dict[str, Any]) -> int:
    if any(result.context is None or result.crashed for result in results):
        return FAILED
    severities: tuple[Severity, ...] = ("error", "warning", "info")
    counted = severities[: severities.index(cast("Severity", options["fail_on"])) + 1]
    found = any(result.counts()[severity] for result in results for severity in counted)
    return FOUND if found and not options["exit_zero"] else 0


@cli.command("strategy")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC|FILE.toml...")
@click.option("--layout", metavar="MODEL|PRESET", help="How degrees become GPUs: product, overlay, megatron, vllm, ...")
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_obj
def show_strategy(streams: Streams, specs: tuple[str, ...], layout: str | None, form: str) -> int:
    """Show what a strategy means: phases, degrees, and the GPUs of each stage, shard and expert group."""
    from dotlint.report import strategy as shown  # noqa: PLC0415

    strategy = _strategy({"strategy": specs, "layout": layout})
    assert strategy is not None
    if form == "json":
        _write(streams, shown.as_json(strategy), None)
    else:
        colour = _colour(terminal=streams.stdout.isatty())
        _write(streams, shown.as_text(strategy, width=shutil.get_terminal_size((100, 40)).columns, colour=colour), None)
    return 0


@cli.command("rules")
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_obj
def list_rules(streams: Streams, form: str) -> int:
    """List all rules."""
    from dotlint.engine.card import own_cards  # noqa: PLC0415
    from dotlint.report import cards  # noqa: PLC0415

    _write(streams, cards.table(own_cards(), width=shutil.get_terminal_size((100, 40)).columns, form=form), None)
    return 0


@cli.command("rule")
@click.argument("name", metavar="CODE|NAME")
@click.pass_obj
def explain_rule(streams: Streams, name: str) -> int:
    """Explain one rule: what it finds, why it matters, an example."""
    from dotlint.engine.card import own_cards  # noqa: PLC0415
    from dotlint.engine.select import SelectionError, matching  # noqa: PLC0415
    from dotlint.report import cards  # noqa: PLC0415

    found = matching(name, own_cards())
    exact = [card for card in found if name.upper() == card.code or name.lower() == card.name]
    if not exact and len(found) > 1:
        raise SelectionError(f"`{name}` is a prefix of {len(found)} rules: {', '.join(card.code for card in found)}")
    _write(streams, cards.page((exact or found)[0], width=shutil.get_terminal_size((100, 40)).columns), None)
    return 0
