"""Axes of tensors: the many names of one axis, and comparison of dimensions by axis."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.sizes import Size, compared, product, read_size

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

    from dotlint.deployment.dims import Dims

_NAMES = {
    "batch": "batch batch_size batchsize bs bsz b micro_batch microbatch micro_batch_size mbs local_batch 批 批次 批大小 批量 "
    "batchgröße lot",
    "seq": "seq seq_len seqlen sequence sequence_length sequence_len seq_length sl s local_seq q_len ctx_len context_len "
    "context_length séquence longueur sequenz sequenzlänge 序列 序列长度 长度",
    "hidden": "hidden hidden_size hidden_dim hidden_dimension d_model model_dim token_dim embed_dim emb_dim "
    "embedding_dim embedding_size 隐藏 隐藏层 隐藏维度 隐藏维 隐藏层大小 caché cachée versteckt",
    "heads": "heads head num_heads n_heads nheads local_heads attention_heads num_attention_heads 头 头数 注意力头 têtes köpfe",
    "head-dim": "d_k dk d_v dv d_head head_dim head_size dim_head 头维度",
    "ffn": "ffn ffn_hidden ffn_hidden_size ffn_dim ffn_size mlp_hidden mlp_hidden_size mlp_dim d_ff intermediate "
    "intermediate_size",
    "experts": "experts num_experts n_experts expert_scores total_experts 专家 专家数 experten",
    "top-k": "top_k topk k",
    "tokens": "tokens num_tokens n_tokens routed_tokens token_count 词元 令牌 jetons",
    "vocab": "vocab vocab_size vocabulary vocabulary_size 词表 词表大小 词汇 vocabulaire vokabular",
}
# `seq_len`, `seqlen`, `seq len` and `seq-len` are one name.
_AXES = {
    name.replace("_", mark): axis
    for axis, names in _NAMES.items()
    for name in names.split()
    for mark in ("_", "", " ", "-")
}
_LETTERS = frozenset("hndlfvet")  # what they name depends on the axes beside them

ALIASES: tuple[tuple[str, ...], ...] = (
    ("batch", "batch_size"),
    ("seq", "seq_len", "seqlen", "seq_length", "sequence_length"),
    ("hidden", "hidden_size", "hidden_dim", "d_model"),
)
"""Names that certainly mean one axis, even if a file uses several of them."""


def is_axis(word: str) -> bool:
    """Return whether a word names an axis."""
    return word.lower() in _AXES or word.lower() in _LETTERS


@lru_cache(maxsize=4096)
def axes(dims: Dims) -> tuple[str, ...]:
    """Return the canonical name of each axis; an unknown axis keeps its own name, an unnamed one is "".

    A symbol names its axis: `[B, S, H/tp]` are batch, sequence and hidden.
    """
    words = [key or _symbol(value) for key, value in zip(dims.keys, dims.values, strict=True)]
    found = [_AXES.get(word, word) for word in words]
    for index, word in enumerate(found):
        if word in _LETTERS or word == "dim":
            found[index] = _meaning(word, found[:index], found[index + 1 :])
    return tuple(found)


def _meaning(letter: str, before: list[str], behind: list[str]) -> str:
    """Return what a letter stands for by its neighbors: `[B, S, H]` ends with the hidden size, `[B, H, S, D]` does not."""
    last = not behind
    if letter in "hn":
        counts = {"head-dim", "d"}.intersection(behind) or (letter == "h" and behind)
        return "heads" if counts else "hidden" if letter == "h" and last else letter
    if letter in {"d", "dim"}:
        return "head-dim" if "heads" in before else "hidden" if last and before else letter
    if letter == "l":
        return "seq" if before == ["batch"] else letter
    return {"f": "ffn", "v": "vocab", "e": "experts", "t": "tokens"}[letter]


def _symbol(value: str) -> str:
    """Return the symbol of a size if it names an axis: `h` for `H/2`, "" for `batch_size_subset` and numbers.

    `B*S` names the tokens.
    """
    size = read_size(value)
    first = [word for word, power in size.symbols if power > 0 and is_axis(word)] if size else []
    if len(first) == 2 and named(first) == {"batch", "seq"}:
        return "tokens"
    return first[0] if len(first) == 1 else ""


def named(keys: Iterable[str]) -> set[str]:
    """Return the canonical names of the axes that some of these words name."""
    return {_AXES[key.lower()] for key in keys if key.lower() in _AXES}


def size(dims: Dims, axis: str) -> int | None:
    """Return the size of the first axis of this kind; None if there is none or its size is not a number."""
    return next((n for name, n in zip(axes(dims), dims.sizes, strict=True) if name == axis), None)


def numbers(dims: Dims) -> tuple[int, ...] | None:
    """Return all sizes; None if one of them is not a number."""
    found = tuple(n for n in dims.sizes if n is not None)
    return found if len(found) == len(dims.sizes) else None


class Change(Struct, frozen=True):
    """How two dimensions differ by axis: (axis or its position, before, after) for each difference.

    Sizes with symbols are whole numbers in proportion: H and H/2 are 2 and 1. `whole` is whether every axis was compared.
    """

    parts: tuple[tuple[str, int, int], ...]
    whole: bool = True


_Axes = list[tuple[str, Size | None]]
_FEATURES = frozenset({"hidden", "ffn", "vocab"})


def _sized(dims: Dims) -> _Axes:
    return [(name, read_size(value)) for name, value in zip(axes(dims), dims.values, strict=True)]


def _with_features(sized: _Axes) -> _Axes:
    """Join heads and head size, and call the axis of a token's numbers by one name, whatever tensor it is of."""
    heads = [size for name, size in sized if name in {"heads", "head-dim"}]
    if len(heads) == 2:
        joined = ("features", product(heads))
        return [*((n, s) for n, s in sized if n not in {"heads", "head-dim"}), joined]
    return [("features" if name in _FEATURES else name, size) for name, size in sized]


@lru_cache(maxsize=4096)
def change(before: Dims, after: Dims) -> Change | None:
    """Compare two dimensions by axis; None if their axes differ or no size is known on both sides."""
    one, two = _sized(before), _sized(after)
    if [name for name, _ in one] != [name for name, _ in two] and any(axes(before)) and any(axes(after)):
        one, two = _with_features(one), _with_features(two)
        if [name for name, _ in one] != [name for name, _ in two]:
            return None
    if len(one) != len(two):
        return None
    found = [
        (name or other or f"axis {index}", compared(a, b))
        for index, ((name, a), (other, b)) in enumerate(zip(one, two, strict=True))
    ]
    parts = tuple((name, *sizes) for name, sizes in found if sizes is not None and sizes[0] != sizes[1])
    known = [sizes is not None for _, sizes in found]
    return Change(parts, all(known)) if any(known) else None


def width(dims: Dims) -> int | None:
    """Return the size of the last axis, or heads times head size; None if it is not known."""
    last = _with_features(_sized(dims))[-1][1]
    return last.whole if last else None


def tokens(dims: Dims) -> int | None:
    """Return batch times sequence, or the tokens axis; None if neither is known."""
    direct = size(dims, "tokens")
    if direct is not None:
        return direct
    batch, seq = size(dims, "batch"), size(dims, "seq")
    return batch * seq if batch is not None and seq is not None else None


def spellings(found: Counter[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return, for each axis with several names in a file, the most frequent name and the others."""
    mixed: list[tuple[str, tuple[str, ...]]] = []
    for group in ALIASES:
        used = sorted((name for name in group if found[name]), key=lambda name: -found[name])
        if len(used) > 1:
            mixed.append((used[0], tuple(used[1:])))
    return mixed
