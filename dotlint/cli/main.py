"""The command line: options in, exit status out."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import click

from dotlint._version import __version__
from dotlint.errors import DotlintError
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from click.shell_completion import CompletionItem

    from dotlint.config.configurations import Configurations
    from dotlint.engine.card import Card
    from dotlint.engine.finding import Severity
    from dotlint.engine.result import FileResult, Settings
    from dotlint.page.collect import Page
    from dotlint.pipeline.fix_files import FixedFile
    from dotlint.strategy import Strategy

FORMATS = ("report", "full", "concise", "markdown", "json", "jsonl", "sarif", "github", "gitlab", "junit", "html")
FOUND, FAILED = 1, 2


class StreamError(DotlintError):
    """Standard output that takes nothing more."""


class Streams(NamedTuple):
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
    # Who started us may have closed any of the three.
    streams = Streams(
        stdin or (sys.stdin.buffer if sys.stdin else open(os.devnull, "rb")),  # noqa: SIM115 - to the end
        stdout or sys.stdout or open(os.devnull, "w", encoding="utf-8"),  # noqa: SIM115
        stderr or sys.stderr or open(os.devnull, "w", encoding="utf-8"),  # noqa: SIM115
    )
    try:
        status = cli.main(
            args=None if argv is None else list(argv), prog_name="dotlint", standalone_mode=False, obj=streams
        )
    except click.exceptions.NoArgsIsHelpError as error:
        streams.stdout.write(error.format_message() + "\n")
        return 0
    except click.UsageError as error:
        command = f"{error.ctx.command_path} --help" if error.ctx else "dotlint --help"
        return _fail(streams, f"{error.format_message().rstrip('.')} (see `{command}`)")
    except click.ClickException as error:
        return _fail(streams, error.format_message())
    except StreamError as error:
        _let_go(streams)
        return _fail(streams, str(error))
    except DotlintError as error:
        frame = getattr(error, "frame", None)
        return _fail(streams, str(error), frame() if callable(frame) else "")
    except SystemExit:  # click's way to end where who reads has gone
        _let_go(streams)
        return FAILED
    except OSError as error:
        _let_go(streams)
        return _fail(streams, f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _fail(streams, "interrupted")
    return status if isinstance(status, int) else 0


def _fail(streams: Streams, message: str, frame: str = "") -> int:
    from dotlint.report.text import visible  # noqa: PLC0415 - only where something failed

    lines = [f"dotlint: error: {visible(message)}", *(f"  {visible(line)}" for line in frame.splitlines())]
    try:
        streams.stderr.write("\n".join(lines) + "\n")
        streams.stderr.flush()
    except OSError:  # the status is all that is left to say it with
        _let_go(streams)
    return FAILED


def _let_go(streams: Streams) -> None:
    """Lead what still waits to be written to nowhere: Python would try once more while closing, and complain."""
    for stream, own in ((streams.stdout, sys.__stdout__), (streams.stderr, sys.__stderr__)):
        if stream is own and own is not None:
            try:
                own.flush()
            except OSError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), own.fileno())


_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """The commands; those that only show something are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give all names in order."""
        return sorted([*super().list_commands(ctx), *_SHOWING])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command by its name."""
        if cmd_name in _SHOWING:
            from importlib import import_module  # noqa: PLC0415 - `check` does not need them

            module, _, function = _SHOWING[cmd_name].rpartition(":")
            found = cast("click.Command | None", getattr(import_module(f"dotlint.cli.{module or 'showing'}"), function))
        else:
            found = super().get_command(ctx, cmd_name)
        if found is not None and found.help is not None:
            found.help = found.help.replace(
                "\\b\n", "\b\n"
            )  # what keeps click from joining lines, out of raw docstrings
        return found


_SHOWING = {
    "completion": "show_completion",
    "config": "configuration:show_config",
    "explain": "explain_node",
    "infer": "infer_strategy",
    "new-rule": "configuration:new_rule",
    "overview": "drawing:write_overview",
    "render": "drawing:render_graph",
    "rule": "explain_rule",
    "rules": "list_rules",
    "server": "server:run_server",
    "strategy": "show_strategy",
    "summary": "drawing:summarise",
}


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, "--version", "-V", message="dotlint %(version)s")
def cli() -> None:
    """Lint Graphviz DOT files, above all those that describe how a model is deployed over GPUs."""


