"""Rewrite the golden reports."""

from __future__ import annotations

import sys

from tests.golden import CASES, HERE, produce

for case in CASES:
    path, text = HERE / case.file, produce(case)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if text != before:
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{'rewrote' if before is not None else 'wrote'} {path.name}\n")
