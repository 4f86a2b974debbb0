"""Write an overview as DOT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.edits.statement import id_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.overview.model import Link, Overview, OverviewBlock

_FILLS = {"block": "#e3f3e5", "end": "white"}


def as_text(overview: Overview, comments: Iterable[str]) -> str:
    """Return the DOT text of an overview with a final newline; `comments` are its first lines."""
    return "\n".join(_lines(overview, comments)) + "\n"


def _lines(overview: Overview, comments: Iterable[str]) -> Iterator[str]:
    yield from (f"// {comment}" for comment in comments)
    yield f"{'digraph' if overview.directed else 'graph'} overview {{"
    yield f"  rankdir={overview.rankdir}"
    alone = overview.frames[0] if len(overview.frames) == 1 and not overview.frames[0].name else None
    title = [overview.title, *(alone.lines if alone else ())]
    yield f'  graph [label={_text(title)}, labelloc=t, labeljust=l, fontname="Helvetica"]'
    yield f'  node [shape=box, style=filled, fillcolor="{_FILLS["block"]}", fontname="Helvetica"]'
    yield '  edge [fontname="Helvetica", fontsize=10]'
    if overview.ends:
        yield ""
        yield from (f"  {_block(block)}" for block in overview.ends)
    for frame in overview.frames:
        yield ""
        if not frame.name:
            yield from (f"  {_block(block)}" for block in frame.blocks)
            continue
        yield f"  subgraph {id_text(frame.name)} {{"
        yield f"    label={_text(frame.lines)}"
        yield from (f"    {_block(block)}" for block in frame.blocks)
        yield "  }"
    if overview.links:
        yield ""
        operator = "->" if overview.directed else "--"
        yield from (f"  {_link(link, operator)}" for link in overview.links)
    yield "}"


def _block(block: OverviewBlock) -> str:
    attributes = [f"label={_text(block.all_lines)}"]
    if block.look == "end":
        attributes += ["shape=ellipse", f"fillcolor={_FILLS['end']}"]
    if block.missing:
        attributes.append('style="filled,dashed"' if block.look == "end" else 'style="filled,dashed", fillcolor=white')
    return f"{id_text(block.name)} [{', '.join(attributes)}]"


def _link(link: Link, operator: str) -> str:
    attributes = [f"label={_text(link.lines)}"] if link.lines else []
    attributes += ["style=dashed"] if link.missing else []
    listed = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{id_text(link.tail.name)} {operator} {id_text(link.head.name)}{listed}"


def _text(lines: Iterable[str]) -> str:
    r"""Return lines as a quoted label, with backslash, quote and `&` escaped."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines)
    return '"' + "\\n".join(escaped) + '"'
