"""`dotlint rule`: explain a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.options import complete_rules, configuration_options, configured, rules_option
from dotlint.cli.streams import terminal_width, write_result

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import ConfigOptions
    from dotlint.cli.streams import Streams


@click.command("rule")
@click.argument("name", metavar="CODE|NAME", shell_complete=complete_rules)
@rules_option
@configuration_options
@click.pass_obj
def command(streams: Streams, /, name: str, **options: Unpack[ConfigOptions]) -> int:
    """Explain a rule.

    The explanation covers what the rule finds and why that matters, with an example.
    """
    from dotlint.engine.select import SelectionError, matching
    from dotlint.report import cards

    found = matching(name, configured(options).cards("-"))
    exact = [card for card in found if name.upper() == card.code or name.lower() in card.names]
    if not exact and len(found) > 1:
        raise SelectionError(f"`{name}` is a prefix of {len(found)} rules: {', '.join(card.code for card in found)}")
    write_result(streams, cards.page((exact or found)[0], width=terminal_width()))
    return 0
