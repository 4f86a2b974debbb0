"""The part of a page for one file: findings, picture, source and fixes, as markup and data."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from dotlint.page.data import drawn_data, finding_data, known_elements
from dotlint.page.drawing import DrawingError
from dotlint.page.listing import ListedPart
from dotlint.page.markup import plain
from dotlint.page.panes import Fixes, findings_pane, picture_pane, text_pane
from dotlint.text.display import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.engine.result import FileResult
    from dotlint.page.data import Drawn, Elements
    from dotlint.page.dot_texts import DotText
    from dotlint.report.model import Outline
    from dotlint.report.verdict import VerdictKind
    from dotlint.syntax.source import Source


class Material(Struct, frozen=True):
    """The input for the part of one file.

    `source` is the text of the file and `texts` are its DOT, if it could be read. `missing` is why there is no
    picture, or no further one. `whys` are the rationales of rules by code.
    """

    result: FileResult
    outline: Outline
    source: Source | None = None
    texts: tuple[DotText, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    missing: str | None = None
    fixes: tuple[Fixes, ...] = ()
    whys: Mapping[str, str] = field(default_factory=dict)


class Part(Struct, frozen=True):
    """The part of a page for one file: its markup, the data of the script, and the row of an index."""

    path: str
    kind: VerdictKind
    verdict: str
    markup: str
    data: dict[str, Any]
    facts: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def name(self) -> str:
        """The file name without folders."""
        return PurePath(self.path).name or self.path


def part(material: Material) -> Part:
    """Return the part of one file; all text from the file is escaped."""
    result, outline = material.result, material.outline
    counts: dict[str, int] = {str(severity): number for severity, number in result.counts().items()}
    counts["consequence"] = sum(1 for finding in result.findings if finding.caused_by)
    counts["fixable"] = sum(1 for finding in result.findings if finding.fixable and not finding.caused_by)
    if material.source is None:
        reason = f'<p class="unread">{plain(result.unreadable or "it could not be read")}</p>'
        return Part(
            result.path, outline.kind, outline.verdict, reason, {"path": visible(result.path)}, outline.facts, counts
        )
    numbers = known_elements(material.texts)
    data: dict[str, Any] = {"path": visible(result.path), "verdict": [outline.kind, outline.verdict]}
    data["findings"] = [finding_data(material.source, finding, numbers) for finding in result.findings]
    data["views"], missing = _views(material, numbers)
    data["nodes"], data["edges"] = numbers.node_rows, numbers.edge_rows
    data["tensors"] = [[visible(one.label), *map(visible, one.lines)] for one in numbers.tensors]
    markup = "".join((
        '<div class="workspace">',
        findings_pane(outline, numbers.names(), counts, material.whys),
        '<div class="splitter upright" role="separator" aria-orientation="vertical" aria-label="Width of the findings" tabindex="0"></div>',
        picture_pane(data["views"], missing),
        '<div class="splitter level" role="separator" aria-orientation="horizontal" aria-label="Size of the picture" tabindex="0"></div>',
        text_pane(result.findings, _listed(material, numbers), material.source.text, material.fixes),
        "</div>",
    ))  # fmt: skip
    for view in data["views"][:1]:
        del view["svg"]  # the markup has it
    return Part(result.path, outline.kind, outline.verdict, markup, data, outline.facts, counts)


def _listed(material: Material, numbers: Elements) -> Iterator[ListedPart]:
    for text in material.texts:
        graphs = range(text.graphs, text.graphs + len(text.context.graphs))
        yield ListedPart(text.start, text.end, numbers.names(graphs))


def _views(material: Material, numbers: Elements) -> tuple[list[dict[str, Any]], str | None]:
    views, missing = [], material.missing
    for drawn in material.drawn:
        try:
            views.append(drawn_data(drawn, numbers))
        except DrawingError as error:
            missing = missing or str(error)
    return views, missing
