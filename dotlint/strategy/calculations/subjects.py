"""The axes and facts that each calculation reads, so that a refusal can name the options that state them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotlint.strategy.degrees import AXES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "heads": ("tp", "sp", "dp", "dpa", "heads", "kv_heads"),
    "decode-context": ("dcp", "tp", "cp", "heads", "kv_heads"),
    "experts": ("ep", "tp", "experts", "redundant_experts", "eplb"),
    "expert-sequence": ("ep", "tp", "sp", "experts"),
    "sequence": ("cp", "sp", "seq"),
    "layers": ("pp", "vpp", "layers", "stage_layers", "first_stage_layers", "last_stage_layers", "overlap_p2p"),
    "widths": ("tp", "ep", "etp", "dp", "cp", "ffn", "moe_ffn", "quantization"),
    "batch": ("dp", "micro_batch", "global_batch", "accumulation"),
    "memory": ("tp", "pp", "ep", "utilization", "max_len", "max_seqs", "max_batched_tokens", "micro_batch", "seq"),
}


def subjects(check: str) -> tuple[str, ...]:
    """Return the axes and facts that a calculation of this check reads; all axes if the table does not list it."""
    return _SUBJECTS.get(check, AXES)


def options_of(check: str, origins: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the launch options that state what a calculation reads, by axis or fact."""
    stated = dict(origins)
    return {name: stated[name] for name in subjects(check) if name in stated}
