"""Code actions: the fixes of findings, comments that suppress them, and all safe fixes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types

from dotlint.server.changes import workspace_edit
from dotlint.server.diagnostics import diagnostic
from dotlint.server.hover import findings_at
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dotlint.engine.finding import Edit, Fix
    from dotlint.server.messages import FindingInfo, Report, RuleInfo
    from dotlint.server.open_file import Snapshot

FIX_ALL: Final = "source.fixAll.dotlint"
FIX_ALL_TITLE: Final = "dotlint: apply all safe fixes"
_MOST: Final = 20


def is_requested(kind: str, only: Sequence[str] | None) -> bool:
    """Return whether the filter `only` of a request includes a kind of action; no filter includes every kind."""
    return not only or any(kind == one or kind.startswith(f"{one}.") or one == "" for one in only)


def quick_fixes(
    uri: str,
    snapshot: Snapshot,
    report: Report,
    rules: Mapping[str, RuleInfo],
    range_: types.Range,
    *,
    versioned: bool,
) -> Iterator[types.CodeAction]:
    """Yield safe fixes, then unsafe ones, then suppression comments, for the findings in a range."""
    first = (range_.start.line, range_.start.character)
    last = (range_.end.line, range_.end.character)
    here = findings_at(snapshot, report, first, last)[:_MOST]

    locations = {id(finding): finding.locations[index] for _, finding, index in here}

    def action(title: str, finding: FindingInfo, edits: Iterable[Edit], *, preferred: bool = False) -> types.CodeAction:
        return types.CodeAction(
            title=title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(uri, snapshot.text, report, finding, locations[id(finding)], rules)],
            is_preferred=preferred or None,
            edit=workspace_edit(uri, snapshot, edits, versioned=versioned),
        )

    fixes = list(_fixes(report, here))
    for safe in (True, False):
        for finding, owner, fix in fixes:
            if (fix.applicability == "safe") is safe:
                yield action(_fix_title(finding, owner, fix), finding, fix.edits, preferred=safe and finding is owner)
    if snapshot.suppressions is None:
        return
    by_code = {finding.code: (number, finding, index) for number, finding, index in reversed(here)}
    for number, finding, index in reversed(by_code.values()):
        if (edit := snapshot.suppressions.here[number][index]) is not None:
            yield action(f"suppress {finding.code} {finding.name} here, with a comment", finding, [edit])
    for number, finding, _ in reversed(by_code.values()):
        if (edit := snapshot.suppressions.everywhere[number]) is not None:
            yield action(f"suppress {finding.code} {finding.name} in this file, with a comment", finding, [edit])


def _fixes(
    report: Report, here: Sequence[tuple[int, FindingInfo, int]]
) -> Iterator[tuple[FindingInfo, FindingInfo, Fix]]:
    """Yield (finding, finding that has the fix, fix) for each fix of a finding or of its causes."""
    seen: set[int] = set()
    own = [(finding, number) for number, finding, _ in here]
    causes = [(finding, cause) for finding, _ in own for cause in finding.caused_by]
    for finding, index in (*own, *causes):
        fix = report.findings[index].fix
        if fix is not None and fix.edits and index not in seen:
            seen.add(index)
            yield finding, report.findings[index], fix


def _fix_title(finding: FindingInfo, owner: FindingInfo, fix: Fix) -> str:
    rule = owner.code if finding is owner else f"{owner.code}, the cause of {finding.code}"
    review = "" if fix.applicability == "safe" else "; unsafe, review it"
    return f"{one_line(fix.title, 90)} ({rule}{review})"


def fix_all(uri: str, snapshot: Snapshot, report: Report, *, resolvable: bool) -> types.CodeAction | None:
    """Return the action that applies all safe fixes, computed only once it is chosen; None if there are none."""
    if not any(finding.fix is not None and finding.fix.applicability == "safe" for finding in report.findings):
        return None
    action = types.CodeAction(title=FIX_ALL_TITLE, kind=FIX_ALL)
    if resolvable:
        action.data = {"uri": uri, "version": snapshot.version}
    else:
        action.command = types.Command(FIX_ALL_TITLE, "dotlint.fixAll", arguments=[uri])
    return action


def data_of(action: types.CodeAction) -> dict[str, Any]:
    """Return the data that `fix_all` attached to an action; an empty dict for any other action."""
    return action.data if isinstance(action.data, dict) else {}
