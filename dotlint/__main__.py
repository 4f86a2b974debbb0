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
    if sys.path and not sys.flags.safe_path and sys.path[0] in ("", _current_folder()):
        # `python -m` adds the current folder, and a linted folder must not be imported from.
        del sys.path[0]
        home = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120 - importing pathlib is slow
        if home not in sys.path:  # a checkout that is not installed; worker processes get this path
            sys.path.append(home)
    # A file becomes many small objects that live until it is linted. Collecting garbage with the usual thresholds
    # would take a tenth of the run time.
    gc.set_threshold(200_000, 20, 20)
    try:
        from dotlint.cli.main import main  # noqa: PLC0415 - importing this module must be fast
    except KeyboardInterrupt:  # `main` handles later ones
        sys.stderr.write("\ndotlint: error: interrupted\n")
        sys.exit(2)
    status = main()
    from dotlint.text.compiled_patterns import store_patterns  # noqa: PLC0415

    store_patterns()
    _exit(status)


def _exit(status: int) -> NoReturn:
    """Exit without destroying all modules and objects, which takes a sixth of the time of a short run.

    All output is written and all worker processes have ended. If other threads are running, exit as usual.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # missing or closed; `main` has reported write errors
            sys.exit(status)
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(status)
    os._exit(status)


def _current_folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - importing pathlib is slow
    except OSError:  # the folder was deleted
        return None


if __name__ == "__main__":
    run()
