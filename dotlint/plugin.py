"""The plugin API: everything that a plugin may import from dotlint. Other names may change without notice."""

from __future__ import annotations

from dotlint.deployment.unit import Unit
from dotlint.edits.fix_context import fixed_by
from dotlint.engine.card import Card
from dotlint.engine.finding import Edit, Finding, Fix, Holds, Location, Outcome, Related, Undecided
from dotlint.registry.plugin_view import API_VERSION, Context, Edge, Node, Subgraph
from dotlint.registry.plugins import Plugin

__all__ = [
    "API_VERSION",
    "Card",
    "Context",
    "Edge",
    "Edit",
    "Finding",
    "Fix",
    "Holds",
    "Location",
    "Node",
    "Outcome",
    "Plugin",
    "Related",
    "Subgraph",
    "Undecided",
    "Unit",
    "fixed_by",
]
