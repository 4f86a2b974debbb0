"""Decide whether a graph is a deployment: operators that tensors flow through, and where they run or how they divide.

Pictures of links between devices, mapping tables, memory layouts, serving architectures, state machines and the
kernels of one layer on one device share words with deployments. The decision states its evidence for and against.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotlint.deployment.model import Recognition
from dotlint.deployment.words import plain_words
from dotlint.strategy.declarations import read_degrees
from dotlint.text.english import count
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.model import Reading
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.graph.model import Graph

# Roles that are rare in graphs of other subjects.
_MODEL_ROLES = {
    "qkv", "query", "key-projection", "value-projection", "output-projection", "norm", "attention", "expert",
    "shared-expert", "mlp", "mlp-up", "mlp-down", "all-reduce", "all-gather", "reduce-scatter", "all-to-all",
    "dispatch", "combine", "sequence-split", "sequence-gather", "kv-cache", "kv-transfer", "embedding", "head",
}  # fmt: skip
# Roles whose words other fields use too: experts of a panel, attention of a nurse, the head of a department.
_COMMON_ROLES = {
    "attention", "expert", "shared-expert", "dispatch", "combine", "sequence-split", "sequence-gather", "embedding",
    "head",
}  # fmt: skip
# A title of only these words names a device, not an operator.
_DEVICE_WORDS = {
    "gpu", "gpus", "device", "devices", "npu", "npus", "tpu", "tpus", "cuda", "rank", "ranks", "node", "nodes", "host",
    "hosts", "server", "servers", "machine", "machines", "switch", "nic", "cpu", "worker",
}  # fmt: skip
# Words of the parts of a service or a program, of which none computes with tensors.
_SERVICE_WORDS = {
    "client", "clients", "frontend", "backend", "gateway", "api", "endpoint", "http", "proxy", "balancer", "worker",
    "workers", "scheduler", "queue", "planner", "metrics", "monitor", "monitoring", "autoscaler", "controller",
    "orchestrator", "manager", "registry", "database", "storage", "disk", "file", "files", "tokenizer", "detokenizer",
    "callback", "app", "application", "service", "coordinator", "pod", "pods",
}  # fmt: skip
_MEMORY_WORDS = {
    "weights", "memory", "page", "pages", "buffer", "buffers", "heap", "hbm", "dram", "vram", "offset", "address",
}  # fmt: skip
# Words before numbers that count the parts of an axis.
_RANKS = {"rank", "ranks"}
_AXIS_WORDS = {"tp", "pp", "ep", "sp", "cp", "dp"}
_BATCH_WORDS = {"mb", "microbatch", "micro", "ubatch"}
_RANK_WORDS = {"rank", "stage", "shard", "replica"} | _AXIS_WORDS
_LINK = regex(
    r"\b(?:nvlink|nvswitch|pcie?|infiniband|roce|rdma|ethernet|qpi|upi)\b|\d\s*[kmgt]i?b(?:it)?(?:/s|ps)\b",
    re.IGNORECASE,
    needs=("nvlink", "nvswitch", "pci", "infiniband", "roce", "rdma", "ethernet", "qpi", "upi", "/s", "ps"),
)
_KV_HEADS = regex(r"\bkv[\s_-]?heads?\W{0,3}\d", re.IGNORECASE, needs=("head",))
_AMOUNT = regex(r"\b\d+(?:\.\d+)?\s*[kmgt]i?b\b", re.IGNORECASE)
_FEWEST = 2  # one operator is no deployment
_MOST_TABLED = 3  # a table of so many kinds of operators is a deployment whose edges are missing


def recognize(
    graph: Graph, readings: Sequence[Reading], vocabulary: Vocabulary, *, declared: bool = False
) -> Recognition:
    """Decide whether a graph is a deployment; `declared` is whether a strategy is declared for it."""
    labels = {edge.index: label for edge in graph.edges if (label := edge.label)}
    exchanges = _exchanges(graph, readings, vocabulary, labels)
    ends = {node.index for edge in graph.edges if edge.index in exchanges for node in (edge.tail, edge.head)}
    operators = [r for r in readings if _is_operator(r, ends)]
    inside = {r.node.index for r in operators}
    boxes = [r for r in readings if r.node.index not in inside and _is_box(r)]
    sized = [r for r in operators if _is_sized(r)]
    drawn = [*operators, *boxes]
    reasons = [f"{count(len(drawn), 'operator')} of a model"] if drawn else []
    objections: list[str] = []
    if len(drawn) < _FEWEST or len(drawn) * 5 < len(readings):
        objections.append("few of its nodes are operators of a model")
    if sized:
        reasons.append(f"{count(len(sized), 'operator')} with sizes of tensors")
    flows = any(r.kind == "io" or r.node.in_edges or r.node.out_edges for r in readings if not r.annotation)
    if not sized and not flows and not declared and len({r.role.name for r in operators if r.role}) < _MOST_TABLED:
        objections.append("no tensor flows: it has no edges, inputs or outputs")
    placement = list(_placement(readings, declared=declared))
    ranked = [r for r in readings if not r.annotation and _is_ranked(r)]
    if len(ranked) >= _FEWEST:
        placement.append(f"{count(len(ranked), 'node')} with a rank or stage")
    labeled = not exchanges.isdisjoint(labels)  # an operator beside another exchange has a role
    stated = declared or sized or labeled or any(map(_names_degrees, readings)) or any(map(_is_placed, readings))
    if placement and not stated and _are_common(drawn, ranked):
        objections.append("its words have a meaning in other fields too, and it names no devices, degrees or sizes")
    reasons += placement
    if not placement and not (sized and any(map(_has_role_of_model, drawn))):
        objections.append("no devices, ranks, degrees or sizes of tensors are named")
    if len(sized) * 2 < len(drawn) or not sized:
        objections += _other_subjects(graph, readings, drawn, exchanges, labels.values())
    return Recognition(not objections, tuple(reasons), tuple(objections))


def _is_sized(reading: Reading) -> bool:
    tensors = reading.evidence.tensors
    sides = bool(tensors.inputs) + bool(tensors.outputs) + (reading.evidence.gpus is not None)
    return sides > 1 or any(len(dims.values) > 2 and any(dims.keys) for dims in tensors.bare)


def _exchanges(
    graph: Graph, readings: Sequence[Reading], vocabulary: Vocabulary, labels: Mapping[int, str]
) -> set[int]:
    """Return the indexes of edges along which tensors flow: a collective is their label or at one of their ends."""
    hubs = {r.node.index for r in readings if r.role is not None and r.role.collective and not _names_device(r)}
    found = {edge.index for edge in graph.edges if hubs and (edge.tail.index in hubs or edge.head.index in hubs)}
    for index, label in labels.items():
        role = vocabulary.role(label)
        if role is not None and role.collective and role.name != "broadcast":
            found.add(index)
    return found


def _is_operator(reading: Reading, ends: Collection[int]) -> bool:
    if reading.annotation:
        return False
    if _is_sized(reading) or reading.direction is not None:
        return True
    return _has_role_of_model(reading) and (reading.node.index in ends or not _names_device(reading))


def _has_role_of_model(reading: Reading) -> bool:
    return reading.role is not None and reading.role.name in _MODEL_ROLES


def _is_box(reading: Reading) -> bool:
    """Return whether the node represents a part of a model on devices: it states stage, layers, degrees or heads too."""
    evidence = reading.evidence
    if reading.annotation or reading.gpus is None:
        return False
    if _states_heads(reading):
        return True
    if _is_of_service(reading):
        return False
    part = reading.stage is not None or evidence.layers is not None or reading.layer is not None
    return part or read_degrees(" ".join(evidence.lines)) is not None


def _states_heads(reading: Reading) -> bool:
    """Return whether the node states which KV heads it holds, as no part of a service does."""
    return any(map(_KV_HEADS.search, reading.evidence.lines))


def _title(reading: Reading) -> list[str]:
    return plain_words(reading.evidence.title or reading.name).split()


def _is_of_memory(reading: Reading) -> bool:
    """Return whether the node is a region of memory: its title has such a word, or it has no edges and an amount of memory."""
    if not _MEMORY_WORDS.isdisjoint(_title(reading)):
        return True
    alone = not reading.node.in_edges and not reading.node.out_edges
    return alone and not reading.states_dims and any(_AMOUNT.search(line) for line in reading.evidence.lines)


def _names_device(reading: Reading) -> bool:
    """Return whether the title is the name of a device, whatever the other lines put on it."""
    if reading.states_dims:
        return False
    words = _title(reading)
    return bool(words) and set(words) <= _DEVICE_WORDS and not _is_box(reading)


def _is_of_service(reading: Reading) -> bool:
    return reading.kind != "io" and not reading.states_dims and not _SERVICE_WORDS.isdisjoint(_title(reading))


def _placement(readings: Sequence[Reading], *, declared: bool) -> Iterator[str]:
    """Yield what states where operators run or how they are divided."""
    placed = [r for r in readings if r.own_gpus or (r.evidence.gpus is not None and not r.evidence.gpus.host)]
    clusters = {r.gpus for r in readings if r.gpus}
    if len(placed) >= _FEWEST or len(clusters) > 1:
        yield f"{count(max(len(placed), sum(r.gpus is not None for r in readings)), 'node')} on devices"
    if declared:
        yield "a declared strategy"
    elif any(map(_names_degrees, readings)):
        yield "degrees in a header"


def _names_degrees(reading: Reading) -> bool:
    return reading.annotation and read_degrees(" ".join(reading.evidence.lines)) is not None


def _is_placed(reading: Reading) -> bool:
    """Return whether the node is on devices that are more than a rank: a rank may be one of an army."""
    words = {word for line in reading.evidence.lines for word in plain_words(line).split()}
    only_ranks = not _RANKS.isdisjoint(words) and (_DEVICE_WORDS - _RANKS).isdisjoint(words)
    return bool(reading.evidence.gpus or reading.gpus) and not only_ranks


def _are_common(drawn: Iterable[Reading], ranked: Sequence[Reading]) -> bool:
    """Return whether no operator and no rank has a name that only models have: experts and stages are not only theirs."""
    roles = {r.role.name for r in drawn if r.role}
    if any(r.direction is not None for r in ranked):
        return False
    return roles <= _COMMON_ROLES and all(_AXIS_WORDS.isdisjoint(r.evidence.name.words) for r in ranked)


def _is_ranked(reading: Reading) -> bool:
    words = _BATCH_WORDS.intersection(plain_words(f"{reading.name} {reading.evidence.title}").split())
    if reading.direction is not None and reading.micro_batch is not None and words:
        return True
    return (
        reading.stage is not None or reading.link is not None or not _RANK_WORDS.isdisjoint(reading.evidence.name.words)
    )


def _other_subjects(
    graph: Graph,
    readings: Sequence[Reading],
    drawn: Sequence[Reading],
    exchanges: Collection[int],
    labels: Iterable[str],
) -> Iterator[str]:
    """Yield what shows that the graph is about devices, programs or memory, not about tensors."""
    devices: set[int] = set()
    services = 0
    for reading in readings:  # in one pass, so that the words of each title are split once
        if _names_device(reading):
            devices.add(reading.node.index)
        services += not reading.annotation and _is_of_service(reading) and not _is_box(reading)
    between = sum(
        1
        for edge in graph.edges
        if devices and edge.index not in exchanges and not devices.isdisjoint((edge.tail.index, edge.head.index))
    )
    if between * 2 >= len(graph.edges) and between:
        yield f"{count(between, 'edge')} between devices, which tensors do not flow through"
    pairs = {(edge.tail.index, edge.head.index) for edge in graph.edges}
    named = {(edge.tail.index, edge.head.index) for edge in graph.edges if edge.index in exchanges}
    mutual = sum(1 for tail, head in pairs - named if tail != head and (head, tail) in pairs)
    if mutual * 2 >= len(pairs) and mutual:
        titled = sum(1 for r in readings if set(_title(r)) <= _DEVICE_WORDS)
        if titled * 2 >= len(readings):
            yield f"{count(mutual, 'edge')} that lead both ways between devices"
    links = sum(1 for label in labels if _LINK.search(label))
    if links * 2 >= len(graph.edges) and links:
        yield f"{count(links, 'edge')} with the bandwidth or kind of a link"
    if services * 2 >= len(drawn) and services and sum(map(_states_heads, drawn)) < _FEWEST:
        yield f"{count(services, 'part')} of a service or program"
    stored = sum(1 for r in drawn if _is_of_memory(r))
    if stored * 2 >= len(drawn) and stored:
        yield f"{count(stored, 'region')} of memory"
