"""A summary of a graph in words: what was counted in it, and what passed, failed or was skipped."""

from __future__ import annotations

from dotlint.summary.build import summarize
from dotlint.summary.shown import as_json, as_markdown

__all__ = ["as_json", "as_markdown", "summarize"]
