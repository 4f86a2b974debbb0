"""Fix a text, whatever it is: DOT, or a document with DOT inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.documents.kinds import is_document
from dotlint.engine.result import Settings
from dotlint.pipeline.fixed import fix_dot
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from dotlint.pipeline.fixed import FixResult


def fix_text(source: Source | str | bytes, settings: Settings | None = None, *, unsafe: bool = False) -> FixResult:
    """Apply all safe fixes to a text, and unsafe ones too if `unsafe` is true.

    The result is a fixed point: fixing it again changes nothing.
    """
    if isinstance(source, str):
        source = Source.from_text(source)
    elif isinstance(source, bytes):
        source = Source.from_bytes(source)
    if is_document(source.name):
        from dotlint.pipeline.fix_document import fix_document  # noqa: PLC0415 - most files are DOT

        return fix_document(source, settings or Settings(), unsafe=unsafe)
    return fix_dot(source, settings or Settings(), unsafe=unsafe)
