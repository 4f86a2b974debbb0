"""Axes of tensors: the many names of one axis, and comparison of dimensions by axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from dotlint.deployment.gpus_and_dims import Dims
    from dotlint.deployment.model import Reading

_NAMES = {
    "batch": "batch batch_size batchsize bs b micro_batch microbatch micro_batch_size mbs local_batch",
    "seq": "seq seq_len seqlen sequence sequence_length seq_length sl s local_seq q_len",
    "hidden": "hidden hidden_size hidden_dim hiddensize d_model dmodel model_dim token_dim embed_dim emb_dim",
    "heads": "heads head num_heads n_heads nheads local_heads attention_heads",
    "head-dim": "d_k dk d_v d_head head_dim head_size dim_head",
    "ffn": "ffn ffn_hidden ffn_dim ffn_size mlp_hidden mlp_dim d_ff intermediate intermediate_size",
    "experts": "experts num_experts n_experts expert_scores total_experts",
    "top-k": "top_k topk k",
    "tokens": "tokens num_tokens n_tokens routed_tokens token_count",
    "vocab": "vocab vocab_size",
}
_AXES = {name: axis for axis, names in _NAMES.items() for name in names.split()}

ALIASES: tuple[tuple[str, ...], ...] = (
    ("batch", "batch_size"),
    ("seq", "seq_len", "seqlen", "seq_length", "sequence_length"),
    ("hidden", "hidden_size", "hidden_dim", "d_model"),
)
"""Names that certainly mean one axis, even if a file uses several of them."""


def axes(dims: Dims) -> tuple[str, ...]:
    """Return the canonical name of each axis; an unknown axis keeps its own name, an unnamed one is ""."""
    found = tuple(_AXES.get(key, key) for key in dims.keys)
    # `[B, S, H]` ends with the hidden size; next to a head size, or before other axes, h counts heads.
    if found and found[-1] == "h" and not {"hidden", "head-dim", "d"}.intersection(found):
        return (*found[:-1], "hidden")
    return found


def named(keys: Iterable[str]) -> set[str]:
    """Return the canonical names of the axes that some of these words name."""
    return {_AXES[key.lower()] for key in keys if key.lower() in _AXES}


def size(dims: Dims, axis: str) -> int | None:
    """Return the size of the first axis of this kind; None if there is none or its size is not a number."""
    return next((n for name, n in zip(axes(dims), dims.sizes, strict=True) if name == axis), None)


def numbers(dims: Dims) -> tuple[int, ...] | None:
    """Return all sizes; None if one of them is not a number."""
    found = tuple(n for n in dims.sizes if n is not None)
    return found if len(found) == len(dims.sizes) and 0 not in found else None


class Change(Struct, frozen=True):
    """How two dimensions differ by axis: (axis or its position, before, after) for each difference."""

    parts: tuple[tuple[str, int, int], ...]


def change(before: Dims, after: Dims) -> Change | None:
    """Compare two dimensions by axis; None if their axes differ or sizes are not numbers."""
    one, two = numbers(before), numbers(after)
    if one is None or two is None or len(one) != len(two):
        return None
    first, second = axes(before), axes(after)
    if first != second and any(first) and any(second):
        return None
    named = first if any(first) else second
    parts = (
        (name or f"axis {index}", a, b)
        for index, (name, a, b) in enumerate(zip(named, one, two, strict=True))
        if a != b
    )
    return Change(tuple(parts))


def tokens(dims: Dims) -> int | None:
    """Return batch times sequence, or the tokens axis; None if neither is known."""
    direct = size(dims, "tokens")
    if direct is not None:
        return direct
    batch, seq = size(dims, "batch"), size(dims, "seq")
    return batch * seq if batch is not None and seq is not None else None


def one_in_one_out(reading: Reading) -> tuple[Dims, Dims] | None:
    """Return input and output of an operator that states exactly one of each; None otherwise or if repeated."""
    tensors = reading.evidence.tensors
    if len(tensors.inputs) != 1 or len(tensors.outputs) != 1 or repeated(reading):
        return None
    return tensors.inputs[0], tensors.outputs[0]


def repeated(reading: Reading) -> bool:
    """Return whether the label multiplies a tensor: `[batch=4, hidden=512] × 8`."""
    for line in reading.evidence.lines:
        after = line.rpartition("]")[2].strip() if "]" in line else ""
        if after[:1] in {"×", "*", "x"} and any(c.isdigit() for c in after):
            return True
    return False


def spellings(found: Counter[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return, for each axis with several names in a file, the most frequent name and the others."""
    mixed: list[tuple[str, tuple[str, ...]]] = []
    for group in ALIASES:
        used = sorted((name for name in group if found[name]), key=lambda name: -found[name])
        if len(used) > 1:
            mixed.append((used[0], tuple(used[1:])))
    return mixed
