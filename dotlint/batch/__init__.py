"""Lint tables of graphs: a row in, a row out, on this machine or on a Ray cluster.

`lint_table` is imported when it is first used: a process that lints rows does not need pyarrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotlint.batch.table import lint_table

__all__ = ["lint_table"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type depends on the name
    if name != "lint_table":
        raise AttributeError(f"module 'dotlint.batch' has no attribute {name!r}")
    try:
        from dotlint.batch.table import lint_table  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        from dotlint.errors import DotlintError  # noqa: PLC0415

        raise DotlintError(f"{error.name} is missing; install it with `pip install 'dotlint[batch]'`") from None
    return lint_table
