"""`dotlint mcp`: run the MCP server."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

import click

from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from dotlint.cli.streams import Streams

_OPTIONAL = {"mcp", "mcp_types", "pydantic", "anyio"}


@click.command("mcp")
@click.option(
    "--root", "folders", multiple=True, type=click.Path(file_okay=False, exists=True), metavar="DIR",
    help="Allow paths in this folder, instead of those that the client grants; repeat for several.",
)  # fmt: skip
@click.pass_obj
def command(streams: Streams, folders: tuple[str, ...]) -> int:  # noqa: ARG001 - the SDK uses the process's own streams
    """Run the MCP server for language models.

    It uses the Model Context Protocol over standard input and output. Its tools read and write only files in the
    folders that the client grants (its roots), or those of --root.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="dotlint: %(levelname)s: %(message)s")
    try:
        from dotlint.mcp.server import make_server
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] not in _OPTIONAL:
            raise
        raise DotlintError("the MCP server needs the package mcp 2: pip install 'dotlint[mcp]'") from error
    server = make_server(tuple(os.path.abspath(folder) for folder in folders))
    server.run("stdio")
    return 0
