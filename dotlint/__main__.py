"""`python -m dotlint` and the console script."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and exit with its status."""
    from dotlint.cli import main  # noqa: PLC0415 - so that importing this module costs nothing

    sys.exit(main())


if __name__ == "__main__":
    run()
