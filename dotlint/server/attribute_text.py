"""What Graphviz reads at an attribute or a value: as Markdown or plain text, for hovers and completions."""

from __future__ import annotations

from colorsys import rgb_to_hsv
from functools import cache
from typing import TYPE_CHECKING, Final

from dotlint.data import graphviz
from dotlint.data.colors import rgb
from dotlint.data.values import expected, is_free
from dotlint.deployment.vocabulary import load_vocabulary
from dotlint.engine.resources import vocabulary_file
from dotlint.report.markdown import code, escape
from dotlint.syntax.lexemes import decode
from dotlint.text.display import one_line
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.data.graphviz import AttributeFact, Element
    from dotlint.server.cursor import Cursor

_PAGE: Final = "https://graphviz.org/docs/attrs"
_ELEMENTS: Final = {"G": "graphs", "C": "clusters", "S": "subgraphs", "N": "nodes", "E": "edges"}
_TYPES: Final = {
    "text": "text",
    "label": "text with escapes such as `\\n`, `\\l` and `\\N`, or `<...>` for HTML-like labels",
    "color": "a color: an X11 name, `#rrggbb`, or `h s v` from 0 to 1",
    "colors": "colors separated by `:`, each with an optional weight as in `red;0.3:blue`",
    "shape": "a node shape",
    "style": "styles separated by commas",
    "cluster": "the name of a cluster",
    "portPos": "a port, a compass point, or `port:compass`",
    "rect": "`x1,y1,x2,y2`",
    "pointList": "points separated by blanks",
}


def attribute_at(cursor: Cursor, text: str, offset: int, *, markdown: bool) -> tuple[str, tuple[int, int]] | None:
    """Return what Graphviz reads at the attribute name or value under a cursor, and the span of it; None if nothing is known."""
    span = (cursor.start, cursor.end)
    if cursor.start >= cursor.end:
        return None
    word = decode(text[cursor.start : cursor.end])
    if cursor.kind == "attribute" or (cursor.kind == "statement" and text[cursor.end :].lstrip().startswith("=")):
        fact = graphviz.attributes().get(word)
        element = cursor.element if cursor.kind == "attribute" else None
        return None if fact is None else (attribute_text(fact, element, markdown=markdown), span)
    if cursor.kind == "value":
        fact = graphviz.attributes().get(cursor.attribute)
        lines = list(_value_lines(fact, _part(cursor, text, offset))) if fact is not None else []
        return (_joined(lines, markdown=markdown), span) if lines else None
    return None


def attribute_text(fact: AttributeFact, element: Element | None = None, *, markdown: bool) -> str:
    """Return the type, default, values, elements and layout engines of an attribute.

    With `element`, the text states whether Graphviz ignores the attribute there.
    """
    title = f"**{escape(fact.name)}**" if markdown else fact.name
    link = f"[Graphviz: {escape(fact.name)}]({_PAGE}/{fact.name}/)" if markdown else f"{_PAGE}/{fact.name}/"
    body = _joined(list(_attribute_lines(fact, element)), markdown=markdown)
    return f"{title} of {_elements(fact)}\n\n{body}\n\n{link}"


def _attribute_lines(fact: AttributeFact, element: Element | None) -> Iterator[str]:
    if element is not None and not fact.allowed(graphviz.LETTERS[element]):
        yield f"Graphviz ignores it here: it is not an attribute of {_ELEMENTS[graphviz.LETTERS[element]]}"
    yield f"value: {value_words(fact)}"
    default = graphviz.defaults().get(fact.name)
    if default is not None:
        yield f"default: {default}"
    engines = graphviz.engines().get(fact.name)
    yield f"layout: {'every engine' if engines is None else 'only ' + listed(sorted(engines), 9)}"
    if fact.written:
        yield "Graphviz writes it as output"
    if fact.deprecated:
        yield "deprecated"


def value_words(fact: AttributeFact) -> str:
    """Return what the value of an attribute may be: `a number, at least 0`, or `TB, LR, BT or RL`."""
    free = [_TYPES[kind] for kind in fact.types if kind in _TYPES]
    words = free if is_free(fact) and free else [expected(fact)]
    least = "" if fact.minimum is None else f", {'more than' if fact.above else 'at least'} {fact.minimum:g}"
    return "; or ".join(words) + least


def color_words(color: str) -> str | None:
    """Return a color as `#rrggbb` and as hue, saturation and value; None if it is not known."""
    known = rgb(color)
    if known is None:
        return None
    hue, saturation, value = rgb_to_hsv(*(part / 255 for part in known))
    red, green, blue = known
    return f"`#{red:02x}{green:02x}{blue:02x}`, hue {hue:.3f}, saturation {saturation:.3f}, value {value:.3f}"


def _value_lines(fact: AttributeFact, word: str) -> Iterator[str]:
    if not word.strip():
        return
    spelling = code(word)
    if {"color", "colors"} & set(fact.types):
        color = color_words(word.partition(";")[0])
        if color is not None:
            yield f"{spelling}: the color {color}"
    elif "shape" in fact.types and word in graphviz.shapes():
        kinds = _kinds_of_shape().get(word, ())
        meaning = f"; in a deployment, the shape of {listed(kinds, 4)}" if kinds else ""
        yield f"{spelling}: a node shape{meaning}"
    elif graphviz.defaults().get(fact.name) == word:
        yield f"{spelling}: the default of `{fact.name}`"
    elif not is_free(fact):
        yield f"{spelling}: value of `{fact.name}`, which is {value_words(fact)}"


@cache
def _kinds_of_shape() -> dict[str, list[str]]:
    """Return the kinds of operators that deployments draw with each shape."""
    found: dict[str, list[str]] = {}
    for kind, shapes in load_vocabulary(vocabulary_file()).shapes.items():
        for shape in shapes:
            found.setdefault(shape, []).append(kind)
    return found


def _part(cursor: Cursor, text: str, offset: int) -> str:
    """Return the value under a cursor; of a list of colors, the color at the offset."""
    raw = text[cursor.start : cursor.end]
    fact = graphviz.attributes()[cursor.attribute]
    if "colors" not in fact.types or "\\" in raw:
        return decode(raw)
    body, at = raw.strip('"'), offset - cursor.start - cursor.quoted
    before = body.rfind(":", 0, max(at, 0)) + 1
    after = body.find(":", max(at, 0))
    return body[before : after if after >= 0 else len(body)]


def _elements(fact: AttributeFact) -> str:
    return listed([_ELEMENTS[letter] for letter in fact.elements], 5)


def _joined(lines: Sequence[str], *, markdown: bool) -> str:
    return "\n".join(
        f"- {escape(line)}" if markdown and len(lines) > 1 else escape(line) if markdown else one_line(line)
        for line in lines
    )
