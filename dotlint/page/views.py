"""The views of a page's picture: a graph complete or folded, each stage opened, and the fixed graphs."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.errors import DotlintError
from dotlint.page.data import Drawn
from dotlint.text.display import one_line
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.engine.result import FileResult
    from dotlint.page.dot_texts import DotText
    from dotlint.picture import PictureOptions, Svg
    from dotlint.picture.assemble import Common
    from dotlint.picture.model import FoldLevel
    from dotlint.pipeline.fixed import FixResult

_SECONDS: Final = 8.0  # for all pictures of a file except the first
_LAYOUT: Final = 6.0  # for each of them
_LAST: Final = 60.0  # for the last attempt, with folded stages
_MOST_SHAPES: Final = 1_200  # nodes and edges that a browser moves without delay
_OVERVIEW: Final = 400  # nodes from which on the first view has folded stages
_MOST_OPENED: Final = 96
_GRAPHS: Final = 24
_PANE: Final = 560.0  # points: the width of a pane of a usual window
_MANY: Final = 24  # shapes from which on an opened one is drawn only with its neighbors
_POINTS: Final = regex(r'points="([-0-9., ]+)"')
_TITLES: Final[dict[FoldLevel, str]] = {
    "none": "Graph", "siblings": "Siblings folded", "layers": "Layers folded", "stages": "Stages",
}  # fmt: skip


def drawings(texts: Sequence[DotText], fixed: Sequence[tuple[str, str, FixResult]]) -> tuple[list[Drawn], str | None]:
    """Draw the graphs of a file before and after its fixes; large graphs are folded, and opened stage by stage.

    Return the views, and the reason if there is none or not all could be drawn.
    """
    graphs = [(text, graph.graph.index) for text in texts for graph in text.context.graphs if graph.graph.nodes]
    if not graphs:
        return [], "the file has no graph"
    drawn: list[Drawn] = []
    artists: dict[int, _Artist] = {}
    until = time.monotonic() + _SECONDS
    for text, index in graphs[:_GRAPHS]:
        artist = artists.setdefault(text.start, _Artist(text.result, until, _SECONDS / 2 / len(graphs)))
        number = index + text.graphs + 1
        name = f"Graph {number}: " if len(graphs) > 1 else ""
        try:
            views = artist.graph(index, name, fixed if len(graphs) == 1 else ())
            drawn += (_moved(view, text) for view in views)
        except DotlintError as error:
            return drawn, _error_text(error)
    left = len(graphs) - _GRAPHS
    more = f"only the first {_GRAPHS} graphs are drawn; `dotlint render --graph N` draws each of the other {left}"
    missing = next((artist.missing for artist in artists.values() if artist.missing), None)
    return drawn, more if left > 0 else missing


def _moved(drawn: Drawn, text: DotText) -> Drawn:
    """Return a picture of a text with the numbers of graphs and findings of the file."""
    if not text.graphs and not text.findings:
        return drawn
    own = f"b{text.graphs}-"
    return replace(
        drawn,
        key=f"{own}{drawn.key}",
        graph=drawn.graph + text.graphs,
        findings={index + text.findings: ids for index, ids in drawn.findings.items()},
        opens={element: f"{own}{key}" for element, key in drawn.opens.items()},
        within=None if drawn.within is None else f"{own}{drawn.within}",
    )


class _Artist:
    """Draws the views of one file: the first one always, the others within a time limit."""

    def __init__(self, result: FileResult, until: float, spare: float) -> None:
        self.result = result
        self.spare = spare
        self.missing: str | None = None
        self.until = until
        self.common: dict[int | None, Common] = {}

    def graph(self, index: int, name: str, fixed: Sequence[tuple[str, str, FixResult]]) -> Iterator[Drawn]:
        """Yield the views of one graph. Raises `DotlintError` if the first one cannot be drawn."""
        from dotlint.picture import PictureOptions, svg  # noqa: PLC0415 - only pages with a picture need it
        from dotlint.picture.assemble import common_of  # noqa: PLC0415
        from dotlint.picture.engines import LayoutTimeoutError  # noqa: PLC0415

        late = False
        assert self.result.context is not None
        common = self.common[index] = common_of(self.result, self.result.context.graphs[index])
        try:
            usual = svg(self.result, PictureOptions(graph=index, prefix=f"g{index}-", time_limit=_LAYOUT), common)
        except LayoutTimeoutError:
            late = True
            coarse = PictureOptions(graph=index, prefix=f"s{index}-", fold="stages", time_limit=_LAST)
            usual = svg(self.result, coarse, common)
        self.until = max(self.until, time.monotonic() + self.spare)
        if late or usual.level == "stages":
            yield from self._opened(index, name, usual)
        else:
            yield from self._levels(index, name, usual)
        fine = self._try(self.result, PictureOptions(graph=index, only_problems=True, prefix=f"p{index}-"))
        if fine and len(set(fine.nodes.values())) < len(set(usual.nodes.values())):
            yield replace(_view(fine, f"{index}-problems", f"{name}Problems only", index), level="")
        for key, title, fixes in fixed:
            after = self._try(fixes.result, PictureOptions(graph=index, prefix=f"a{index}-")) if fixes.changed else None
            if after:
                yield _view(after, f"{index}-after-{key}", f"{name}After {title.lower()}", index, after=True)

    def _levels(self, index: int, name: str, usual: Svg) -> Iterator[Drawn]:
        """Yield a graph with ever fewer nodes until it fits the width of a pane, and by stages, each opened on demand."""
        from dotlint.picture import PictureOptions  # noqa: PLC0415
        from dotlint.picture.model import LEVELS  # noqa: PLC0415

        assert self.result.context is not None
        graph = self.result.context.graphs[index].graph
        drawn = [usual]
        for level in LEVELS[LEVELS.index(usual.level) + 1 : -1]:
            if _fits(drawn[-1]):
                break
            folded = self._try(self.result, PictureOptions(graph=index, fold=level, prefix=f"{level}{index}-"))
            if folded and _shapes(folded) < _shapes(drawn[-1]):
                drawn.append(folded)
        stages: list[Drawn] = []
        if usual.level != "none" or not _fits(drawn[-1]):
            coarse = self._try(self.result, PictureOptions(graph=index, fold="stages", prefix=f"s{index}-"))
            if coarse and _has_units(coarse) and (_shapes(coarse) < _shapes(drawn[-1]) or _has_layers(coarse)):
                stages = list(self._opened(index, name, coarse))
        views = [_view(one, f"{index}-{one.level}", f"{name}{_TITLES[one.level]}", index) for one in drawn]
        yield from (*stages, *views) if len(graph.nodes) > _OVERVIEW else (*views, *stages)
        if usual.level != "none" and len(graph.nodes) + len(graph.edges) <= _MOST_SHAPES:
            whole = self._try(self.result, PictureOptions(graph=index, fold="none", prefix=f"w{index}-"))
            if whole:
                yield replace(_view(whole, f"{index}-whole", f"{name}All nodes", index), level="")

    def _opened(self, index: int, name: str, coarse: Svg) -> Iterator[Drawn]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to load

        from dotlint.picture import PictureOptions  # noqa: PLC0415

        members: dict[str, list[str]] = defaultdict(list)
        for node, element in coarse.nodes.items():
            members[element].append(node)
        within = f"{index}-stages"
        opens: dict[str, str] = {}
        inner: list[Drawn] = []
        near = len(members) > _MANY
        folded = [(element, names) for element, names in members.items() if len(names) > 1]
        options_of_views = [
            PictureOptions(graph=index, fold="stages", opened=frozenset(names), near=near, prefix=f"o{index}-{number}-")
            for number, (_, names) in enumerate(folded[:_MOST_OPENED])
        ]
        # Two threads, because half of the time is spent in the processes of Graphviz.
        with ThreadPoolExecutor(2) as pool:
            drawn = list(pool.map(lambda options: self._try(self.result, options), options_of_views))
        for number, ((element, names), view) in enumerate(zip(folded, drawn, strict=False)):
            if view:
                opens[element] = f"{within}-{number}"
                title = _title(element.removeprefix(f"s{index}-"), names)
                inner.append(replace(_view(view, opens[element], title, index), within=within, level="", notes=()))
        first = _view(coarse, within, f"{name}{'Layers' if _has_layers(coarse) else 'Stages'}", index)
        how = ": double-click one with a double border, or press o, to open it" if opens else ""
        yield replace(first, opens=opens, notes=tuple(f"{note}{how}" for note in first.notes[:1]) + first.notes[1:])
        yield from inner

    def _try(self, result: FileResult, options: PictureOptions) -> Svg | None:
        from dotlint.picture import svg  # noqa: PLC0415
        from dotlint.picture.engines import LayoutTimeoutError  # noqa: PLC0415

        left = self.until - time.monotonic()
        if left < 0.5:
            return None
        try:
            common = self.common.get(options.graph) if result is self.result else None
            return svg(result, replace(options, time_limit=min(left, _LAYOUT)), common)
        except LayoutTimeoutError:
            return None
        except DotlintError as error:
            self.missing = self.missing or f"a further view could not be drawn: {_error_text(error)}"
            return None


def _title(element: str, names: Sequence[str]) -> str:
    """Return the title of a folded element: a stage or layer by its id, siblings by the name of one of them."""
    kind, _, rest = element.partition("-")
    return rest.replace("-", " ") if kind == "unit" else one_line(f"{names[0]} and {len(names) - 1} more", 80)


def _error_text(error: DotlintError) -> str:
    return one_line(str(error), 600)


def _shapes(drawn: Svg) -> int:
    return len(set(drawn.nodes.values()))


def _has_units(drawn: Svg) -> bool:
    """Return whether any shape of a graph by stages is a stage or a layer."""
    return any("-unit-" in element for element in set(drawn.nodes.values()))


def _has_layers(drawn: Svg) -> bool:
    """Return whether each folded shape of a graph by stages is a layer."""
    return any("-unit-" in element and "layer-" in element for element in set(drawn.nodes.values()))


def _fits(drawn: Svg) -> bool:
    """Return whether the shapes of a picture, without its heading, fit a pane across the direction of the graph."""
    starts = [at for mark in ('class="cluster', 'class="node') if (at := drawn.text.find(mark)) >= 0]
    points = [pair.split(",") for run in _POINTS.findall(drawn.text, min(starts, default=0)) for pair in run.split()]
    ends = [(float(x), float(y)) for x, y in points]
    across = [end[drawn.lies] for end in ends]
    return not ends or max(across) - min(across) <= _PANE


def _view(drawn: Svg, key: str, title: str, graph: int, *, after: bool = False) -> Drawn:
    notes = tuple(note for note in drawn.notes if "--fold" not in note)
    drawn_as = [element for element in drawn.nodes.values() if "planned-" not in element]
    if len(set(drawn_as)) < len(drawn_as):
        notes = (f"{len(set(drawn_as))} shapes represent {len(drawn_as)} nodes", *notes)
    return Drawn(
        key=key,
        title=title,
        svg=drawn.text,
        nodes=drawn.nodes,
        edges=drawn.edges,
        findings=drawn.findings,
        graph=graph,
        notes=notes,
        legend=drawn.legend,
        after=after,
        level="" if after else drawn.level,
        lies=drawn.lies,
    )
