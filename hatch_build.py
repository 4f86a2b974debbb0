"""What hatchling puts into a wheel besides the files of the repository: the compiled rule cards."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledRules(BuildHookInterface[Any]):
    """Compiles the cards in `rules/` into a file outside of the tree, which may be read-only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file; an editable install is a checkout, which makes it when it first runs."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from dotlint.engine.card_file import read_folder  # noqa: PLC0415 - found by what was just said
        from dotlint.engine.compile import compiled  # noqa: PLC0415

        self.folder = tempfile.TemporaryDirectory()
        made = Path(self.folder.name, "rules.json")
        made.write_bytes(compiled(read_folder(Path(self.root, "rules"))))
        build_data["force_include"][str(made)] = "dotlint/engine/rules.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if hasattr(self, "folder"):
            self.folder.cleanup()
