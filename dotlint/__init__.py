"""dotlint: a linter for Graphviz DOT files that describe how a model is deployed over GPUs."""

from __future__ import annotations

from dotlint._version import __version__

__all__ = ["__version__"]
