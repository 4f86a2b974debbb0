"""`--format html`: lint, fix and draw files, and write their pages."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.result import FileResult
from dotlint.errors import DotlintError
from dotlint.files.discovery import UnreadableError, read_bytes
from dotlint.page.dot_texts import dot_texts
from dotlint.page.file_section import Material, part
from dotlint.page.panes import Fixes
from dotlint.page.views import drawings
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_path
from dotlint.report.outline import outline
from dotlint.syntax.source import Source
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from dotlint.engine.result import Settings
    from dotlint.page.file_section import Part
    from dotlint.pipeline.fixed import FixResult


_SAFE_FIXES_TIME_LIMIT = 6.0  # seconds; if safe fixes take longer, unsafe fixes are not computed


class Page(Struct, frozen=True):
    """The part of a page for one file, and the slim result of the file."""

    part: Part
    result: FileResult


class Task(Struct, frozen=True):
    """A file to make a page of. `data` is its content if it was already read, `options` repeat in suggested commands.

    `problem` is the reason why it could not be read.
    """

    path: str
    settings: Settings
    data: bytes | None = None
    options: str = ""
    problem: str | None = None


def make_pages(
    tasks: Sequence[Task], *, jobs: int | None = None, progress: Callable[[int], None] | None = None
) -> list[Page]:
    """Lint files, fix them in memory and draw them, and return their pages in the order of `tasks`.

    `jobs` is the number of processes, None for one per CPU. `progress` is called with the number of finished pages.
    """
    from dotlint.pipeline.processes import default_jobs, in_processes  # noqa: PLC0415

    count = min(default_jobs(4 * len(tasks)) if jobs is None else jobs, len(tasks))
    todo = _PageTasks(tasks)
    pages: dict[int, Page] = {}
    with contextlib.closing(in_processes(todo, count) if count > 1 else todo.run_all()) as made:
        for index, page in made:
            pages[index] = page
            if progress:
                progress(len(pages))
    return [pages[index] for index in range(len(tasks))]


class _PageTasks:
    """The tasks of worker processes."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks

    def __len__(self) -> int:
        return len(self.tasks)

    def run(self, index: int) -> Page:
        from dotlint.pipeline.processes import mishap  # noqa: PLC0415

        try:
            return make_page(self.tasks[index])
        except DotlintError:
            raise
        except Exception as error:  # noqa: BLE001 - an error in one file must not hide the pages of others
            return self.lost(index, mishap(error))

    def lost(self, index: int, why: str) -> Page:
        task = self.tasks[index]
        return _undrawn_page(FileResult(task.path, None, [], unreadable=why), task)

    def run_all(self) -> Generator[tuple[int, Page]]:
        yield from ((index, self.run(index)) for index in range(len(self.tasks)))


def make_page(task: Task) -> Page:
    """Make the page of one file; the page of an unreadable file has the reason."""
    settings = task.settings
    if task.problem is not None:
        return _undrawn_page(FileResult(task.path, None, [], unreadable=task.problem), task)
    try:
        data = read_bytes(task.path, piped=settings.piped, most=settings.most_bytes) if task.data is None else task.data
    except UnreadableError as error:
        return _undrawn_page(FileResult(task.path, None, [], unreadable=str(error)), task)
    result = lint_path(task.path, settings, data=data)
    if result.unreadable is not None:
        return _undrawn_page(result, task)
    source = Source.from_bytes(data, task.path)
    found = tuple(dot_texts(result, source))
    fixed = list(_fixed(result, source, task.settings))
    drawn, missing = drawings(found, [] if result.context is None else fixed)
    material = Material(
        result,
        outline(result, task.options, links=True),
        source,
        found,
        drawn=tuple(drawn),
        missing=missing,
        fixes=tuple(_as_fixes(key, title, fixes) for key, title, fixes in fixed),
        whys={card.code: card.why for card in task.settings.cards},
    )
    return Page(part(material), result.slim())


def _undrawn_page(result: FileResult, task: Task) -> Page:
    """Return the page of an unreadable file: the reason."""
    result = result.slim()
    return Page(part(Material(result, outline(result, task.options, links=True))), result)


def write_pages(pages: Sequence[Page], folder: Path) -> None:
    """Write a page for each file and an index into a folder, which is created if it does not exist."""
    from urllib.parse import quote  # noqa: PLC0415 - only here

    from dotlint.files.atomic import WriteError, write_atomically  # noqa: PLC0415
    from dotlint.page import document as shell  # noqa: PLC0415

    parts = [page.part for page in pages]
    names = page_names([page.part.path for page in pages])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{folder} cannot be created: {error.strerror or error}") from error
    for one, name in zip(parts, names, strict=True):
        write_atomically(folder / name, _bytes(shell.one(one, index="index.html")))
    write_atomically(folder / "index.html", _bytes(shell.index(parts, [quote(os.fsencode(name)) for name in names])))


def document(pages: Sequence[Page]) -> str:
    """Return one document: the page of a single file, or an index that contains all files."""
    from dotlint.page import document as shell  # noqa: PLC0415

    return shell.one(pages[0].part) if len(pages) == 1 else shell.many([page.part for page in pages])


def page_names(paths: Sequence[str]) -> list[str]:
    """Return the names of pages: the file names, with as many parent folders as needed to make them different."""
    pieces = {path: [piece for piece in Path(path).parts if piece not in ("/", "..", ".")] for path in paths}
    taken: set[str] = {"index.html"}
    names: list[str] = []
    for path in paths:
        own = pieces[path] or ["file"]
        depth = 1
        while depth < len(own) and sum(other[-depth:] == own[-depth:] for other in pieces.values()) > 1:
            depth += 1
        name = "-".join(own[-depth:])[-180:]
        number = 1
        while f"{name}{f'-{number}' if number > 1 else ''}.html" in taken:
            number += 1
        names.append(f"{name}{f'-{number}' if number > 1 else ''}.html")
        taken.add(names[-1])
    return names


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _fixed(result: FileResult, source: Source, settings: Settings) -> Iterator[tuple[str, str, FixResult]]:
    """Yield the result of the safe fixes, and that of all fixes if there are unsafe ones and enough time."""
    started = time.monotonic()
    kinds = {finding.fix.applicability for finding in result.findings if finding.fix}
    if "safe" in kinds:
        yield "safe", "Safe fixes", fix_text(source, settings)
    if "unsafe" in kinds and time.monotonic() - started < _SAFE_FIXES_TIME_LIMIT:
        yield "all", "All fixes", fix_text(source, settings, unsafe=True)


def _as_fixes(key: str, title: str, fixes: FixResult) -> Fixes:
    refused = tuple(
        one_line(f"line {one.line}: the fix of {one.finding.code} was refused: {one.reason}") for one in fixes.refused
    )
    return Fixes(key, title, fixes.diff(), refused)
