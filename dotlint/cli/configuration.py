"""The commands about configuration and rules of one's own: `dotlint config`, `dotlint new-rule`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotlint.cli.main import Streams, configured, write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Callable

_CHECKS = ("attribute-required", "id-matches", "role-shape", "degree-between")


def configuration_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which configuration and which cards there are."""
    for option in (
        click.option("--isolated", is_flag=True, help="Read no configuration file."),
        click.option("--config", type=click.Path(dir_okay=False), metavar="FILE", help="Use this configuration."),
        click.option(
            "--rules",
            "folders",
            multiple=True,
            type=click.Path(exists=True, file_okay=False),
            help="A folder of further rule cards.",
        ),
    ):
        function = option(function)
    return function


@click.command("config")
@click.argument("path", required=False, default="-", metavar="[FILE]")
@click.option("--schema", is_flag=True, help="Print the JSON schema of dotlint.toml, for editors.")
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@configuration_options
@click.pass_obj
def show_config(streams: Streams, /, path: str, schema: bool, form: str, **options: Any) -> int:  # noqa: ANN401
    """Show the configuration that holds for a file (or this folder), and where each part of it comes from."""
    from dotlint.config import describe as config_report  # noqa: PLC0415 - only this command prints it
    from dotlint.config import keys as config_keys  # noqa: PLC0415 - only this command prints it

    if schema:
        rules = [(card.code, card.name) for card in configured(options).cards("-")]
        write_result(streams, json.dumps(config_keys.schema(rules), indent=2, ensure_ascii=True) + "\n", None)
        return 0
    if path != "-" and not Path(path).exists():
        raise DotlintError(f"there is no file or folder {path}")
    configurations = configured(options)
    shown = config_report.describe(configurations, path)
    if form == "json":
        write_result(streams, json.dumps(shown, indent=2, ensure_ascii=True) + "\n", None)
    else:
        write_result(streams, config_report.text(shown), None)
    return 0


@click.command("new-rule")
@click.argument("code", metavar="CODE")
@click.argument("name", metavar="NAME")
@click.option("--check", "check", type=click.Choice(_CHECKS), default="attribute-required", show_default=True)
@click.option(
    "--in", "folder", type=click.Path(file_okay=False), metavar="DIR",
    help="The folder of the card; without it the first of `rules` in the configuration, else `rules`.",
)  # fmt: skip
@click.pass_obj
def new_rule(streams: Streams, code: str, name: str, check: str, folder: str | None) -> int:
    r"""Write a rule card of your own, with an example, to change as you like.

    \b
    dotlint new-rule ACME001 label-required
    dotlint new-rule ACME002 snake-case-names --check id-matches --in lint/rules
    """
    from dotlint.registry.scaffold import card_text, look_at_names  # noqa: PLC0415

    configurations = configured({})
    if folder:
        # A configuration may name the folder already; the first card is what makes it.
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DotlintError(f"{folder} cannot be made: {error.strerror or error}") from None
    cards = configurations.cards("-")
    look_at_names(code, name, cards)
    folders = configurations.config("-").get("rules") or ()
    target = Path(folder) if folder else Path(folders[0]) if folders else Path("rules")
    path = target / f"{code}-{name}.toml"
    text = card_text(code, name, check)
    made = False
    try:
        target.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            made = True
            stream.write(text)
    except FileExistsError:
        raise DotlintError(f"{path} is there already; it is left as it is") from None
    except OSError as error:
        if made:
            path.unlink(missing_ok=True)  # half a card is none
        raise DotlintError(f"{path} cannot be written: {error.strerror or error}") from None
    streams.stdout.write(f"{path}\n")
    if str(target.absolute()) not in folders:
        streams.stderr.write(
            f'dotlint: it counts with `rules = ["{target.as_posix()}"]` in dotlint.toml or with --rules {target}\n'
        )
    return 0
