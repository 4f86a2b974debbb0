"""Write a drawing as DOT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.drawing.wording import SYMBOLS, symbols_text
from dotlint.text.display import one_line
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.drawing.model import Drawing, Look, Operator, PhaseDrawing, Section, Shape, Style, Wire, WireLook

_SHAPES: Final[Mapping[Look, str]] = {
    "computation": "box", "communication": "ellipse", "routing": "parallelogram", "end": "ellipse",
}  # fmt: skip
_FILLS: Final[Mapping[Look, str]] = {
    "computation": "#dcf0dc", "communication": "#d8e8f8", "routing": "#fdf3cf", "end": "#ffffff",
}  # fmt: skip
_WIRES: Final[Mapping[WireLook, tuple[str, ...]]] = {
    "solid": (),
    "gate": ("style=dashed",),
    "pipeline": ("penwidth=2",),
    "kv": ("style=dotted", "penwidth=2", 'color="#7a5195"'),
}
_FONT: Final = 'fontname="Helvetica"'
_BOLD: Final = 'fontname="Helvetica-Bold"'
_PLAIN_ID: Final = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP: Final = "  "


def as_text(drawing: Drawing, style: Style) -> str:
    """Return the DOT text of a drawing, with a final newline."""
    return "\n".join(_lines(drawing, style)) + "\n"


def _lines(drawing: Drawing, style: Style) -> Iterator[str]:
    used = _symbols(drawing)
    yield from map(_comment, (drawing.title, *([symbols_text(used)] if used else []), *drawing.folded))
    yield "digraph deployment {"
    if style == "plain":
        yield "  graph [rankdir=TB]"
        yield "  node [shape=box]"
    else:
        yield f"  graph [rankdir=TB, {_FONT}]"
        yield f'  node [shape=box, style=filled, fillcolor="{_FILLS["computation"]}", {_FONT}, margin="0.1,0.05"]'
        yield f"  edge [{_FONT}, fontsize=11]"
    if style != "reference":
        yield f"  label={_text(line for phase in drawing.phases for line in _in_one_line(phase))}"
        yield "  labelloc=t"
    for phase in drawing.phases:
        yield ""
        yield _STEP + _comment(", ".join(phase.lines))
        yield from _phase(phase, style)
    if drawing.handover is not None:
        yield ""
        yield _STEP + _comment(", ".join(drawing.handover.lines))
        yield from _statements(drawing.handover, style, _STEP)
    yield "}"


def _symbols(drawing: Drawing) -> list[str]:
    """Return the symbols that stand for sizes, in the order of their explanations."""
    shapes = {shape for section in drawing.sections for one in section.operators for shape in (one.takes, one.gives)}
    sizes = "".join(size for shape in shapes if shape is not None for _, size in shape)
    return [symbol for symbol in SYMBOLS if symbol in sizes]


def _in_one_line(phase: PhaseDrawing) -> Iterator[str]:
    yield f"{phase.lines[0]}: {', '.join(phase.lines[1:])}"


def _phase(phase: PhaseDrawing, style: Style) -> Iterator[str]:
    if style == "reference":
        yield f"  {_header(phase.header, phase.lines, 20)}"
        yield f"  {{ rank=same; {_id(phase.header)}; {_id(phase.sections[0].operators[0].name)} }}"
    indent = _STEP
    if style == "clusters" and phase.name:
        yield from _cluster_start(phase.name, phase.lines, "#ffffff", indent)
        indent += _STEP
    for section in phase.sections:
        if not section.lines:
            yield from _statements(section, style, indent)
            continue
        yield ""
        yield indent + _comment(", ".join(section.lines))
        name = f"{phase.name}_{section.name}" if phase.name else section.name
        if style == "reference":
            first = section.operators[0]
            yield f"{indent}{_header(f'{name}_label', section.lines, 18)}"
            yield f"{indent}{{ rank=same; {_id(f'{name}_label')}; {_id(first.name)} }}"
        if style == "clusters":
            yield from _cluster_start(name, section.lines, "#f4f4f4", indent)
            yield from _nodes(section, style, indent + _STEP)
            yield f"{indent}}}"
            yield from _edges(section, indent)
        else:
            yield from _statements(section, style, indent)
    if len(indent) > len(_STEP):
        yield f"{_STEP}}}"


def _cluster_start(name: str, lines: Iterable[str], fill: str, indent: str) -> Iterator[str]:
    yield f"{indent}subgraph {_id(f'cluster_{name}')} {{"
    look = f'labeljust=l, {_BOLD}, fontsize=16, style="filled,rounded", fillcolor="{fill}"'
    yield f"{indent}{_STEP}graph [label={_left(lines)}, {look}]"


def _header(name: str, lines: Iterable[str], size: int) -> str:
    attributes = f'label={_text(lines)}, shape=plaintext, style="", {_BOLD}, fontsize={size}'
    return f"{_id(name)} [{attributes}]"


def _statements(section: Section, style: Style, indent: str) -> Iterator[str]:
    yield from _nodes(section, style, indent)
    yield from _edges(section, indent)


def _nodes(section: Section, style: Style, indent: str) -> Iterator[str]:
    yield from (f"{indent}{_node(operator, style)}" for operator in section.operators)


def _edges(section: Section, indent: str) -> Iterator[str]:
    yield from (f"{indent}{_edge(wire)}" for wire in section.wires)


def _node(operator: Operator, style: Style) -> str:
    lines = [*operator.lines]
    lines += [f"Input: {_shape(operator.takes)}"] if operator.takes else []
    lines += [f"Output: {_shape(operator.gives)}"] if operator.gives else []
    lines += [f"GPU: {operator.gpus}"] if operator.gpus else []
    attributes = [f"label={_text(lines)}"]
    if operator.look != "computation":
        attributes.append(f"shape={_SHAPES[operator.look]}")
        attributes += [f'fillcolor="{_FILLS[operator.look]}"'] if style != "plain" else []
    return f"{_id(operator.name)} [{', '.join(attributes)}]"


def _edge(wire: Wire) -> str:
    attributes = [*([f"label={_text(wire.lines)}"] if wire.lines else []), *_WIRES[wire.look]]
    listed = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{_id(wire.tail.name)} -> {_id(wire.head.name)}{listed}"


def _shape(shape: Shape) -> str:
    return f"[{', '.join(f'{axis}={size}' for axis, size in shape)}]"


def _comment(text: str) -> str:
    return f"// {one_line(text)}"


def _id(name: str) -> str:
    return name if _PLAIN_ID.fullmatch(name) else _quoted(name)


def _text(lines: Iterable[str]) -> str:
    r"""Return lines as a label, in which Graphviz reads `\\` as a backslash."""
    return _quoted("\\n".join(line.replace("\\", "\\\\") for line in lines))


def _left(lines: Iterable[str]) -> str:
    """Return lines as a label that is aligned to the left."""
    return _quoted("".join(line.replace("\\", "\\\\") + "\\l" for line in lines))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'
