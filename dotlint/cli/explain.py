"""`dotlint explain`: what was inferred for a node or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotlint.cli.linting import lint_one
from dotlint.cli.streams import write_result
from dotlint.errors import DotlintError

if TYPE_CHECKING:
    from dotlint.cli.streams import Streams


@click.command("explain")
@click.argument("path", metavar="FILE")
@click.argument("node", metavar="[NODE]", required=False)
@click.option(
    "-s", "--strategy", multiple=True, metavar="SPEC|FILE.toml",
    help="The declared parallel strategy, for example pp4ep4tp2sp2; repeat for each phase.",
)  # fmt: skip
@click.pass_obj
def command(streams: Streams, path: str, node: str | None, strategy: tuple[str, ...]) -> int:
    """Show what was inferred for a node or a file.

    For a node, the output lists its role, stage and GPUs, the evidence for them, its inputs and outputs with their
    shapes and placements, and the findings about it. For a file, it lists what the numbers in names, labels and clusters
    may mean and what decided, the axes of the mesh, and whether shapes are of slices or of whole tensors.
    """
    from dotlint.report.inferred import file_page, node_page
    from dotlint.text.nearest import nearest

    result, _ = lint_one(streams, path, {"strategy": strategy})
    assert result.context is not None
    if node is None:
        write_result(streams, file_page(result, result.context.graphs))
        return 0
    for graph in result.context.graphs:
        reading = graph.deployment.by_name.get(node)
        if reading is not None:
            write_result(streams, node_page(result, graph, reading))
            return 0
    near = nearest(node, [name for graph in result.context.graphs for name in graph.graph.nodes])
    raise DotlintError(f"{path}: no node `{node}`" + (f"; did you mean `{near}`?" if near else ""))
