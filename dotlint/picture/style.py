"""The style of a picture: colors, lines, and the legend for those that occur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.picture.model import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.picture.model import Arrow, Picture

Attributes = dict[str, str]

FONT: Final = "Helvetica,Arial,sans-serif"
INK: Final = "#24292f"
GRAY: Final = "#8c959f"
ERROR: Final = "#c5221f"
WARNING: Final = "#d97706"
PROPOSED: Final = "#1a5fd0"
_FILLS: Final = {
    "communication": "#d9ecfb",
    "computation": "#e3f3e5",
    "routing": "#fdf3cd",
    "memory": "#eee5f8",
    "io": "#ffffff",
    None: "#f3f4f6",
}
_KINDS: Final = {
    "communication": "communication",
    "computation": "computation",
    "routing": "routing, splitting, gathering",
    "memory": "memory",
}
_STATE_FILLS: Final = {"isolated": "#fbdcd9", "no consumer": "#fde6d3", "no producer": "#f6dcf0"}
# The shapes that fit a label of several lines, by the shape in the file; other shapes are drawn as boxes.
_SHAPES: Final = {
    **{name: name for name in (
        "box", "ellipse", "parallelogram", "hexagon", "octagon", "trapezium", "invtrapezium", "house", "invhouse",
        "cylinder", "note", "tab", "folder", "component", "box3d", "plaintext", "diamond", "underline",
    )},
    "oval": "ellipse", "circle": "ellipse", "doublecircle": "ellipse", "egg": "ellipse", "point": "ellipse",
    "none": "plaintext", "plain": "plaintext", "mdiamond": "diamond",
}  # fmt: skip
_MAX_FINDINGS: Final = 2  # findings in the text of a node


def of_shape(shape: Shape) -> Attributes:
    """Return the Graphviz attributes of a node."""
    drawn = _SHAPES.get(shape.shape, "box")
    if drawn == "plaintext" and shape.marks:
        drawn = "box"
    look = {"shape": drawn, "fillcolor": _FILLS.get(shape.kind, _FILLS[None]), "color": GRAY, "style": "filled"}
    if drawn == "plaintext":
        look |= {"style": "", "fontcolor": "#57606a"}
    if drawn == "box":
        look["style"] = "filled,rounded" if shape.folded else "filled"
    if shape.folded and not shape.planned:
        look["peripheries"] = "2"
    if shape.planned is not None:
        look |= {"style": "filled,dashed", "fillcolor": "#ffffff", "color": PROPOSED, "fontcolor": PROPOSED}
    elif any(mark.severity == "error" for mark in shape.marks):
        look |= {"color": ERROR, "penwidth": "2"}
    elif shape.marks:
        look |= {"color": WARNING, "penwidth": "2"}
    if shape.state:
        look["fillcolor"] = _STATE_FILLS[shape.state]
    return look


def finding_lines(shape: Shape) -> list[str]:
    """Return the lines of a node's text that name its findings."""
    if shape.planned is not None:
        return [f"planned: {shape.planned.code}"]
    errors_first = sorted(shape.marks, key=lambda m: (m.severity != "error", m.code))
    lines = list(dict.fromkeys(f"{mark.code} {mark.name.replace('-', ' ')}" for mark in errors_first))
    if len(lines) <= _MAX_FINDINGS:
        return lines
    return [*lines[: _MAX_FINDINGS - 1], f"and {len(lines) - _MAX_FINDINGS + 1} more findings"]


def of_arrow(arrow: Arrow) -> Attributes:
    """Return the Graphviz attributes of an edge."""
    if arrow.proposed is not None:
        return {"style": "dashed", "color": PROPOSED, "fontcolor": PROPOSED, "penwidth": "1.5"}
    look = {"color": "#57606a", "style": arrow.style}
    if arrow.cycle:
        look |= {"color": ERROR, "fontcolor": ERROR, "penwidth": "3.5" if arrow.cycle > 1 else "1.5"}
    elif any(mark.severity == "error" for mark in arrow.marks):
        look |= {"color": ERROR, "fontcolor": ERROR, "penwidth": "2"}
    elif arrow.marks:
        look |= {"color": WARNING, "fontcolor": WARNING, "penwidth": "2"}
    if arrow.style == "invis" and (arrow.marks or arrow.cycle):
        look["style"] = "dotted"
    return look


def classes(item: Shape | Arrow) -> str:
    """Return the classes of an element for a page: severity, state, `proposed`, `cycle`, `folded`."""
    words: list[str] = [mark.severity for mark in item.marks]
    if isinstance(item, Shape):
        words += [item.state or "", "proposed" if item.planned else "", "folded" if item.folded else ""]
    else:
        words += ["proposed" if item.proposed else "", "cycle" if item.cycle else ""]
    return " ".join(dict.fromkeys(word.replace(" ", "-") for word in words if word))


def legend(picture: Picture) -> Iterator[tuple[str, str, Attributes]]:
    """Yield (`node` or `edge`, text, Graphviz attributes) for each entry of the legend."""
    kinds = {shape.kind for shape in picture.shapes if not shape.planned and not shape.state}
    known = [kind for kind in _KINDS if kind in kinds]
    for kind, text in _KINDS.items():
        if kind in known:
            yield "node", text, {"fillcolor": _FILLS[kind], "color": GRAY}
    if known and None in kinds:
        yield "node", "other", {"fillcolor": _FILLS[None], "color": GRAY}
    states = {shape.state for shape in picture.shapes}
    for state, fill in _STATE_FILLS.items():
        if state in states:
            yield "node", state, {"fillcolor": fill, "color": ERROR, "penwidth": "2"}
    marks = [mark for shape in picture.shapes if not shape.state for mark in shape.marks]
    if any(mark.severity == "error" for mark in marks):
        yield "node", "error", {"fillcolor": "#ffffff", "color": ERROR, "penwidth": "2"}
    if any(mark.severity == "warning" for mark in marks):
        yield "node", "warning", {"fillcolor": "#ffffff", "color": WARNING, "penwidth": "2"}
    if any(shape.folded for shape in picture.shapes if not shape.planned):
        yield "node", "several nodes as one", {"fillcolor": "#ffffff", "color": GRAY, "peripheries": "2"}
    if any(shape.planned for shape in picture.shapes):
        look = {"style": "filled,dashed", "fillcolor": "#ffffff", "color": PROPOSED, "fontcolor": PROPOSED}
        yield "node", "planned", look
    if any(arrow.proposed for arrow in picture.arrows):
        yield "edge", "proposed edge", {"style": "dashed", "color": PROPOSED, "penwidth": "1.5"}
    if any(arrow.cycle for arrow in picture.arrows):
        yield "edge", "cycle", {"color": ERROR, "penwidth": "3.5"}
    if any(arrow.style == "dashed" and not arrow.proposed for arrow in picture.arrows):
        yield "edge", "dashed in the file", {"style": "dashed", "color": "#57606a"}
