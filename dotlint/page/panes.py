"""The three panes of a file as markup: findings, picture, source and fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dotlint.page.difference import changes, difference
from dotlint.page.findings import findings
from dotlint.page.listing import ListedPart, SourceMark, listing
from dotlint.page.markup import plain, prose
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dotlint.engine.finding import Finding
    from dotlint.report.model import Outline


class Fixes(Struct, frozen=True):
    """The result of fixing: `title` names the fixes, `diff` is unified, `refused` has a line for each refused fix."""

    key: str
    title: str
    diff: str
    refused: tuple[str, ...] = ()


def findings_pane(
    outline: Outline, nodes: Mapping[str, int], counts: Mapping[str, int], whys: Mapping[str, str]
) -> str:
    """Return the verdict, the filters and the findings; `nodes` are numbers by name, `whys` rationales by code."""
    facts = "".join(f"<li>{prose(fact)}</li>" for fact in outline.facts)
    tally = f'<p class="tally">{prose(outline.tally)}</p>' if outline.tally else ""
    chips = "".join(
        f'<button type="button" class="chip {kind}" aria-pressed="true" data-kind="{kind}"><b>{counts[kind]}</b> {word}</button>'
        for kind, word in (
            ("error", "error" if counts["error"] == 1 else "errors"),
            ("warning", "warning" if counts["warning"] == 1 else "warnings"),
            ("info", "info" if counts["info"] == 1 else "infos"),
            ("consequence", "follow-on finding" if counts["consequence"] == 1 else "follow-on findings"),
        )
        if counts[kind]
    )
    filters = (
        f'<div class="chips" role="group" aria-label="Show findings of these kinds">{chips}</div>' if chips else ""
    )
    mark = {"correct": "✓ Correct", "incorrect": "✗ Incorrect"}.get(outline.kind, outline.verdict.capitalize())
    caveat = f'<p class="caveat {outline.kind}">{prose(outline.caveat)}</p>' if outline.caveat else ""
    return (
        '<section class="pane" id="findings" aria-label="Findings" tabindex="-1"><div class="summary">'
        f'<h2 class="verdict {outline.kind}">{mark}</h2>{caveat}<ul class="facts">{facts}</ul>{tally}{filters}</div>'
        f'<div class="results">{findings(outline, nodes, whys)}</div></section>'
    )


def picture_pane(views: Sequence[Mapping[str, Any]], missing: str | None) -> str:
    """Return the picture with its first view, or the reason why there is none."""
    top_views = [view for view in views if not view["within"]]
    options = "".join(f'<option value="{plain(view["key"])}">{plain(view["title"])}</option>' for view in top_views)
    several = "" if len(top_views) > 1 else " hidden"
    gone = f'<p class="missing">{prose(missing)}</p>' if missing else ""
    if not views:
        return (
            '<section class="pane empty" id="picture" aria-label="Picture" tabindex="-1">'
            f'<div class="without"><h3>No picture</h3>{gone}</div></section>'
        )
    return (
        '<section class="pane" id="picture" aria-label="Picture" tabindex="-1"><div class="bar">'
        '<button type="button" class="back" hidden>← <span></span></button>'
        f'<label class="choice"{several}><span>View</span> <select aria-label="View" class="views">{options}</select></label>'
        '<label class="toggle"><input type="checkbox" class="proposals" checked> Proposed<span> edges</span></label>'
        '<span class="spring"></span>'
        '<button type="button" class="zoom-out" aria-label="Zoom out">−</button><output class="scale"></output>'
        '<button type="button" class="zoom-in" aria-label="Zoom in">+</button>'
        '<button type="button" class="fit">Fit</button>'
        '<button type="button" class="show-legend" aria-expanded="false" aria-controls="legend">Legend</button>'
        '<button type="button" class="layout" aria-label="Place the picture above or beside the source">◫</button></div>'
        f'<div class="notes"></div>{gone}<div class="stage">'
        '<div class="canvas" role="group" tabindex="0" aria-describedby="canvas-keys" aria-label="Picture of the graph">'
        f"{views[0]['svg']}</div>"
        '<p class="visually-hidden" id="canvas-keys">Arrow keys move the picture; with Shift they select the next node in that direction. '
        "Plus and minus zoom, F fits the graph, O opens a folded node, B goes back.</p>"
        '</div><div class="legend" id="legend" hidden></div>'
        '<div class="inspector" aria-live="polite" hidden></div></section>'
    )


def text_pane(findings: Sequence[Finding], parts: Iterable[ListedPart], text: str, fixes: Sequence[Fixes]) -> str:
    """Return the source, of which `parts` are DOT, and the diffs of the fixes as tabs."""
    marks = [SourceMark(f.start, f.end, f.severity, index) for index, f in enumerate(findings)]
    code = (
        '<div class="code" role="listbox" tabindex="0" aria-label="Source, line by line">'
        f"{listing(text, parts, marks)}</div>"
    )
    tabs = [
        _tab("source", "Source", "", selected=True),
        *(_tab(f"fix-{one.key}", one.title, _change_counts(one)) for one in fixes),
    ]
    panels = [
        _panel("source", code, ""),
        *(_panel(f"fix-{one.key}", _fixes(one), ' tabindex="0" hidden') for one in fixes),
    ]
    return (
        '<section class="pane" id="text" aria-label="Source and fixes" tabindex="-1">'
        '<div class="bar tabs" role="tablist" aria-label="Source and fixes">'
        f"{''.join(tabs)}</div>{''.join(panels)}</section>"
    )


def _tab(key: str, title: str, more: str, *, selected: bool = False) -> str:
    state = 'aria-selected="true" tabindex="0"' if selected else 'aria-selected="false" tabindex="-1"'
    return (
        f'<button type="button" role="tab" id="tab-{key}" aria-controls="{key}" {state}>{plain(title)}{more}</button>'
    )


def _panel(key: str, inside: str, more: str) -> str:
    return f'<div role="tabpanel" id="{key}" aria-labelledby="tab-{key}"{more}>{inside}</div>'


def _change_counts(fixes: Fixes) -> str:
    added, removed = changes(fixes.diff)
    less = f' <span class="removed">−{removed}</span>' if removed else ""
    return f' <span class="count"><span class="added">+{added}</span>{less}</span>' if fixes.diff else ""


def _fixes(fixes: Fixes) -> str:
    body = '<p class="nothing">These fixes change nothing.</p>'
    if fixes.diff:
        body = difference(fixes.diff)
    if not fixes.refused:
        return body
    lines = "".join(f"<li>{prose(line)}</li>" for line in fixes.refused)
    number = count(len(fixes.refused), "fix", "fixes")
    return f'<details class="refused"><summary>{number} refused</summary><ul>{lines}</ul></details>{body}'
