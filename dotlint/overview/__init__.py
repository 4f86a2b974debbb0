"""The overview that authors draw beside a detailed graph: phases, stages, their GPUs, what leads where."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from dotlint._version import __version__
from dotlint.errors import DotlintError
from dotlint.overview.blocks import basis_of, ends_of, frames_of
from dotlint.overview.links import links_of, missing_links
from dotlint.overview.model import Overview
from dotlint.overview.reconcile import settle
from dotlint.overview.text import as_text
from dotlint.strategy.declarations import read_file_name
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.context import GraphContext
    from dotlint.engine.result import FileResult, Settings

__all__ = ["overview", "overview_of"]


def overview(result: FileResult, settings: Settings, *, graph: int | None = None) -> str:
    """Write the overview of a file as DOT; `settings` are those that the file was linted with.

    What the file lacks is dashed and called missing. The text itself passes under the same settings: what is wrong in
    the file is said in its overview in words, see `settle`, not drawn as if it were right.
    Raises `DotlintError`: no graph, no deployment, nothing to draw an overview by.
    """
    context = _context(result, graph)
    fresh = _unique()
    made = overview_of(result, context, fresh)
    name = PurePath(result.path).name
    # A name such as `moe_ep64_tp8.dot` would declare a strategy once more.
    of = "" if read_file_name(name) else f" of {one_line(name, 120)}"
    what = {"stage": "stages", "layer": "layers", "GPU": "GPUs"}[made.basis]
    comments = [f"Overview{of}: phases and {what}, no operators. Written by dotlint {__version__}."]
    settle(made, settings, comments, fresh)
    return as_text(made, [*comments, *_dashes(made)])


def _dashes(made: Overview) -> list[str]:
    return ["What is dashed is missing in the file."] if made.missing else []


def overview_of(result: FileResult, context: GraphContext, fresh: Callable[[str], str]) -> Overview:
    """Make the overview of one graph. Raises `DotlintError` where there is nothing to make it of.

    `fresh` gives a name that is not taken yet, as near to the one wanted as can be.
    """
    where = f"{result.path}: "
    if not context.deployment.recognized:
        raise DotlintError(f"{where}no deployment is recognised in it, so there is no overview to draw")
    basis = basis_of(context)
    if basis is None:
        raise DotlintError(f"{where}its operators name neither stages nor layers nor GPUs to draw an overview by")
    ends = ends_of(context, fresh)
    frames = frames_of(context, basis, ends, fresh)
    blocks = [*ends, *(block for frame in frames for block in frame.blocks)]
    rankdir = context.graph.attributes.get("rankdir", "TB").upper()
    made = Overview("Overview", basis, rankdir if rankdir in {"TB", "LR", "BT", "RL"} else "TB", frames)
    links = links_of(context, blocks, directed=made.directed)
    missing, outputs = missing_links(result, context, frames, links, ends, fresh)
    made.links = [*links, *missing]
    joined = {end for link in made.links for end in (link.tail, link.head)}
    made.ends = [end for end in (*ends, *outputs) if end in joined]
    return made


def _unique() -> Callable[[str], str]:
    taken: set[str] = set()

    def fresh(wanted: str) -> str:
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name)
        return name

    return fresh


def _context(result: FileResult, index: int | None) -> GraphContext:
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable or 'the file has to be read anew'}")
    graphs = result.context.graphs
    if not graphs:
        raise DotlintError(f"{result.path}: there is no graph in it")
    if index is None:
        return next((graph for graph in graphs if graph.deployment.recognized), graphs[0])
    if not 0 <= index < len(graphs):
        raise DotlintError(f"{result.path}: there is no graph {index + 1}; the file has {len(graphs)}")
    return graphs[index]
