"""A separate program that lays out DOT from standard input with pygraphviz, and writes the picture to standard output.

Its argument is the format. It runs in its own process, so that a layout that takes too long can be ended.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Read DOT, lay it out, and write the picture."""
    import pygraphviz  # noqa: PLC0415 - only this program needs it

    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))


if __name__ == "__main__":
    main()
