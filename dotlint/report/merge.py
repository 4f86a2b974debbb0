"""Shorten long reports: merge findings whose messages differ only in numbers, and fold long lists of edges.

A report of usual size is complete. In a larger one, texts that differ only in numbers are merged into one with number
ranges, and counts replace long lists. `--format json` always has everything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import prod
from typing import TYPE_CHECKING

from dotlint.edits.statement import id_text
from dotlint.engine.finding import Listing
from dotlint.report.ranges import numbers, ranged, shortened, without_numbers
from dotlint.text.display import one_line
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Finding, NameList

MOST_FINDINGS = 12  # of one rule and help are listed separately
_MOST_ROWS = 24
_MOST_LISTINGS, _MOST_LINES = 24, 480  # are not folded
_MOST_NAMES, _MOST_EDGES = 60, 6  # per line
_MOST_FOLDED = 60


def alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Group the findings of an entry into rows.

    Few findings get a row each. Of many, those whose messages differ only in numbers share a row. If there are still too
    many rows, the last one has all remaining findings; see `left_over`.
    """
    if len(findings) <= MOST_FINDINGS:
        return [[finding] for finding in findings]
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[without_numbers(finding.message)].append(finding)
    rows = [row for some in groups.values() for row in ([some] if len(some) > 2 else [[one] for one in some])]
    if len(rows) <= _MOST_ROWS:
        return rows
    return [*rows[: _MOST_ROWS - 1], [one for row in rows[_MOST_ROWS - 1 :] for one in row]]


def left_over(groups: Sequence[Sequence[Finding]]) -> bool:
    """Return whether the last group of `alike` has the remaining findings, whose messages differ."""
    return len(groups) == _MOST_ROWS and len({without_numbers(finding.message) for finding in groups[-1]}) > 1


def one_for_all(findings: Sequence[Finding], *, over: bool = False) -> str:
    """Return one message for a group of findings; `over` is whether it has the remaining ones."""
    if over:
        return f"{count(len(findings), 'more finding')} of this rule"
    if len(findings) == 1:
        return findings[0].message
    return f"{len(findings)} findings: {ranged([finding.message for finding in findings])}"


def names_its_nodes(finding: Finding) -> bool:
    """Return whether the message has the names of all nodes of the finding, so that a list of them repeats it."""
    return all(f"`{name}`" in finding.message for name in finding.nodes)


def titles(listings: Iterable[Listing]) -> list[str]:
    """Return the titles of listings; if there are many, those that differ only in numbers are merged."""
    found = [listing.title for listing in listings]
    if len(found) <= MOST_FINDINGS:
        return found
    groups: dict[str, list[str]] = defaultdict(list)
    for title in found:
        groups[without_numbers(title)].append(title)
    return [ranged(some) for some in groups.values()]


def shorter(listings: Sequence[Listing], most_names: int = _MOST_NAMES) -> tuple[Listing, ...]:
    """Return the listings; if they are very many or very long, similar ones are merged and their edges folded.

    A line of more than `most_names` names has them folded.
    """
    listings = [_written(listing, most_names) for listing in listings]
    if len(listings) <= _MOST_LISTINGS and sum(len(listing.lines) for listing in listings) <= _MOST_LINES:
        return tuple(listings)
    alike: dict[object, list[Listing]] = defaultdict(list)
    for listing in listings:
        alike[_shape(listing)].append(listing)
    kept: list[Listing] = []
    over: list[Listing] = []
    room = _MOST_FOLDED
    for some in alike.values():
        one = _merged(some)
        room -= len(one.lines) + 2
        if kept and room < 0:
            over += some
        else:
            kept.append(one)
    kept = [_truncated(listing) for listing in kept]
    note = "--format json lists each of them"
    if any(listing.paste for listing in listings):
        note += "; --fix or --diff writes them"
    return (*kept, Listing(_remaining(over) if over else "similar units are merged", (), note))