def _strategy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    function = click.option(
        "--layout", metavar="MODEL|PRESET", help="How degrees become GPUs: product, overlay, megatron, vllm, ..."
    )(function)
    return click.option(
        "-s", "--strategy", multiple=True, metavar="SPEC|FILE.toml",
        help="The declared parallel strategy, as pp4ep4tp2sp2; may be given once a phase.",
    )(function)  # fmt: skip


def complete_rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete codes and names of rules for the shell."""
    from dotlint.cli.completion import rules  # noqa: PLC0415

    return rules(incomplete)


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_strategy_options
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    shell_complete=complete_rules,
    help="Run only these rules: codes, prefixes or names, comma-separated.",
)
@click.option(
    "--extend-select", multiple=True, metavar="RULES", shell_complete=complete_rules, help="Run these rules too."
)
@click.option("--ignore", multiple=True, metavar="RULES", shell_complete=complete_rules, help="Leave these rules out.")
@click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="A folder of further rule cards.",
)
@click.option("--fix", is_flag=True, help="Apply the safe fixes in place; the report is of what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: the fixes too whose meaning is guessed.")
@click.option("--diff", is_flag=True, help="Print what --fix would change as a unified diff, and write nothing.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="report",
    show_default=True,
    help="The form of the output.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="Write there instead of to standard output; with --format html a folder gets a page a file and an index.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("error", "warning", "info")),
    help="The lowest severity that makes the exit status 1; without it `warning`.",
)
@click.option(
    "--preset",
    type=click.Choice(("recommended", "strict", "graphviz")),
    help="The rules that run where --select names none; without it `recommended`.",
)
@click.option("--stdin-filename", metavar="NAME", help="The name that standard input (`-`) goes by.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing for files without findings.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Use this configuration for every file, not the nearest of each.",
)
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Do not tell the findings that are in this file.",
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write all that is found to this file, and tell nothing.",
)
@click.option("--no-cache", is_flag=True, help="Neither read nor write a cache.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes lint at once; without it as many as there are CPUs where there are many files.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERNS",
    help="Leave these out of a folder search: patterns as in .gitignore, comma-separated.",
)
@click.option("--force-exclude", is_flag=True, help="Leave out excluded files that are named themselves too.")
@click.option("--no-respect-gitignore", is_flag=True, help="Search what .gitignore leaves out too.")
@click.option("--statistics", is_flag=True, help="Show how often each rule spoke, not the findings.")
@click.option("--watch", is_flag=True, help="Lint again whenever a file changes.")
@click.pass_obj
def check(streams: Streams, /, **options: Any) -> int:  # noqa: ANN401 - click's own way
    r"""Lint files; a folder is searched for *.dot and *.gv, `-` is standard input.

    \b
    dotlint check llm_parallel_deployment.dot --strategy pp4ep4tp2sp2
    dotlint check graphs/ --format concise --fail-on error
    """
    return _watch(streams, options) if options["watch"] else _check(streams, options)


def _check(streams: Streams, options: dict[str, Any]) -> int:
    if _is_folder(options["output"]) and not _wants_pages(options):
        raise DotlintError(f"{options['output']} is a folder: only --format html writes into one")
    files = _settled(streams, options)
    if options["write_baseline"]:
        return _write_baseline(streams, files, options)
    if options["fix"] or options["diff"]:
        return _fix(streams, files, options)
    if options["unsafe_fixes"]:
        streams.stderr.write("dotlint: --unsafe-fixes alone changes nothing: give it with --fix or --diff\n")
    pages: list[Page] | None = None
    if _wants_pages(options):
        piped = any(path == "-" for path, _ in files)
        pages = _pages(streams, files, options, streams.stdin.read() if piped else b"")
    results = _linted(streams, files, options) if pages is None else [page.result for page in pages]
    for result in results:
        if result.unreadable is not None:
            streams.stderr.write(f"dotlint: error: {_shown(result.path)}: {_shown(result.unreadable)}\n")
    _tell_troubles(streams, results)
    shown = [r for r in results if r.findings or r.unreadable is not None] if options["quiet"] else results
    _tell_outlived(streams, results, options)
    if pages is None:
        write_result(streams, _render(shown, files, options, streams), options["output"])
    else:
        _write_pages(streams, pages, shown, options)
    return _status(results, files, options)


def _settled(streams: Streams, options: dict[str, Any]) -> list[tuple[str, Settings]]:
    """Find the files, and for each how to lint it: what its configuration says and what the options say over it."""
    configurations = configured(options)
    stdin = options["stdin_filename"] or "-"
    named = {path for path in options["paths"] if not os.path.isdir(path)}
    found = _found(streams, options)
    kept = [path for path in found if not configurations.excluded(path, named=path in named)]
    if found and not kept:
        streams.stderr.write("dotlint: nothing to lint: the configuration excludes every file\n")
    return [(path, configurations.settings(stdin if path == "-" else path)) for path in kept]


def configured(options: dict[str, Any]) -> Configurations:
    """Make the configurations of a run from the options of a command; an option that it lacks says nothing."""
    from dotlint.config.configurations import Configurations, Overrides  # noqa: PLC0415
    from dotlint.engine.select import split_names  # noqa: PLC0415

    if options.get("config") and options.get("isolated"):
        raise DotlintError("--config names a configuration and --isolated wants none: leave one of them out")
    overrides = Overrides(
        strategy=tuple(options.get("strategy", ())),
        layout=options.get("layout"),
        preset=options.get("preset"),
        select=split_names(options["select"]) if options.get("select") else None,
        extend_select=split_names(options.get("extend_select", ())),
        ignore=split_names(options.get("ignore", ())),
        rules=tuple(as_path(folder).absolute() for folder in options.get("folders", ())),
        force_exclude=options.get("force_exclude", False),
        baseline=as_path(options["baseline"]) if options.get("baseline") else None,
        no_baseline=bool(options.get("write_baseline")),
        fail_on=options.get("fail_on"),
    )
    file = as_path(options["config"]) if options.get("config") else None
    return Configurations(overrides, file=file, isolated=options.get("isolated", False))


def _write_baseline(streams: Streams, files: Sequence[tuple[str, Settings]], options: dict[str, Any]) -> int:
    """Write down what is found, so that it is not told again."""
    from dotlint.engine.baseline import entries, write_baseline  # noqa: PLC0415 - a rare thing to do

    if options["fix"] or options["diff"]:
        raise DotlintError(
            "--write-baseline notes what is found and --fix or --diff changes it: do one after the other"
        )
    target = as_path(options["write_baseline"])
    found = []
    failed = False
    results = []
    for path, settings in files:
        result = lint_path(streams, path, options["stdin_filename"], settings)
        results.append(result.slim())
        if result.context is None:
            streams.stderr.write(f"dotlint: error: {_shown(result.path)}: {_shown(result.unreadable or '')}\n")
        else:
            found += entries(result.document, result.path, result.findings, target.absolute().parent)
        failed = failed or result.context is None or result.crashed
    count = write_baseline(target, found)
    streams.stderr.write(f"dotlint: {count} finding{'' if count == 1 else 's'} written to {_shown(str(target))}\n")
    return FAILED if _tell_troubles(streams, results) or failed else 0


def _tell_troubles(streams: Streams, results: Sequence[FileResult]) -> bool:
    """Tell of files that a strategy names as phases and that cannot be read, each once; give whether there are any."""
    lines = dict.fromkeys(line for result in results for line in result.troubles)
    streams.stderr.write("".join(f"dotlint: error: {_shown(line)}\n" for line in lines))
    return bool(lines)


def _tell_outlived(streams: Streams, results: Sequence[FileResult], options: dict[str, Any]) -> None:
    outlived = sum(result.outlived for result in results)
    if outlived and not options["quiet"]:
        what = "1 finding of the baseline is" if outlived == 1 else f"{outlived} findings of the baseline are"
        streams.stderr.write(f"dotlint: {what} no longer there; --write-baseline makes it anew\n")


def _fix(streams: Streams, files: Sequence[tuple[str, Settings]], options: dict[str, Any]) -> int:
    """Fix files, or print the diff; then report what is left as without fixing."""
    from dotlint.pipeline.fix_files import fix_data, fix_file  # noqa: PLC0415 - only where something is fixed

    fixed = []
    given = b""
    for path, settings in files:
        if path == "-":
            name = options["stdin_filename"] or "<stdin>"
            given = streams.stdin.read()
            one = fix_data(given, name, settings, unsafe=options["unsafe_fixes"])
            given = one.fixes.data() if one.fixes is not None else given
        else:
            one = fix_file(path, settings, unsafe=options["unsafe_fixes"], write=not options["diff"])
        fixed.append(one)
        failure = one.failure or (one.result.unreadable and f"{one.path}: {one.result.unreadable}")
        for line in [f"error: {failure}"] if failure else one.messages:
            if failure or not options["diff"] or "refused" in line:
                streams.stderr.write(f"dotlint: {_shown(line)}\n")
        if path == "-" and not options["diff"] and one.fixes is not None:
            write_bytes(streams, one.fixes.data())
    if not options["diff"]:
        _look_again(fixed, [settings for _, settings in files])
    results = [one.result for one in fixed]
    failed = any(one.failure for one in fixed) or any(r.unreadable is not None or r.crashed for r in results)
    failed = _tell_troubles(streams, results) or failed
    if options["diff"]:
        diffs = [one.fixes.diff() for one in fixed if one.fixes is not None]
        write_bytes(streams, "".join(diffs).encode("utf-8", "surrogateescape"))
        return FAILED if failed else FOUND if any(diffs) and not options["exit_zero"] else 0
    shown = [r for r in results if r.findings or r.unreadable is not None] if options["quiet"] else results
    piped = any(path == "-" for path, _ in files)  # then standard output has the fixed text
    out = Streams(streams.stdin, streams.stderr, streams.stderr) if piped else streams
    if _wants_pages(options):
        _write_pages(out, _pages(streams, files, options, given), shown, options)
    else:
        write_result(out, _render(shown, files, options, streams), options["output"])
    return FAILED if failed else _status(results, files, options)


def _look_again(fixed: Sequence[FixedFile], settings: Sequence[Settings]) -> None:
    """Lint files of one deployment once more where one of them was fixed: what is said of two files is of both."""
    if len(fixed) < 2 or not any(one.fixes is not None and one.fixes.changed for one in fixed):
        return
    from dotlint.pipeline.processes import lint_slim  # noqa: PLC0415

    for one, its in zip(fixed, settings, strict=True):
        if one.fixes is not None and one.failure is None and its.strategy is not None and its.strategy.has_files:
            one.result = lint_slim(one.path, its, data=one.fixes.data())


def write_bytes(streams: Streams, data: bytes) -> None:
    """Write to standard output as it is, whatever encoding it has; a stream of text alone gets text."""
    raw = getattr(streams.stdout, "buffer", None)
    if raw is None:
        streams.stdout.write(data.decode("utf-8", "backslashreplace"))
        return
    with _told_where():
        streams.stdout.flush()
        raw.write(data)
        raw.flush()


@contextlib.contextmanager
def _told_where() -> Iterator[None]:
    """Say of what goes wrong that it was standard output; that who reads it has gone is no mistake."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StreamError(f"standard output cannot be written: {error.strerror or error}") from error


