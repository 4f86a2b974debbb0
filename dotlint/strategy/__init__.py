"""The parallel strategy: its notation, its layout models, and the GPUs it assigns to each unit."""

from __future__ import annotations

from dotlint.strategy.degrees import AXES, AXIS_NAMES, Degrees
from dotlint.strategy.error import StrategyError
from dotlint.strategy.gpus import GpuSet
from dotlint.strategy.layout import Layout
from dotlint.strategy.model import ModelFacts
from dotlint.strategy.phase import Phase
from dotlint.strategy.phases import Strategy
from dotlint.strategy.placement import Partition, Placement
from dotlint.strategy.spec import PhaseSpec, parse_spec

__all__ = [
    "AXES",
    "AXIS_NAMES",
    "Degrees",
    "GpuSet",
    "Layout",
    "ModelFacts",
    "Partition",
    "Phase",
    "PhaseSpec",
    "Placement",
    "Strategy",
    "StrategyError",
    "parse_spec",
]
