"""Write a drawing as DOT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.drawing.wording import phase_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dotlint.drawing.model import Drawing, Look, Operator, PhaseDrawing, Section, Shape, Style, Wire

_SHAPES: Final[Mapping[Look, str]] = {
    "computation": "box", "communication": "ellipse", "routing": "parallelogram", "end": "ellipse", "header": "plaintext",
}  # fmt: skip
_FILLS: Final[Mapping[Look, str]] = {
    "computation": "#dcf0dc", "communication": "#d8e8f8", "routing": "#fdf3cf", "end": "white", "header": "white",
}  # fmt: skip
_ROUTING: Final = {"route": "#fbe0c4"}


def as_text(drawing: Drawing, style: Style) -> str:
    """Return the DOT text of a drawing, with a final newline."""
    return "\n".join(_lines(drawing, style)) + "\n"


def _lines(drawing: Drawing, style: Style) -> Iterator[str]:
    yield f"// {drawing.title}"
    yield "digraph deployment {"
    yield "  rankdir=TB"
    yield '  node [fontname="Helvetica", fontsize=11]'
    yield '  edge [fontname="Helvetica", fontsize=10]'
    for phase in drawing.phases:
        yield ""
        yield f"  // {'; '.join(phase.lines)}"
        if style == "reference":
            yield f"  {_header(phase.name + '_header' if phase.name else 'header', phase.lines)}"
        for section in phase.sections:
            yield from _section(section, style, phase)
    if drawing.handover is not None:
        yield from _section(drawing.handover, style, None)
    yield "}"


def _section(section: Section, style: Style, phase: PhaseDrawing | None) -> Iterator[str]:
    indent = "  "
    if section.lines:
        yield ""
        yield f"  // {', '.join(section.lines)}"
        prefix = f"{phase.name}_" if phase and phase.name else ""
        if style == "clusters":
            yield f"  subgraph cluster_{prefix}{section.name} {{"
            yield f"    label={_text(section.lines)}"
            indent = "    "
        elif style == "reference":
            yield f"  {_header(f'{prefix}{section.name}_label', section.lines)}"
    yield from (f"{indent}{_node(operator, style)}" for operator in section.operators)
    if indent == "    ":
        yield "  }"
    yield from (f"  {_edge(wire)}" for wire in section.wires)


def _header(name: str, lines: Iterable[str]) -> str:
    return f'{name} [label={_text(lines)}, shape=plaintext, fontsize=14]'


def _node(operator: Operator, style: Style) -> str:
    lines = [*operator.lines]
    lines += [f"Input: {_shape(operator.takes)}"] if operator.takes else []
    lines += [f"Output: {_shape(operator.gives)}"] if operator.gives else []
    lines += [f"GPU: {operator.gpus}"] if operator.gpus else []
    attributes = [f"label={_text(lines)}", f"shape={_SHAPES[operator.look]}"]
    if style != "plain":
        attributes += ["style=filled", f'fillcolor="{_FILLS[operator.look]}"']
    return f"{operator.name} [{', '.join(attributes)}]"


def _edge(wire: Wire) -> str:
    attributes = [f"label={_text(wire.lines)}"] if wire.lines else []
    attributes += {"gate": ["style=dashed"], "pipeline": ["penwidth=2"], "kv": ["style=dotted"]}.get(wire.look, [])
    listed = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{wire.tail.name} -> {wire.head.name}{listed}"


def _shape(shape: Shape) -> str:
    return f"[{', '.join(f'{axis}={size}' for axis, size in shape)}]"


def _text(lines: Iterable[str]) -> str:
    return '"' + "\\n".join(lines) + '"'
