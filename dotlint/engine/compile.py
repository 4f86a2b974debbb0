"""All rule cards and the vocabulary in one file of JSON, so that a run need not read a hundred of TOML.

The wheel comes with it (`hatch_build.py`). A checkout writes it at the first run and after a change, beside this
module; git does not know it, as two changed cards would always conflict in it.
"""

from __future__ import annotations

import contextlib
import tomllib
from typing import TYPE_CHECKING, Any

import msgspec

from dotlint.engine.resources import COMPILED, rules_folder
from dotlint.errors import DotlintError
from dotlint.files.atomic import write_atomically
from dotlint.files.paths import as_path

if TYPE_CHECKING:
    from collections.abc import Sequence


def compiled(cards: Sequence[Any], version: int = 0) -> bytes:
    """Give what the file has to hold; `version` is the one of the folder that the cards were read from."""
    vocabulary = tomllib.loads((rules_folder() / "vocabulary.toml").read_text("utf-8"))
    return msgspec.json.encode({"version": version, "vocabulary": vocabulary, "cards": cards}) + b"\n"


def keep(cards: Sequence[Any], version: int) -> None:
    """Write the file, unless the folder is read-only: then every run reads the cards."""
    with contextlib.suppress(DotlintError):
        write_atomically(as_path(COMPILED), compiled(cards, version))
