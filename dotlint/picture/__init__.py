"""The graph with the findings drawn in: as SVG for pages, as a file in any of Graphviz's usual forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.errors import DotlintError
from dotlint.picture.assemble import assemble, common_of
from dotlint.picture.engines import LayoutTimeoutError, draw
from dotlint.picture.model import LEVELS, Level, Picture
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

__all__ = ["MOST_EDGES", "MOST_NODES", "Drawing", "Options", "Svg", "render", "svg"]

MOST_NODES = 220
MOST_EDGES = 500
"""What `fold=None` lets a picture have before it folds; a quarter of it where only problems are to be drawn."""
_PATIENCE = 20.0  # seconds for a layout that could be folded further

_SAID: dict[Level, str] = {
    "none": "",
    "siblings": "siblings (shards, experts, ranks) are drawn as one node",
    "layers": "siblings and layers are drawn as one node",
    "stages": "every stage is drawn as one node",
}


class Options(Struct, frozen=True):
    """How to draw. `fold` None folds as far as is needed to keep the picture readable, and says so.

    `graph` is the index of the graph in its file, None for the first one that has nodes. `time_limit` is in
    seconds. `prefix` stands before every id of an SVG, so that several can be in one page. `opened` are nodes that
    are drawn one by one whatever is folded around them, siblings as one where even they are many.
    """

    graph: int | None = None
    only_problems: bool = False
    fold: Level | None = None
    full_labels: bool = False
    time_limit: float = 60.0
    prefix: str = ""
    opened: frozenset[str] = frozenset()


class Drawing(Struct, frozen=True):
    """A picture's bytes, and what its maker has to tell of it, one line each."""

    data: bytes
    notes: tuple[str, ...]


class Svg(Struct, frozen=True):
    """A picture as SVG, and the ids of its elements.

    `text` starts with `<svg`, so that it can stand in a page; `nodes`, `edges` (by tail and head, proposed ones
    included), `units` (by phase and 0-based stage) and `findings` (by index in the result) give ids. A node that
    is drawn within another one's element has that one's id. `legend` has (`node` or `edge`, text, look in Graphviz's
    attributes) for each thing in it that has to be explained, `level` what was folded.
    """

    text: str
    nodes: dict[str, str]
    edges: dict[Pair, str]
    units: dict[StageKey, str]
    findings: dict[int, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str, dict[str, str]], ...] = ()
    level: Level = "none"


def svg(result: FileResult, options: Options | None = None, common: Common | None = None) -> Svg:
    """Draw a file as SVG for a page. Raises `DotlintError`: no graph, no Graphviz, out of time.

    Who draws one graph several times gives what its pictures share, see `common_of`.
    """
    options = options or Options()
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
    )


def render(result: FileResult, form: Form, options: Options | None = None) -> Drawing:
    """Draw a file in one of `FORMS`. Raises `DotlintError`: no graph, no Graphviz, out of time."""
    options = options or Options()
    picture, data = _drawn(result, form, options)
    if form == "svg":
        data = with_titles(data.decode("utf-8"), picture, options.prefix).encode()
    return Drawing(data, picture.notes)


def _drawn(result: FileResult, form: Form, options: Options, common: Common | None = None) -> tuple[Picture, bytes]:
    """Draw, and fold further as long as the picture is too large to read or takes too long to lay out."""
    context = _graph(result, options.graph)
    levels = [options.fold] if options.fold is not None else list(LEVELS)
    late = False
    common = common or common_of(result, context)
    for level in levels:
        last = level == levels[-1]
        if level == "none" and not last and not options.only_problems and len(context.graph.nodes) > 2 * MOST_NODES:
            continue  # there is no need to make it to see that it is too large
        picture = assemble(
            result,
            context,
            level=level,
            only_problems=options.only_problems,
            full_labels=options.full_labels,
            prefix=options.prefix,
            opened=options.opened,
            common=common,
        )
        share = 4 if options.only_problems and level == "none" else 1
        large = len(picture.shapes) > MOST_NODES // share or len(picture.arrows) > MOST_EDGES // share
        if large and not last:
            continue
        picture.notes = _notes(context, picture, options, late=late)
        picture.title += picture.notes
        try:
            limit = options.time_limit if last else min(options.time_limit, _PATIENCE)
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
        raise DotlintError(f"{result.path}: {result.unreadable or 'the file has to be read anew to be drawn'}")
    graphs = result.context.graphs
    if not graphs:
        raise DotlintError(f"{result.path}: there is no graph in it to draw")
    if index is None:
        return next((graph for graph in graphs if graph.graph.nodes), graphs[0])
    if not 0 <= index < len(graphs):
        count = "1 graph" if len(graphs) == 1 else f"{len(graphs)} graphs"
        raise DotlintError(f"{result.path}: there is no graph {index + 1}; the file has {count}")
    return graphs[index]


def _notes(context: GraphContext, picture: Picture, options: Options, *, late: bool) -> tuple[str, ...]:
    notes: list[str] = []
    graphs = len(context.file.graphs)
    if graphs > 1 and options.graph is None:
        notes.append(f"the file has {graphs} graphs; graph {context.graph.index + 1} is drawn: --graph picks another")
    if options.fold is None and picture.level != "none" and options.only_problems:
        notes.append(f"{_SAID[picture.level]}; --fold none draws each")
    elif options.fold is None and picture.level != "none":
        nodes, edges = len(context.graph.nodes), len(context.graph.edges)
        why = "take too long to lay out" if late else "are too many to read"
        notes.append(f"{nodes} nodes and {edges} edges {why}: {_SAID[picture.level]}; --fold none draws them all")
    if context.graph.expansion_limited:
        notes.append("a statement stands for more edges than are expanded: they are not drawn")
    return tuple(notes)
