"""The sections of a report, in order; each rule card names one."""

from __future__ import annotations

SECTIONS: dict[str, str] = {
    "syntax": "DOT syntax",
    "connections": "Missing connections between operators",
    "stages": "Missing stages and operators",
    "coverage": "Parallel strategy coverage",
    "attention": "Attention block decomposition",
    "connectivity": "Node connectivity",
    "cycles": "Cycles",
    "gpus": "GPU boundaries",
    "attributes": "Node attributes",
    "communication": "Communication patterns",
    "visual": "Visual conventions",
    "arithmetic": "Strategy arithmetic",
    "memory": "Memory of each GPU",
    "names": "Names and statements",
    "graphviz": "Graphviz attributes",
    "meta": "The run itself",
}
ORDER: dict[str, int] = {section: index for index, section in enumerate(SECTIONS)}
NOT_OF_THE_GRAPH = frozenset({"syntax", "meta"})
"""Sections whose findings are about the text or the run; all others are about the parsed graph."""
