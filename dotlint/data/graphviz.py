"""Facts about Graphviz: attributes with their elements and types, shapes, colors, styles and arrows.

They hold for Graphviz 2.42 to 14 (from its documentation, checked against its source) and are stored in
`graphviz.json`, which is read when the first fact is used.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.json import decode

from dotlint.files.paths import sibling_path
from dotlint.files.reading import read_file

Element = Literal["graph", "cluster", "subgraph", "node", "edge"]
LETTERS: dict[Element, str] = {"graph": "G", "cluster": "C", "subgraph": "S", "node": "N", "edge": "E"}


# The tags of HTML-like labels.
BLOCK_TAGS = frozenset({"table", "tr", "td"})
INLINE_TAGS = frozenset({"font", "b", "i", "u", "o", "s", "sub", "sup"})
EMPTY_TAGS = frozenset({"br", "hr", "vr", "img"})
HTML_TAGS = BLOCK_TAGS | INLINE_TAGS | EMPTY_TAGS


class AttributeFact(Struct, frozen=True):
    """A documented attribute.

    `elements` are letters of G, C, S, N, E (see `LETTERS`); a value is valid if it is valid for one of `types`.
    `minimum` is the smallest meaningful number (exclusive if `above`). A `written` attribute is output of layout
    engines; a `deprecated` one is kept by Graphviz only for old files.
    """

    name: str
    elements: str
    types: tuple[str, ...]
    minimum: float | None = None
    above: bool = False
    written: bool = False
    deprecated: bool = False

    def allowed(self, elements: str) -> bool:
        """Return whether the attribute applies to any of the elements, given as letters."""
        return any(letter in self.elements for letter in elements)


@cache
def _table() -> dict[str, Any]:
    return decode(read_file(sibling_path(__file__, "graphviz.json")), type=dict[str, Any])


def _fact(name: str, line: str) -> AttributeFact:
    elements, types, *rest = line.split()
    least = next((word[4:] for word in rest if word.startswith("min=")), None)
    return AttributeFact(
        name,
        elements,
        tuple(types.split("|")),
        float(least.lstrip(">")) if least is not None else None,
        least is not None and least.startswith(">"),
        "written" in rest,
        "deprecated" in rest,
    )


@cache
def attributes() -> dict[str, AttributeFact]:
    """Return every documented attribute by its name, which is case-sensitive."""
    return {name: _fact(name, line) for name, line in _table()["attributes"].items()}


@cache
def defaults() -> dict[str, str]:
    """Return what Graphviz uses if an attribute is not set, in words; attributes without a fixed default are left out."""
    found: dict[str, str] = _table()["defaults"]
    return found


@cache
def engines() -> dict[str, frozenset[str]]:
    """Return the layout engines that read an attribute, for those that not every engine reads."""
    return {
        name: frozenset(engines.split("+")) for engines, names in _table()["engines"].items() for name in names.split()
    }


@cache
def silent_attributes() -> frozenset[str]:
    """Return undocumented names that some Graphviz program reads, including drawing operations."""
    return frozenset(_table()["undocumented"].split()) | drawing_attributes()


@cache
def drawing_attributes() -> frozenset[str]:
    """Return the attributes in which `-Txdot` writes its drawing operations."""
    return frozenset(_table()["drawing"].split())


@cache
def shapes() -> frozenset[str]:
    """Return every node shape; names are case-sensitive."""
    return frozenset(_table()["shapes"].split())


@cache
def enumeration_values(enumeration: str) -> tuple[str, ...]:
    """Return the values of an enumerated attribute type (`rank`, `dir`, `compass`, ...); empty for any other type."""
    return tuple(_table()["enumerations"].get(enumeration, "").split())


@cache
def styles(element: str) -> frozenset[str]:
    """Return the styles of an element; those of a graph include those of its clusters, which inherit them."""
    table = _table()["styles"]
    words = set(table["node" if element == "node" else "edge" if element == "edge" else "cluster"].split())
    return frozenset(words | set(table["graph"].split()) if element != "edge" else words)


@cache
def arrow_parts() -> tuple[str, ...]:
    """Return the shapes that arrow types consist of, including those of old names (`open`, `empty`)."""
    return tuple(_table()["arrows"].split())


@cache
def color_names(scheme: str) -> frozenset[str]:
    """Return the names of a color scheme (`x11`, `svg`, a Brewer scheme such as `blues9`); empty if unknown."""
    if scheme == "svg":
        return frozenset(_table()["svg"].split())
    if scheme == "x11":
        found: set[str] = set()
        for word in _table()["x11"].split():
            found.add(word.rstrip("+"))
            if word.endswith("+"):
                found.update(f"{word[:-1]}{shade}" for shade in range(1, 5))
        found.update(f"{grey}{level}" for grey in ("gray", "grey") for level in range(101))
        return frozenset(found)
    for palette, most in _table()["brewer"].items():
        size = scheme.removeprefix(palette)
        if size != scheme and size.isdigit() and 3 <= int(size) <= most and not size.startswith("0"):
            return frozenset(str(index) for index in range(1, int(size) + 1))
    return frozenset()


@cache
def color_values() -> dict[str, int]:
    """Return the colors of X11 by name as 0xrrggbb; the values are those of X.Org's `rgb.txt` and, for web names, of CSS."""
    table = decode(read_file(sibling_path(__file__, "colors.json")), type=dict[str, str])
    found = {name: int(value, 16) for name, _, value in (pair.partition("=") for pair in table["x11"].split())}
    for level in range(101):
        found[f"gray{level}"] = found[f"grey{level}"] = round(level * 2.55) * 0x010101
    return found
