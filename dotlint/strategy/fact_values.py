"""What each fact of a strategy file may be, and the names that other tools give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dotlint.strategy.error import StrategyError, did_you_mean, quoted
from dotlint.strategy.model import MODEL_FACTS, PHASE_FACTS, ModelFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST: Final = 1 << 62

OTHER_NAMES: Final[Mapping[str, str]] = {
    # config.json of Hugging Face
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "num_key_value_heads": "kv_heads",
    "hidden_size": "hidden",
    "intermediate_size": "ffn",
    "moe_intermediate_size": "moe_ffn",
    "n_routed_experts": "experts",
    "num_local_experts": "experts",
    "num_experts": "experts",
    "num_experts_per_tok": "top_k",
    "n_shared_experts": "shared_experts",
    "sliding_window": "window",
    "num_nextn_predict_layers": "mtp_layers",
    "vocab_size": "vocab",
    "tie_word_embeddings": "tied",
    "weight_block_size": "quant_block",
    "torch_dtype": "dtype",
    # launch options of Megatron-LM, DeepSpeed and vLLM
    "num_layers": "layers",
    "num_query_groups": "kv_heads",
    "kv_channels": "head_dim",
    "ffn_hidden_size": "ffn",
    "moe_ffn_hidden_size": "moe_ffn",
    "moe_router_topk": "top_k",
    "mtp_num_layers": "mtp_layers",
    "seq_length": "seq",
    "micro_batch_size": "micro_batch",
    "global_batch_size": "global_batch",
    "decoder_first_pipeline_num_layers": "first_stage_layers",
    "decoder_last_pipeline_num_layers": "last_stage_layers",
    "num_layers_in_first_pipeline_stage": "first_stage_layers",
    "num_layers_in_last_pipeline_stage": "last_stage_layers",
    "overlap_p2p_comm": "overlap_p2p",
    "train_batch_size": "global_batch",
    "train_micro_batch_size_per_gpu": "micro_batch",
    "gradient_accumulation_steps": "accumulation",
    "num_redundant_experts": "redundant_experts",
    "max_model_len": "max_len",
    "max_num_seqs": "max_seqs",
    "max_running_requests": "max_seqs",
    "context_length": "max_len",
    "max_num_batched_tokens": "max_batched_tokens",
    "chunked_prefill_size": "max_batched_tokens",
    "max_num_tokens": "max_batched_tokens",
    "mem_fraction_static": "utilization",
    "gpu_memory_utilization": "utilization",
    "kv_cache_dtype": "kv_dtype",
}


class _Kind(NamedTuple):
    """A kind of value: `what` it must be, in words; `least` and `most` bound its numbers."""

    what: str
    types: tuple[type, ...]
    least: float = 1
    most: float = LARGEST
    several: str = ""  # "only" if it must be an array, "also" if it may be
    words: tuple[str, ...] = ()


_COUNT: Final = _Kind("an integer", (int,))
_FROM_ZERO: Final = _Kind("an integer", (int,), 0)
_FLAG: Final = _Kind("true or false", (bool,))
_WORD: Final = _Kind("a string", (str,))
_KINDS: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(("shared_experts", "redundant_experts", "first_k_dense_replace", "mtp_layers"), _FROM_ZERO),
    **dict.fromkeys(("gated", "eplb", "tied", "overlap_p2p", "distributed_optimizer"), _FLAG),
    **dict.fromkeys(("dtype", "kv_dtype", "quantization", "gpu"), _WORD),
    "zero_stage": _Kind("an integer", (int,), 0, 3),
    "attention": _Kind("a string", (str,), words=("mha", "gqa", "mqa", "mla", "hybrid")),
    "recompute": _Kind("a string", (str,), words=("none", "selective", "full")),
    "layer_types": _Kind("an array of strings", (str,), several="only"),
    "mlp_only_layers": _Kind("an array of integers", (int,), 0, several="only"),
    "stage_layers": _Kind("an array of integers", (int,), 0, several="only"),
    "quant_block": _Kind("an integer or an array of integers", (int,), several="also"),
    "gpu_memory": _Kind("a number of GiB", (int, float), 0.001),
    "utilization": _Kind("a number", (int, float), 0.001, 1),
}


def read_facts(table: Mapping[str, Any], where: str, prefix: str, *, of_phase: bool = False) -> ModelFacts:
    """Return the facts that a table states; `prefix` is its name. Raises `StrategyError` on an unknown key or value."""
    known = PHASE_FACTS if of_phase else MODEL_FACTS
    others = {other: name for other, name in OTHER_NAMES.items() if name in known}
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for key, value in table.items():
        name = others.get(key, key)
        if name not in known:
            remedy, suggestion = did_you_mean(key, (*known, *others))
            raise StrategyError(f"{where}: [{prefix}] unknown key {quoted(key)}: {remedy}", suggestion=suggestion)
        if name in found:
            raise StrategyError(f"{where}: {prefix}.{origin[name]} and {prefix}.{key} are the same: remove one of them")
        found[name], origin[name] = _value(value, _KINDS.get(name, _COUNT), f"{where}: {prefix}.{key}"), key
    return ModelFacts(**found)


def is_fact(key: str) -> bool:
    """Return whether a key of a phase states a fact."""
    return OTHER_NAMES.get(key, key) in PHASE_FACTS


def _value(value: object, kind: _Kind, where: str) -> object:
    if kind.several and isinstance(value, list):
        if not value:
            raise StrategyError(f"{where} is empty: write at least one value")
        return tuple(_value(each, kind._replace(several=""), where) for each in value)
    is_flag = isinstance(value, bool)
    if kind.several == "only" or not isinstance(value, kind.types) or (is_flag and bool not in kind.types):
        raise StrategyError(f"{where} must be {kind.what}, not {toml_type(value)}")
    if isinstance(value, str):
        return _word(value, kind, where)
    assert isinstance(value, int | float)
    if not is_flag and not kind.least <= value <= kind.most:
        raise StrategyError(f"{where} must be between {kind.least} and {kind.most}, not {value}")
    return value


def _word(value: str, kind: _Kind, where: str) -> str:
    word = value.strip()
    if not word:
        raise StrategyError(f"{where} is empty: write a value")
    if kind.words and word.lower() not in kind.words:
        remedy, suggestion = did_you_mean(word, kind.words)
        raise StrategyError(f"{where}: unknown value {quoted(word)}: {remedy}", suggestion=suggestion)
    return word.lower() if kind.words else word


def toml_type(value: object) -> str:
    """Return what a value is in TOML, with its article."""
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "a table",
    }
    return names.get(type(value), "a date")
