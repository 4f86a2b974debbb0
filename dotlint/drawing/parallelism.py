"""How the layers of a phase are divided among ranks, in the terms of drawing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.drawing.wording import degrees_line

if TYPE_CHECKING:
    from dotlint.drawing.model import Detail, Shape
    from dotlint.drawing.ranks import Ranks
    from dotlint.drawing.sizes import Sizes


class Parallelism(Struct, frozen=True):
    """The degrees that divide the operators of a layer.

    `tp` is that of attention and MLP. `cp` and `sp` split the sequence into parts with GPUs of their own; `megatron` is
    whether the shards of tp divide it between their operators instead. `ulysses` is whether the ranks of sp exchange
    sequences for heads (Jacobs et al. 2023); otherwise, keys and values pass around a ring (Liu et al. 2023). `decode`
    is whether a sequence is a single token, `expert_shards` whether the ranks of tp divide every expert, as engines do
    without expert parallelism. Those ranks are one node if another phase has `expert_groups`, whose nodes are others.
    """

    tp: int
    sp: int
    cp: int
    dcp: int
    megatron: bool
    ulysses: bool
    decode: bool
    expert_shards: bool
    expert_groups: bool
    detail: Detail

    @property
    def parts(self) -> int:
        """The number of parts of a sequence that have GPUs of their own."""
        return 1 if self.decode else self.sp * self.cp

    @property
    def heads_apart(self) -> int:
        """The number of ranks that exchange sequences for heads."""
        return self.sp if self.ulysses else 1

    @property
    def sequence(self) -> tuple[str, ...]:
        """The axes that split the sequence."""
        return tuple(axis for axis, n in (("cp", self.cp), ("sp", self.sp)) if n > 1)

    @property
    def shards(self) -> tuple[str, ...]:
        """The axes along which a sharded operator is divided."""
        return ("tp", *self.sequence)

    @property
    def each(self) -> tuple[str, ...]:
        """The axes along which an operator is drawn that only divides tokens."""
        return self.shards if self.detail == "rank" else ()

    def groups(self, axis: str) -> tuple[str, ...]:
        """Return the axes along which a collective over `axis` is drawn."""
        if axis == "tp" and self.detail != "rank":
            return ()
        return tuple(each for each in self.shards if each != axis)

    @property
    def method(self) -> str:
        """The way in which the ranks of an attention share a sequence, "" if they do not."""
        return "Ulysses" if self.ulysses else "Ring" if self.ring_lines else ""

    @property
    def lines(self) -> list[str]:
        """The line of a whole block: the degrees along which its operators are divided."""
        degrees = {"tp": self.tp, "sp": self.tp if self.megatron else self.sp, "cp": self.cp, "dcp": self.dcp}
        divided = {axis: n for axis, n in degrees.items() if n > 1}
        return [degrees_line(**divided)] if divided else []

    @property
    def cache_axes(self) -> dict[str, int]:
        """The axes whose ranks divide a KV cache that decode reads, with their degrees."""
        return {axis: n for axis, n in (("sp", self.sp), ("cp", self.cp), ("dcp", self.dcp)) if n > 1}

    @property
    def merged_axes(self) -> dict[str, int]:
        """Those of them whose ranks hold tokens, so that each has a part of the softmax."""
        return {axis: n for axis, n in self.cache_axes.items() if axis != "sp" or not self.ulysses}

    @property
    def ring_groups(self) -> tuple[str, ...]:
        """The axes along which a ring is drawn."""
        return ("tp", *(("sp",) if self.ulysses else ()))

    @property
    def ring_lines(self) -> list[str]:
        """The lines of attention whose keys and values pass around a ring."""
        axes = {"cp": self.cp} if self.ulysses else {"cp": self.cp, "sp": self.sp}
        ring = {axis: n for axis, n in axes.items() if n > 1}
        return [degrees_line(**ring)] if ring else []

    def is_alone(self, *axes: str) -> bool:
        """Return whether the ranks of these axes are drawn one by one."""
        return self.detail == "rank" and bool(set(axes) & set(self.sequence))

    @property
    def whole(self) -> tuple[str, ...]:
        """The axes along which an operator on whole sequences is drawn that only divides tokens."""
        return ("tp",) if self.detail == "rank" else ()

    @property
    def stays_split(self) -> bool:
        """Whether the parts of a sequence that have GPUs of their own stay apart through all stages, as in Megatron."""
        return self.megatron and self.parts > 1

    @property
    def tp_lines(self) -> list[str]:
        """The line of a sharded operator."""
        return [degrees_line(tp=self.tp)] if self.tp > 1 else []

    @property
    def split_lines(self) -> list[str]:
        """The line of the split of a sequence and of its gather."""
        return [degrees_line(**{axis: n for axis, n in (("cp", self.cp), ("sp", self.sp)) if n > 1})]

    def outside(self, sizes: Sizes) -> Shape:
        """Return the shape of the hidden states that the embedding gives."""
        return sizes.states(whole=not self.stays_split)

    def between(self, sizes: Sizes) -> Shape:
        """Return the shape of the hidden states between stages."""
        return self.stream(sizes) if self.megatron else sizes.states(whole=True)

    def stream(self, sizes: Sizes) -> Shape:
        """Return the shape of the hidden states between operators."""
        return sizes.states(seq=self.tp if self.megatron else 1)


def parallelism_of(ranks: Ranks, detail: Detail, *, expert_groups: bool) -> Parallelism:
    """Return how a phase is divided; `expert_groups` is whether any phase has expert parallelism."""
    phase = ranks.phase
    degrees, flavor = phase.degrees, phase.layout.flavor
    megatron = flavor == "megatron" and degrees.sp > 1
    return Parallelism(
        tp=ranks.length("tp"),
        sp=1 if megatron else degrees.sp,
        cp=degrees.cp,
        dcp=degrees.dcp if phase.name == "decode" else 1,
        megatron=megatron,
        ulysses=flavor == "ulysses" and degrees.sp > 1,
        decode=phase.name == "decode",
        expert_shards=ranks.length("tp") == degrees.tp > 1 and not (degrees.named & {"etp"} and degrees.etp == 1),
        expert_groups=expert_groups,
        detail=detail,
    )
