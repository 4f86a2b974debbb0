"""Shapes that nothing explains: along edges that preserve a tensor, and through operators that do.

Only the features of a token are compared, because how many tokens a rank has may differ for many reasons.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dotlint.deployment import axes
from dotlint.deployment.sizes import compared
from dotlint.deployment.stated_dims import repeated
from dotlint.deployment.tensors.shape_features import features, features_beside, widths
from dotlint.deployment.tensors.shape_rules import feature_ways, has_one_role, shape_rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.shapes import Dims
    from dotlint.deployment.tensors.shape_edges import ShapedEdges
    from dotlint.graph.model import Edge
    from dotlint.strategy import Strategy

_WIDE = {"hidden", "ffn", "heads"}
_COMBINES = ("combine", "aggregate", "expert")
_ENDS = ("input", "output")
# What takes or makes the hidden states of tokens, so that a link before or behind it hands on exactly these.
_STREAM = (
    *("norm", "residual", "mlp", "attention", "expert", "embedding", "head", "output-projection", "mlp-down"),
    *("qkv", "query", "key-projection", "value-projection", "mlp-up", "all-reduce", "all-gather"),
)
_TAKE_STREAM = ("gate", "route", "dispatch")
_FUSED = (2, 3)


class Stated(Struct, frozen=True):
    """The shapes of a tensor; `through` are the operators without dimensions that it passes unchanged, from `source`.

    `written` is whether a label states that this is what the operator gives or takes.
    """

    shapes: tuple[Dims, ...]
    written: bool
    source: Reading | None = None
    through: tuple[Reading, ...] = ()


class Mismatch(Struct, frozen=True):
    """Two shapes of one tensor that differ: what `tail` gives and `head` takes; without a tail both are of `head`.

    `reason` says why they have to be equal, `remedy` what would repair it.
    """

    head: Reading
    before: Dims
    after: Dims
    reason: str
    remedy: str
    written: bool = True
    tail: Reading | None = None
    edge: Edge | None = None
    source: Reading | None = None
    through: tuple[Reading, ...] = ()


class ShapeReader(Struct):
    """Follows the shapes of a deployment through operators that state none."""

    deployment: Deployment
    strategy: Strategy | None
    _given: dict[int, Stated | None] = field(default_factory=dict)

    def given(self, reading: Reading) -> Stated | None:
        """Return what an operator gives: its Output, its only shape, or what it preserves; None if not known."""
        at = reading.node.index
        if at not in self._given:
            self._given[at] = None  # so that a cycle ends
            self._given[at] = self._find_given(reading)
        return self._given[at]

    def _find_given(self, reading: Reading) -> Stated | None:
        tensors = reading.evidence.tensors
        if reading.summary or repeated(reading):
            return None
        if tensors.outputs:
            return Stated(tensors.outputs, written=True, source=reading)
        keeps = self.keeps(reading)
        if tensors.bare and not tensors.inputs:
            return Stated(tensors.bare, written=False, source=reading) if len(tensors.bare) == 1 else None
        if tensors.bare or tensors.inputs or not keeps or not reading.node.statements:
            return None
        tails = [self.deployment.readings[index] for index in {e.tail.index: None for e in reading.node.in_edges}]
        found = {one.shapes: one for tail in tails for one in (self.given(tail),) if one}
        if len(found) != 1 or any(self.given(tail) is None for tail in tails):
            return None
        one = next(iter(found.values()))
        return Stated(one.shapes, written=False, source=one.source, through=(*one.through, reading))

    def taken(self, reading: Reading) -> Stated | None:
        """Return what an operator takes: its Input, or its only shape if it preserves that; None if not known."""
        tensors = reading.evidence.tensors
        if reading.summary or repeated(reading):
            return None
        if tensors.inputs:
            return Stated(tensors.inputs, written=True)
        if len(tensors.bare) == 1 and not tensors.outputs and (self.keeps(reading) or reading.is_role("attention")):
            return Stated(tensors.bare, written=False)
        return None

    def keeps(self, reading: Reading) -> bool:
        """Return whether the operator gives the tensor that it takes."""
        rule = shape_rule(self.deployment, reading)
        return rule.changes == "nothing" or rule.passes

    def mismatches(self, edges: ShapedEdges, reported: AbstractSet[int]) -> Iterator[Mismatch]:
        """Yield the mismatches, except at nodes and edges that other rules report."""
        told = {one.edge.index for one in edges.wrong}
        for tail in self.deployment.operators:
            if tail.node.index in reported:
                continue
            found = next(self._inside(tail), None)
            if found:
                yield found
                continue
            for edge in tail.node.out_edges:
                head = self.deployment.readings[edge.head.index]
                # What other rules find explained is, except that a reduction takes no slices.
                if edge.index in edges.compared and not head.is_role("all-reduce", "reduce-scatter"):
                    continue
                if (
                    edge.index in told
                    or edge.head.index in reported
                    or edge.label
                    or edge.attributes.get("constraint", "").lower() == "false"
                    or head.annotation
                    or tail.phase != head.phase
                ):
                    continue
                if one := self._along(edge, tail, head):
                    yield one

    def _along(self, edge: Edge, tail: Reading, head: Reading) -> Mismatch | None:
        taken = self.taken(head)
        given = self.given(tail) if taken else None
        if taken is None or given is None or given.shapes == taken.shapes or tail.role is None or head.role is None:
            return None
        if len(taken.shapes) > 1 and not self.keeps(head):
            return None
        follows = bool(given.through)
        reasons = [
            self._reason(tail, head, before, after, follows=follows)
            for before, after in product(given.shapes, taken.shapes)
        ]
        first = reasons[0]
        if first is None or None in reasons:
            return None
        reason, remedy, certain = first
        one, two = features(given.shapes[0]), features(taken.shapes[0])
        if not tail.evidence.tensors.outputs and one and two and {one.kind, two.kind} == {"ffn", "hidden"}:
            return None  # its only shape may be that of its weights
        written = given.written and taken.written and certain
        return Mismatch(
            head, given.shapes[0], taken.shapes[0], reason, remedy, written, tail, edge, given.source, given.through
        )

    def _reason(
        self, tail: Reading, head: Reading, before: Dims, after: Dims, *, follows: bool
    ) -> tuple[str, str, bool] | None:
        """Return why a tensor cannot change on its way, what repairs it, and whether that is certain; None if it may.

        `follows` is whether it passes operators without dimensions on its way.
        """
        one, two = features_beside(before, after), features_beside(after, before)
        if one and two and (other := _other_tensor(tail, head, one.kind, two.kind)):
            return other
        change = widths(before, after)
        if change is None or change[0] == change[1] or shape_rule(self.deployment, tail).fused:
            return None
        small, large = sorted(change)
        grows = change[1] > change[0]
        if head.is_role("all-reduce", "reduce-scatter") and has_one_role(self.deployment, head):
            return "a reduction adds tensors of the shape that its producers give", _REDUCE, True
        links = [self.keeps(end) for end in (tail, head)]
        if not (links[0] or tail.is_role(*_STREAM)) or not (links[1] or head.is_role(*_STREAM, *_TAKE_STREAM)):
            return None
        if one and two and any(links) and one.heads == two.heads and compared(one.head_size, two.head_size):
            return "nothing divides the size of a head", _STATE, True
        if grows and self._joins_all(head, large, small):
            return None
        if grows and tail.is_role("all-reduce", "all-gather") and has_one_role(self.deployment, tail):
            kind = "an all-reduce" if tail.is_role("all-reduce") else "an all-gather"
            return f"{kind} gives the whole tensor", _STATE, True
        if not (follows or any(links)) or self._explained(tail, head, large, small):
            return None
        if head.is_role("attention") and not head.evidence.tensors.inputs:
            return None  # its only shape may be that of its heads
        # The projections inside an attention may have another width than the hidden states.
        projected = head.is_role("attention") and one is not None and two is not None and one.kind != two.kind
        return "nothing that is drawn or declared divides it", _STATE, not projected

    def _joins_all(self, head: Reading, large: int, small: int) -> bool:
        """Return whether the producers of an operator together make what it takes."""
        return small * len(head.node.in_edges) == large

    def _explained(self, tail: Reading, head: Reading, large: int, small: int) -> bool:
        if large % small:
            return False
        ratio = large // small
        fans = {len(tail.node.out_edges), len(head.node.in_edges), len(tail.gpus or ()), len(head.gpus or ())}
        return ratio in fans or ratio in feature_ways(self.deployment, self.strategy)

    def _inside(self, reading: Reading) -> Iterator[Mismatch]:
        """Yield the mismatch between what one operator takes and gives."""
        tensors = reading.evidence.tensors
        for dims in tensors.outputs:
            named = axes.axes(dims)
            if "vocab" in named and "hidden" in named and not {"batch", "seq", "tokens"}.isdisjoint(named):
                yield Mismatch(reading, dims, dims, "logits have no hidden axis", _STATE, written=False)
        if not tensors.inputs or len(tensors.outputs) != 1:
            return
        if reading.is_role("attention"):
            yield from self._attention(reading, tensors.outputs[0])
        elif reading.is_role("residual") or (reading.kind != "io" and shape_rule(self.deployment, reading).passes):
            yield from self._kept(reading, tensors.outputs[0])

    def _kept(self, reading: Reading, after: Dims) -> Iterator[Mismatch]:
        """Yield the mismatch of an operator that does not give what it takes."""
        adds = reading.is_role("residual")
        for before in reading.evidence.tensors.inputs:
            change = widths(before, after)
            if change is None or change[0] == change[1]:
                continue
            small, large = sorted(change)
            if not has_one_role(self.deployment, reading):
                # A title with two roles, such as `FFN + Residual`, may divide what it takes, but only into whole parts.
                kept = adds and large % small
            else:
                kept = adds or not self._explained(reading, reading, large, small)
            if kept:
                reason = "a residual add takes tensors of one shape" if adds else "a transfer changes nothing"
                yield Mismatch(reading, before, after, reason, _STATE)

    def _attention(self, reading: Reading, after: Dims) -> Iterator[Mismatch]:
        """Yield the mismatch of an attention whose heads are of another size than each of its inputs."""
        given, inputs = features(after), reading.evidence.tensors.inputs
        found = [features(dims) for dims in inputs]
        if given is None or given.head_size is None or None in found:
            return
        changes = [compared(one.head_size, given.head_size) for one in found if one]
        if all(
            change and change[0] not in {change[1] * n for n in (1, *_FUSED)} for change in changes
        ) and has_one_role(self.deployment, reading):
            reason = "an attention gives heads of the size of its values"
            yield Mismatch(reading, inputs[-1], after, reason, "state the head size of the values")


_STATE = "state the same tensor at both ends, or draw the operator that changes it"
_REDUCE = "state the same dimensions at both ends, or gather slices with an all-gather"


def _other_tensor(tail: Reading, head: Reading, one: str, two: str) -> tuple[str, str, bool] | None:
    """Return why a consumer takes another tensor than its producer gives; None if it need not."""
    if one == "vocab" and two in _WIDE:
        return "logits are no hidden states", _STATE, True
    if one in {*_WIDE, ""} and two == "ids" and head.is_role("embedding"):
        return "an embedding takes token ids and no hidden states", _STATE, True
    if one in _WIDE and two == "vocab" and (tail.is_role("input") or head.is_role("embedding")):
        return "hidden states are no tokens of a vocabulary", _STATE, True
    if one in _WIDE and two == "vocab":
        return "hidden states become logits only in an LM head", "draw the LM head between them", head.kind != "io"
    if (
        one in _WIDE
        and two == "choice"
        and head.is_role(*_COMBINES)
        and tail.is_role("expert", "shared-expert", "mlp-down")
    ):
        return "the results of experts are hidden states", _STATE, True
    return None