def _shown(text: str) -> str:
    from dotlint.report.text import visible  # noqa: PLC0415 - only where something failed

    return visible(text)


def _watch(streams: Streams, options: dict[str, Any]) -> int:
    from dotlint.files.watch import changes  # noqa: PLC0415

    if "-" in options["paths"] or options["output"]:
        raise DotlintError("--watch goes with files on disk and standard output, not with `-` or --output")
    also = [strategy for strategy in options["strategy"] if strategy.endswith(".toml")]
    also += [options[name] for name in ("config", "baseline") if options[name]]
    try:
        for _ in changes(lambda: [*_discovered(options), *also, *_configuration_files(options)]):
            if streams.stdout.isatty():
                streams.stdout.write("\x1b[2J\x1b[H")
            try:
                _check(streams, options)
            except DotlintError as error:  # a file half saved; the next change may mend it
                _fail(streams, str(error))
            streams.stderr.write("dotlint: waiting for changes; Ctrl-C ends\n")
            streams.stderr.flush()
    except KeyboardInterrupt:
        pass
    return 0


def _configuration_files(options: dict[str, Any]) -> list[str]:
    try:
        configurations = configured(options)
        paths = list(_discovered(options))
        files = {configurations.config(path).file for path in paths}
        strategies = {id(s): s for path in paths if (s := configurations.settings(path).strategy) is not None}
    except DotlintError:  # it is told by the run that follows
        return []
    phases = [phase.path for strategy in strategies.values() for phase in strategy.phases if phase.path is not None]
    return [*(str(file) for file in files if file is not None), *phases]


