"""A graph's features in words, as an author hands them in with it, each counted or checked."""

from __future__ import annotations

from dotlint.summary.build import summarize
from dotlint.summary.shown import as_json, as_markdown

__all__ = ["as_json", "as_markdown", "summarize"]
