"""The labels of operators."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from bench.mutation.drawn.names import places
from bench.mutation.drawn.notation import devices, shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.mutation.drawn.manner import Manner
    from bench.mutation.model import Op, World
    from bench.mutation.schemes import Page


def label(op: Op, world: World, manner: Manner, page: Page) -> str:
    """Write the label of an operator: plain, as HTML, as a table or as a record, quotes or brackets included."""
    title, lines = _lines(op, world, manner, page)
    if manner.node == "html":
        return (
            "<"
            + "<br/>".join(
                [f"<b>{html.escape(title, quote=False)}</b>", *(html.escape(line, quote=False) for line in lines)]
            )
            + ">"
        )
    if manner.node == "table":
        rows = "".join(f"<tr><td>{html.escape(line, quote=False)}</td></tr>" for line in [title, *lines])
        return f'<<table border="0" cellborder="1" cellspacing="0">{rows}</table>>'
    if manner.node == "record":
        escaped = [re.sub(r"([{}<>|])", r"\\\1", line) for line in [title, *lines]]
        ports = manner.edges == "ports"
        cells = [("<i> " if ports else "") + escaped[0], *escaped[1:]]
        if ports:
            cells.append("<o> out")
        return '"{' + "|".join(cells) + '}"'
    return '"' + "\\n".join([title, *lines]) + '"'


def _lines(op: Op, world: World, manner: Manner, page: Page) -> tuple[str, list[str]]:
    """Give the title of a label and its further lines."""
    word = page.ids[op.key] if manner.title == "id" else manner.words[op.role].replace("_", " ")
    title = manner.titles[op.role] if manner.title == "title" or op.role == "expert" else word
    if op.experts:
        low, high = op.experts
        title = (manner.titles["expert"] if manner.title == "title" else "expert {}").format(
            f"{low}-{high}" if high > low else low
        )
        title = title.replace("Expert ", "Experts ", 1) if high > low else title
    if op.link:
        tail, head = (stage + manner.first for stage in op.link)
        stage = manner.told["stage"]
        told = {"send": f"to {stage}", "recv": f"from {stage}"}.get(op.role, f"{stage} → {stage}")
        title += " " + (
            told.format(tail, head) if op.role == "transfer" else told.format(head if op.role == "send" else tail)
        )
    title += f" {op.note}" if op.note else ""
    further = [] if manner.title == "id" and manner.ids == "composed" else places(op, world, manner)
    lines: list[str] = []
    if further:
        match manner.lead:
            case "colon":
                title = f"{' '.join(further)}: {title}"
            case "space":
                title = f"{' '.join(further)} {title}"
            case "parens":
                title = f"{title} ({', '.join(further)})"
            case "slash":
                title = f"{' / '.join(further)} / {title}"
            case _:
                lines = [", ".join(further)]
    return title, lines + list(_facts(op, world, manner))


_SIDES = {
    "Input": ("Input: ", "Output: "),
    "in": ("in: ", "out: "),
    "Inputs": ("Inputs: ", "Outputs: "),
    "in_shape": ("in_shape=", "out_shape="),
}


def _facts(op: Op, world: World, manner: Manner) -> Iterator[str]:
    """Write shapes and devices."""
    if manner.shape != "none" and manner.sides not in ("edges", "attributes") and op.before and op.after:
        words = ("输入: ", "输出: ") if (manner.language, manner.sides) == ("zh", "Input") else _SIDES.get(manner.sides)
        before, after = list(_taken(op, world, manner, words)), shape(op.after, world, manner)
        if words:
            yield from before
            yield words[1] + after
        else:
            yield f"{', '.join(before)} -> {after}"
    if op.role == "transfer" and manner.device != "none" and manner.link_gpus != "both":
        yield from _ends(op, world, manner)
    elif op.gpus and manner.device != "none":
        yield devices(op.gpus, world, manner)


def _taken(op: Op, world: World, manner: Manner, words: tuple[str, str] | None) -> Iterator[str]:
    """Write the shape of what an operator takes, or of each where it takes several."""
    assert op.before
    shapes = [(name, shape(dims, world, manner)) for name, dims in op.inputs]
    if not shapes or manner.several == "first" or not words:
        yield (words[0] if words else "") + shape(op.before, world, manner)
    elif manner.several == "list":
        yield words[0] + ", ".join(text for _, text in shapes)
    elif manner.several == "named":
        yield from (f"{name}: {text}" for name, text in shapes)
    else:
        mark = words[0].rstrip(": =")
        joint = words[0].removeprefix(mark)
        gap = "" if joint == "=" else " "
        yield from (f"{mark.removesuffix('s')}{gap}{number}{joint}{text}" for number, (_, text) in enumerate(shapes, 1))


def _ends(op: Op, world: World, manner: Manner) -> Iterator[str]:
    """Write the devices of the two stages that a transfer joins."""
    assert op.ends
    tail, head = (devices(span, world, manner) for span in op.ends)
    if manner.link_gpus == "arrow":
        yield f"{tail} -> {head}"
    elif manner.link_gpus == "from to":
        yield f"From: {tail}"
        yield f"To: {head}"
