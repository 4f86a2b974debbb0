"""The commands that show something: strategies, rules, and what was understood of a file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from dotlint.cli.configuration import configuration_options, new_rule, show_config
from dotlint.cli.main import (
    Streams,
    cli,
    colour_wanted,
    complete_rules,
    configured,
    declared_strategy,
    lint_path,
    write_result,
)
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from dotlint.pipeline.lint import FileResult

__all__ = ["new_rule", "show_config"]  # the others are defined here


def _width() -> int:
    return shutil.get_terminal_size((100, 40)).columns


@click.command("strategy")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC|FILE.toml...")
@click.option("--layout", metavar="MODEL|PRESET", help="How degrees become GPUs: product, overlay, megatron, vllm, ...")
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_obj
def show_strategy(streams: Streams, specs: tuple[str, ...], layout: str | None, form: str) -> int:
    """Show what a strategy means: phases, degrees, and the GPUs of each stage, shard and expert group."""
    from dotlint.report import strategy as shown  # noqa: PLC0415

    strategy = declared_strategy(specs, layout)
    assert strategy is not None
    if form == "json":
        write_result(streams, shown.as_json(strategy), None)
    else:
        colour = colour_wanted(terminal=streams.stdout.isatty())
        write_result(streams, shown.as_text(strategy, width=_width(), colour=colour), None)
    return 0


@click.command("rules")
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@configuration_options
@click.pass_obj
def list_rules(streams: Streams, /, form: str, **options: Any) -> int:  # noqa: ANN401 - click's own way
    """List all rules, those of the configuration of this folder among them."""
    from dotlint.report import cards  # noqa: PLC0415

    write_result(streams, cards.table(configured(options).cards("-"), width=_width(), form=form), None)
    return 0


@click.command("rule")
@click.argument("name", metavar="CODE|NAME", shell_complete=complete_rules)
@configuration_options
@click.pass_obj
def explain_rule(streams: Streams, /, name: str, **options: Any) -> int:  # noqa: ANN401 - click's own way
    """Explain one rule: what it finds, why it matters, an example."""
    from dotlint.engine.select import SelectionError, matching  # noqa: PLC0415
    from dotlint.report import cards  # noqa: PLC0415

    found = matching(name, configured(options).cards("-"))
    exact = [card for card in found if name.upper() == card.code or name.lower() in card.names]
    if not exact and len(found) > 1:
        raise SelectionError(f"`{name}` is a prefix of {len(found)} rules: {', '.join(card.code for card in found)}")
    write_result(streams, cards.page((exact or found)[0], width=_width()), None)
    return 0


@click.command("infer")
@click.argument("path", metavar="FILE")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write there instead of to standard output.")
@click.pass_obj
def infer_strategy(streams: Streams, path: str, output: str | None) -> int:
    """Write the strategy that a file's labels imply, as TOML, and what in the file contradicts it."""
    from dotlint.deployment.infer import infer  # noqa: PLC0415
    from dotlint.report.inferred import strategy_file  # noqa: PLC0415

    result = _read(streams, path)
    assert result.context is not None
    declared: dict[str | None, dict[str, int]] = {}
    for declaration in result.context.declarations:
        if declaration.several_axes:
            declared.setdefault(declaration.phase, {}).update(declaration.degrees)
    recognised = [graph for graph in result.context.graphs if graph.deployment.recognised]
    if not recognised:
        raise DotlintError(f"{path}: no deployment is recognised in it, so there is no strategy to infer")
    found = infer(recognised[0].deployment, declared)
    write_result(streams, strategy_file(found, path), output)
    return 1 if found.contradictions else 0


@click.command("explain")
@click.argument("path", metavar="FILE")
@click.argument("node", metavar="NODE")
@click.option(
    "-s", "--strategy", "specs", multiple=True, metavar="SPEC|FILE.toml", help="The declared parallel strategy."
)
@click.pass_obj
def explain_node(streams: Streams, path: str, node: str, specs: tuple[str, ...]) -> int:
    """Show what was understood of a node, from what, and which findings speak of it."""
    from dotlint.engine.select import nearest  # noqa: PLC0415
    from dotlint.report.inferred import node_page  # noqa: PLC0415

    result = _read(streams, path, specs)
    assert result.context is not None
    for graph in result.context.graphs:
        reading = graph.deployment.by_name.get(node)
        if reading is not None:
            write_result(streams, node_page(result, graph.deployment, reading), None)
            return 0
    near = nearest(node, [name for graph in result.context.graphs for name in graph.graph.nodes])
    raise DotlintError(f"{path}: no node `{node}`" + (f"; did you mean `{near}`?" if near else ""))


def _read(streams: Streams, path: str, specs: tuple[str, ...] = ()) -> FileResult:
    result = lint_path(streams, path, None, configured({"strategy": specs}).settings(path))
    if result.context is None:
        raise DotlintError(f"{path}: {result.unreadable}")
    return result


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_obj
def show_completion(streams: Streams, shell: str) -> int:
    r"""Print what makes a shell complete dotlint's commands, options and rules.

    \b
    bash: echo 'eval "$(dotlint completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(dotlint completion zsh)"' >> ~/.zshrc
    fish: dotlint completion fish > ~/.config/fish/completions/dotlint.fish
    """
    from dotlint.cli.completion import script  # noqa: PLC0415

    write_result(streams, script(shell, cli), None)
    return 0
