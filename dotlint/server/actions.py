"""What can be done about findings: their fixes, comments that suppress them, and all safe fixes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from dotlint.server.changes import workspace_edit
from dotlint.server.diagnostics import diagnostic
from dotlint.server.hover import findings_at
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dotlint.engine.finding import Edit, Fix
    from dotlint.server.messages import Report, Spot, Told
    from dotlint.server.open_files import Snapshot

FIX_ALL: Final = "source.fixAll.dotlint"
FIX_ALL_TITLE: Final = "dotlint: apply all safe fixes"
_MOST: Final = 20


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether the editor asked for actions of a kind: by no filter, by the kind or by one that it is a part of."""
    return not only or any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def quick_fixes(
    uri: str, snapshot: Snapshot, report: Report, range_: types.Range, *, versioned: bool
) -> Iterator[types.CodeAction]:
    """Give for the findings in a range the safe fixes, then the unsafe ones, then the comments that suppress them."""
    first = (range_.start.line, range_.start.character)
    last = (range_.end.line, range_.end.character)
    here = findings_at(snapshot, report, first, last)[:_MOST]

    spots = {id(told): spot for _, told, spot in here}

    def action(title: str, told: Told, edits: Iterable[Edit], *, preferred: bool = False) -> types.CodeAction:
        return types.CodeAction(
            title=title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(uri, snapshot.text, report, told, spots[id(told)])],
            is_preferred=preferred or None,
            edit=workspace_edit(uri, snapshot, edits, versioned=versioned),
        )

    fixes = list(_fixes(report, here))
    for safe in (True, False):
        for told, by, fix in fixes:
            if (fix.applicability == "safe") is safe:
                yield action(_title(told, by, fix), told, fix.edits, preferred=safe and told is by)
    named = {told.code: told for _, told, _ in reversed(here)}
    for told in reversed(named.values()):
        if (edit := spots[id(told)].here) is not None:
            yield action(f"suppress {told.code} {told.name} here, with a comment", told, [edit])
    for told in reversed(named.values()):
        if told.everywhere is not None:
            title = f"suppress {told.code} {told.name} in this file, with a comment"
            yield action(title, told, [told.everywhere])


def _fixes(report: Report, here: Sequence[tuple[int, Told, Spot]]) -> Iterator[tuple[Told, Told, Fix]]:
    """Give (finding, finding whose fix it is, fix): that of a cause fixes what follows from it too."""
    given: set[int] = set()
    own = [(told, number) for number, told, _ in here]
    causes = [(told, cause) for told, _ in own for cause in told.caused_by]
    for told, index in (*own, *causes):
        fix = report.findings[index].fix
        if fix is not None and fix.edits and index not in given:
            given.add(index)
            yield told, report.findings[index], fix


def _title(told: Told, by: Told, fix: Fix) -> str:
    of = by.code if told is by else f"{by.code}, which {told.code} follows from"
    review = "" if fix.applicability == "safe" else "; unsafe, review it"
    return f"{one_line(fix.title, 90)} ({of}{review})"


def fix_all(uri: str, snapshot: Snapshot, report: Report, *, resolvable: bool) -> types.CodeAction | None:
    """Give the action that applies all safe fixes, to be worked out once it is chosen; None where there are none."""
    if not any(told.fix is not None and told.fix.applicability == "safe" for told in report.findings):
        return None
    action = types.CodeAction(title=FIX_ALL_TITLE, kind=FIX_ALL)
    if resolvable:
        action.data = {"uri": uri, "version": snapshot.version}
    else:
        action.command = types.Command(FIX_ALL_TITLE, "dotlint.fixAll", arguments=[uri])
    return action


def data_of(action: types.CodeAction) -> dict[str, Any]:
    """Give what an action of ours was given to find its file again; {} for one of somebody else's."""
    return action.data if isinstance(action.data, dict) else {}