def _discovered(options: dict[str, Any]) -> list[str]:
    from dotlint.files.discovery import discover  # noqa: PLC0415 - `--help` needs none of it
    from dotlint.files.exclusion import Patterns  # noqa: PLC0415

    lines = tuple(line for value in options["exclude"] for line in value.split(",") if line)
    exclude = (Patterns(os.getcwd(), lines),) if lines else ()
    gitignore = not options["no_respect_gitignore"]
    return list(
        discover(options["paths"], exclude=exclude, force_exclude=options["force_exclude"], gitignore=gitignore)
    )


def _found(streams: Streams, options: dict[str, Any]) -> list[str]:
    found = _discovered(options)
    if not found and not options["force_exclude"]:
        where = ", ".join(options["paths"])
        raise DotlintError(f"no *.dot or *.gv file in {where}, besides what .gitignore or --exclude may leave out")
    if not found:
        streams.stderr.write("dotlint: nothing to lint: every file is excluded\n")
    return found


def _linted(streams: Streams, files: Sequence[tuple[str, Settings]], options: dict[str, Any]) -> list[FileResult]:
    """Lint files, standard input in its place among them; the results are slim."""
    from dotlint.pipeline.processes import lint_files  # noqa: PLC0415
    from dotlint.report.progress import Progress  # noqa: PLC0415

    named = [(path, settings) for path, settings in files if path != "-"]
    shown = streams.stderr.isatty() and len(named) > 1 and not options["quiet"]
    progress = Progress(streams.stderr, len(named)) if shown else None
    try:
        linted = iter(lint_files(named, jobs=options["jobs"], cached=not options["no_cache"], progress=progress))
    finally:
        if progress:
            progress.end()
    return [
        lint_path(streams, path, options["stdin_filename"], settings) if path == "-" else next(linted)
        for path, settings in files
    ]


