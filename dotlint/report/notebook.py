"""A result as HTML for a notebook: nothing of the file reaches the page as markup."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from dotlint.text.display import visible

if TYPE_CHECKING:
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import FileResult

_COLOURS = {
    "error": "#b3261e",
    "warning": "#8a6100",
    "info": "#00639b",
    "correct": "#1b6e3c",
    "incorrect": "#b3261e",
}
_MOST = 100


def html(result: FileResult) -> str:
    """Give a table of the findings under the verdict; consequences of other findings stand behind those."""
    listed = sorted(result.findings, key=lambda finding: bool(finding.caused_by))
    shown = [_row(finding, result.source.position(finding.start).line) for finding in listed[:_MOST]]
    if len(listed) > _MOST:
        shown.append(f'<tr><td colspan="4">and {len(listed) - _MOST} more</td></tr>')
    table = (
        "<table><thead><tr><th>line</th><th>severity</th><th>rule</th><th>what</th></tr></thead>"
        f"<tbody>{''.join(shown)}</tbody></table>"
        if shown
        else "<p>nothing found</p>"
    )
    strategy = result.facts.strategy
    declared = f" · {_text(strategy.source)}" if strategy is not None and strategy.source else ""
    colour = _COLOURS.get(result.verdict, "inherit")
    return (
        f'<div><p><strong>{_text(result.path)}</strong>: <span style="color:{colour}">'
        f"<strong>{_text(result.verdict)}</strong></span>{declared}</p>{table}</div>"
    )


def _row(finding: Finding, line: int) -> str:
    help_ = f"<br><small>{_text(finding.help)}</small>" if finding.help else ""
    then = "<br><small>mended with another finding</small>" if finding.caused_by else ""
    return (
        f'<tr><td>{line}</td><td style="color:{_COLOURS[finding.severity]}">{finding.severity}</td>'
        f"<td>{_text(finding.code)}</td>"
        f'<td style="text-align:left">{_text(finding.message)}{help_}{then}</td></tr>'
    )


def _text(text: str) -> str:
    # Jupyter lets MathJax look for $...$ in what it shows.
    return escape(visible(text)).replace("$", "&#36;<!-- -->")
