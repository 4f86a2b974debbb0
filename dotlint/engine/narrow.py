"""Remove the locations from findings that a comment or the baseline hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dotlint.engine.finding import Finding, LocationKey

    # By rule: the locations that a check omits, so that message, nodes and fix agree with the remaining ones.
    Hidden = Mapping[str, frozenset[LocationKey]]


def narrowed(finding: Finding, hidden: Collection[LocationKey]) -> Finding | None:
    """Return the finding without these locations and the nodes at no other location; None if no location is left.

    The message still counts all locations, so a note reports how many are hidden; the fix, which might change them, is
    removed. Checks that omit hidden locations themselves need neither, but checks of plugins may not.
    """
    left = tuple(location for location in finding.locations if location.key not in hidden)
    number = len(finding.locations) - len(left)
    if not number or not left:
        return finding if left else None
    gone = {location.node for location in finding.locations} - {location.node for location in left}
    note = f"{number} of its {len(finding.locations)} locations {'is' if number == 1 else 'are'} not reported"
    return replace(
        finding,
        start=left[0].start,
        end=left[0].end,
        locations=left,
        nodes=tuple(name for name in finding.nodes if name not in gone),
        note="; ".join(filter(None, (finding.note, note))),
        fix=None,
        fixable=None,
        parts=(),
    )


def without(findings: Sequence[Finding], gone: Callable[[int], bool]) -> tuple[list[Finding], list[Finding]]:
    """Split findings into those that remain, ordered by location, and those whose index is `gone`.

    References to causes are renumbered. A finding whose causes are all gone has no causes: a comment hides only what
    it names.
    """
    stay = [index for index in range(len(findings)) if not gone(index)]
    stay.sort(key=lambda i: (findings[i].graph, findings[i].start, findings[i].code, findings[i].end))
    moved = {old: new for new, old in enumerate(stay)}
    left = [
        replace(findings[i], caused_by=tuple(sorted(moved[c] for c in findings[i].caused_by if c in moved)))
        for i in stay
    ]
    return left, [finding for index, finding in enumerate(findings) if gone(index)]