def declared_strategy(specs: Sequence[str], layout_name: str | None) -> Strategy | None:
    """Read `--strategy` and `--layout`; None where no strategy is given."""
    if not specs:
        if layout_name:
            raise DotlintError("--layout says how a strategy's degrees become GPUs: give one with --strategy")
        return None
    from dotlint.strategy import Layout, Strategy  # noqa: PLC0415

    layout = Layout.named(layout_name) if layout_name else None
    return Strategy.combine(specs, layout=layout)


def lint_path(streams: Streams, path: str, stdin_name: str | None, settings: Settings) -> FileResult:
    """Read a file (`-`: standard input) and lint it; a file that cannot be read gives a result that says so."""
    from dotlint.pipeline import lint_file  # noqa: PLC0415 - `--help` needs none of it

    if path == "-":
        return lint_file.lint_path(stdin_name or "<stdin>", settings, data=streams.stdin.read())
    return lint_file.lint_path(path, settings)


def _render(
    results: list[FileResult], files: Sequence[tuple[str, Settings]], options: dict[str, Any], streams: Streams
) -> str:
    form = options["form"]
    if options["statistics"]:
        from dotlint.report import statistics  # noqa: PLC0415

        return statistics.render(results, form="json" if form.startswith("json") else "text")
    if form in ("sarif", "github", "gitlab", "junit"):
        every = {card.code: card for settings in {id(s): s for _, s in files}.values() for card in settings.cards}
        cards = [every[code] for code in sorted(every)]
        return _render_for_machines(results, cards, form, files[0][1].fail_on if files else "warning")
    if form in ("json", "jsonl"):
        from dotlint.report import as_json  # noqa: PLC0415

        return as_json.render(results) if form == "json" else as_json.render_lines(results)
    if form == "concise":
        from dotlint.report import concise  # noqa: PLC0415

        return concise.render(results)
    terminal = options["output"] is None and streams.stdout.isatty()
    colour = colour_wanted(terminal=terminal)
    import shutil  # noqa: PLC0415 - only where there may be a terminal

    width = shutil.get_terminal_size((100, 40)).columns
    if form == "full":
        from dotlint.report import full  # noqa: PLC0415

        return full.render(results, width=width, colour=colour, links=_links(terminal=terminal, colour=colour))
    from dotlint.report.model import outline  # noqa: PLC0415

    repeated = _repeated(options)
    links = form == "report" and _links(terminal=terminal, colour=colour)
    outlines = [outline(result, repeated, links=links) for result in results]
    if form == "markdown":
        from dotlint.report import markdown  # noqa: PLC0415

        return markdown.render(outlines)
    from dotlint.report import rich_report  # noqa: PLC0415

    return rich_report.render(outlines, width=width, colour=colour)


