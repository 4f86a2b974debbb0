"""Shell completion: the scripts, and the words that options complete to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem, get_completion_class

if TYPE_CHECKING:
    import click

SHELLS = ("bash", "zsh", "fish")


def script(shell: str, command: click.Command) -> str:
    """Give what the shell has to read to complete `dotlint`, with a final newline."""
    kind = get_completion_class(shell)
    assert kind is not None
    maker = kind(command, {}, "dotlint", "_DOTLINT_COMPLETE")
    # `source` would first run bash to ask for its version, for a message that is of no use here.
    return (maker.source_template % maker.source_vars()).strip() + "\n"


def rules(incomplete: str) -> list[CompletionItem]:
    """Complete the last of comma-separated rules: codes and names, with what each finds."""
    from dotlint.engine.card import own_cards  # noqa: PLC0415 - only the shell asks for it

    before, comma, word = incomplete.rpartition(",")
    found = []
    for card in own_cards():
        for name in (card.code, card.name):
            if name.lower().startswith(word.lower()):
                found.append(CompletionItem(f"{before}{comma}{name}", help=card.summary))
                break
    return found
