"""Draw a graph with its findings: as SVG for pages, or as an SVG, PNG or PDF file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.errors import DotlintError
from dotlint.picture.assemble import assemble, common_of
from dotlint.picture.engines import LayoutTimeoutError, draw
from dotlint.picture.model import LEVELS, FoldLevel, Picture
from dotlint.picture.source import dot_source
from dotlint.picture.style import legend
from dotlint.picture.titles import with_titles

if TYPE_CHECKING:
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Pair
    from dotlint.engine.result import FileResult
    from dotlint.picture.assemble import Common
    from dotlint.picture.engines import Form
    from dotlint.picture.model import StageKey

__all__ = ["MOST_EDGES", "MOST_NODES", "Drawing", "PictureOptions", "Svg", "render", "svg"]

MOST_NODES = 220
MOST_EDGES = 500
"""The largest picture that `fold=None` does not fold; with `only_problems` a quarter of it."""
_FOLDABLE_TIME_LIMIT = 20.0  # seconds for a layout that could be folded further

_FOLDED: dict[FoldLevel, str] = {
    "none": "",
    "siblings": "siblings (shards, experts, ranks) are drawn as one node",
    "layers": "siblings and layers are drawn as one node",
    "stages": "every stage is drawn as one node",
}


class PictureOptions(Struct, frozen=True):
    """How to draw a graph. `fold` None folds as far as needed to keep the picture readable, and adds a note.

    `graph` is the index of the graph in its file, None for the first one with nodes. `time_limit` is in seconds.
    `prefix` is the prefix of every id of an SVG, so that a page can have several. `opened` are nodes that are drawn
    one by one even if the nodes around them are folded; if there are many, their siblings are folded. `near` leaves out
    what has no edge from or to these.
    """

    graph: int | None = None
    only_problems: bool = False
    fold: FoldLevel | None = None
    full_labels: bool = False
    time_limit: float = 60.0
    prefix: str = ""
    opened: frozenset[str] = frozenset()
    near: bool = False


class Drawing(Struct, frozen=True):
    """The bytes of a picture, and notes for the user, one line each."""

    data: bytes
    notes: tuple[str, ...]


class Svg(Struct, frozen=True):
    """A picture as SVG and the ids of its elements.

    `text` starts with `<svg`, so that it can be part of a page. `nodes`, `edges` (by tail and head, including proposed
    edges), `units` (by phase and 0-based stage) and `findings` (by index in the result) map to ids. Nodes that are
    folded into one element share its id. `legend` has (`node` or `edge`, text, Graphviz attributes) for each entry,
    `level` is what was folded, and `lies` is whether the graph is drawn from side to side.
    """

    text: str
    nodes: dict[str, str]
    edges: dict[Pair, str]
    units: dict[StageKey, str]
    findings: dict[int, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str, dict[str, str]], ...] = ()
    level: FoldLevel = "none"
    lies: bool = False


def svg(result: FileResult, options: PictureOptions | None = None, common: Common | None = None) -> Svg:
    """Draw a file as SVG for a page. Raises `DotlintError` without a graph or Graphviz, or after the time limit.

    `common` is what several pictures of one graph share, see `common_of`.
    """
    options = options or PictureOptions()
    picture, data = _drawn(result, "svg", options, common)
    text = with_titles(data.decode("utf-8"), picture, options.prefix)
    return Svg(
        text=text[text.index("<svg") :],
        nodes=picture.node_ids,
        edges=picture.edge_ids,
        units=picture.unit_ids,
        findings=picture.finding_ids,
        notes=picture.notes,
        legend=tuple(legend(picture)),
        level=picture.level,
        lies=picture.rankdir in ("LR", "RL"),
    )


def render(result: FileResult, form: Form, options: PictureOptions | None = None) -> Drawing:
    """Draw a file in one of `FORMS`. Raises `DotlintError` without a graph or Graphviz, or after the time limit."""
    options = options or PictureOptions()
    picture, data = _drawn(result, form, options)
    if form == "svg":
        data = with_titles(data.decode("utf-8"), picture, options.prefix).encode()
    return Drawing(data, picture.notes)


def _drawn(
    result: FileResult, form: Form, options: PictureOptions, common: Common | None = None
) -> tuple[Picture, bytes]:
    """Draw a picture; fold further as long as it is too large to read or takes too long to lay out."""
    context = _graph(result, options.graph)
    levels = [options.fold] if options.fold is not None else list(LEVELS)
    late = False
    common = common or common_of(result, context)
    for level in levels:
        last = level == levels[-1]
        if level == "none" and not last and not options.only_problems and len(context.graph.nodes) > 2 * MOST_NODES:
            continue  # it is certainly too large
        picture = assemble(
            result,
            context,
            level=level,
            only_problems=options.only_problems,
            full_labels=options.full_labels,
            prefix=options.prefix,
            opened=options.opened,
            near=options.near,
            common=common,
        )
        share = 4 if options.only_problems and level == "none" else 1
        large = len(picture.shapes) > MOST_NODES // share or len(picture.arrows) > MOST_EDGES // share
        if large and not last:
            continue
        picture.notes = _notes(context, picture, options, late=late)
        picture.title += picture.notes
        try:
            limit = options.time_limit if last else min(options.time_limit, _FOLDABLE_TIME_LIMIT)
            data = draw(dot_source(picture), form, time_limit=limit)
        except LayoutTimeoutError as error:
            late = True
            if last:
                raise LayoutTimeoutError(
                    f"{error}: raise --time-limit, or draw less with --fold stages or --only-problems"
                ) from None
            continue
        return picture, data
    raise AssertionError("the last level draws or raises")


def _graph(result: FileResult, index: int | None) -> GraphContext:
    if result.context is None:
        raise DotlintError(f"{result.path}: {result.unreadable or 'a slim result has no graph'}")
    graphs = result.context.graphs
    if not graphs:
        raise DotlintError(f"{result.path}: the file has no graph")
    if index is None:
        return next((graph for graph in graphs if graph.graph.nodes), graphs[0])
    if not 0 <= index < len(graphs):
        count = "1 graph" if len(graphs) == 1 else f"{len(graphs)} graphs"
        raise DotlintError(f"{result.path}: graph {index + 1} does not exist; the file has {count}")
    return graphs[index]


def _notes(context: GraphContext, picture: Picture, options: PictureOptions, *, late: bool) -> tuple[str, ...]:
    notes: list[str] = []
    graphs = len(context.file.graphs)
    if graphs > 1 and options.graph is None:
        notes.append(f"the file has {graphs} graphs; graph {context.graph.index + 1} is drawn; --graph selects another")
    if options.fold is None and picture.level != "none" and options.only_problems:
        notes.append(f"{_FOLDED[picture.level]}; --fold none draws each")
    elif options.fold is None and picture.level != "none":
        nodes, edges = len(context.graph.nodes), len(context.graph.edges)
        why = "take too long to lay out" if late else "are too many to read"
        notes.append(f"{nodes} nodes and {edges} edges {why}: {_FOLDED[picture.level]}; --fold none draws them all")
    if context.graph.expansion_limited:
        notes.append("a statement has too many edges to expand; they are not drawn")
    return tuple(notes)
