"""A program of its own: DOT from standard input to a picture on standard output, by the Graphviz of pygraphviz.

It is run with the format as its argument, so that a layout which takes too long can be ended.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Read, lay out, write."""
    import pygraphviz  # noqa: PLC0415 - only this program needs it

    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))


if __name__ == "__main__":
    main()
