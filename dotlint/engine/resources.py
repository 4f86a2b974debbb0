"""Where the rule cards and the vocabulary are, for a wheel, an sdist, an editable install and a bare checkout."""

from __future__ import annotations

from binascii import crc32
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.json import decode

from dotlint.errors import DotlintError

COMPILED: Final = Path(__file__).with_name("rules.json")
"""All cards and the vocabulary in one file, so that a run need not read a hundred; see `dotlint.engine.compile`."""


@cache
def rules_folder() -> Path:
    """Find the folder of the rule cards: inside the package where it was installed, else beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "rules", package.parent / "rules"):
        if (folder / "vocabulary.toml").is_file():
            return folder
    raise DotlintError(
        f"the rule cards are missing: neither {package / 'rules'} nor {package.parent / 'rules'} has them"
    )


class _Made(Struct):
    """Of which files the compiled one was made."""

    checksum: int


@cache
def compiled_rules() -> Path | None:
    """Give the compiled file; None where there is none, or in a checkout in which a card was changed since."""
    if not COMPILED.is_file():
        return None
    folder = rules_folder()
    if folder.parent == COMPILED.parent.parent:
        return COMPILED  # installed: nobody edits the cards there
    return COMPILED if decode(COMPILED.read_bytes(), type=_Made).checksum == checksum(folder) else None


def checksum(folder: Path) -> int:
    """Give a number that changes when a card or the vocabulary does."""
    found = 0
    for path in sorted(folder.rglob("*.toml")):
        found = crc32(path.read_bytes(), crc32(path.name.encode(), found))
    return found


def vocabulary_file() -> Path:
    """Give the file to read dotlint's own vocabulary from."""
    return compiled_rules() or rules_folder() / "vocabulary.toml"
