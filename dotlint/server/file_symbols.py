"""The symbols of the files in a folder, for the workspace symbols of the editor."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotlint.config.configurations import Configurations
from dotlint.engine.context import FileContext
from dotlint.errors import DotlintError
from dotlint.files.discovery import UnreadableError, discover, read_bytes, refuse_binary
from dotlint.graph.builder import read
from dotlint.server.messages import FileSymbols
from dotlint.server.outline import outline
from dotlint.server.symbols import rows
from dotlint.server.text import Text
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.server.messages import Job

_MOST_FILES: Final = 400  # of a folder are searched for symbols
_MOST_BYTES: Final = 16_000_000  # of text in these files


def file_symbols(job: Job) -> Iterator[FileSymbols]:
    """Yield the symbols of the files in the folder of a job; unreadable files are left out."""
    configurations = Configurations(job.options.overrides, file=job.options.config)
    size = 0
    for path in islice(discover([job.path]), _MOST_FILES):
        try:
            if configurations.excluded(path):
                continue
            status = Path(path).stat()
            stamp = (status.st_mtime_ns, status.st_size)
            size += status.st_size
            if size > _MOST_BYTES:
                return
            if job.known.get(path) == stamp:
                yield FileSymbols(path, stamp, None)
                continue
            data = read_bytes(path)
            refuse_binary(data)
        except (UnreadableError, DotlintError, OSError):
            continue
        source = Source.from_bytes(data, path)
        symbols = outline(FileContext(read(source), path))
        yield FileSymbols(path, stamp, tuple(rows(Text(source.text, job.encoding), symbols)))
