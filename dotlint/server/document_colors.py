"""The colors of a document, and the ways to write a color that was picked."""

from __future__ import annotations

from colorsys import rgb_to_hsv
from functools import cache
from typing import TYPE_CHECKING

from lsprotocol import types

from dotlint.data.graphviz import color_values
from dotlint.edits.statement import id_text
from dotlint.server.cursor import cursor_at
from dotlint.server.diagnostics import range_of
from dotlint.server.inside_dot import since

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.server.messages import ColorSpan
    from dotlint.server.open_file import OpenFile
    from dotlint.server.text import Text


def document_colors(text: Text, colors: Iterable[ColorSpan]) -> list[types.ColorInformation]:
    """Return the colors with their ranges, in text order."""
    return [
        types.ColorInformation(range_of(text, one.start, one.end), _color(one.rgb))
        for one in sorted(colors, key=lambda one: one.start)
    ]


def _color(rgb: tuple[int, int, int]) -> types.Color:
    red, green, blue = (part / 255 for part in rgb)
    return types.Color(red, green, blue, 1.0)


def presentations(file: OpenFile, range_: types.Range, color: types.Color) -> list[types.ColorPresentation]:
    """Return the ways to write a color: `#rrggbb`, its name if it has one, and hue, saturation and value.

    What replaces an unquoted value is quoted if DOT requires it.
    """
    start = file.text.offset((range_.start.line, range_.start.character))
    quoted = cursor_at(file.text.body, start + 1, since(file, start)).quoted
    red, green, blue, alpha = (round(part * 255) for part in (color.red, color.green, color.blue, color.alpha))
    labels = [f"#{red:02x}{green:02x}{blue:02x}" + (f"{alpha:02x}" if alpha < 255 else "")]
    if alpha == 255:
        labels += [name] if (name := _names().get(red << 16 | green << 8 | blue)) else []
        labels.append(" ".join(f"{part:.3f}" for part in rgb_to_hsv(red / 255, green / 255, blue / 255)))
    return [
        types.ColorPresentation(label, types.TextEdit(range_, label if quoted else id_text(label))) for label in labels
    ]


@cache
def _names() -> dict[int, str]:
    """Return the shortest name of each color, of several the first."""
    names = sorted(color_values().items(), reverse=True)
    return {value: name for name, value in sorted(names, key=lambda pair: -len(pair[0]))}
