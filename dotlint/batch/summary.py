"""The summary of a run: a table for a terminal, and a page with a bar for each rule and label."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from dotlint.engine.own_cards import own_cards
from dotlint.text.display import one_line
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotlint.batch.tally import Tally

_MOST = 20  # rules or labels in the terminal
_STYLE = """
:root { color-scheme: light dark; --bar: #3b6fb6; --line: #8884; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { width: 40%; } .bar div { background: var(--bar); height: .9rem; min-width: 1px; }
"""


def as_text(tally: Tally, label: str | None, *, width: int, color: bool) -> str:
    """Return the summary for a terminal of `width` columns."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=color, no_color=not color, highlight=False, markup=False, emoji=False,
        legacy_windows=False,
    )  # fmt: skip
    console.print(headline(tally))
    for title, rows, total in _tables(tally, label):
        table = Table(
            box=None, pad_edge=False, title=one_line(title), title_justify="left", title_style="bold underline"
        )
        for name in ("", "rows", "of all"):
            table.add_column(name, justify="left" if not name else "right", overflow="fold")
        for name, number in rows[:_MOST]:
            table.add_row(one_line(name), f"{number:,}", _share(number, total))
        if len(rows) > _MOST:
            table.add_row(f"and {len(rows) - _MOST} more", "", "")
        console.print()
        console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")) if not color else out.getvalue()


def headline(tally: Tally) -> str:
    """Return the counts of all rows in one line."""
    parts = [count(tally.rows, "row")]
    parts += [f"{number:,} {verdict}" for verdict, number in sorted(tally.verdicts.items()) if verdict != "none"]
    if tally.errors:
        parts.append(f"{tally.errors:,} could not be handled")
    return " · ".join(parts)


def as_page(tally: Tally, label: str | None) -> str:
    """Return the summary as an HTML page that loads nothing."""
    body = "".join(_section(title, rows, total) for title, rows, total in _tables(tally, label))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>dotlint batch</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        f"<h1>dotlint batch</h1>\n<p>{html.escape(headline(tally))}</p>\n{body}</body></html>\n"
    )


def _tables(tally: Tally, label: str | None) -> Iterator[tuple[str, list[tuple[str, int]], int]]:
    """Yield the title of each table, its names with numbers of rows, most first, and the number of all rows."""
    names = {card.code: f"{card.code} {card.name}" for card in own_cards()}
    if tally.rules:
        yield "Rows with a finding, by rule", _ranked(tally.rules, names), tally.rows
    if label is None:
        return
    yield f"Rows by {label}", _ranked({name: one.rows for name, one in tally.labels.items()}, {}), tally.rows
    for name, one in sorted(tally.labels.items(), key=lambda pair: -pair[1].rows)[:_MOST]:
        if one.rules:
            yield f"Rows with a finding, by rule, where {label} is {name}", _ranked(one.rules, names), one.rows


def _ranked(counts: Mapping[str, int], names: Mapping[str, str]) -> list[tuple[str, int]]:
    return sorted(((names.get(name, name), number) for name, number in counts.items()), key=lambda p: (-p[1], p[0]))


def _section(title: str, rows: list[tuple[str, int]], total: int) -> str:
    lines = "".join(
        f'<tr><td>{html.escape(one_line(name))}</td><td class="number">{number:,}</td>'
        f'<td class="number">{_share(number, total)}</td>'
        f'<td class="bar"><div style="width: {100 * number / max(total, 1):.2f}%"></div></td></tr>\n'
        for name, number in rows
    )
    head = '<tr><th></th><th class="number">rows</th><th class="number">of all</th><th></th></tr>'
    return f"<h2>{html.escape(one_line(title))}</h2>\n<table>{head}\n{lines}</table>\n"


def _share(number: int, total: int) -> str:
    return f"{100 * number / max(total, 1):.1f} %"
