"""The required modifications: a short list of steps, and the commands that make them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from dotlint.report.model import Command, Step
from dotlint.report.ranges import ranged, without_numbers
from dotlint.text.english import count, listed, the

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.report.model import ReportEntry, Section

_MOST: Final = 12


def with_steps(sections: Sequence[Section]) -> tuple[tuple[Section, ...], tuple[Step, ...]]:
    """Return the steps, and the sections with the entries marked whose help a step has.

    Of many steps, the last one refers to the help of the entries.
    """
    every = [entry for section in sections for entry in section.entries if not entry.fixed_by]
    required = sorted((e for e in every if e.severity != "info"), key=lambda entry: entry.severity != "error")
    often = Counter(entry.code for entry in required if not entry.number)
    texts = {id(entry): _text(entry) for entry in every}
    by_text: dict[str, list[str]] = {}
    for entry in required:
        by_text.setdefault(texts[id(entry)], []).append(_reference(entry, alone=often[entry.code] == 1))
    kept = list(by_text.items())[: _MOST if len(by_text) <= _MOST else _MOST - 1]
    steps = [Step(text, tuple(references)) for text, references in kept]
    left = [reference for references in list(by_text.values())[len(kept) :] for reference in references]
    if left:
        steps.append(Step(f"Follow the help of the other {count(len(left), 'entry', 'entries')}", tuple(left)))
    stepped = {text for text, _ in kept}
    marked = (
        replace(
            section,
            entries=tuple(
                replace(entry, step=texts.get(id(entry)) in stepped and _replaces_help(entry, texts[id(entry)]))
                for entry in section.entries
            ),
        )
        for section in sections
    )
    return tuple(marked), tuple(steps)


def _reference(entry: ReportEntry, *, alone: bool) -> str:
    if entry.number:
        return f"section {entry.number}"
    first = entry.rows[0].positions[:1]
    return entry.code if alone or not first else f"{entry.code} at {first[0].line}:{first[0].column}"


def _text(entry: ReportEntry) -> str:
    """Return what to do about an entry, in the imperative."""
    if entry.edges:
        return f"Add {the(entry.edges, 'missing edge')}"
    title = merged_titles(entry.fixes)
    if entry.planned:
        return title or f"Add {listed(entry.units, 12)}"
    if title or entry.suggestion:
        return title or f"Write {entry.suggestion}"
    return f"{entry.words[0].upper()}{entry.words[1:]}: {entry.help}" if entry.help else f"Correct the {entry.words}"


def _replaces_help(entry: ReportEntry, step: str) -> bool:
    """Return whether a step has the help, or needs none; the help of an unsafe fix may offer something else."""
    certain = entry.fix == "safe" or entry.suggestion or entry.edges or entry.planned
    return bool(certain) or (entry.help or "") in step


def merged_titles(fixes: Sequence[str]) -> str | None:
    """Return the titles of fixes as one text, if they differ only in numbers."""
    return ranged(fixes) if len(set(map(without_numbers, fixes))) == 1 else None


def commands(steps: Sequence[Step], sections: Sequence[Section], command: str, path: str) -> tuple[Command, ...]:
    """Return the command for all safe fixes, and the one that also applies those that need a review."""
    if not steps:
        return ()
    kinds = {entry.fix for section in sections for entry in section.entries if not entry.fixed_by}
    flags = (("safe", "safe fixes", "--fix"), ("unsafe", "to review", "--fix --unsafe-fixes"))
    return tuple(Command(title, f"{command} {flag} {path}") for kind, title, flag in flags if kind in kinds)


def shell_path(path: str) -> str:
    """Return a path as an argument of a command in a shell; standard input is `-`."""
    if path in ("<stdin>", "-"):
        return "-"
    if path.startswith("-"):  # it would be an option
        path = f"./{path}"
    if re.fullmatch(r"[\w./@%+=:,-]+", path, re.ASCII):
        return path
    from shlex import quote  # noqa: PLC0415 - few paths need it

    return quote(path)
