"""A summary as Markdown and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from dotlint._version import __version__
from dotlint.report.markdown import code, escape
from dotlint.summary.model import SIGNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.summary.model import GraphSummary, Line, Summary

_MOST = 6  # findings of one line with a line of their own


def as_markdown(summary: Summary) -> str:
    """Return a summary as a Markdown document with a final newline; text from the file is escaped."""
    return "\n".join(_document(summary)) + "\n"


def _document(summary: Summary) -> Iterator[str]:
    yield f"# Deployment summary: {code(summary.path)}"
    yield ""
    yield (
        f"Counted in the graph and checked by dotlint {__version__}: {SIGNS['holds']} passed, {SIGNS['fails']} failed "
        f"(with the findings and their lines), {SIGNS['undecided']} skipped (with the information that it needs), "
        f"{SIGNS['fact']} a number that no rule checks."
    )
    for graph in summary.graphs:
        yield from _graph(graph, alone=len(summary.graphs) == 1)


def _graph(graph: GraphSummary, *, alone: bool) -> Iterator[str]:
    level = "##" if alone else "###"
    if not alone:
        name = f": {code(graph.name)}" if graph.name else ""
        yield from ("", f"## Graph {graph.index + 1}{name}")
    for number, section in enumerate(graph.sections, 1):
        sign = "" if section.mark == "fact" else f" {SIGNS[section.mark]}"
        yield from ("", f"{level} {number}. {section.title}{sign}", "")
        for line in section.lines:
            yield from _line(line)


def _line(line: Line) -> Iterator[str]:
    text = f": {escape(line.text)}" if line.text else ""
    needs = f"{'; ' if line.text else ': '}to check it, {escape(line.needs)}" if line.needs else ""
    yield f"- {SIGNS[line.mark]} **{escape(line.subject)}**{text}{needs}"
    for one in line.evidence[:_MOST]:
        yield f"  - {one.code} {one.severity}, line {one.line}: {escape(one.message)}"
    if len(line.evidence) > _MOST:
        lines = sorted({one.line for one in line.evidence[_MOST:]})
        numbers = ", ".join(str(number) for number in lines[:12]) + (", ..." if len(lines) > 12 else "")
        yield f"  - and {len(line.evidence) - _MOST} more, line{'' if len(lines) == 1 else 's'} {numbers}"


def as_json(summary: Summary) -> str:
    """Return a summary as JSON in ASCII with a final newline."""
    table = {
        "dotlint": __version__,
        "path": summary.path,
        "verdict": summary.verdict,
        "graphs": [
            {
                "graph": graph.index,
                "name": graph.name,
                "sections": [
                    {"title": s.title, "mark": s.mark, "lines": [_dict(line) for line in s.lines]}
                    for s in graph.sections
                ],
            }
            for graph in summary.graphs
        ],
    }
    return json.dumps(table, indent=2, ensure_ascii=True) + "\n"


def _dict(line: Line) -> dict[str, Any]:
    return {
        "mark": line.mark,
        "subject": line.subject,
        "text": line.text,
        "needs": line.needs,
        "findings": [asdict(one) for one in line.evidence],
    }
