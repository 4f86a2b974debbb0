"""`python -m dotlint` and the console script."""

from __future__ import annotations

import gc
import os
import sys


def run() -> None:
    """Run the command line and exit with its status."""
    if sys.path and not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - cheap
        # `python -m` puts the folder one is in there, and nothing is imported from a linted folder.
        del sys.path[0]
    # A file is many small objects that live until it is done with: looking through them for cycles again and again
    # would take a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    from dotlint.cli import main  # noqa: PLC0415 - so that importing this module costs nothing

    sys.exit(main())


if __name__ == "__main__":
    run()
