"""Paragraphs with hanging indents, and lines to paste side by side, as Rich renders them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.engine.finding import Listing

_WRAPPING = Console(file=io.StringIO(), legacy_windows=False)


def hanging(text: Text, width: int, indent: int, hang: int) -> RenderableType:
    """Return a paragraph of which every line but the first is indented by `hang` more columns."""
    first, rest = _parted(text, width - indent)
    if not rest:
        return Padding(first, (0, 0, 0, indent))
    return Group(Padding(first, (0, 0, 0, indent)), Padding(rest, (0, 0, 0, indent + hang)))


def height(text: Text, width: int, indent: int, hang: int) -> int:
    """Return the number of lines of such a paragraph."""
    rest = _parted(text, width - indent)[1]
    return 1 + (len(rest.wrap(_WRAPPING, max(8, width - indent - hang), overflow="fold")) if rest else 0)


def _parted(text: Text, width: int) -> tuple[Text, Text]:
    """Return the first line of a text, and what is left."""
    if text.cell_len <= width:
        return text, Text()
    end = len(text.wrap(_WRAPPING, max(8, width), overflow="fold")[0].plain)
    return text[:end], text[len(text.plain) - len(text.plain[end:].lstrip(" ")) :]


def listing_columns(listings: tuple[Listing, ...], width: int, *, titles: bool) -> RenderableType:
    """Return listings side by side if they are for pasting and at least two fit, otherwise one below the other."""
    pasted = all(listing.paste for listing in listings)
    widest = max((len(line) + 3 for listing in listings for line in (f"// {listing.title}", *listing.lines)), default=3)
    columns = max(1, (width + 3) // widest) if pasted else 1
    if columns == 1:
        return Group(*(part for listing in listings for part in _listing_parts(listing, width, titles=titles)))
    grids: list[RenderableType] = []
    for start in range(0, len(listings), columns):
        some = listings[start : start + columns]
        table = Table.grid(padding=(0, 3, 0, 0))
        if len(some) > 1:
            table.add_row(*(Group(*_listing_parts(listing, width, titles=titles)) for listing in some))
            grids.append(table)
            continue
        lines = some[0].lines
        high = -(-len(lines) // columns)
        table.add_row(*(_pasted(lines[at : at + high]) for at in range(0, len(lines), high)))
        grids += [*([_listing_title(some[0])] if titles else []), table]
    return Group(*grids)


def _listing_parts(listing: Listing, width: int, *, titles: bool) -> Iterator[RenderableType]:
    if listing.paste:
        if titles:
            yield _listing_title(listing)
        yield _pasted(listing.lines)
    elif listing.lines and all(": " in line for line in listing.lines):
        yield hanging(_listing_title(listing).append(f"  {one_line('; '.join(listing.lines), 4000)}"), width, 0, 2)
    else:
        yield hanging(_listing_title(listing), width, 0, 2)
        yield from (hanging(Text(one_line(line, 4000)), width, 2, 2) for line in listing.lines)


def _listing_title(listing: Listing) -> Text:
    """Return the title; of lines to paste it is a comment, so that it can be pasted with them."""
    title = one_line(f"{'// ' if listing.paste else ''}{listing.title}{f'  {listing.note}' if listing.note else ''}")
    return Text(title, style="dim" if listing.paste else "")


def _pasted(lines: Sequence[str]) -> RenderableType:
    return Text("\n".join(one_line(line, 4000) for line in lines), no_wrap=True, overflow="fold")
