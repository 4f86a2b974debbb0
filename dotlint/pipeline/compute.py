"""Compute the fixes of findings with the functions that are linked to their checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.describe import describe_edits
from dotlint.edits.fix_context import FixContext, NotCertain
from dotlint.engine.finding import Fix, combined_fix
from dotlint.registry.checks import find_check

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

FAILED = "computing it failed"


def attach_fixes(result: FileResult) -> FileResult:
    """Set `fix` and `fixable` of a result's findings in place, and return the result.

    `fixable` then agrees with `fix`; if there is no fix, `no_fix` is the reason. Fixes that `--fix` would
    refuse are not withdrawn here. The function is idempotent.
    """
    if result.context is None:
        return result
    contexts = [FixContext(graph, result) for graph in result.context.graphs]
    for index, finding in enumerate(result.findings):
        fix = finding.fix
        why: str | None = None
        if fix is None and finding.fixable and finding.check and finding.graph < len(contexts):
            found = _computed(contexts[finding.graph], finding)
            fix, why = (None, found) if isinstance(found, str) else (found, None)
        if fix is not None and not fix.title:  # a plugin may omit it
            fix = replace(fix, title=describe_edits(result.document.text, fix.edits))
        applicability = fix.applicability if fix else None
        if fix is not finding.fix or applicability != finding.fixable or why:
            result.findings[index] = replace(finding, fix=fix, fixable=applicability, no_fix=why)
    return result


def _computed(context: FixContext, finding: Finding) -> Fix | str | None:
    """Return the fix, or the reason why there is none; None if the check has no fix function."""
    if finding.parts:
        found = [_computed(context, part) for part in finding.parts]
        fixes = [fix for fix in found if isinstance(fix, Fix)]
        return combined_fix(fixes) or next((why for why in found if isinstance(why, str)), None)
    try:
        function = find_check(finding.check).load_fix()
        return function(context, finding) if function is not None else None
    except NotCertain as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 - a bug in one fix must not lose the findings
        whose = "the plugin" if ":" in finding.check else "dotlint"
        return f"{FAILED} ({type(error).__name__}: {error}), which is a bug in {whose}: please report it"
