"""`dotlint completion`: shell scripts that complete commands, options and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.choice import OneOf
from dotlint.cli.streams import write_result

if TYPE_CHECKING:
    from dotlint.cli.streams import Streams


@click.command("completion")
@click.argument("shell", type=OneOf("bash", "zsh", "fish"))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    r"""Print a shell completion script.

    It completes commands, options and rules.

    \b
    bash: echo 'eval "$(dotlint completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(dotlint completion zsh)"' >> ~/.zshrc
    fish: dotlint completion fish > ~/.config/fish/completions/dotlint.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    maker = kind(context.find_root().command, {}, "dotlint", "_DOTLINT_COMPLETE")
    # `maker.source()` would run bash first, only to check its version.
    streams: Streams = context.obj
    write_result(streams, (maker.source_template % maker.source_vars()).strip() + "\n")
    return 0
