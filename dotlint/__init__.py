"""dotlint: a linter for Graphviz DOT files that describe how a model is deployed over GPUs.

    result = dotlint.check("deployment.dot", strategy="pp4ep4tp2sp2")
    result.verdict, result.findings, result.missing_edges

- `check` lints a file, a text or a graph object, and returns a `Result` with its `Finding`s.
- `fix` applies fixes, and returns a `Fixed` with the new text; it writes no file.
- `parse` returns a `Document`: the graphs, and all text with its positions.
- `assert_clean` is `check` for test suites.
- `Strategy.parse` and `Strategy.load` read a parallel strategy; its `Phase`s have the GPUs of each stage.

Each raises `DotlintError` if it is called incorrectly. Names are imported when they are first used, which keeps
`import dotlint` fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint._version import __version__

if TYPE_CHECKING:
    from dotlint.api import Finding, Fixed, Refused, Result, assert_clean, check, fix, parse
    from dotlint.engine.finding import Edit, Fix, Location, Related
    from dotlint.errors import DotlintError
    from dotlint.graph.document import Document
    from dotlint.strategy import Phase, Strategy, StrategyError
    from dotlint.syntax.source import Position

__all__ = [
    "Document",
    "DotlintError",
    "Edit",
    "Finding",
    "Fix",
    "Fixed",
    "Location",
    "Phase",
    "Position",
    "Refused",
    "Related",
    "Result",
    "Strategy",
    "StrategyError",
    "__version__",
    "assert_clean",
    "check",
    "fix",
    "parse",
]

_MODULES = {
    "Document": "dotlint.graph.document",
    "DotlintError": "dotlint.errors",
    "Edit": "dotlint.engine.finding",
    "Finding": "dotlint.api",
    "Fix": "dotlint.engine.finding",
    "Fixed": "dotlint.api",
    "Location": "dotlint.engine.finding",
    "Phase": "dotlint.strategy",
    "Position": "dotlint.syntax.source",
    "Refused": "dotlint.api",
    "Related": "dotlint.engine.finding",
    "Result": "dotlint.api",
    "Strategy": "dotlint.strategy",
    "StrategyError": "dotlint.strategy",
    "assert_clean": "dotlint.api",
    "check": "dotlint.api",
    "fix": "dotlint.api",
    "parse": "dotlint.api",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type depends on the name
    from importlib import import_module  # noqa: PLC0415 - only needed on first use

    if name not in _MODULES:
        raise AttributeError(f"module 'dotlint' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
