"""Where the rule cards and the vocabulary are, for a wheel, an sdist, an editable install and a bare checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

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


@cache
def compiled_rules() -> Path | None:
    """Give the compiled file; None where there is none, or in a checkout in which a card was changed since."""
    if not COMPILED.is_file():
        return None
    folder = rules_folder()
    if folder.parent == COMPILED.parent.parent:
        return COMPILED  # installed: nobody edits the cards there
    made = COMPILED.stat().st_mtime_ns
    return COMPILED if all(path.stat().st_mtime_ns <= made for path in folder.rglob("*.toml")) else None


def vocabulary_file() -> Path:
    """Give the file to read dotlint's own vocabulary from."""
    return compiled_rules() or rules_folder() / "vocabulary.toml"
