"""`--format html`: write one page, or a folder of pages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dotlint.cli.linting import progress_of
from dotlint.cli.output import is_folder, repeated_options
from dotlint.cli.overwriting import refuse_overwriting
from dotlint.cli.streams import write_result
from dotlint.files.discovery import UnreadableError, read_bytes, read_piped
from dotlint.files.paths import as_path
from dotlint.page.collect import Task, document, make_pages, page_names, write_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.cli.options import CheckOptions
    from dotlint.cli.streams import Streams
    from dotlint.engine.result import FileResult, Settings
    from dotlint.page.collect import Page


def make(
    streams: Streams, files: Sequence[tuple[str, Settings]], options: CheckOptions, piped: bytes | None = None
) -> list[Page]:
    """Make the page of each file; `piped` is the content of standard input if it was already read."""
    repeated = repeated_options(options)
    tasks = []
    for path, settings in files:
        name = (options["stdin_filename"] or "<stdin>") if path == "-" else path
        data, problem = piped if path == "-" else None, None
        if data is None and (path == "-" or settings.piped):
            try:
                data = (
                    read_piped(streams.stdin, settings.most_bytes)
                    if path == "-"
                    else read_bytes(path, piped=True, most=settings.most_bytes)
                )
            except UnreadableError as error:
                problem = str(error)
        tasks.append(Task(name, settings, data, repeated, problem))
    with progress_of(streams, len(tasks), options) as progress:
        return make_pages(tasks, jobs=options["jobs"], progress=progress)


def write(streams: Streams, pages: list[Page], reported: list[FileResult], options: CheckOptions) -> None:
    """Write the pages of the reported results: one document, or a folder of documents."""
    paths = {result.path for result in reported}
    kept = [page for page in pages if page.result.path in paths]
    output = options["output"]
    if output is not None and is_folder(output):
        for name in (*page_names([page.part.path for page in kept]), "index.html"):
            refuse_overwriting(os.path.join(output, name), (page.result.path for page in pages))
        write_pages(kept, as_path(output))
    else:
        write_result(streams, document(kept), output)
