"""All rule cards and the vocabulary in one file of JSON, so that a run need not read a hundred of TOML.

`python -m dotlint.engine.compile` writes it. A checkout in which a card has been changed since reads the cards.
"""

from __future__ import annotations

import json
import tomllib

import msgspec

from dotlint.engine.card_file import read_folder
from dotlint.engine.resources import COMPILED, checksum, rules_folder
from dotlint.files.atomic import write_atomically
from dotlint.files.paths import as_path


def compiled() -> bytes:
    """Give what the file has to hold: a card a line, so that a change of one is a change of one line."""
    folder = rules_folder()
    cards = [json.dumps(msgspec.to_builtins(card), ensure_ascii=False) for card in read_folder(folder)]
    vocabulary = json.dumps(tomllib.loads((folder / "vocabulary.toml").read_text("utf-8")), ensure_ascii=False)
    return (
        "{\n" + f'"checksum": {checksum()},\n"vocabulary": {vocabulary},\n"cards": [\n' + ",\n".join(cards) + "\n]}\n"
    ).encode()


if __name__ == "__main__":
    write_atomically(as_path(COMPILED), compiled())
