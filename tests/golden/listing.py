"""A listing of a JSON report that a person can read: two or three lines for each finding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 3  # of a list of names only the first ones: the count says that there are more


def listing(report: str) -> str:
    """List what a JSON report says about its files; messages and fingerprints are left to other reports."""
    document = json.loads(report)
    return "".join(f"{line.rstrip()}\n" for file in document["files"] for line in _file(file)) + (
        f"summary: {_pairs(document['summary'])}\n"
    )


def _file(file: dict[str, Any]) -> Iterator[str]:
    yield f"{file['path']}: {file['verdict']}, {_pairs(file['graph'])}"
    for phase in file["strategy"]["phases"] if file["strategy"] else ():
        assumed = ", assumed" if phase["assumed"] else ""
        yield f"strategy of {phase['name']}: {_pairs(phase['degrees'])}, {phase['gpus']} GPUs{assumed}"
    for index, finding in enumerate(file["findings"]):
        yield f"{index:3} {finding['code']} {finding['severity']:8}{_range(finding['range']):15}{_place(finding)}"
        yield from (f"    {fact}" for fact in ("; ".join(_names_of(finding)), _fix(finding)) if fact)
    for key in ("holds", "undecided"):
        for section in dict.fromkeys(entry["section"] for entry in file[key]):
            subjects = [entry["subject"] for entry in file[key] if entry["section"] == section]
            yield f"{key} in {section}: {', '.join(subjects)}"
    yield from (f"deployment: {_pairs(entry)}" for entry in file["deployment"])
    yield f"suppressed {file['suppressed']}, baselined {file['baselined']}"


def _place(finding: dict[str, Any]) -> str:
    """Name the unit, what it is part of, and the graph if it is not the first."""
    about = f" ({_pairs(finding['about'])})" if finding["about"] else ""
    graph = f" of graph {finding['graph']}" if finding["graph"] else ""
    return f"{finding['unit'] or '-'}{about}{graph}"


def _names_of(finding: dict[str, Any]) -> Iterator[str]:
    for key in ("nodes", "missing_edges", "missing_nodes", "planned_edges", "path"):
        if finding.get(key):
            yield f"{key} {_names(finding[key])}"
    places = [f"{one['node'] or '-'} at {_range(one['range'])}" for one in finding["locations"]]
    if len(places) > 1:
        yield f"locations {_names(places)}"
    for related in finding["related"]:
        yield f"related {_range(related['range'])}"
    if finding["caused_by"]:
        yield "caused by " + ", ".join(map(str, finding["caused_by"]))


def _fix(finding: dict[str, Any]) -> str:
    fix = finding["fix"]
    return "" if fix is None else f"fix ({fix['applicability']}, edits {len(fix['edits'])}): {fix['title']}"


def _names(names: Sequence[str | list[str]]) -> str:
    shown = [name if isinstance(name, str) else " -> ".join(name) for name in names[:_SHOWN]]
    return f"{len(names)}: {', '.join(shown)}{', ...' if len(names) > _SHOWN else ''}"


def _range(range_: dict[str, dict[str, int]]) -> str:
    return "-".join(f"{range_[end]['line']}:{range_[end]['column']}" for end in ("start", "end"))


def _pairs(entry: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in entry.items())
