"""Where the rule cards and the vocabulary are, for a wheel, an sdist, an editable install and a bare checkout."""

from __future__ import annotations

import os
from binascii import crc32
from functools import cache
from typing import TYPE_CHECKING, Final

from msgspec import MsgspecError, Struct
from msgspec.json import decode

from dotlint.errors import DotlintError
from dotlint.files.paths import as_path, read_file, sibling_path

if TYPE_CHECKING:
    from pathlib import Path

COMPILED: Final = sibling_path(__file__, "rules.json")
"""All cards and the vocabulary in one file; a checkout makes it when it first runs, see `dotlint.engine.compile`."""

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


@cache
def _folder() -> str:
    for folder in (os.path.join(_PACKAGE, "rules"), os.path.join(os.path.dirname(_PACKAGE), "rules")):
        if os.path.isfile(os.path.join(folder, "vocabulary.toml")):
            return folder
    raise DotlintError(f"the rule cards are missing: they are neither in {_PACKAGE} nor beside it, in a folder `rules`")


def rules_folder() -> Path:
    """Find the folder of the rule cards: inside the package where it was installed, else beside it in a checkout."""
    return as_path(_folder())


class _Made(Struct):
    """Of which state of the folder the compiled file was made."""

    version: int


@cache
def compiled_rules() -> str | None:
    """Give the compiled file; None where there is none, or in a checkout in which a card was changed since."""
    if not os.path.isfile(COMPILED):
        return None
    if os.path.dirname(_folder()) == _PACKAGE:
        return COMPILED  # installed: nobody edits the cards there
    try:
        return COMPILED if decode(read_file(COMPILED), type=_Made).version == folder_version() else None
    except MsgspecError:
        return None


def folder_version() -> int:
    """Give a number that changes when a card, the vocabulary or what a card may say does: by times, as `make` does."""
    paths = [os.path.join(here, name) for here, _, names in os.walk(_folder()) for name in names]
    found = 0
    for path in sorted((*paths, *(sibling_path(__file__, name) for name in ("card.py", "card_file.py")))):
        status = os.stat(path)
        found = crc32(f"{os.path.basename(path)} {status.st_mtime_ns} {status.st_size}".encode(), found)
    return found


def vocabulary_file() -> str:
    """Give the file to read dotlint's own vocabulary from."""
    return compiled_rules() or os.path.join(_folder(), "vocabulary.toml")
