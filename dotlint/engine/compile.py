"""Compile all rule cards and the vocabulary into one JSON file, so that a run need not read a hundred TOML files.

The wheel contains the file (`hatch_build.py`). A checkout writes it next to this module, at the first run and after
each change. It is not under version control, because any two changes of cards would conflict in it.
"""

from __future__ import annotations

import contextlib
import tomllib
from typing import TYPE_CHECKING, Any

import msgspec

from dotlint.deployment.vocabulary import read_tables
from dotlint.engine.resources import COMPILED, rules_folder
from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Sequence


def compiled(cards: Sequence[Any], version: int = 0) -> bytes:
    """Return the content of the file; `version` is that of the folder that the cards were read from."""
    vocabulary = read_tables(str(rules_folder() / "vocabulary.toml"), tomllib.loads)
    return msgspec.json.encode({"version": version, "vocabulary": vocabulary, "cards": cards}) + b"\n"


def keep(cards: Sequence[Any], version: int) -> None:
    """Write the file; if the folder is read-only, do nothing, and every run reads the cards."""
    with contextlib.suppress(DotlintError):
        write_atomically(as_path(COMPILED), compiled(cards, version))
