"""Fixes: text edits on the lossless tree, never a re-print.

The package can be called: `dotlint.fix(source, strategy=...)` is `dotlint.api.fix`. Python gives a package
the name of its folder in the package around it, so the function and the folder have to share it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotlint.api import Fixed


class _Callable(ModuleType):
    def __call__(self, source: Any, **options: Any) -> Fixed:  # noqa: ANN401 - see `dotlint.api.fix`
        from dotlint.api import fix  # noqa: PLC0415 - api imports this package

        return fix(source, **options)


sys.modules[__name__].__class__ = _Callable
