"""`dotlint config`: the configuration of a file, and the schema of configuration files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from dotlint.cli.options import configuration_options, configured, format_option, rules_option
from dotlint.cli.streams import write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import ConfigOptions
    from dotlint.cli.streams import Streams


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
        schema_ = keys.schema((card.code, card.name) for card in configurations.cards("-"))
        write_result(streams, json.dumps(schema_, indent=2) + "\n")
        return 0
    if path != "-" and not os.path.exists(path):
        raise DotlintError(f"there is no file or folder {path}")
    description = describe.describe(configurations, path)
    text = json.dumps(description, indent=2) + "\n" if form == "json" else describe.text(description)
    write_result(streams, text)
    return 0
