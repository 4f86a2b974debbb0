"""Fixes worked out for the findings of a run, for rules whose repair needs more than their check looks at."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from dotlint.edits.fix_context import Writers

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.engine.finding import Finding, Fix
    from dotlint.engine.result import FileResult

    Fixer = Callable[[Writers, Finding], Fix | str]

FAILED = "working it out failed"

# Where the fix of a rule is worked out: a function that gives it, or says in half a sentence why there is none.
_FIXERS = {
    "A008": "edits.graph_attributes:compound",
    "C004": "checks.labelling_fixes:pipeline_labels",
    "C005": "checks.devices_fixes:collective_gpus",
    "D001": "checks.devices_fixes:missing_gpus",
    "D002": "checks.devices_fixes:vague_gpus",
    "D003": "checks.devices_fixes:stage_gpus",
    "D005": "checks.devices_fixes:shard_gpus",
    "P001": "checks.labelling_fixes:header",
    "P007": "checks.members_fixes:missing_members",
    "P008": "checks.members_fixes:missing_members",
    "S001": "checks.structure_fixes:stage_edges",
    "S002": "checks.structure_fixes:stages",
    "S003": "checks.members_fixes:missing_siblings",
    "S004": "checks.structure_fixes:stage_link",
    "S011": "checks.structure_fixes:fan_edges",
    "S014": "checks.structure_fixes:flow_edges",
    "T001": "edits.dimensions:missing_dims",
}


def attach_fixes(result: FileResult) -> FileResult:
    """Fill `fix` and `fixable` of a result's findings; the result itself is changed and given back.

    Afterwards `fixable` is true to `fix`: a finding whose repair turned out to be uncertain offers none, and
    its help says why. Whether `--fix` would refuse a fix is not asked here. Calling it again changes nothing.
    """
    if result.context is None:
        return result
    writers = [Writers(graph, result) for graph in result.context.graphs]
    for index, finding in enumerate(result.findings):
        fix = finding.fix
        why: str | None = None
        if fix is None and finding.fixable and finding.code in _FIXERS and finding.graph < len(writers):
            found = _found(writers[finding.graph], finding)
            fix, why = (None, found) if isinstance(found, str) else (found, None)
        applicability = fix.applicability if fix else None
        if fix is not finding.fix or applicability != finding.fixable or why:
            result.findings[index] = replace(finding, fix=fix, fixable=applicability, help=help_with(finding.help, why))
    return result


def _found(writers: Writers, finding: Finding) -> Fix | str:
    module, name = _FIXERS[finding.code].split(":")
    fixer = cast("Fixer", getattr(import_module(f"dotlint.{module}"), name))
    try:
        return fixer(writers, finding)
    except Exception as error:  # noqa: BLE001 - the finding stands without a fix; nothing else is lost with it
        return f"{FAILED} ({type(error).__name__}: {error}), which is a mistake in dotlint: please report it"


def help_with(said: str | None, why: str | None) -> str | None:
    """Add to a finding's help why there is no fix; `why` is None where nothing is to be said."""
    if not why:
        return said
    note = f"no fix here: {why}"
    return note if said is None else said if note in said else f"{said} ({note})"
