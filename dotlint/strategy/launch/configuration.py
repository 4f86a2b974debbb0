"""The configuration files of engines: YAML, TOML or JSON whose keys are options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dotlint.strategy.launch.files import read_text
from dotlint.strategy.launch.location import Source
from dotlint.strategy.launch.manifest import Launch
from dotlint.strategy.launch.options import Given, Options
from dotlint.strategy.launch.systems import ENGINES
from dotlint.strategy.launch.table import LaunchTable, table_of
from dotlint.strategy.launch.tree import FORMATS, Tree, read_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.launch.location import SourceSpan


def configured(tree: Tree, engine: str) -> Iterator[Launch]:
    """Yield the launches of a configuration file of an engine; more than one where it has a part for each phase."""
    table = table_of(engine)
    parts = {name: phase for name, phase in table.phases.items() if tree.get(name) is not None}
    shared = [leaf for leaf in tree.leaves() if leaf[0].partition(".")[0] not in parts]
    for name, phase in (parts or {"": ""}).items():
        options = Options(table, tree.location)
        part = tree.get(name) if name else None
        for key, text, location in [*shared, *(part.leaves() if part is not None else ())]:
            _state(options, key, text, location, table)
        if options.given:
            yield Launch(engine, options, phase)


def _state(options: Options, key: str, text: str, location: SourceSpan, table: LaunchTable) -> None:
    names = [f"--{key.lstrip('-')}", *([f"--{key.rpartition('.')[2].lstrip('-')}"] if table.sections else [])]
    known = next((name for name in names if table.option(name) is not None), None)
    if known is None:
        options.not_read[key] = None
    elif text.strip().lower() not in ("null", "none", "auto"):
        options.state(known, text, location)


def add_files(launch: Launch, source: Source) -> list[str]:
    """Add what the configuration files state that the options name, and return a note for each that is not read.

    Only files that the script writes, or in the folder of the source or below it, are read: the options may name any.
    """
    assert launch.engine in ENGINES
    options, notes = launch.options, []
    for given in options.files:
        file = options.written.get(str(given.value)) or _beside(source, given)
        if file is None:
            notes.append(f"{given.option} {given.value} is not a configuration file here: what it states is not read")
            continue
        tree = next(iter(read_trees(file)), None)
        for other in configured(tree, launch.engine) if tree is not None else ():
            options.not_read |= other.options.not_read
            own, more = options.given, other.options.given
            options.given = own | more if options.table.file_wins else more | own
    return notes


def _beside(source: Source, given: Given) -> Source | None:
    """Return the file that an option names, if it is in the folder of the source or below it."""
    folder = Path(source.name).parent if source.name else Path()
    path = folder / str(given.value)
    try:
        inside = path.resolve().is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):
        return None
    return Source(str(path), read_text(str(path))) if inside and path.name.lower().endswith(FORMATS) else None
