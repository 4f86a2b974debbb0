"""Make the SVG of a picture safe for a page: keep only shapes, texts, and the numbers of elements."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from dotlint.errors import DotlintError
from dotlint.text.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

_NUMBERS = regex(r"[-+0-9.,eE\s]*")
_PATH = regex(r"[-+0-9.,eE\sMLHVCSQTAZmlhvcsqtaz]*")
_MOVES = regex(r"(?:(?:translate|scale|rotate)\([-+0-9.,eE\s]*\)\s*)*")
_COLOR = regex(r"#[0-9A-Fa-f]{3,8}|[A-Za-z]+")
_WORD = regex(r"[a-z]+")

# The elements and attributes to keep. Everything else that Graphviz may write from a file is removed: scripts, links,
# images, foreign objects, styles, references.
_PAINT: Final = {
    "fill": _COLOR, "stroke": _COLOR, "stroke-width": _NUMBERS, "stroke-dasharray": _NUMBERS,
    "fill-opacity": _NUMBERS, "stroke-opacity": _NUMBERS,
}  # fmt: skip
_KEPT: Final = {
    "polygon": {"points": _NUMBERS, **_PAINT},
    "polyline": {"points": _NUMBERS, **_PAINT},
    "path": {"d": _PATH, **_PAINT},
    "ellipse": {"cx": _NUMBERS, "cy": _NUMBERS, "rx": _NUMBERS, "ry": _NUMBERS, **_PAINT},
    "circle": {"cx": _NUMBERS, "cy": _NUMBERS, "r": _NUMBERS, **_PAINT},
    "rect": {"x": _NUMBERS, "y": _NUMBERS, "width": _NUMBERS, "height": _NUMBERS, "rx": _NUMBERS, "ry": _NUMBERS, **_PAINT},
    "line": {"x1": _NUMBERS, "y1": _NUMBERS, "x2": _NUMBERS, "y2": _NUMBERS, **_PAINT},
    "text": {
        "x": _NUMBERS, "y": _NUMBERS, "text-anchor": _WORD, "font-size": _NUMBERS, "font-weight": _WORD,
        "font-style": _WORD, "fill": _COLOR,
    },
}  # fmt: skip
_CLASSES: Final = {
    "node", "edge", "cluster", "error", "warning", "info", "proposed", "cycle", "folded", "isolated",
    "no-consumer", "no-producer",
}  # fmt: skip
_NAMED: Final = {"white": "#ffffff", "black": "#000000", "transparent": "none"}


class DrawingError(DotlintError):
    """A picture is not an SVG as Graphviz writes it."""


def cleaned(svg: str, elements: Mapping[str, int]) -> str:
    """Return a safe SVG, rebuilt from that of Graphviz; `elements` maps the ids to keep to their numbers.

    Everything outside nodes, edges and clusters is removed: the background, title and legend. Raises `DrawingError` if
    the text is not an SVG of Graphviz.
    """
    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        raise DrawingError("the picture declares entities")
    try:
        root = ET.fromstring(svg)  # noqa: S314 - entities cannot be declared, the text was written by Graphviz
    except ET.ParseError as error:
        raise DrawingError(f"the picture is not an SVG: {error}") from None
    content = next((child for child in root if _name(child) == "g"), None)
    if content is None:
        raise DrawingError("the picture is empty")
    groups = "".join("".join(_group(child, elements)) for child in content if _name(child) == "g")
    moves = _attribute("transform", content.get("transform", ""), _MOVES)
    return f'<svg xmlns="http://www.w3.org/2000/svg"><g class="ground"{moves}>{groups}</g></svg>'


def _group(element: ET.Element, elements: Mapping[str, int]) -> Iterator[str]:
    words = [word for word in element.get("class", "").split() if word in _CLASSES]
    number = elements.get(element.get("id", ""))
    known = "" if number is None else f' data-element="{number}"'
    yield f'<g class="{" ".join(words)}"{known}>'
    for child in element:
        name = _name(child)
        if name in ("g", "a"):  # keep the content of a link, but not its target
            yield from _group(child, elements)
        elif name == "title":
            yield f"<title>{escape(child.text or '')}</title>"
        elif name in _KEPT:
            kept = "".join(_attribute(key, child.get(key, ""), pattern) for key, pattern in _KEPT[name].items())
            inside = escape("".join(child.itertext())) if name == "text" else ""
            yield f"<{name}{kept}>{inside}</{name}>" if inside else f"<{name}{kept}/>"
    yield "</g>"


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _attribute(name: str, value: str, pattern: re.Pattern[str]) -> str:
    if not value or not pattern.fullmatch(value):
        return ""
    normalized = _NAMED.get(value, value).lower() if pattern is _COLOR else " ".join(value.split())
    return f' {name}="{normalized}"'
