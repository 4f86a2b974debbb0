"""`--format html`: what a page tells of each file, gathered from the run, the fixes and the pictures, and written."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.engine.result import FileResult
from dotlint.errors import DotlintError
from dotlint.page.file_section import Material, part
from dotlint.page.panes import Fixes
from dotlint.page.views import drawings
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_path
from dotlint.report.model import outline
from dotlint.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from dotlint.engine.result import Settings
    from dotlint.page.file_section import Part
    from dotlint.pipeline.fix_text import FixResult


_PATIENCE = 6.0  # seconds for the safe fixes, after which what all of them come to is left to `--diff`


class Page(Struct, frozen=True):
    """A file's part of a page, and the result it is of: slim."""

    part: Part
    result: FileResult


class Task(Struct, frozen=True):
    """A file to make a part of: what its text is where it was read already, and options that commands repeat."""

    path: str
    settings: Settings
    data: bytes | None = None
    options: str = ""


def make_pages(
    tasks: Sequence[Task], *, jobs: int | None = None, progress: Callable[[int], None] | None = None
) -> list[Page]:
    """Lint files, fix them in memory, draw them; in `jobs` processes (None: as many as there are CPUs), in order.

    `progress` is told how many are done.
    """
    from dotlint.pipeline.processes import default_jobs, in_processes  # noqa: PLC0415

    count = min(default_jobs(4 * len(tasks)) if jobs is None else jobs, len(tasks))
    todo = _Tasks(tasks)
    pages: dict[int, Page] = {}
    with contextlib.closing(in_processes(todo, count) if count > 1 else todo.run_all()) as made:
        for index, page in made:
            pages[index] = page
            if progress:
                progress(len(pages))
    return [pages[index] for index in range(len(tasks))]


class _Tasks:
    """The pages to be made, as processes ask for them."""

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
        except Exception as error:  # noqa: BLE001 - one file's mishap must not hide the pages of the others
            return self.lost(index, mishap(error))

    def lost(self, index: int, why: str) -> Page:
        task = self.tasks[index]
        return _page_without_text(FileResult(task.path, None, [], unreadable=why), task)

    def run_all(self) -> Generator[tuple[int, Page]]:
        yield from ((index, self.run(index)) for index in range(len(self.tasks)))


def make_page(task: Task) -> Page:
    """Make one file's part; a file that cannot be read gives one that says so."""
    result = lint_path(task.path, task.settings, data=task.data)
    if result.context is None:
        return _page_without_text(result, task)
    told = outline(result, task.options, links=True)
    fixed = list(_fixed(result, task.settings))
    drawn, missing = drawings(result, fixed)
    material = Material(
        result,
        told,
        drawn=tuple(drawn),
        missing=missing,
        fixes=tuple(_told(key, title, fixes) for key, title, fixes in fixed),
        whys={card.code: card.why for card in task.settings.cards},
    )
    return Page(part(material), result.slim())


def _page_without_text(result: FileResult, task: Task) -> Page:
    return Page(part(Material(result, outline(result, task.options, links=True))), result)


def write_pages(pages: Sequence[Page], folder: Path) -> None:
    """Write a page a file and an index into a folder, which is made where it is not there."""
    from urllib.parse import quote  # noqa: PLC0415 - only here

    from dotlint.files.atomic import WriteError, write_atomically  # noqa: PLC0415
    from dotlint.page import document as shell  # noqa: PLC0415

    parts = [page.part for page in pages]
    names = page_names([page.part.path for page in pages])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{folder}: it cannot be made: {error.strerror or error}") from error
    for one, name in zip(parts, names, strict=True):
        write_atomically(folder / name, _bytes(shell.one(one, index="index.html")))
    write_atomically(folder / "index.html", _bytes(shell.index(parts, [quote(os.fsencode(name)) for name in names])))


def document(pages: Sequence[Page]) -> str:
    """Write one document: a page of its own for a single file, else an index with every file in it."""
    from dotlint.page import document as shell  # noqa: PLC0415

    return shell.one(pages[0].part) if len(pages) == 1 else shell.many([page.part for page in pages])


def page_names(paths: Sequence[str]) -> list[str]:
    """Name the pages of files: as the files, with so many of the folders around them as it takes to tell them apart."""
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


def _fixed(result: FileResult, settings: Settings) -> Iterator[tuple[str, str, FixResult]]:
    """Yield what the safe fixes come to and, where there are others and there is time, what all of them do."""
    started = time.monotonic()
    source = result.document.source
    kinds = {finding.fix.applicability for finding in result.findings if finding.fix}
    if "safe" in kinds:
        yield "safe", "Safe fixes", fix_text(source, settings)
    if "unsafe" in kinds and time.monotonic() - started < _PATIENCE:
        yield "all", "All fixes", fix_text(source, settings, unsafe=True)


def _told(key: str, title: str, fixes: FixResult) -> Fixes:
    refused = tuple(
        one_line(f"line {one.line}: the fix of {one.finding.code} was refused: {one.reason}") for one in fixes.refused
    )
    return Fixes(key, title, fixes.diff(), refused)
