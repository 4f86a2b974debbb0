"""Options of several commands, and the configurations that they result in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import click

from dotlint.cli.choice import Once, OneOf, Whole
from dotlint.errors import DotlintError
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from dotlint.config.configurations import Configurations
    from dotlint.engine.finding import Severity


class ConfigOptions(TypedDict, total=False):
    """The options that decide how files are linted. Each command has some of them."""

    strategy: tuple[str, ...]
    layout: str | None
    world: int | None
    model: str | None
    gpu: str | None
    preset: str | None
    select: tuple[str, ...]
    extend_select: tuple[str, ...]
    ignore: tuple[str, ...]
    folders: tuple[str, ...]
    config: tuple[str, ...]
    isolated: bool
    force_exclude: bool
    embedded: bool
    baseline: str | None
    write_baseline: str | None
    fail_on: Severity | None
    ignore_suppressions: bool


class CheckOptions(ConfigOptions):
    """The options of `check`."""

    paths: tuple[str, ...]
    fix: bool
    unsafe_fixes: bool
    diff: bool
    form: str
    output: str | None
    stdin_filename: str | None
    exit_zero: bool
    quiet: bool
    verbose: bool
    no_cache: bool
    jobs: int | None
    exclude: tuple[str, ...]
    no_respect_gitignore: bool
    statistics: bool
    watch: bool
    color: str
    show_files: bool
    show_fixes: bool
    fix_only: bool
    add_suppressions: str | None
    prune_baseline: bool


class FileOptions(ConfigOptions, total=False):
    """Options of a command that reads one file."""

    stdin_filename: str | None


def _all(*options: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[..., Any]:
    """Combine options into one decorator, in the order in which the help lists them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def complete_rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return shell completions for the last of comma-separated rules: codes and names, with their summaries."""
    from click.shell_completion import CompletionItem

    from dotlint.engine.own_cards import own_cards

    before, comma, word = incomplete.rpartition(",")
    found = []
    for card in own_cards():
        for name in (card.code, card.name):
            if name.lower().startswith(word.lower()):
                found.append(CompletionItem(f"{before}{comma}{name}", help=card.summary))
                break
    return found


rules_option = click.option(
    "--rules", "folders", multiple=True, type=click.Path(exists=True, file_okay=False), metavar="DIR",
    help="Load more rule cards from this folder.",
)  # fmt: skip
layout_option = click.option(
    "--layout", cls=Once, metavar="MODEL|PRESET", help="How degrees map to GPUs: product, overlay, megatron, vllm, ..."
)
world_option = click.option(
    "--world",
    cls=Once,
    type=click.IntRange(1, 1 << 18),
    metavar="N",
    help="The number of GPUs of a phase, from which its DP follows.",
)
model_option = click.option(
    "--model", cls=Once, metavar="CONFIG.json|FILE.toml",
    help="The facts about the model: Hugging Face's config.json, its folder, or [model] of a strategy file.",
)  # fmt: skip
gpu_option = click.option(
    "--gpu", cls=Once, metavar="NAME|GIB",
    help="The GPU, such as H100-80GB, or its memory in GiB, to check whether the plan fits.",
)  # fmt: skip
stdin_option = click.option("--stdin-filename", metavar="NAME", help="The file name to use for standard input (`-`).")


def output_path(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the value of `--output`; `-` is standard output.

    So is `/dev/stdout`: opening it would empty a file that standard output is appended to.
    """
    return None if value in ("-", "/dev/stdout") else value


output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False), callback=output_path, metavar="FILE",
    help="Write to this file instead of standard output.",
)  # fmt: skip
graph_option = click.option(
    "--graph", type=click.IntRange(min=1), metavar="N", help="Use the N-th graph of a file with several graphs."
)
strategy_options = _all(
    click.option(
        "-s", "--strategy", multiple=True, type=Whole(), metavar="SPEC|FILE.toml|ENGINE:FILE",
        help="The declared parallel strategy, for example pp4ep4tp2sp2 or vllm:launch.sh; repeat for each phase.",
    ),
    layout_option,
    world_option,
    model_option,
    gpu_option,
)  # fmt: skip


def selection_options(select_help: str) -> Callable[..., Any]:
    """Return the options that select rules; `select_help` is the help of `--select`."""
    return _all(
        click.option("--select", multiple=True, metavar="RULES", shell_complete=complete_rules, help=select_help),
        click.option(
            "--extend-select", multiple=True, metavar="RULES", shell_complete=complete_rules,
            help="Also run these rules.",
        ),
        click.option(
            "--ignore", multiple=True, metavar="RULES", shell_complete=complete_rules, help="Skip these rules."
        ),
    )  # fmt: skip


preset_option = click.option(
    "--preset", type=OneOf("recommended", "strict", "graphviz"),
    help="The rules to run if --select is not given; the default is recommended.",
)  # fmt: skip
configuration_options = _all(
    click.option(
        "--config", multiple=True, type=Whole(), metavar="FILE|KEY = VALUE",
        help="Use this configuration for every file instead of the nearest one, or set one of its keys, as TOML.",
    ),
    click.option("--isolated", is_flag=True, help="Ignore all configuration files."),
)  # fmt: skip
file_options = _all(
    click.argument("path", metavar="FILE"), stdin_option, strategy_options, rules_option, configuration_options
)


color_option = click.option(
    "--color", type=OneOf("auto", "always", "never"), default="auto", show_default=True,
    help="When to use color; auto is on a terminal, unless NO_COLOR or FORCE_COLOR is set.",
)  # fmt: skip


def format_option(*names: str) -> Callable[..., Any]:
    """Return the option for the output format; the first name is the default."""
    return click.option(
        "-f", "--format", "form", type=OneOf(*names), default=names[0], show_default=True, metavar="FORMAT",
        help=f"The output format: {', '.join(names)}.",
    )  # fmt: skip


def split_config(options: ConfigOptions) -> tuple[tuple[str, ...], str | None]:
    """Return the keys that `--config` sets, and the file that it names."""
    values = options.get("config", ())
    if not values:
        return (), None
    from dotlint.config.inline import is_pair

    files = [value for value in values if not is_pair(value)]
    if len(files) > 1:
        raise DotlintError(f"--config names {len(files)} files; give one, and let it `extend` the other")
    return tuple(value for value in values if is_pair(value)), files[0] if files else None


def configured(options: ConfigOptions) -> Configurations:
    """Return the configurations of a run with the options of a command."""
    from dotlint.config.configurations import Configurations
    from dotlint.config.model import Overrides
    from dotlint.engine.select import split_names

    pairs, file = split_config(options)
    select, baseline = options.get("select"), options.get("baseline")
    if file and options.get("isolated"):
        raise DotlintError("--config cannot be combined with --isolated")
    overrides = Overrides(
        strategy=tuple(options.get("strategy", ())),
        layout=options.get("layout"),
        world=options.get("world"),
        model=options.get("model"),
        gpu=options.get("gpu"),
        preset=options.get("preset"),
        select=split_names(select) if select else None,
        extend_select=split_names(options.get("extend_select", ())),
        ignore=split_names(options.get("ignore", ())),
        rules=tuple(as_path(folder).absolute() for folder in options.get("folders", ())),
        force_exclude=options.get("force_exclude", False),
        embedded=options.get("embedded", False),
        baseline=as_path(baseline) if baseline else None,
        no_baseline=bool(options.get("write_baseline")),
        fail_on=options.get("fail_on"),
        ignore_suppressions=options.get("ignore_suppressions", False),
        pairs=pairs,
    )
    return Configurations(
        overrides, file=as_path(file) if file else None, isolated=options.get("isolated", False), typed=True
    )
