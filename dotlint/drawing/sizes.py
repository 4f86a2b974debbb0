"""Sizes of tensors: numbers where the model is known, symbols such as H/2 elsewhere."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dotlint.drawing.model import Shape
    from dotlint.strategy.model import ModelFacts


class Size(Struct, frozen=True):
    """A number times symbols; `str` is what a label states, such as 1024, H/2 or 3*H/4."""

    number: Fraction
    symbols: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: int | None, symbol: str) -> Size:
        """Return a known size, or its symbol."""
        return cls(Fraction(1), (symbol,)) if value is None else cls(Fraction(value))

    def __mul__(self, other: Size | int) -> Size:
        if isinstance(other, int):
            return Size(self.number * other, self.symbols)
        return Size(self.number * other.number, self.symbols + other.symbols)

    def __truediv__(self, by: int) -> Size:
        return Size(self.number / by, self.symbols)

    def __str__(self) -> str:
        number, divisor = self.number.numerator, self.number.denominator
        if not self.symbols:
            return str(-(-number // divisor))  # an uneven part: that of the fullest rank
        factors = [str(number)] if number > 1 else []
        text = "*".join([*factors, *self.symbols])
        return text if divisor == 1 else f"{text}/{divisor}"


class Sizes(Struct, frozen=True):
    """The sizes of one phase. `batch` is that of a replica, `whole` the tokens of a sequence, `seq` those of one rank."""

    facts: ModelFacts
    batch: Size
    whole: Size
    seq: Size

    @property
    def hidden(self) -> Size:
        """The width of the hidden states."""
        return Size.of(self.facts.hidden, "H")

    @property
    def attention(self) -> Size:
        """The width of what attention makes: that of all heads, which may differ from the hidden size."""
        size = self.facts.v_head_dim or self.facts.head_dim
        if size is None or self.facts.heads is None:
            return self.hidden
        return Size(Fraction(size * self.facts.heads))

    def query_key_value(self, shards: int) -> Size:
        """Return the width of query, key and value of one shard: each has a key-value head at least."""
        facts = self.facts
        if facts.heads is None:
            return self.attention * 3 / shards
        if facts.is_latent and facts.qk_nope_head_dim is not None and facts.v_head_dim is not None:
            head = 2 * (facts.qk_nope_head_dim + (facts.qk_rope_head_dim or 0)) + facts.v_head_dim
            return Size(Fraction(facts.heads * head, shards))
        shared = facts.kv_heads or facts.heads
        heads = Fraction(facts.heads, shards) + 2 * max(Fraction(1), Fraction(shared, shards))
        return self.attention * Size(heads) / facts.heads

    @property
    def ffn(self) -> Size:
        """The width inside the MLP."""
        return Size.of(self.facts.ffn, "F")

    @property
    def vocab(self) -> Size:
        """The size of the vocabulary."""
        return Size.of(self.facts.vocab, "V")

    @property
    def experts(self) -> Size:
        """The number of routed experts of a layer."""
        return Size.of(self.facts.experts, "E")

    @property
    def top_k(self) -> Size:
        """The number of experts that a token goes to."""
        return Size.of(self.facts.top_k, "K")

    def tokens(self, *, whole: bool = False) -> tuple[tuple[str, str], ...]:
        """Return the axes of tokens: those of one rank, or of `whole` sequences."""
        return ("batch", str(self.batch)), ("seq", str(self.whole if whole else self.seq))

    def heads(self, parts: int = 1) -> Shape:
        """Return the shape of what attention makes, its width in `parts`."""
        return *self.tokens(), ("hidden", str(self.attention / parts))

    def states(self, parts: int = 1, *, seq: int = 1, whole: bool = False) -> Shape:
        """Return the shape of hidden states, their width in `parts` and the sequence in `seq` more."""
        tokens = self.whole if whole else self.seq
        return ("batch", str(self.batch)), ("seq", str(tokens / seq)), ("hidden", str(self.hidden / parts))


def key_values(facts: ModelFacts) -> Shape:
    """Return the shape of the keys and values of one layer, those of all heads and tokens."""
    width = Size.of(facts.hidden, "H") * 2
    if facts.kv_lora_rank is not None:
        width = Size(Fraction(facts.kv_lora_rank + (facts.qk_rope_head_dim or 0)))
    elif facts.heads is not None:
        heads = facts.kv_heads or facts.heads
        width = Size(Fraction(2 * heads * facts.head_dim)) if facts.head_dim else width * heads / facts.heads
    return ("batch", str(Size.of(facts.batch, "B"))), ("seq", str(Size.of(facts.seq, "S"))), ("hidden", str(width))
