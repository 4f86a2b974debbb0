"""`json`: a comparison as JSON in ASCII. Additions are allowed; keys and their meaning do not change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotlint._version import __version__
from dotlint.report.as_json import finding_dict

if TYPE_CHECKING:
    from dotlint.comparison.model import Comparison, Difference, Facts, Layout


def render(found: Comparison) -> str:
    """Return the comparison as one JSON object, with a final newline."""
    return json.dumps(document(found), ensure_ascii=True, indent=2) + "\n"


def document(found: Comparison) -> dict[str, Any]:
    """Return the comparison as lists and dicts."""
    before, after = (result.source for result in found.results)
    return {
        "dotlint": __version__,
        "before": _file(found.before),
        "after": _file(found.after),
        "deployments": found.deployments,
        "differ": found.differ,
        "differences": [_difference(one) for one in found.differences],
        "findings": {
            "fixed": [finding_dict(one, before) for one in found.findings.fixed],
            "new": [finding_dict(one, after) for one in found.findings.new],
            "still": [
                {"before": finding_dict(one.before, before), "after": finding_dict(one.after, after)}
                for one in found.findings.still
            ],
        },
        "matching": [
            {
                "pairs": [list(pair) for pair in one.pairs],
                "alike": [{"before": list(alike.before), "after": list(alike.after)} for alike in one.alike],
            }
            for one in found.matched
        ],
        "layout": _layout(found.layout),
        "notes": list(found.notes),
    }


def _file(facts: Facts) -> dict[str, Any]:
    path = facts.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return {
        "path": path,
        "missing": facts.missing,
        "nodes": facts.nodes,
        "edges": facts.edges,
        "stages": facts.stages,
        "gpus": facts.gpus,
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "section": one.section,
        "change": one.change,
        "what": one.what.strip(),
        "field": one.field or None,
        "before": one.was if one.change == "changed" else None,
        "after": one.now if one.change == "changed" else None,
        "count": one.count,
        "undecided": one.undecided,
        "items": [
            {
                "before": None if item.before is None else list(item.before),
                "after": None if item.after is None else list(item.after),
                "unit": dict(item.unit),
                "edges": item.edges,
            }
            for item in one.items
        ],
    }


def _layout(layout: Layout) -> dict[str, Any]:
    return {name: getattr(layout, name) for name in layout.__struct_fields__}
