"""`dotlint rules`: list all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.options import configuration_options, configured, format_option, rules_option
from dotlint.cli.streams import terminal_width, write_result

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import ConfigOptions
    from dotlint.cli.streams import Streams


@click.command("rules")
@format_option("text", "json")
@rules_option
@configuration_options
@click.pass_obj
def command(streams: Streams, /, form: str, **options: Unpack[ConfigOptions]) -> int:
    """List all rules.

    The list includes the rules that the configuration of this folder adds.
    """
    from dotlint.report import cards

    write_result(streams, cards.table(configured(options).cards("-"), width=terminal_width(), form=form))
    return 0
