"""A result as HTML for a notebook; all text from the file is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dotlint.report.verdict import verdict_caveat, verdict_kind, verdict_words
from dotlint.text.display import visible

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

_COLORS = {
    "error": "#b3261e",
    "warning": "#8a6100",
    "info": "#00639b",
    "correct": "#1b6e3c",
    "warned": "#8a6100",
    "incorrect": "#b3261e",
}
_MOST = 100


def html(result: FileResult) -> str:
    """Return the verdict and a table of the findings, follow-on findings last."""
    listed = sorted(result.findings, key=lambda finding: bool(finding.caused_by))
    rows = [_html_row(finding, result.source.position(finding.start).line) for finding in listed[:_MOST]]
    if len(listed) > _MOST:
        rows.append(f'<tr><td colspan="4">and {len(listed) - _MOST} more</td></tr>')
    table = (
        "<table><thead><tr><th>line</th><th>severity</th><th>rule</th><th>finding</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
        if rows
        else "<p>no findings</p>"
    )
    strategy = result.facts.strategy
    declared = f" · {_html_text(strategy.source)}" if strategy is not None and strategy.source else ""
    caveat = f", {limit}" if (limit := verdict_caveat(result)) else ""
    color = _COLORS.get(verdict_kind(result), "inherit")
    return (
        f'<div><p><strong>{_html_text(result.path)}</strong>: <span style="color:{color}">'
        f"<strong>{_html_text(verdict_words(result))}</strong></span>{caveat}{declared}</p>{table}</div>"
    )


def _html_row(finding: Finding, line: int) -> str:
    help_ = f"<br><small>{_html_text(finding.help)}</small>" if finding.help else ""
    follow_on = "<br><small>fixed by another fix</small>" if finding.caused_by else ""
    return (
        f'<tr><td>{line}</td><td style="color:{_COLORS[finding.severity]}">{finding.severity}</td>'
        f"<td>{_html_text(finding.code)}</td>"
        f'<td style="text-align:left">{_html_text(finding.message)}{help_}{follow_on}</td></tr>'
    )


def _html_text(text: str) -> str:
    # Jupyter runs MathJax, which renders $...$.
    return escape(visible(text)).replace("$", "&#36;<!-- -->")
