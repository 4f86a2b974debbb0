"""`dotlint explain`: what was inferred for a node or a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import lint_one
from dotlint.cli.options import file_options, selection_options
from dotlint.cli.streams import terminal_width, write_result

if TYPE_CHECKING:
    from typing import Unpack

    from dotlint.cli.options import FileOptions
    from dotlint.cli.streams import Streams


@click.command("explain")
@file_options
@selection_options("Show the findings of only these rules: codes, prefixes or names, comma-separated.")
@click.argument("node", metavar="[NODE]", required=False)
@click.pass_obj
def command(streams: Streams, /, path: str, node: str | None, **options: Unpack[FileOptions]) -> int:
    """Show what was inferred for a node or a file.

    For a node, the output lists its role, stage and GPUs, the evidence for them, its inputs and outputs with their
    shapes and placements, and the findings about it. For a file, it lists what the numbers in names, labels and clusters
    may mean and what decided, the axes of the mesh, and whether shapes are of slices or of whole tensors.
    """
    from dotlint.report.inferred import page

    result, _ = lint_one(streams, path, options)
    _write(streams, page(result, node, path))
    return 0


def _write(streams: Streams, page: str) -> None:
    """Write a page, on a terminal with its lines wrapped under their beginnings."""
    if streams.stdout.isatty():
        page = "\n".join(part for line in page.split("\n") for part in _wrapped(line, max(40, terminal_width())))
    write_result(streams, page)


def _wrapped(line: str, width: int) -> list[str]:
    from textwrap import wrap

    if len(line) <= width:
        return [line]
    label = re.match(r" *(\w+ +(?= \S))?", line)  # a row of the table has its value in a column
    indent = label.end() + 1 if label and label[1] else len(line) - len(line.lstrip()) + 2
    return wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False)
