"""`dotlint server`: run the language server."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, cast

import click

from dotlint.cli.choice import OneOf
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from typing import BinaryIO

    from dotlint.cli.streams import Streams

_OPTIONAL = {"pygls", "lsprotocol", "cattrs", "attrs"}


class MissingPackageError(DotlintError):
    """The server needs a package that is not installed."""


@click.command("server")
@click.option("--stdio", is_flag=True, hidden=True, help="Has no effect; editors pass it.")
@click.option(
    "--log-level", type=OneOf("error", "warning", "info", "debug"), default="warning", show_default=True,
    help="The level of the log on standard error.",
)  # fmt: skip
@click.pass_obj
def command(streams: Streams, stdio: bool, log_level: str) -> int:  # noqa: ARG001 - editors pass `--stdio`
    """Run the language server.

    It uses the Language Server Protocol over standard input and output.
    """
    try:
        from dotlint.server.protocol import Quiet
        from dotlint.server.requests import make_server
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in _OPTIONAL:
            raise
        raise MissingPackageError("the language server needs pygls 2: pip install 'dotlint[lsp]'") from error
    logging.basicConfig(stream=sys.stderr, level=log_level.upper(), format="dotlint: %(levelname)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Quiet())
    server = make_server()
    stdout = cast("BinaryIO", streams.stdout.buffer)  # type: ignore[attr-defined]
    server.start_io(cast("BinaryIO", streams.stdin), stdout)
    return 0 if server.protocol.is_shut_down else 1
