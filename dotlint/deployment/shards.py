"""Groups of nodes that divide one operator: tensor shards of attention and of the MLP, groups of experts."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from dotlint.deployment.words import plain_words
from dotlint.strategy.gpus import disjoint, union

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.deployment.wiring import Wiring
    from dotlint.strategy.gpus import GpuSet

ATTENTION = (
    "qkv",
    "query",
    "key-projection",
    "value-projection",
    "attention",
    "scores",
    "softmax",
    "output-projection",
)
MLP = ("mlp", "mlp-up", "mlp-down")
SHARDED = (*ATTENTION, *MLP)
_OF_RANKS = {"gpu", "gpus", "device", "dev", "rank", "r", "tp", "shard"}
_OF_EXPERTS = {"expert", "experts", "exp", "e"}
_ROUTES = {"gate", "route", "dispatch", "all-to-all"}
_TRIED = 3  # pairs of nodes between which a path shows that they follow one another
_FAR = 1024  # nodes that are looked at for such a path
_NEAR = 3  # edges within which shards of an operator have a common producer or consumer


class Group(Struct, frozen=True):
    """The nodes that together are one operator of a unit: of one replica, stage, layer, micro-batch, role and family."""

    phase: str | None
    stage: int | None
    layer: int | None
    role: str
    members: tuple[Reading, ...]

    @property
    def gpu_sets(self) -> list[GpuSet]:
        """The distinct GPU sets of the members, in order, without members that have no GPUs."""
        return list(dict.fromkeys(r.gpus for r in self.members if r.gpus))

    @property
    def placed(self) -> bool:
        """Whether every member itself states its GPUs."""
        return all(r.gpus and r.own_gpus for r in self.members)

    @property
    def disjoint(self) -> bool:
        """Whether the distinct GPU sets share no GPU."""
        return disjoint(self.gpu_sets)

    @property
    def varying(self) -> list[int]:
        """The positions of the numbers in the names that differ between members."""
        return varying(self.members)

    @property
    def named(self) -> bool:
        """Whether the only number that varies is a GPU of its member, or that of an expert."""
        if len(self.varying) != 1:
            return False
        (position,) = self.varying
        if self.members[0].evidence.name.words[position] in _OF_EXPERTS:
            return True
        each = self.placed and len(self.gpu_sets) == len(self.members)
        return each and all(r.gpus and r.evidence.name.numbers[position] in r.gpus for r in self.members)

    def ranks(self) -> tuple[int, ...]:
        """Return how many ranks the members may be drawn for, the likeliest first; () if that cannot be decided.

        Several members on each GPU set, as many on each, may be heads or columns of one rank.
        """
        stated = {r.shard for r in self.members}
        if None not in stated and len(stated) > 1:
            return (len(stated),)
        uses = Counter(r.gpus for r in self.members)
        even = self.placed and self.disjoint and len(uses) > 1 and len(set(uses.values())) == 1
        if len(self.varying) > 1:
            return (len(uses),) if even else ()
        return tuple(dict.fromkeys((len(self.members), len(uses)))) if even else (len(self.members),)

    def experts(self) -> dict[str, tuple[int, int]] | None:
        """Return the first and last expert of each member, by name; None if its numbers do not decide which they are.

        Labels count if they distinguish members; otherwise the only number that varies, apart from those of ranks.
        """
        stated = {r.name: r.experts for r in self.members if r.experts}
        distinct = len(stated) == len(self.members) and (len(set(stated.values())) > 1 or not self.varying)
        words = self.members[0].evidence.name.words
        columns = [i for i in self.varying if words[i] not in _OF_RANKS]
        if len(columns) > 1:
            columns = [i for i in columns if not self._counts_ranks(i)]
        # A name may have the rank first: `expert_0_3` is rank 0 of expert 3 if all with 0 are on one GPU.
        ranked = any(self._counts_ranks(i) and self._is_expert(i, stated) for i in self.varying) and len(columns) == 1
        if distinct and not (ranked and not self._is_expert(columns[0], stated)):
            return stated
        if len(columns) != 1:
            return None
        return {r.name: (n, n) for r in self.members for n in (r.evidence.name.numbers[columns[0]],)}

    def _is_expert(self, position: int, stated: Mapping[str, tuple[int, int]]) -> bool:
        """Return whether a number in the names, and not in the labels, is the expert that was read."""
        return all(
            stated.get(r.name) == (n, n) and not any(c.isdigit() for c in r.evidence.title.partition("GPU")[0])
            for r in self.members
            for n in (r.evidence.name.numbers[position],)
        )

    def _counts_ranks(self, position: int) -> bool:
        """Return whether a number in the names is the tensor rank, or the GPUs, of its member."""
        numbers = [r.evidence.name.numbers[position] for r in self.members]
        if numbers == [r.shard for r in self.members]:
            return True
        pairs = set(zip(numbers, [r.gpus for r in self.members], strict=True))
        return self.placed and len(pairs) == len(set(numbers)) == len(self.gpu_sets)

    def grid(self) -> tuple[int, ...]:
        """Return how many values each varying number has if all their combinations are drawn once, else ()."""
        columns = [{r.evidence.name.numbers[i] for r in self.members} for i in self.varying]
        drawn = 1
        for column in columns:
            drawn *= len(column)
        return tuple(len(column) for column in columns) if drawn == len(self.members) else ()


def within_stage(deployment: Deployment, wiring: Wiring, reading: Reading) -> bool:
    """Return whether a collective connects only operators of its own stage and its GPUs."""
    tails = [deployment.by_name[name] for name in wiring.ins[reading.name] if name in deployment.by_name]
    if not tails or any((r.phase, r.stage) != (reading.phase, reading.stage) for r in tails):
        return False
    placed = [r.gpus for r in tails if r.gpus]
    return reading.gpus is None or not placed or reading.gpus <= union(placed)


class Torn(Struct, frozen=True):
    """Families of nodes of which only some have a layer, and layers of families of which only some have a stage."""

    families: set[tuple[str | None, str]]
    layers: set[tuple[str | None, str, int | None]]

    def may_lack(self, group: Group) -> bool:
        """Return whether nodes outside the group may belong to it."""
        key = group.phase, group.members[0].evidence.name.family
        return key in self.families or (*key, group.layer) in self.layers


def torn(deployment: Deployment, *roles: str) -> Torn:
    """Find the families of operators with these roles, or none, that are torn."""
    known: dict[tuple[str | None, str], set[bool]] = defaultdict(set)
    staged: dict[tuple[str | None, str, int | None], set[bool]] = defaultdict(set)
    for reading in deployment.operators:
        if not reading.summary and (reading.role is None or reading.role.name in roles):
            key = reading.phase, reading.evidence.name.family
            known[key].add(reading.layer is None)
            staged[(*key, reading.layer)].add(reading.stage is None)
    return Torn(
        {k for k, found in known.items() if len(found) > 1}, {k for k, found in staged.items() if len(found) > 1}
    )


def groups(deployment: Deployment, *roles: str) -> list[Group]:
    """Group the operators of these roles, in document order; nodes without stage and layer form groups too."""
    found: dict[tuple[object, ...], list[Reading]] = defaultdict(list)
    others = [r for r in deployment.operators if not r.is_role("expert")]
    # What only experts number is their own number.
    replicas, batches = any(r.replica is not None for r in others), any(r.micro_batch is not None for r in others)
    for reading in deployment.operators:
        if reading.role is not None and reading.role.name in roles and not (reading.summary or _shared(reading)):
            step = reading.step if reading.is_role(*ATTENTION) else None
            copy = reading.replica if replicas else None, reading.micro_batch if batches else None
            unit = reading.phase, *copy, reading.stage, reading.layer, step
            expert = None if reading.role.name == "expert" else reading.evidence.experts
            found[(*unit, reading.role.name, expert, reading.evidence.name.family)].append(reading)
    known = deployment.derived(_known_groups)
    for key, members in found.items():
        if key not in known:
            known[key] = [
                Group(r[0].phase, r[0].stage, r[0].layer, r[0].role.name if r[0].role else "", tuple(r))
                for serial in _in_series(deployment, members)
                for r in _by_layer(deployment, serial)
            ]
    return [group for key in found for group in known[key]]


def _known_groups(_: Deployment) -> dict[tuple[object, ...], list[Group]]:
    """Return the groups of each family of a unit, which several rules look at."""
    return {}


def _shared(reading: Reading) -> bool:
    """Return whether the node is the shared expert, which takes all tokens and belongs to no expert group."""
    return reading.is_role("expert") and " shared " in plain_words(f"{reading.evidence.title} {reading.name}")


def parts_of_groups(found: Sequence[Group]) -> set[int]:
    """Return the indexes of groups that are parts of one group.

    The members of such a group share numbers (`qkv3_1`, `qkv3_2`) that the members of a group of another stage share
    too.
    """
    families: dict[tuple[str | None, str], list[int]] = defaultdict(list)
    for index, group in enumerate(found):
        families[group.phase, group.members[0].evidence.name.family].append(index)
    parted: set[int] = set()
    for indices in families.values():
        seen: dict[tuple[tuple[int, int], ...], int] = {}
        for index in indices:
            columns = zip(*(r.evidence.name.numbers for r in found[index].members), strict=True)
            shared = tuple((i, column[0]) for i, column in enumerate(columns) if len(set(column)) == 1)
            other = seen.setdefault(shared, index)
            if shared and other != index and found[other].stage != found[index].stage:
                parted |= {other, index}
    return parted


def varying(members: Sequence[Reading]) -> list[int]:
    """Return the positions of the numbers in the names that differ between members."""
    numbers = [r.evidence.name.numbers for r in members]
    return [i for i, column in enumerate(zip(*numbers, strict=True)) if len(set(column)) > 1]


def _in_series(deployment: Deployment, members: list[Reading]) -> list[list[Reading]]:
    """Separate nodes by the numbers along which one leads to the next: layers, or operators (`linear1`, `linear2`)."""
    serial = [i for i in varying(members) if _leads_on(deployment, members, i)]
    parts: dict[tuple[int, ...], list[Reading]] = defaultdict(list)
    for reading in members:
        parts[tuple(reading.evidence.name.numbers[i] for i in serial)].append(reading)
    return list(parts.values())


def _leads_on(deployment: Deployment, members: Sequence[Reading], position: int) -> bool:
    """Return whether nodes lead to those that differ from them in this number alone; a few pairs are tried."""
    lines: dict[tuple[int, ...], list[Reading]] = defaultdict(list)
    for reading in members:
        numbers = reading.evidence.name.numbers
        lines[(*numbers[:position], *numbers[position + 1 :])].append(reading)
    pairs = [two for line in lines.values() for two in pairwise(line)]
    step = max(1, len(pairs) // _TRIED)
    tried = pairs[::step][:_TRIED]
    leading = sum(_path(deployment, *two) or _path(deployment, *two[::-1]) for two in tried)
    return 2 * leading > len(tried)  # one wrong edge shows nothing


def _depths(deployment: Deployment) -> list[int | None]:
    """Return the length of the longest path to each node; None for nodes on or behind a cycle."""
    graph, nodes = deployment.graph, [reading.node for reading in deployment.readings]
    waiting = [graph.in_degree(node) for node in nodes]
    depths: list[int | None] = [None] * len(nodes)
    level, depth = [node for node in nodes if not waiting[node.index]], 0
    while level:
        behind = []
        for node in level:
            depths[node.index] = depth
            for edge in graph.successors(node):
                waiting[edge.head.index] -= 1
                if not waiting[edge.head.index]:
                    behind.append(edge.head)
        level, depth = behind, depth + 1
    return depths


def _path(deployment: Deployment, one: Reading, two: Reading) -> bool:
    """Return whether a path within their stage and layer leads from one node to the other, which is not far."""
    depths = deployment.derived(_depths)
    before, after = depths[one.node.index], depths[two.node.index]
    if after is not None and (before is None or before >= after):
        return False
    seen = {one.node.index}
    todo = deque((one.node,))
    while todo and len(seen) < _FAR:
        for edge in deployment.graph.successors(todo.popleft()):
            head = edge.head.index
            if head == two.node.index:
                return True
            on = deployment.readings[head]
            same = on.stage in (one.stage, None) and (one.layer != two.layer or on.layer in (one.layer, None))
            if head not in seen and same:
                seen.add(head)
                todo.append(edge.head)
    return False


def _by_layer(deployment: Deployment, members: list[Reading]) -> list[list[Reading]]:
    """Separate nodes of several unnamed layers, by the number that distinguishes nodes on the same GPUs.

    If two numbers vary and no layer is known, one of them is the layer: for each of its values every GPU set occurs
    at most once. If that is true of none or several numbers, or all nodes stand side by side, they are not separated.
    """
    positions = varying(members)
    if members[0].layer is not None or not all(r.own_gpus for r in members) or len(positions) < 2:
        return [members]
    fitting: list[list[list[Reading]]] = []
    for position in positions:
        parts: dict[int, list[Reading]] = defaultdict(list)
        for reading in members:
            parts[reading.evidence.name.numbers[position]].append(reading)
        if all(len({r.gpus for r in some}) == len(some) for some in parts.values()) and len(parts) < len(members):
            fitting.append(list(parts.values()))
    return [members] if len(fitting) != 1 or _meet(deployment, members) else fitting[0]


def _meet(deployment: Deployment, members: Sequence[Reading]) -> bool:
    """Return whether few edges lead from one node to all members, or from all members to one node."""
    return any(
        set.intersection(*(_within(deployment, reading, forward=forward) for reading in members))
        for forward in (True, False)
    )


def _within(deployment: Deployment, reading: Reading, *, forward: bool) -> set[int]:
    found: set[int] = set()
    nodes = {reading.node.index}
    for _ in range(_NEAR):
        around = [deployment.readings[index].node for index in nodes]
        nodes = {
            (e.head if forward else e.tail).index for n in around for e in (n.out_edges if forward else n.in_edges)
        }
        found |= nodes
    return found


def one_layer_each(deployment: Deployment, group: Group) -> bool:
    """Return whether a group is certainly one operator of one layer.

    Either it has a layer, or its members have a near producer or consumer in common, or numbers that are their GPUs
    or experts, and one number varies among them, apart from the ranks of an expert. Members without edges count if no
    two are on the same GPUs. Members that are all on the same GPUs may be heads of one rank, unless each states a rank.
    """
    if group.layer is not None or len(group.members) == 1:
        return group.layer is not None or bool(group.members[0].evidence.name.numbers)
    linked = [r for r in group.members if r.node.in_edges or r.node.out_edges]
    if linked and not group.named and (len(linked) == 1 or not _meet(deployment, linked)):
        return False
    if group.role == "expert":
        known = group.experts()
        held = known or {r.name: r.experts for r in group.members if r.experts}
        held_on = [(held.get(r.name), r.shard, r.gpus) for r in group.members if r.name in held]
        return len(set(held_on)) == len(held_on) and (bool(known) or len(group.varying) <= 1)
    crowded = group.placed and len(group.gpu_sets) < len(group.members)
    if crowded and not _name_ranks(deployment, group) and not (linked and len(group.gpu_sets) > 1):
        return False
    return len(group.varying) == 1


def _name_ranks(deployment: Deployment, group: Group) -> bool:
    """Return whether every member names a rank of its own by a word for it, which heads and columns do not have."""
    of_nodes = deployment.decision.by_meaning.get("shard", {}) if deployment.decision else {}
    ranks = [of_nodes[r.node.index] for r in group.members if r.node.index in of_nodes]
    distinct = len({number for number, _ in ranks}) == len(ranks) == len(group.members)
    return distinct and all(choice.numbering.word in _OF_RANKS for _, choice in ranks)


def of_experts(deployment: Deployment, group: Group) -> bool:
    """Return whether operators of an MLP are those of experts: a number counts these, or routing feeds them."""
    first = group.members[0]
    if first.evidence.experts or not _OF_EXPERTS.isdisjoint(first.evidence.name.words):
        return True
    near = [deployment.readings[e.tail.index] for r in group.members[:2] for e in r.node.in_edges]
    near += [deployment.readings[e.tail.index] for r in near[:8] for e in r.node.in_edges]
    return any(r.is_role("expert", *_ROUTES) for r in near)
