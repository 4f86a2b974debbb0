"""Fixes computed for the findings of a run, by the functions that stand beside their checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.edits.describe import describe_edits
from dotlint.edits.fix_context import FixContext, NotCertain
from dotlint.registry.checks import find_check

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding, Fix
    from dotlint.engine.result import FileResult

FAILED = "computing it failed"


def attach_fixes(result: FileResult) -> FileResult:
    """Fill `fix` and `fixable` of a result's findings; the result itself is changed and given back.

    Afterwards `fixable` is true to `fix`: a finding without a certain fix offers none, and its help says why.
    Fixes that `--fix` would refuse are not tried here. Calling it again changes nothing.
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
        if fix is not None and not fix.title:  # a plugin's may have none
            fix = replace(fix, title=describe_edits(result.document.text, fix.edits))
        applicability = fix.applicability if fix else None
        if fix is not finding.fix or applicability != finding.fixable or why:
            result.findings[index] = replace(finding, fix=fix, fixable=applicability, help=help_with(finding.help, why))
    return result


def _computed(context: FixContext, finding: Finding) -> Fix | str | None:
    """Give the fix, or say why there is none; None where the check has no fix function."""
    try:
        function = find_check(finding.check).load_fix()
        return function(context, finding) if function is not None else None
    except NotCertain as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 - the finding stands without a fix; nothing else is lost with it
        whose = "the plugin" if ":" in finding.check else "dotlint"
        return f"{FAILED} ({type(error).__name__}: {error}), which is a mistake in {whose}: please report it"


def help_with(said: str | None, why: str | None) -> str | None:
    """Add to a finding's help why there is no fix; `why` is None where nothing is to be said."""
    if not why:
        return said
    note = f"no fix here: {why}"
    return note if said is None else said if note in said else f"{said} ({note})"
