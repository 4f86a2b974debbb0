"""`report`: the report for a terminal. Only this module and its parts import Rich."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dotlint.report.rich_paragraphs import hanging
from dotlint.report.rich_sections import INDENT, section_parts
from dotlint.text.display import one_line
from dotlint.text.english import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotlint.report.model import Outline

_VERDICTS = {
    "correct": ("✓ CORRECT", "bold green"),
    "warned": ("", "bold yellow"),
    "incorrect": ("✗ INCORRECT", "bold red"),
    "unreadable": ("✗ UNREADABLE", "bold red"),
}


def render(outlines: Sequence[Outline], *, width: int, color: bool, verbose: bool = False, last: str = "") -> str:
    """Return the reports for a terminal of `width` columns, and the `last` line; without color no escape sequences.

    Of several files, those without findings have one line. `verbose` lists what passed and what was skipped.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    before = False
    for outline in outlines:
        brief = len(outlines) > 1 and not outline.sections and not verbose
        if before or (not brief and outline is not outlines[0]):
            console.print()
        parts = _head(outline, width) if brief else _report_parts(outline, width, verbose=verbose)
        for part in parts:
            console.print(part)
        before = not brief
    if last:
        console.print(*([""] if len(outlines) > 1 else []), Text(last, style="bold"), sep="\n")
    # Rich pads lines to the width, and a copy of the report would have the blanks.
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _report_parts(outline: Outline, width: int, *, verbose: bool) -> Iterable[RenderableType]:
    yield from _head(outline, width)
    if outline.kind != "unreadable":
        yield from (Text(one_line(fact), style="dim") for fact in (outline.facts if verbose else outline.brief))
    for section in outline.sections:
        yield from section_parts(section, outline, width)
    if verbose:
        for title, pairs, mark, style in (
            ("Passed", outline.holds, "✓", "green"),
            ("Skipped", outline.undecided, "–", "dim"),
        ):
            if pairs:
                yield Padding(Text(title, style="bold"), (1, 0, 0, 0))
                yield _pair_table(pairs, mark, style)
    elif outline.passed or outline.skipped:
        yield Text()
        if outline.passed:
            fitting = (line for line in outline.passed if len(line) + len("Passed  ") <= width)
            yield _labeled("Passed", next(fitting, outline.passed[-1]), width)
        if outline.skipped:
            yield _labeled("Skipped", outline.skipped, width)
    if outline.steps:
        if verbose or not (outline.passed or outline.skipped):
            yield Text()
        yield Text("Required modifications", style="bold")
        yield from _step_lines(outline, width)
    if outline.files:
        yield _labeled("Files for modification", ", ".join(outline.files), width)


def _head(outline: Outline, width: int) -> Iterable[RenderableType]:
    """Return the path and the verdict at the two ends of a line; what does not fit there goes to the next one."""
    word, style = _VERDICTS[outline.kind]
    word = word or outline.verdict
    limits = {"unreadable": one_line("; ".join(outline.facts)), "incorrect": ""}.get(outline.kind, outline.caveat)
    whole = f"{word}, {limits}" if limits else word
    path = Text(one_line(outline.path, 4096), style=f"bold link {outline.address}" if outline.address else "bold")
    parted = [((whole, outline.tally), ()), ((whole,), (outline.tally,)), ((word,), (limits, outline.tally))]
    joined = [(" · ".join(filter(None, one)), " · ".join(filter(None, other))) for one, other in parted]
    fitting, rest = next((two for two in joined if path.cell_len + 2 + len(two[0]) <= width), ("", joined[0][0]))
    yield Text.assemble(path, " " * (width - path.cell_len - len(fitting)) if fitting else "", (fitting, style))
    if rest:
        yield Text(rest, style=style)


def _labeled(label: str, text: str, width: int) -> RenderableType:
    return hanging(Text(label, style="bold").append("  " + one_line(text, 8000), style="not bold"), width, 0, INDENT)


def _step_lines(outline: Outline, width: int) -> Iterable[RenderableType]:
    wide = len(str(len(outline.steps)))
    for number, step in enumerate(outline.steps, 1):
        text = Text(f"{number:>{wide}}. {one_line(step.text)}")
        text.append(f" ({listed(step.references, 12)})", style="dim")
        yield hanging(text, width, INDENT, wide + 2)
    for command in outline.commands:
        written = one_line(command.command, 4096)
        line = Text(f"{command.title}: ").append(written, style="bold")
        if line.cell_len + INDENT <= width:
            yield Padding(line, (0, 0, 0, INDENT))
        else:
            yield Padding(Text(f"{command.title}:"), (0, 0, 0, INDENT))
            yield hanging(Text(written, style="bold"), width, INDENT + 2, 2)


def _pair_table(pairs: Iterable[tuple[str, str]], mark: str, style: str) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(min_width=14, max_width=34, overflow="fold")
    table.add_column(overflow="fold")
    before = ""
    for subject, text in pairs:
        table.add_row(Text(mark, style=style), "" if subject == before else one_line(subject), one_line(text))
        before = subject
    return Padding(table, (0, 0, 0, INDENT))
