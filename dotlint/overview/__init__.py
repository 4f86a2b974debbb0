"""An overview of a detailed graph: its phases, stages and GPUs, and the connections between them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from dotlint._version import __version__
from dotlint.errors import DotlintError
from dotlint.overview.blocks import basis_of, ends_of, frames_of
from dotlint.overview.links import links_of, missing_links
from dotlint.overview.model import Overview
from dotlint.overview.reconcile import reconcile
from dotlint.overview.text import as_text
from dotlint.strategy.declarations import read_file_name
from dotlint.text.display import one_line
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult, Settings

__all__ = ["overview", "overview_of"]


def overview(result: FileResult, settings: Settings, *, graph: int | None = None) -> str:
    """Return the overview of a file as DOT; `settings` are those that the file was linted with.

    What is missing in the file is dashed and labeled as missing. The overview passes with the same settings: a defect
    of the file is described in words instead of drawn, see `reconcile`.
    Raises `DotlintError` if there is no graph, no deployment, or no stage, layer or GPU.
    """
    context = _context(result, graph)
    fresh = _unique()
    drawn = overview_of(result, context, fresh)
    name = PurePath(result.path).name
    # A name such as `moe_ep64_tp8.dot` in a comment would declare a strategy.
    of = "" if read_file_name(name) else f" of {one_line(name, 120)}"
    what = {"stage": "stages", "layer": "layers", "GPU": "GPUs"}[drawn.basis]
    comments = [f"Overview{of}: phases and {what}, no operators. Written by dotlint {__version__}."]
    reconcile(drawn, settings, comments, fresh)
    if drawn.missing:
        comments.append("Dashed parts are missing in the file.")
    return as_text(drawn, comments)


def overview_of(result: FileResult, context: GraphContext, fresh: Callable[[str], str]) -> Overview:
    """Return the overview of one graph. Raises `DotlintError` as `overview` does.

    `fresh` makes a name unique.
    """
    where = f"{result.path}: "
    if not context.deployment.recognized:
        raise DotlintError(f"{where}no deployment is recognized, so there is no overview to draw")
    basis = basis_of(context)
    if basis is None:
        raise DotlintError(f"{where}an overview needs operators that name stages, layers or GPUs")
    ends = ends_of(context, fresh)
    frames = frames_of(context, basis, ends, fresh)
    blocks = [*ends, *(block for frame in frames for block in frame.blocks)]
    rankdir = context.graph.attributes.get("rankdir", "TB").upper()
    drawn = Overview("Overview", basis, rankdir if rankdir in {"TB", "LR", "BT", "RL"} else "TB", frames)
    links = links_of(context, blocks, directed=drawn.directed)
    missing, outputs = missing_links(result, context, frames, links, ends, fresh)
    drawn.links = [*links, *missing]
    connected = {end for link in drawn.links for end in (link.tail, link.head)}
    drawn.ends = [end for end in (*ends, *outputs) if end in connected]
    return drawn


def _unique() -> Callable[[str], str]:
    taken: set[str] = set()

    def fresh(proposed: str) -> str:
        name, number = proposed, 1
        while name in taken:
            number += 1
            name = f"{proposed}_{number}"
        taken.add(name)
        return name

    return fresh


def _context(result: FileResult, index: int | None) -> GraphContext:
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable or 'a slim result has no graph'}")
    graphs = result.context.graphs
    if not graphs:
        raise DotlintError(f"{result.path}: the file has no graph")
    if index is None:
        return next((graph for graph in graphs if graph.deployment.recognized), graphs[0])
    if not 0 <= index < len(graphs):
        raise DotlintError(
            f"{result.path}: graph {index + 1} does not exist; the file has {count(len(graphs), 'graph')}"
        )
    return graphs[index]
