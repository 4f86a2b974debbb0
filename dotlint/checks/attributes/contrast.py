"""A018: text with too little contrast to the fill behind it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dotlint.checks.grouping import of_node
from dotlint.data.colors import contrast, rgb
from dotlint.edits.attributes import set_attribute
from dotlint.edits.fix_context import fixed_by, in_order
from dotlint.engine.finding import Fix, Related
from dotlint.graph.model import Node
from dotlint.syntax.tree import Html
from dotlint.text.english import count, the

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.edits.fix_context import FixContext
    from dotlint.engine.card import Card
    from dotlint.engine.context import GraphContext
    from dotlint.engine.finding import Edit, Finding, Outcome
    from dotlint.graph.model import Graph, Subgraph

_MOST_RELATED = 3


class Colors(NamedTuple):
    """The colors of an element's text and fill, as written or by the defaults of Graphviz."""

    text: str
    fill: str


class HiddenText(Struct, frozen=True, eq=False):
    """Elements whose text has the color of their fill, and the text color with the most contrast."""

    elements: tuple[Node | Subgraph, ...]
    color: str


def show_text(fix: FixContext, finding: Finding) -> Fix | str:
    """Set the text color of each node; return an objection if one has no statement of its own."""
    data = finding.data
    assert isinstance(data, HiddenText)
    edits: list[Edit] = []
    for element in data.elements:
        own = [s for s in element.statements if len(s.nodes) == 1] if isinstance(element, Node) else []
        if not own:
            return f"`{element.name}` has no statement of its own in which to set a color"
        setting = [statement for statement in own if "fontcolor" in statement.values()]
        edits.append(set_attribute(fix.text, (setting or own)[-1], "fontcolor", data.color))
    return Fix("unsafe", in_order(edits), f"Set fontcolor={data.color} on {the(len(edits), 'node')}")


@fixed_by(show_text)
def low_contrast(context: GraphContext, card: Card) -> Iterator[Outcome]:
    """Report text whose contrast ratio to its fill is below `least`, with one finding for each pair of colors."""
    alike: dict[Colors, list[Node | Subgraph]] = defaultdict(list)
    for element, colors in _filled(context.graph):
        alike[colors].append(element)
    for colors, some in alike.items():
        text, fill = rgb(colors.text), rgb(colors.fill)
        if text is None or fill is None or (ratio := contrast(text, fill)) >= card.parameters["least"]:
            continue
        (start, end), *others = [_span(element) for element in some]
        more = f", as is the text of {count(len(some) - 1, 'more element')}" if len(some) > 1 else ""
        better = max(("black", "white"), key=lambda name: contrast(rgb(name) or fill, fill))
        yield card.finding(
            f"the text of `{some[0].name}` is {colors.text} on {colors.fill}, a contrast ratio of {ratio:.1f} to 1{more}",
            start,
            end,
            outcome="same-color" if text == fill else None,
            nodes=tuple(element.name for element in some if isinstance(element, Node)),
            related=tuple(Related("the same here", *span) for span in others[:_MOST_RELATED]),
            graph=context.graph.index,
            help=f"set `fontcolor={better}`, or change the fill color",
            data=HiddenText(tuple(some), better) if text == fill else None,
        )


def _filled(graph: Graph) -> Iterator[tuple[Node | Subgraph, Colors]]:
    """Yield the elements with fill and text, without HTML labels, which set their own text colors."""
    for node in graph.nodes.values():
        own = node.attributes
        if _is_filled(own) and own.get("shape") != "point" and _has_text(own.get("label", node.name)):
            yield node, _colors(own, own.get("fillcolor") or own.get("color") or "lightgrey")
    for cluster in graph.subgraphs:
        own = cluster.attributes
        fill = own.get("fillcolor") or own.get("color") or "lightgrey" if _is_filled(own) else own.get("bgcolor")
        if cluster.is_cluster and fill and _has_text(own.get("label", "")):
            yield cluster, _colors(own, fill)


def _colors(own: Mapping[str, str], fill: str) -> Colors:
    # In another color scheme, names have other values, which are not known here.
    return Colors(own.get("fontcolor") or "black", "" if own.get("colorscheme", "x11") not in {"", "x11"} else fill)


def _is_filled(own: Mapping[str, str]) -> bool:
    styles = {word.strip() for word in own.get("style", "").split(",")}
    return "filled" in styles and not styles & {"invis", "invisible"}


def _has_text(label: str) -> bool:
    return bool(label.strip()) and not isinstance(label, Html)


def _span(element: Node | Subgraph) -> tuple[int, int]:
    return of_node(element) if isinstance(element, Node) else (element.start, element.statements[0].open.end)
