"""Look the names of launch options up in released packages: `python -m bench.launch_names FOLDER`.

FOLDER has an unpacked package in each subfolder, whatever it is called: `pip download --no-deps PACKAGE`, then unpack the
wheel or the sdist. Prints for each engine which names of `dotlint/data/launch_options.toml` are not in the files of its
releases, apart from those listed as `unverified`, and which of these are there now. The exit status is 1 if a name is gone.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.strategy.launch.systems import ENGINES
from dotlint.strategy.launch.table import table_of

if TYPE_CHECKING:
    from dotlint.strategy.launch.table import LaunchTable, Release


def text_of(release: Release, folder: Path) -> str:
    """Return the text of the files of a release, or of all below its folders; "" if the package is not unpacked."""
    found = [path for name in release.files for path in folder.glob(f"*/{name}")]
    files = [each for path in found for each in ([path] if path.is_file() else sorted(path.rglob("*.*")))]
    return "\n".join(each.read_text("utf-8", errors="replace") for each in files if each.is_file())


def is_in(name: str, text: str) -> bool:
    """Return whether an option is there as it is written, or as the field that a parser makes it of."""
    field = name.rsplit(".", 1)[-1].lstrip("-")
    spellings = [
        name,
        name.replace("-", "_"),
        f"--{field.replace('-', '_')}",
        *([field.replace("-", "_")] if len(field) > 3 else []),
    ]
    return any(re.search(rf"(?<![\w-]){re.escape(spelling)}(?![\w-])", text) for spelling in spellings)


def compared(table: LaunchTable, text: str) -> tuple[list[str], list[str]]:
    """Return the names that are gone, and the unverified ones that are there."""
    names = [name for option in table.options for name in option.names.split()]
    gone = [name for name in names if name not in table.unverified and not is_in(name, text)]
    return gone, [name for name in table.unverified if is_in(name, text)]


def main(folder: Path) -> int:
    """Print the names that differ, and return the exit status."""
    status = 0
    for engine in ENGINES:
        table = table_of(engine)
        missing = [str(release) for release in table.releases if not text_of(release, folder)]
        if missing:
            print(f"{table.title}: not unpacked, or without these files: {'; '.join(missing)}")
            continue
        gone, there = compared(table, "\n".join(text_of(release, folder) for release in table.releases))
        print(f"{table.title}: {len(table.options)} options")
        for title, names in (("gone", gone), ("there, and listed as unverified", there)):
            if names:
                print(f"  {title}: {', '.join(names)}")
        status = status or int(bool(gone))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
