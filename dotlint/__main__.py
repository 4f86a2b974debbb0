"""`python -m dotlint` and the console script."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn


def run() -> None:
    """Run the command line and exit with its status."""
    if sys.path and not sys.flags.safe_path and sys.path[0] in ("", _folder()):
        # `python -m` puts the folder one is in there, and nothing is imported from a linted folder.
        del sys.path[0]
    # A file is many small objects that live until it is done with: looking through them for cycles again and again
    # would take a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    try:
        from dotlint.cli.main import main  # noqa: PLC0415 - so that importing this module costs nothing
    except KeyboardInterrupt:  # from here on `main` answers for it
        sys.stderr.write("\ndotlint: error: interrupted\n")
        sys.exit(2)
    _leave(main())


def _leave(status: int) -> NoReturn:
    """Exit at once: Python would take all modules and objects apart first, a sixth of a short run's time.

    Everything is written and every process of ours ended by now; threads of libraries are waited for as always.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # none, or closed; `main` has told of what could not be written
            sys.exit(status)
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(status)
    os._exit(status)


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - cheap
    except OSError:  # somebody has deleted it
        return None


if __name__ == "__main__":
    run()
