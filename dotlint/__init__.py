"""dotlint: a linter for Graphviz DOT files that describe how a model is deployed over GPUs.

    result = dotlint.check("deployment.dot", strategy="pp4ep4tp2sp2")
    result.verdict, result.findings, result.missing_edges

Names are imported when they are first used, which keeps `import dotlint` fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotlint._version import __version__

if TYPE_CHECKING:
    from dotlint.api import Finding, Fixed, Result, assert_clean, check, fix, parse
    from dotlint.errors import DotlintError
    from dotlint.strategy import Strategy, StrategyError

__all__ = [
    "DotlintError",
    "Finding",
    "Fixed",
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
    "DotlintError": "dotlint.errors",
    "Finding": "dotlint.api",
    "Fixed": "dotlint.api",
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
