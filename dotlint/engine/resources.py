"""Where the rule cards and the vocabulary are, for a wheel, an sdist, an editable install and a bare checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dotlint.errors import DotlintError


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
