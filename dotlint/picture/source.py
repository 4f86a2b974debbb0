"""Write a picture as DOT for Graphviz, with pydot."""

from __future__ import annotations

from html import escape
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, Final

from dotlint.picture.style import FONT, GRAY, INK, PROPOSED, classes, finding_lines, legend, of_arrow, of_shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.picture.model import Arrow, Box, Picture, Shape

_A_ROW: Final = 6
_LABELS: Final = 120
_MANY: Final = 600  # edges from which on the layout is less refined, because it would take too long


def dot_source(picture: Picture) -> str:
    """Return the DOT text of a picture. Nodes are called n0, n1, ..., so that no name of the file is parsed as DOT."""
    import pydot  # noqa: PLC0415 - slow to load

    kind = "digraph" if picture.directed else "graph"
    heading = f"<{_heading(picture)}>"
    made = pydot.Dot("picture", graph_type=kind, label=heading, **_quoted(_graph_look(picture)))
    made.add_node(pydot.Node("node", **_quoted(_node_defaults())))
    edges = {"fontname": FONT, "fontsize": "8", "fontcolor": "#57606a", "arrowsize": "0.7"}
    made.add_node(pydot.Node("edge", **_quoted(edges)))
    holders: dict[Box | None, Any] = {None: made}
    for index, box in enumerate(picture.boxes):
        holders[box] = pydot.Subgraph(f"cluster_{index}", **_quoted(_box_look(box)))
    keys = {shape: f"n{index}" for index, shape in enumerate(picture.shapes)}
    for shape, key in keys.items():
        look = of_shape(shape) | {
            "label": _text([*shape.lines, *finding_lines(shape)]),
            "id": shape.id,
            "class": classes(shape),
        }
        holders[shape.box].add_node(pydot.Node(key, **_quoted(look)))
    for tail, head in _grid(picture, keys):
        made.add_edge(pydot.Edge(tail, head, style="invis"))
    for box in reversed(picture.boxes):  # inner ones first: pydot copies what it is given
        holders[box.parent].add_subgraph(holders[box])
    # Graphviz reserves space for each `label`, which is slow if there are many, but not for a `headlabel`.
    attribute = "headlabel" if sum(1 for arrow in picture.arrows if arrow.proposed) > _LABELS else "label"
    coded = sum(1 for arrow in picture.arrows if arrow.marks) <= _LABELS
    for arrow in picture.arrows:
        # The font that draws a label may be wider than the one that Graphviz measures it by.
        text = _text(f"\xa0\xa0{line}\xa0\xa0" for line in _arrow_lines(arrow, coded=coded))
        look = of_arrow(arrow) | {
            attribute if arrow.proposed else "label": text,
            "id": arrow.id,
            "class": classes(arrow),
        }
        made.add_edge(pydot.Edge(keys[arrow.tail], keys[arrow.head], **_quoted(look)))
    return str(made.to_string())


def _graph_look(picture: Picture) -> dict[str, str]:
    look = {
        "labelloc": "t", "labeljust": "l", "fontname": FONT,
        "fontsize": "12", "fontcolor": INK, "rankdir": picture.rankdir, "nodesep": "0.22", "ranksep": "0.42",
        "pad": "0.2", "bgcolor": "white",
    }  # fmt: skip
    if len(picture.arrows) > _MANY:
        look |= {"nslimit": "2", "nslimit1": "2", "mclimit": "0.5", "splines": "polyline"}
    return look


def _node_defaults() -> dict[str, str]:
    return {
        "fontname": FONT, "fontsize": "9", "fontcolor": INK, "margin": "0.09,0.05", "height": "0.3", "width": "0.5",
    }  # fmt: skip


def _box_look(box: Box) -> dict[str, str]:
    look = {
        "label": _text(box.lines, left=True), "labeljust": "l", "id": box.id, "fontname": FONT, "fontsize": "10",
        "fontcolor": "#57606a", "color": "#c4cad1", "bgcolor": "#fafbfc", "margin": "10",
    }  # fmt: skip
    if box.planned is not None:
        look |= {"style": "dashed", "color": PROPOSED, "fontcolor": PROPOSED, "class": "proposed"}
    elif not box.own:
        look |= {"style": "rounded", "color": GRAY}
    return look


def _arrow_lines(arrow: Arrow, *, coded: bool) -> list[str]:
    lines = list(arrow.lines)
    if arrow.proposed is not None:
        lines.append(arrow.proposed.code)
    elif coded and not arrow.cycle:
        lines += dict.fromkeys(mark.code for mark in arrow.marks)
    if len(arrow.pairs) > 1:
        lines.append(f"×{len(arrow.pairs)}")
    return lines


def _heading(picture: Picture) -> str:
    """Return the title and the legend as one table above the graph, which does not influence its layout."""
    title, *facts = picture.title or ("",)
    rows = [f'<TR><TD ALIGN="LEFT"><B>{_markup(title)}</B></TD></TR>']
    rows += [f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="10">{_markup(fact)}</FONT></TD></TR>' for fact in facts]
    entries = [f'{_swatch(what, look)}<TD ALIGN="LEFT">{_markup(text)}</TD>' for what, text, look in legend(picture)]
    lines = [entries[at : at + _A_ROW] for at in range(0, len(entries), _A_ROW)]
    if lines:
        gap = '<TD WIDTH="8"></TD>'
        table = "".join(f"<TR>{gap.join(line)}</TR>" for line in lines)
        inner = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="3" CELLPADDING="1">{table}</TABLE>'
        rows.append(f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="9">{inner}</FONT></TD></TR>')
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>'


def _swatch(what: str, look: dict[str, str]) -> str:
    dashed = ' STYLE="dashed"' if "dashed" in look.get("style", "") else ""
    width = round(float(look.get("penwidth", "1")) + 0.1)
    line = f'FIXEDSIZE="TRUE" COLOR="{look["color"]}"'
    if what == "edge":
        return f'<TD WIDTH="26" HEIGHT="5" BORDER="{width}" SIDES="B" {line}{dashed}></TD>'
    inner = f'<TABLE BORDER="1" WIDTH="18" HEIGHT="6" {line}><TR><TD BORDER="0"></TD></TR></TABLE>'
    inside = inner if "peripheries" in look else ""
    fill = f'BGCOLOR="{look["fillcolor"]}"'
    return f'<TD WIDTH="26" HEIGHT="13" BORDER="{width}" {fill} {line}{dashed}>{inside}</TD>'


def _markup(text: str) -> str:
    return escape(text).replace("'", "&#39;")


def _grid(picture: Picture, keys: dict[Shape, str]) -> Iterable[tuple[str, str]]:
    """Arrange nodes without edges in several rows; yield the pairs for invisible edges."""
    joined = {end for arrow in picture.arrows for end in (arrow.tail, arrow.head)}
    alone: dict[Box | None, list[Shape]] = {}
    for shape in picture.shapes:
        if shape not in joined:
            alone.setdefault(shape.box, []).append(shape)
    for shapes in alone.values():
        if len(shapes) > 5:
            columns = ceil(sqrt(1.5 * len(shapes)))
            yield from ((keys[one], keys[two]) for one, two in zip(shapes, shapes[columns:], strict=False))


def _text(lines: Iterable[str], *, left: bool = False) -> str:
    end = "\\l" if left else "\\n"
    escaped = [line.replace("\\", "\\\\").replace("&", "&amp;") for line in lines]
    return end.join(escaped) + (end if left and escaped else "")


def _quoted(look: dict[str, str]) -> dict[str, Any]:
    return {name: '"' + value.replace('"', '\\"') + '"' for name, value in look.items() if value or name == "label"}
