"""The last line of a run: how many problems there are, in how many files, and how many can be fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.text.english import count, numbered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.engine.result import FileResult


def found(results: Sequence[FileResult], fixed: Mapping[str, int] | None = None) -> str:
    """Return `Found 12 problems (4 errors) in 3 of 10 files; 9 fixable with --fix`.

    Follow-on findings are no problems of their own. `fixed` counts the findings that this run has fixed, by code.
    """
    own = [[finding for finding in result.findings if not finding.caused_by] for result in results]
    problems = [finding for some in own for finding in some]
    errors = sum(finding.severity == "error" for finding in problems)
    with_problems = sum(map(bool, own))
    lead = f"Fixed {count(sum(fixed.values()), 'problem')} ({numbered(fixed)}); found" if fixed else "Found"
    more = " more" if fixed else ""
    if problems:
        number = f"{len(problems)}{more} {'problem' if len(problems) == 1 else 'problems'}"
        number += f" ({count(errors, 'error')})" if errors else ""
    else:
        number = f"no{more} problems"
    unreadable = sum(result.unreadable is not None for result in results)
    read = len(results) - unreadable
    files = count(read, "file")
    where = f"{with_problems} of {files}" if 0 < with_problems < read else files
    parts = [f"{lead} {number} in {where}"] if read else []
    safe, unsafe = (sum(f.fixable == kind for f in problems) for kind in ("safe", "unsafe"))
    if safe:
        parts.append(f"{safe} fixable with --fix" + (f", {unsafe} more with --unsafe-fixes" if unsafe else ""))
    elif unsafe:
        parts.append(f"{unsafe} fixable with --fix --unsafe-fixes")
    hidden = {
        "suppressed": sum(len(result.suppressed) for result in results),
        "in the baseline": sum(len(result.baselined) for result in results),
    }
    parts += [f"{number} {what}" for what, number in hidden.items() if number]
    if unreadable:
        parts.append(f"{count(unreadable, 'file')} could not be read")
    return "; ".join(parts)
