"""Locate the rule cards and the vocabulary in a wheel, an sdist, an editable install or a checkout."""

from __future__ import annotations

import os
from binascii import crc32
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec import MsgspecError, Struct
from msgspec.json import decode

from dotlint.errors import DotlintError
from dotlint.files.paths import as_path, sibling_path
from dotlint.files.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

COMPILED: Final = sibling_path(__file__, "rules.json")
"""All cards and the vocabulary in one file; a checkout writes it at the first run, see `dotlint.engine.compile`."""

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


@cache
def rules_path() -> str:
    """Return the path of the folder of the rule cards: in the installed package, or next to it in a checkout."""
    for folder in (os.path.join(_PACKAGE, "rules"), os.path.join(os.path.dirname(_PACKAGE), "rules")):
        if os.path.isfile(os.path.join(folder, "vocabulary.toml")):
            return folder
    raise DotlintError(
        f"the rule cards are missing: there is no folder `rules` in {_PACKAGE} or next to it; reinstall dotlint"
    )


def rules_folder() -> Path:
    """Return `rules_path` as a `Path`."""
    return as_path(rules_path())


class _CompiledVersion(Struct):
    """The version of the folder that the compiled file was made from."""

    version: int


@cache
def compiled_rules() -> str | None:
    """Return the compiled file; None if there is none or, in a checkout, if a card is newer."""
    if not os.path.isfile(COMPILED):
        return None
    if os.path.dirname(rules_path()) == _PACKAGE:
        return COMPILED  # installed: the cards do not change
    try:
        return COMPILED if decode(read_file(COMPILED), type=_CompiledVersion).version == folder_version() else None
    except MsgspecError:
        return None


def folder_version() -> int:
    """Return a number that changes when a card, the vocabulary or the card format does; it is based on file times."""
    paths = [os.path.join(here, name) for here, _, names in os.walk(rules_path()) for name in names]
    found = 0
    for path in sorted((*paths, *(sibling_path(__file__, name) for name in ("card.py", "card_file.py")))):
        status = os.stat(path)
        found = crc32(f"{os.path.basename(path)} {status.st_mtime_ns} {status.st_size}".encode(), found)
    return found


def vocabulary_file() -> str:
    """Return the file with the built-in vocabulary."""
    return compiled_rules() or os.path.join(rules_path(), "vocabulary.toml")
