"""What Graphviz knows: attributes with their elements and types, shapes, colours and styles.

The facts are those of Graphviz 2.42 to 14 (its documentation, checked against what its code reads), kept in
`graphviz.json` as short lines, which is read when the first fact is asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.json import decode

from dotlint.files.paths import beside, contents

Element = Literal["graph", "cluster", "subgraph", "node", "edge"]
LETTERS: dict[Element, str] = {"graph": "G", "cluster": "C", "subgraph": "S", "node": "N", "edge": "E"}


class AttributeFact(Struct, frozen=True):
    """An attribute: `elements` as letters of G, C, S, N, E; a value is right if one of `types` takes it.

    `minimum` is the least number that means what it says (`above`: it must be exceeded). A `written`
    attribute is one that layouts write, a `deprecated` one is kept by Graphviz for old files only.
    """

    name: str
    elements: str
    types: tuple[str, ...]
    minimum: float | None = None
    above: bool = False
    written: bool = False
    deprecated: bool = False

    def allowed(self, elements: str) -> bool:
        """Whether it is for one of the elements, given as letters."""
        return any(letter in self.elements for letter in elements)


@cache
def _table() -> dict[str, Any]:
    return decode(contents(beside(__file__, "graphviz.json")), type=dict[str, Any])


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
    """Every documented attribute by its name, which is case-sensitive."""
    return {name: _fact(name, line) for name, line in _table()["attributes"].items()}


@cache
def silent_attributes() -> frozenset[str]:
    """Names that no document lists.

    Those that some Graphviz program reads all the same, and drawing operations.
    """
    return frozenset(_table()["undocumented"].split()) | drawing_attributes()


@cache
def drawing_attributes() -> frozenset[str]:
    """Give the attributes in which `-Txdot` writes its drawing operations."""
    return frozenset(_table()["drawing"].split())


@cache
def shapes() -> frozenset[str]:
    """Every node shape; names are case-sensitive."""
    return frozenset(_table()["shapes"].split())


@cache
def words_of(enumeration: str) -> tuple[str, ...]:
    """Give the words that an enumerated attribute takes (`rank`, `dir`, `compass`, ...).

    Empty where it is none.
    """
    return tuple(_table()["enumerations"].get(enumeration, "").split())


@cache
def styles(element: str) -> frozenset[str]:
    """Give the styles of an element; a graph's are also those of its clusters, which inherit them."""
    table = _table()["styles"]
    words = set(table["node" if element == "node" else "edge" if element == "edge" else "cluster"].split())
    return frozenset(words | set(table["graph"].split()) if element != "edge" else words)


@cache
def arrow_parts() -> tuple[str, ...]:
    """Give the shapes that arrow types are made of, those of the old names (`open`, `empty`) among them."""
    return tuple(_table()["arrows"].split())


@cache
def colours(scheme: str) -> frozenset[str]:
    """Give the names of a colour scheme (`x11`, `svg`, or a Brewer scheme such as `blues9`).

    Empty for an unknown one.
    """
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
