"""The memory of a phase as a table for people, and as JSON data in bytes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from dotlint.strategy.memory.device import GIB, gib
from dotlint.text.english import count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.memory.budget import Memory, StageMemory

_MOST_ROWS: Final = 32
_COLUMNS: Final = (
    ("weights", "weights"),
    ("gradients", "gradients"),
    ("optimizer", "optimizer"),
    ("KV cache", "cache"),
    ("activations", "activations"),
)


def memory_title(memory: Memory) -> str:
    """Return the heading of the table: what runs, and the parameters of the model."""
    text = f"memory of each GPU, {'training' if memory.training else 'serving'}"
    if memory.parameters is not None:
        text += f": {memory.parameters:,} parameters"
    if memory.active is not None:
        text += f", {memory.active:,} of them for a token"
    return text


def memory_cells(memory: Memory) -> list[tuple[str, ...]]:
    """Return the table in GiB, its header first; consecutive stages with the same figures are one row."""
    columns = [(title, name) for title, name in _COLUMNS if any(_value(row, name) is not None for row in memory.stages)]
    if not columns:
        return []
    rows = [("stage", "layers", *(title for title, _ in columns), "GiB in all")]
    for cells, same in groupby(memory.stages, key=lambda row: _cells(row, [name for _, name in columns])):
        numbers = [row.stage for row in same]
        rows.append((str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}", *cells))
    if len(rows) > _MOST_ROWS:
        rows[_MOST_ROWS // 2 : -2] = [("...",) * len(rows[0])]
    return rows


def _cells(row: StageMemory, names: list[str]) -> tuple[str, ...]:
    return str(row.layers), *(_figure(_value(row, name)) for name in names), _figure(row.total)


def _value(row: StageMemory, name: str) -> int | None:
    value: int | None = getattr(row, name)
    return value


def _figure(number: int | None) -> str:
    return "?" if number is None else f"{number / GIB:,.2f}"


def memory_notes(memory: Memory) -> Iterator[str]:
    """Yield what the figures are about, what was taken as usual, and what is not known."""
    if memory.device is not None:
        yield f"of {gib(memory.device.available)}" + (f" ({memory.device})" if str(memory.device) else "")
    tokens = list(dict.fromkeys(row.token for row in memory.stages if row.token is not None))
    if tokens:
        sizes = listed([f"{size:,}" for size in sorted(tokens)], 4)
        text = f"KV cache: {sizes} bytes for each token"
        if memory.length is not None:
            text += f"; in the table that of {count(memory.together, 'sequence')} of {memory.length:,} tokens"
        yield text
    if memory.usual:
        yield f"not stated, and taken as usual: {', '.join(memory.usual)}"
    if memory.others:
        yield "the first stages are taken to have one layer more; declare `stage_layers` if they have not"
    if memory.lacking:
        yield f"whether it fits is not known without {listed(list(memory.lacking), 12)}"
    if memory.finer:
        yield f"activations are not known without {listed(list(memory.finer), 12)}"


def memory_dict(memory: Memory) -> dict[str, Any]:
    """Return JSON data; all sizes are bytes on each GPU of a stage, null if they are not known."""
    device = memory.device
    return {
        "kind": "training" if memory.training else "serving",
        "parameters": memory.parameters,
        "active_parameters": memory.active,
        "gpu": device and (device.name or None),
        "memory": device and device.memory,
        "available": device and device.available,
        "sequences": memory.sequences,
        "tokens": memory.length,
        "stages": [_stage_dict(row) for row in memory.stages],
        "usual": list(memory.usual),
        "lacking": [*memory.lacking, *memory.finer],
    }


def _stage_dict(row: StageMemory) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "layers": row.layers,
        "parameters": row.parameters,
        "weights": row.weights,
        "gradients": row.gradients,
        "optimizer_states": row.optimizer,
        "activations": row.activations,
        "kv_bytes_per_token": row.token,
        "kv_bytes_per_sequence": row.sequence,
        "kv_cache": row.cache,
        "total": row.total,
    }
