"""`json` and `jsonl`: the complete results for programs, in a stable format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dotlint._version import __version__
from dotlint.syntax.lexemes import Html
from dotlint.text.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from dotlint.engine.facts import SourceLines
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

_BEYOND_ASCII = regex(r"[^\0-~]")


def render(results: Sequence[FileResult]) -> str:
    """Return one JSON document in ASCII, with a final newline."""
    whole = document(results)
    try:
        # msgspec indents a large result much faster than the json module.
        written = msgspec.json.format(msgspec.json.encode(whole, enc_hook=_html_as_string), indent=2).decode()
    except UnicodeEncodeError:  # a lone surrogate, which stands for a byte of the file that is not UTF-8
        import json  # noqa: PLC0415 - slower, and rarely needed

        return json.dumps(whole, indent=2) + "\n"
    return _BEYOND_ASCII.sub(_json_escape, written) + "\n"


def _html_as_string(text: object) -> str:
    """Return the name of a node with an HTML id, which is a subclass of str, as a plain string."""
    if isinstance(text, Html):
        return str(text)
    raise NotImplementedError


def _json_escape(match: re.Match[str]) -> str:
    """Return the JSON escape of a character; a surrogate pair outside the basic multilingual plane."""
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def render_lines(results: Sequence[FileResult]) -> str:
    """Return one JSON object for each finding, one per line, with the `path` of its file.

    So the nodes of a cycle, which are the `path` of the finding in `json`, are its `cycle` here.
    """
    import json  # noqa: PLC0415 - as above

    lines = [
        json.dumps(_line(finding_dict(finding, result.source), _ascii_path(result.path)), ensure_ascii=True)
        for result in results
        if result.unreadable is None
        for finding in result.findings
    ]
    return "".join(line + "\n" for line in lines)


def _line(finding: dict[str, Any], path: str) -> dict[str, Any]:
    nodes = finding.pop("path", None)
    return {"path": path, **finding, **({} if nodes is None else {"cycle": nodes})}


def document(results: Sequence[FileResult]) -> dict[str, Any]:
    """Return all results as lists and dicts."""
    counts = [result.counts() for result in results]
    return {
        "dotlint": __version__,
        "files": [file_dict(result) for result in results],
        "summary": {
            "files": len(results),
            "errors": sum(c["error"] for c in counts),
            "warnings": sum(c["warning"] for c in counts),
            "infos": sum(c["info"] for c in counts),
            "consequences": sum(1 for r in results for f in r.findings if f.caused_by),
            "fixable": sum(1 for r in results for f in r.findings if f.fixable and not f.caused_by),
        },
    }


def _ascii_path(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_dict(result: FileResult) -> dict[str, Any]:
    """Return the entry of one file."""
    entry: dict[str, Any] = {"path": _ascii_path(result.path), "verdict": result.verdict}
    if result.unreadable is not None:
        return {**entry, "error": result.unreadable, "strategy": None, "graph": None, "flow": None, "findings": []}
    facts = result.facts
    strategy, flow = None, facts.flow
    if facts.strategy is not None:
        phases = facts.strategy.phases
        strategy = {
            "source": facts.strategy_source,
            "phases": [
                {
                    "name": p.name or "all",
                    "degrees": p.degrees.to_dict(),
                    "gpus": p.total,
                    "assumed": p.assumed,
                }
                for p in phases
            ],
        }
    return {
        **entry,
        "strategy": strategy,
        "graph": {
            "nodes": facts.nodes,
            "edges": facts.edges,
            "directed": facts.directed,
            "graphs": facts.graphs,
        },
        "flow": {"edges": flow.edges, "followed": flow.followed, "not_followed": flow.reasons} if flow else None,
        "findings": [finding_dict(finding, result.source) for finding in result.findings],
        "holds": [{"section": h.section, "subject": h.subject, "text": h.text} for h in result.holds],
        "undecided": [{"section": u.section, "subject": u.subject, "needs": u.needs} for u in result.undecided],
        "deployment": [
            {"phase": one.phase, "file": one.file, "here": one.here, "problem": one.problem} for one in facts.deployment
        ],
        "suppressed": len(result.suppressed),
        "baselined": len(result.baselined),
    }


def _range(source: SourceLines, start: int, end: int) -> dict[str, dict[str, int]]:
    return {key: source.position(offset)._asdict() for key, offset in (("start", start), ("end", end))}


def finding_dict(finding: Finding, source: SourceLines) -> dict[str, Any]:
    """Return the entry of one finding; `source` converts its offsets to lines and columns."""
    entry: dict[str, Any] = {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "message": finding.message,
        "range": _range(source, finding.start, finding.end),
        "locations": [{"node": one.node, "range": _range(source, one.start, one.end)} for one in finding.locations],
        "nodes": list(finding.nodes),
        "missing_edges": [list(pair) for pair in finding.missing_edges],
        "missing_nodes": list(finding.missing_nodes),
        "planned_edges": [list(pair) for pair in finding.planned_edges],
        "related": [{"message": r.message, "range": _range(source, r.start, r.end)} for r in finding.related],
        "graph": finding.graph,
        "caused_by": list(finding.caused_by),
        "unit": finding.unit,
        "about": finding.about.to_dict() if finding.about is not None else None,
        "help": finding.help,
        "note": finding.note,
        "fixable": finding.fixable,
        "fix": None,
        "fingerprint": finding.fingerprint,
    }
    if finding.path:
        entry["path"] = list(finding.path)
    if finding.other_file is not None:
        entry["other_file"] = finding.other_file
    if finding.fix is not None:
        entry["fix"] = {
            "applicability": finding.fix.applicability,
            "title": finding.fix.title,
            "edits": [{"start": e.start, "end": e.end, "text": e.text} for e in finding.fix.edits],
        }
    return entry
