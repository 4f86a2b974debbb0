"""`dotlint config`: the configuration of a file, and the schema of configuration files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from dotlint.cli.options import configuration_options, configured, format_option, rules_option
from dotlint.cli.streams import write_messages, write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Unpack

    from dotlint.cli.options import ConfigOptions
    from dotlint.cli.streams import Streams
    from dotlint.config.configurations import Configurations
    from dotlint.engine.card import Card


@click.command("config")
@click.argument("path", required=False, default="-", metavar="[FILE]")
@click.option("--schema", is_flag=True, help="Print the JSON schema of dotlint.toml, for editors.")
@format_option("text", "json")
@rules_option
@configuration_options
@click.pass_obj
def command(streams: Streams, /, path: str, schema: bool, form: str, **options: Unpack[ConfigOptions]) -> int:
    """Show the configuration of a file.

    Each value is listed with the file that sets it. Without FILE, the configuration of this folder is shown.
    """
    from dotlint.config import describe, keys

    configurations = configured(options)
    if schema:
        schema_ = keys.schema((card.code, card.name) for card in _cards(streams, configurations))
        write_result(streams, json.dumps(schema_, indent=2) + "\n")
        return 0
    if path != "-" and not os.path.exists(path):
        raise DotlintError(f"there is no file or folder {path}")
    description = describe.describe(configurations, path)
    text = json.dumps(description, indent=2) + "\n" if form == "json" else describe.text(description)
    write_result(streams, text)
    return 0


def _cards(streams: Streams, configurations: Configurations) -> Iterable[Card]:
    """Return the rules of this folder; dotlint's own if its configuration is invalid, which the schema helps to correct."""
    from dotlint.engine.own_cards import own_cards

    try:
        return configurations.cards("-")
    except DotlintError as error:
        write_messages(streams, f"the schema has only the rules of dotlint itself: {error}")
        return own_cards()
