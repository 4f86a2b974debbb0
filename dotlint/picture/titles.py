"""The titles of the elements of an SVG, which are shown on hover."""

from __future__ import annotations

from html import escape, unescape
from typing import TYPE_CHECKING

from dotlint.picture.labels import cut, plain_lines
from dotlint.text.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from dotlint.picture.model import Arrow, Box, Mark, Picture, Shape

_TITLE = regex(r'<g id="([^"<>]*)"( class="[^"<>]*">\s*<title>)[^<]*(?=</title>)')
_ROOT = regex(r'<g id="graph0" class="graph"')
_MOST = 20


def with_titles(svg: str, picture: Picture, prefix: str) -> str:
    """Replace the titles that Graphviz writes by names, labels and findings.

    The element of the whole graph has the id `{prefix}graph`.
    """
    titles: dict[str, str] = {shape.id: _of_shape(shape) for shape in picture.shapes}
    titles |= {arrow.id: _of_arrow(arrow, directed=picture.directed) for arrow in picture.arrows}
    titles |= {box.id: _of_box(box) for box in picture.boxes}

    def replaced(match: re.Match[str]) -> str:
        # Only these elements match, because Graphviz escapes all texts; some versions also escape hyphens.
        id_ = unescape(match[1])
        return f'<g id="{escape(id_)}"{match[2]}{escape(titles.get(id_, ""))}'

    title = escape(picture.title[0] if picture.title else "")
    named = _ROOT.sub(f'<g id="{prefix}graph" class="graph"', svg, count=1)
    named = named.replace("<title>picture</title>", f"<title>{title}</title>", 1)
    return _TITLE.sub(replaced, named)


def _of_shape(shape: Shape) -> str:
    planned = [str(shape.planned)] if shape.planned else []
    return "\n".join([*shape.about, *planned, *_findings([*shape.marks, *shape.hints])])


def _of_arrow(arrow: Arrow, *, directed: bool) -> str:
    sign = "->" if directed else "--"
    every = dict.fromkeys(arrow.pairs)
    pairs = [f"{_name(tail)} {sign} {_name(head)}" for tail, head in list(every)[:_MOST]]
    if len(every) > _MOST:
        pairs.append(f"and {len(every) - _MOST} more edges")
    proposed = [f"proposed, not in the file: {arrow.proposed}"] if arrow.proposed else []
    tensors = [cut(" ".join(plain_lines(line)), 400) for line in arrow.tensors]
    return "\n".join([*pairs, *tensors, *proposed, *_findings([*arrow.marks, *arrow.hints])])


def _of_box(box: Box) -> str:
    return "\n".join([*box.lines, *_findings([*([box.planned] if box.planned else []), *box.hints])])


def _findings(marks: Iterable[Mark]) -> list[str]:
    texts = [cut(" ".join(plain_lines(str(mark))), 400) for mark in dict.fromkeys(marks)]
    return texts if len(texts) <= _MOST else [*texts[:_MOST], f"and {len(texts) - _MOST} more findings"]


def _name(name: str) -> str:
    return cut(" ".join(plain_lines(name)) or "?", 200)
