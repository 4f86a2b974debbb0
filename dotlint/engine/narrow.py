"""Findings without the locations that a comment or the baseline hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dotlint.engine.finding import Finding, LocationKey

    # By rule: what a check leaves out of its findings, so that message, nodes and fix agree with the locations left.
    Hidden = Mapping[str, frozenset[LocationKey]]


def narrowed(finding: Finding, hidden: Collection[LocationKey]) -> Finding | None:
    """Return the finding without these locations and the nodes that only they are about; None if none is left.

    The message still counts all of them, so a note tells how many are hidden; and there is no fix, which might touch
    them. Checks that leave hidden locations out themselves need neither; those of plugins may not.
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
    )


def without(findings: Sequence[Finding], gone: Callable[[int], bool]) -> tuple[list[Finding], list[Finding]]:
    """Split findings into those left, ordered by location, and those `gone` by their index.

    References to causes are renumbered. A finding whose causes are all gone stands for itself: a comment hides what
    it names and nothing else.
    """
    stay = [index for index in range(len(findings)) if not gone(index)]
    stay.sort(key=lambda i: (findings[i].graph, findings[i].start, findings[i].code, findings[i].end))
    moved = {old: new for new, old in enumerate(stay)}
    left = [
        replace(findings[i], caused_by=tuple(sorted(moved[c] for c in findings[i].caused_by if c in moved)))
        for i in stay
    ]
    return left, [finding for index, finding in enumerate(findings) if gone(index)]
