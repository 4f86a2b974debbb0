"""What keeps a report short where there is much to tell: findings that say the same, and long lists of edges.

A report of usual size is told in full. Beyond that, what differs only in numbers is told once, with ranges; counts
come first, and `--format json` has every name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import prod
from typing import TYPE_CHECKING

from dotlint.checks.grouping import count, listed
from dotlint.engine.finding import Listing
from dotlint.report.ranges import numbers, ranged, shortened, template
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.engine.finding import Finding

MOST_FINDINGS = 12  # of one rule and remedy are told one by one
_MOST_ROWS = 24
_MOST_LISTINGS, _MOST_LINES = 24, 480  # are written out
_MOST_NAMES = 60  # in one line
_MOST_FOLDED = 60


def alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Group the findings of an entry into its rows: one each, or one for all whose messages differ in numbers alone.

    The last group has what is over where even those are too many; see `left_over`.
    """
    if len(findings) <= MOST_FINDINGS:
        return [[finding] for finding in findings]
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[template(finding.message)].append(finding)
    rows = [row for some in groups.values() for row in ([some] if len(some) > 2 else [[one] for one in some])]
    if len(rows) <= _MOST_ROWS:
        return rows
    return [*rows[: _MOST_ROWS - 1], [one for row in rows[_MOST_ROWS - 1 :] for one in row]]


def left_over(groups: Sequence[Sequence[Finding]]) -> bool:
    """Whether the last group is what is over, and not findings that say the same."""
    return len(groups) == _MOST_ROWS and len({template(finding.message) for finding in groups[-1]}) > 1


def one_for_all(findings: Sequence[Finding], *, over: bool = False) -> str:
    """Say the messages of a group at once."""
    if over:
        return f"and {count(len(findings), 'more finding')} of this rule"
    if len(findings) == 1:
        return findings[0].message
    return f"{len(findings)} times: {ranged([finding.message for finding in findings])}"


def titles(listings: Iterable[Listing]) -> list[str]:
    """Give the titles of listings, those that differ in numbers alone at once where they are many."""
    found = [listing.title for listing in listings]
    if len(found) <= MOST_FINDINGS:
        return found
    groups: dict[str, list[str]] = defaultdict(list)
    for title in found:
        groups[template(title)].append(title)
    return [ranged(some) for some in groups.values()]


def shorter(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    """Give listings as they are; very many or very long ones with like units as one and edges folded."""
    listings = [_named(listing) for listing in listings]
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
    kept = [_cut(listing) for listing in kept]
    note = "--format json lists them one by one"
    if any(listing.paste for listing in listings):
        note += ", --fix or --diff writes them"
    return (*kept, Listing(_rest(over) if over else "told by families", (), note))


def _rest(over: Sequence[Listing]) -> str:
    edges = sum(len(listing.lines) for listing in over if listing.paste)
    shown = listed(titles(over), 12)
    return f"and {count(edges, 'edge')} of {shown}" if edges else f"and {shown}"


def _cut(listing: Listing) -> Listing:
    if len(listing.lines) <= _MOST_FOLDED:
        return listing
    more = f"and {count(len(listing.lines) - _MOST_FOLDED, 'more line')}"
    return Listing(listing.title, (*listing.lines[:_MOST_FOLDED], more), listing.note)


def _named(listing: Listing) -> Listing:
    """Fold the names of a line that lists very many of them: `502 operators: s2_qkv_0, s2_qkv_1, ...`."""
    if listing.paste or all(line.count(", ") < _MOST_NAMES for line in listing.lines):
        return listing
    return Listing(listing.title, tuple(map(_named_line, listing.lines)), listing.note)


def _named_line(line: str) -> str:
    head, _, rest = line.partition(": ")
    names = rest.split(", ")
    if len(names) <= _MOST_NAMES or '"' in rest:
        return one_line(line, 2000)
    folded, left = shortened(names, _MOST_NAMES)
    return one_line(f"{head}: {', '.join(folded)}{f' and {left} more' if left else ''}", 2000)


def _shape(listing: Listing) -> object:
    """Give what listings have in common that differ in numbers alone."""
    lines = Counter(map(template, listing.lines)) if listing.paste else map(template, listing.lines)
    shape = tuple(sorted(lines.items())) if isinstance(lines, Counter) else tuple(lines)
    return template(listing.title), template(listing.note), listing.paste, shape


def _merged(some: Sequence[Listing]) -> Listing:
    """Make one listing of those of one shape."""
    first = some[0]
    title = ranged([listing.title for listing in some])
    note = ranged([listing.note for listing in some])
    if not first.paste:
        lines = tuple(ranged(each) for each in zip(*(listing.lines for listing in some), strict=True))
        return Listing(title, lines, note)
    groups: dict[str, list[str]] = defaultdict(list)
    for listing in some:
        for line in listing.lines:
            groups[template(line)].append(line)
    number = count(len(first.lines), "edge") + (f" in each of {len(some)}" if len(some) > 1 else "")
    return Listing(title, tuple(map(_edges, groups.values())), f"{number}, {note}" if note else number)


def _edges(lines: list[str]) -> str:
    """Say edges of one template at once; numbers that go together (`q_{0..7} -> k_{0..7}`) count once."""
    if len(lines) == 1:
        return lines[0]
    columns = zip(*map(numbers, lines), strict=True)
    together = {tuple(value - column[0] for value in column) for column in columns}
    told = prod(len(set(column)) for column in together)
    number = count(len(lines), "edge")
    return f"{ranged(lines)}   {number if told == len(lines) else f'{number} of these'}"
