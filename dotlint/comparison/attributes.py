"""Which attributes mean something, and which only change the drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.comparison.elements import tokens
from dotlint.data.graphviz import attributes as documented
from dotlint.data.graphviz import silent_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LABELS: Final = frozenset({"label", "xlabel", "headlabel", "taillabel"})
_MEANING: Final = frozenset({
    "xlabel", "headlabel", "taillabel", "tooltip", "edgetooltip", "headtooltip", "tailtooltip", "labeltooltip", "URL",
    "href", "edgeURL", "edgehref", "id", "class", "dir", "tailport", "headport", "lhead", "ltail", "image",
})  # fmt: skip
_OF_PLAIN: Final = frozenset({"shape", "arrowhead", "arrowtail", "peripheries"})
_LINES: Final = frozenset({"dashed", "dotted", "invis"})


def line_style(attributes: Mapping[str, str]) -> str:
    """Return how a line is drawn as far as it distinguishes edges: `solid`, `dashed`, `dotted` or `invis`."""
    words = tokens(attributes.get("style", ""))
    return next((word for word in words if word in _LINES), "solid")


def meaning(attributes: Mapping[str, str], *, plain: bool) -> dict[str, str]:
    """Return the attributes with a meaning, without `label` and `style`; undocumented ones are a user's data."""
    return {name: value for name, value in attributes.items() if value and not drawn_only(name, plain=plain)}


def drawn_only(name: str, *, plain: bool) -> bool:
    """Return whether an attribute changes only the drawing: `color`, `fontsize`; of a deployment also `shape`."""
    if name in _MEANING or (plain and name in _OF_PLAIN):
        return False
    return name in documented() or name in silent_attributes()


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield name and both values of every attribute that differs; those of labels differ by words and numbers."""
    for name in sorted({*before, *after}):
        was, now = before.get(name, ""), after.get(name, "")
        if was != now and not (name in _LABELS and tokens(was) == tokens(now)):
            yield name, was, now


def drawing(attributes: Mapping[str, str], *, plain: bool) -> dict[str, str]:
    """Return the attributes that change only the drawing; `label` and what `line_style` returns are not among them."""
    found = {name: value for name, value in attributes.items() if name != "label" and drawn_only(name, plain=plain)}
    if "style" in found:
        found["style"] = " ".join(sorted(set(tokens(found["style"])) - _LINES))
    return {name: value for name, value in found.items() if value}