def hoisted(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    """Return the listings; lines of prose that differ only in numbers from one to the next are one line for all.

    `stage 2`, `14 operators: norm2, qkv2` and the same of stages 3 and 4 become `14 operators: norm{2..4}, qkv{2..4}`.
    """
    if len(listings) < 2 or any(listing.paste or not listing.lines for listing in listings):
        return tuple(listings)
    first = [listing.lines[0] for listing in listings]
    if ", " not in first[0] or len(set(map(without_numbers, first))) > 1:
        return tuple(listings)
    rest = (Listing(listing.title, listing.lines[1:], listing.note) for listing in listings)
    return (*rest, Listing("each of them", (ranged(first),)))


def _remaining(over: Sequence[Listing]) -> str:
    edges = sum(len(listing.lines) for listing in over if listing.paste)
    merged_titles = listed(titles(over), 12)
    return f"and {count(edges, 'edge')} of {merged_titles}" if edges else f"and {merged_titles}"


def _truncated(listing: Listing) -> Listing:
    if len(listing.lines) <= _MOST_FOLDED:
        return listing
    more = f"and {count(len(listing.lines) - _MOST_FOLDED, 'more line')}"
    return Listing(listing.title, (*listing.lines[:_MOST_FOLDED], more), listing.note)


def _written(listing: Listing, most: int) -> Listing:
    """Return a listing with its names as lines; a line of more than `most` names or edges has them folded."""
    lines = (*listing.lines, *(one_line(_name_line(one, most), 2000) for one in listing.names))
    return Listing(listing.title, lines, listing.note, paste=listing.paste)


def _name_line(one: NameList, most: int) -> str:
    edges = [f"{id_text(tail)} -> {id_text(head)}" for tail, head in one.edges]
    if len(edges) > min(most, _MOST_EDGES):
        folded, left = shortened(edges, _MOST_EDGES, quote="`")
    elif len(one.names) > most:
        folded, left = shortened(one.names, _MOST_NAMES)
    else:
        return f"{one.label}: {listed([f'`{edge}`' for edge in edges], most) or ', '.join(map(id_text, one.names))}{one.end}"
    return f"{one.label}: {', '.join(folded)}{f' and {left} more' if left else ''}{one.end}"


def _shape(listing: Listing) -> object:
    """Return a key that is equal for listings that differ only in numbers."""
    lines = Counter(map(without_numbers, listing.lines)) if listing.paste else map(without_numbers, listing.lines)
    shape = tuple(sorted(lines.items())) if isinstance(lines, Counter) else tuple(lines)
    return without_numbers(listing.title), without_numbers(listing.note), listing.paste, shape


def _merged(some: Sequence[Listing]) -> Listing:
    """Merge listings with the same shape into one."""
    first = some[0]
    title = ranged([listing.title for listing in some])
    note = ranged([listing.note for listing in some])
    if not first.paste:
        lines = tuple(ranged(each) for each in zip(*(listing.lines for listing in some), strict=True))
        return Listing(title, lines, note)
    groups: dict[str, list[str]] = defaultdict(list)
    for listing in some:
        for line in listing.lines:
            groups[without_numbers(line)].append(line)
    number = count(len(first.lines), "edge") + (f" in each of {len(some)}" if len(some) > 1 else "")
    return Listing(title, tuple(map(_folded_edges, groups.values())), f"{number}, {note}" if note else number)


def _folded_edges(lines: list[str]) -> str:
    """Fold edges that differ only in numbers into one line, with their number.

    Columns of numbers that increase together (`q_{0..7} -> k_{0..7}`) span one dimension. If the ranges stand for more
    edges than there are, the number has "only".
    """
    if len(lines) == 1:
        return lines[0]
    columns = zip(*map(numbers, lines), strict=True)
    together = {tuple(value - column[0] for value in column) for column in columns}
    spanned = prod(len(set(column)) for column in together)
    number = count(len(lines), "edge")
    return f"{ranged(lines)}   {number if spanned == len(lines) else f'only {number} of these'}"
