"""Parameters: how many a layer, and the ends of the model, have on a rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.strategy.memory.division import Division
from dotlint.strategy.memory.lacking import LackingFactsError, needed
from dotlint.strategy.model import MOST_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.strategy.model import ModelFacts

WHOLE: Final = Division()
_FULL: Final = frozenset({"full_attention", "full", "global", "attention"})
_WINDOWED: Final = frozenset({"sliding_attention", "sliding_window", "local", "chunked_attention"})


class Parameters(Struct, frozen=True):
    """Numbers of parameters: `matrices` of attention and dense layers, `experts` those of routed experts.

    `others` are norms, routers, embeddings and the output head, which are not quantized.
    """

    matrices: int = 0
    experts: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.matrices + self.experts + self.others

    def __add__(self, other: Parameters) -> Parameters:
        return Parameters(self.matrices + other.matrices, self.experts + other.experts, self.others + other.others)


def head_dim(facts: ModelFacts) -> int:
    """Return the width of a head: as stated, else hidden / heads."""
    if facts.head_dim is not None:
        return facts.head_dim
    hidden, heads = needed(facts, "hidden", "heads")
    return hidden // heads


def kv_heads(facts: ModelFacts, ranks: int = 1) -> int:
    """Return the key-value heads of a rank: copies where there are fewer heads than ranks."""
    if facts.kv_heads is not None:
        heads = facts.kv_heads
    elif facts.attention == "mqa":
        heads = 1
    elif facts.attention == "gqa":
        raise LackingFactsError("`kv_heads`")
    else:
        (heads,) = needed(facts, "heads")
    return -(-heads // ranks)


def has_experts(facts: ModelFacts, layer: int) -> bool:
    """Return whether a 0-based layer has experts."""
    return facts.experts is not None and not facts.is_dense(layer)


def attention_kind(facts: ModelFacts, layer: int) -> str:
    """Return "full" or "window". Raises `LackingFactsError` for layers whose attention is not known, or that have none."""
    if facts.layer_types is None:
        if facts.attention == "hybrid":
            raise LackingFactsError('the sizes of layers without attention (`attention` = "hybrid")')
        return "window" if facts.window else "full"
    kind = facts.layer_types[layer] if layer < len(facts.layer_types) else None
    if kind in _WINDOWED:
        return "window"
    if kind in _FULL:
        return "full"
    raise LackingFactsError("what `layer_types` means for " + (f'"{kind}"' if kind else f"layer {layer}"))


def attention(facts: ModelFacts, ranks: int = 1) -> int:
    """Return the parameters of attention on one of `ranks`.

    Grouped heads: h·a·d + 2·h·g·d + a·d·h. Latent attention: h·q + q·a·(dn + dr) + h·(c + dr) + c·a·(dn + dv) + a·dv·h,
    of which the projections into the latents are on every rank (DeepSeek-V3, modeling_deepseek.py).
    """
    if not facts.is_latent:
        hidden, heads = needed(facts, "hidden", "heads")
        d = head_dim(facts)
        return 2 * hidden * heads * d // ranks + 2 * hidden * kv_heads(facts, ranks) * d
    names = ("hidden", "heads", "kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
    hidden, heads, latent, rope, nope, value = needed(facts, *names)
    q = facts.q_lora_rank
    queries = heads * (nope + rope)
    into = hidden * q + q * queries // ranks if q else hidden * queries // ranks
    out = latent * heads * (nope + value) // ranks + heads * value * hidden // ranks
    return into + hidden * (latent + rope) + out


def attention_width(facts: ModelFacts) -> int:
    """Return the elements of queries, keys, values and the output of attention for each token."""
    (heads,) = needed(facts, "heads")
    if not facts.is_latent:
        return 2 * (heads + kv_heads(facts)) * head_dim(facts)
    nope, rope, value = needed(facts, "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
    return 2 * heads * (nope + rope) + 2 * heads * value


def matrices_of_mlp(facts: ModelFacts) -> int:
    """Return the matrices of a feed-forward layer: three with a gate (SwiGLU), else two."""
    return 2 if facts.gated is False else 3


def layer(facts: ModelFacts, index: int, division: Division = WHOLE) -> Parameters:
    """Return the parameters of a 0-based layer on a rank."""
    (hidden,) = needed(facts, "hidden")
    own = attention(facts, division.attention)
    if not has_experts(facts, index):
        (ffn,) = needed(facts, "ffn")
        return Parameters(own + matrices_of_mlp(facts) * hidden * ffn // division.dense, 0, 2 * hidden)
    (count,) = needed(facts, "experts")
    width = moe_width(facts)
    held = count if division.experts is None else division.experts
    shared = (facts.shared_experts or 0) * matrices_of_mlp(facts) * hidden * width // division.dense
    experts = held * matrices_of_mlp(facts) * hidden * width // division.expert
    return Parameters(own + shared, experts, 2 * hidden + hidden * count)


def moe_width(facts: ModelFacts) -> int:
    """Return the width of an expert: `moe_ffn`, else that of dense layers (Mixtral)."""
    return needed(facts, "moe_ffn" if facts.ffn is None or facts.moe_ffn is not None else "ffn")[0]


def prediction_layer(facts: ModelFacts, division: Division = WHOLE) -> Parameters:
    """Return the parameters of a layer of multi-token prediction: a layer, a projection and two more norms."""
    (hidden,) = needed(facts, "hidden")
    projection = Parameters(2 * hidden * hidden // division.dense, 0, 3 * hidden)
    return layer(facts, layer_count(facts), division) + projection


def embedding(facts: ModelFacts, ranks: int = 1, *, multiple: int = 1) -> Parameters:
    """Return the parameters of the embeddings, or of the output head, on a rank; the vocabulary may be padded."""
    vocab, hidden = needed(facts, "vocab", "hidden")
    padded = -(-vocab // multiple) * multiple
    return Parameters(0, 0, -(-padded // ranks) * hidden)


def model_parameters(facts: ModelFacts) -> int:
    """Return the parameters of the whole model, without layers of multi-token prediction."""
    (hidden,) = needed(facts, "hidden")
    ends = embedding(facts).total * (1 if facts.tied else 2)
    return layers_of(facts, range(layer_count(facts))).total + ends + hidden


def active_parameters(facts: ModelFacts) -> int:
    """Return the parameters that one token uses: of the routed experts only the top k."""
    count, top_k = needed(facts, "experts", "top_k")
    routed = layers_of(facts, range(layer_count(facts))).experts
    return model_parameters(facts) - routed + routed // count * top_k


def layer_count(facts: ModelFacts) -> int:
    """Return the number of layers, as stated or as the stages add up to."""
    layers = facts.layers if facts.layers is not None else sum(facts.stage_layers or ()) or None
    if layers is None or layers > MOST_LAYERS:
        raise LackingFactsError("`layers`" if layers is None else f"a number of `layers` up to {MOST_LAYERS:,}")
    return layers


def layers_of(facts: ModelFacts, layers: Iterable[int], division: Division = WHOLE) -> Parameters:
    """Return the parameters of several layers on a rank. Raises `LackingFactsError` if one has no attention."""
    some: dict[bool, list[int]] = {False: [], True: []}
    for index in layers:
        attention_kind(facts, index)
        some[has_experts(facts, index)].append(index)
    found = Parameters()
    for indices in filter(None, some.values()):
        one = layer(facts, indices[0], division)
        times = len(indices)
        found += Parameters(one.matrices * times, one.experts * times, one.others * times)
    return found