def _repeated(options: dict[str, Any]) -> str:
    """Give the options of this command line that a suggested command repeats."""
    repeated = " ".join(f"--strategy {_quoted(s)}" for s in options["strategy"])
    return f"{repeated} --layout {_quoted(options['layout'])}" if options["layout"] else repeated


def _wants_pages(options: dict[str, Any]) -> bool:
    return bool(options["form"] == "html" and not options["statistics"])


def _is_folder(output: str | None) -> bool:
    return output is not None and (output.endswith(("/", os.sep)) or os.path.isdir(output))


def _pages(
    streams: Streams, files: Sequence[tuple[str, Settings]], options: dict[str, Any], given: bytes
) -> list[Page]:
    """Make each file's part of the page; `given` is what standard input had."""
    from dotlint.page.collect import Task, make_pages  # noqa: PLC0415 - only this format needs it
    from dotlint.report.progress import Progress  # noqa: PLC0415

    stdin, repeated = options["stdin_filename"] or "<stdin>", _repeated(options)
    tasks = [
        Task(stdin, settings, given, repeated) if path == "-" else Task(path, settings, None, repeated)
        for path, settings in files
    ]
    progress = Progress(streams.stderr, len(tasks)) if streams.stderr.isatty() and not options["quiet"] else None
    try:
        return make_pages(tasks, jobs=options["jobs"], progress=progress)
    finally:
        if progress:
            progress.end()


def _write_pages(streams: Streams, pages: list[Page], shown: list[FileResult], options: dict[str, Any]) -> None:
    """Write the pages of those results that are shown: one document, or a folder of them."""
    from dotlint.page.collect import document, write_pages  # noqa: PLC0415

    paths = {result.path for result in shown}
    kept = [page for page in pages if page.result.path in paths]
    if _is_folder(options["output"]):
        write_pages(kept, as_path(options["output"]))
    else:
        write_result(streams, document(kept), options["output"])


def _render_for_machines(results: list[FileResult], cards: Sequence[Card], form: str, fail_on: Severity) -> str:
    if form == "sarif":
        from dotlint.report import sarif  # noqa: PLC0415

        return sarif.render(results, cards)
    if form == "gitlab":
        from dotlint.report import gitlab  # noqa: PLC0415

        return gitlab.render(results)
    if form == "junit":
        from dotlint.report import junit  # noqa: PLC0415

        return junit.render(results, fail_on)
    from dotlint.report import github  # noqa: PLC0415

    step_summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if step_summary:
        github.add_summary(as_path(step_summary), results)
    return github.render(results)


def _quoted(text: str) -> str:
    import shlex  # noqa: PLC0415

    return shlex.quote(text)


def colour_wanted(*, terminal: bool) -> bool:
    """Whether to colour: NO_COLOR and FORCE_COLOR first, then whether a terminal reads."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (terminal and os.environ.get("TERM") != "dumb")


def _links(*, terminal: bool, colour: bool) -> bool:
    from dotlint.report.links import supported  # noqa: PLC0415

    return terminal and colour and supported()


def write_result(streams: Streams, text: str, output: str | None) -> None:
    """Write to standard output, or to a file atomically."""
    if output is None:
        with _told_where():
            try:
                streams.stdout.write(text)
            except UnicodeEncodeError:
                encoding = getattr(streams.stdout, "encoding", None) or "ascii"
                streams.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            streams.stdout.flush()
        return
    from dotlint.files.atomic import write_atomically  # noqa: PLC0415

    write_atomically(as_path(output), text.encode("utf-8", "backslashreplace"))


def _status(results: list[FileResult], files: Sequence[tuple[str, Settings]], options: dict[str, Any]) -> int:
    if any(result.unreadable is not None or result.crashed or result.troubles for result in results):
        return FAILED
    severities: tuple[Severity, ...] = ("error", "warning", "info")
    for result, (_, settings) in zip(results, files, strict=True):
        counts = result.counts()
        counted = severities[: severities.index(settings.fail_on) + 1]
        if any(counts[severity] for severity in counted) and not options["exit_zero"]:
            return FOUND
    return 0
