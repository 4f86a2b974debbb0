"""The manifest of the extension for Visual Studio Code agrees with what dotlint understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dotlint._version import __version__
from dotlint.files.paths import read_package_text, sibling_path
from dotlint.server.options import KEYS, read_options
from dotlint.strategy.presets import PRESETS as LAYOUTS
from dotlint.syntax import terminals
from tests.dsl import run

EXTENSION = Path(__file__).parents[2] / "editors/vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
SETTINGS = {
    name.removeprefix("dotlint."): setting
    for group in MANIFEST["contributes"]["configuration"]
    for name, setting in group["properties"].items()
}
