"""The one place where evidence becomes decisions: phase, stage, layer, role, GPUs of every node."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING

from dotlint.data import graphviz
from dotlint.deployment.facts import Evidence, of_node, of_subgraph
from dotlint.deployment.model import Deployment, Reading, Unit
from dotlint.deployment.numbering import number_layers
from dotlint.deployment.words import plain_words
from dotlint.strategy.declarations import read_degrees
from dotlint.strategy.gpus import GpuSet
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.graph.model import Graph, Node, Subgraph

_TELLING = {
    "qkv", "query", "key-projection", "value-projection", "output-projection", "norm", "attention", "expert", "mlp",
    "mlp-up", "mlp-down", "all-reduce", "all-gather", "reduce-scatter", "all-to-all", "dispatch", "combine",
    "sequence-split", "sequence-gather", "kv-cache", "kv-transfer", "embedding", "head",
}  # fmt: skip
_TRANSFERS = ("send", "receive", "transfer")
_PLAIN_SHAPES = {"plaintext", "none", "plain", "note"}


def read_deployment(
    graph: Graph,
    vocabulary: Vocabulary,
    expected: Mapping[tuple[str, int], GpuSet] | None = None,
    only_phase: str | None = None,
) -> Deployment:
    """Read a graph as a deployment; `only_phase` is every node's phase where the file is declared to be of one.

    `expected` gives the GPUs of each (phase, 0-based stage) that the declared strategy implies; it only places
    nodes that the file itself does not place, so that a file is never bent to what was declared of it.
    """
    around: dict[int, Evidence] = {}
    readings = [_first(node, vocabulary, around) for node in graph.nodes.values()]
    _distrust_names(readings)
    _mark_annotations(readings, vocabulary, graph)
    _decide_experts(readings)
    phases = _decide_phases(readings, graph, around) if only_phase is None else _all_of(readings, only_phase)
    base = _stage_base(readings, around)
    for reading in readings:
        _explicit_stage(reading, around, base)
    _distrust_steps(readings)
    stated = _stated_gpus(readings, around, phases, base)
    told = {phase for phase, _ in stated}  # where the file says it of one stage, nothing is filled in from elsewhere
    ranges = {**{key: gpus for key, gpus in (expected or {}).items() if key[0] not in told}, **stated}
    layer_ranges = _stated_layers(readings, around, phases, base)
    of_layers: dict[tuple[str | None, int | None], set[int]] = {}
    of_gpus: dict[tuple[str | None, GpuSet | None], set[int]] = {}
    for reading in readings:
        # What is said of layers goes before what is worked out from GPUs, which may be the mistake.
        _place_by_layer(reading, layer_ranges, of_layers)
        _place_by_gpus(reading, ranges, of_gpus)
    number_layers(readings, layer_ranges)
    units = _units(readings, phases, stated, layer_ranges)
    return Deployment(
        graph=graph,
        vocabulary=vocabulary,
        readings=readings,
        by_name={reading.name: reading for reading in readings},
        phases=phases,
        units=units,
        stage_base=base,
        recognised=_recognise(readings),
        layers=_layers(readings),
    )


def _layers(readings: list[Reading]) -> dict[str | None, tuple[int, int]]:
    """Return the first and the last layer of the operators of each phase."""
    found: dict[str | None, tuple[int, int]] = {}
    for reading in readings:
        if reading.layer is not None and not reading.annotation:
            low, high = found.get(reading.phase, (reading.layer, reading.layer))
            found[reading.phase] = min(low, reading.layer), max(high, reading.layer)
    return found


def _clusters(node: Node) -> list[Subgraph]:
    found: list[Subgraph] = []
    for innermost in node.subgraphs:
        found.append(innermost)
        found.extend(innermost.ancestors)
    return found


def _of_cluster(subgraph: Subgraph, vocabulary: Vocabulary, around: dict[int, Evidence]) -> Evidence:
    found = around.get(id(subgraph))
    if found is None:
        found = around[id(subgraph)] = of_subgraph(subgraph, vocabulary)
    return found


def _first(node: Node, vocabulary: Vocabulary, around: dict[int, Evidence]) -> Reading:
    """Decide what needs no other node: role, own GPUs, layer."""
    evidence = of_node(node, vocabulary)
    reading = Reading(node, evidence, evidence.role, layer=evidence.layer)
    clusters = [_of_cluster(subgraph, vocabulary, around) for subgraph in _clusters(node)]
    if evidence.gpus and evidence.gpus.ids is not None and not evidence.gpus.transfer:
        reading.gpus, reading.own_gpus = evidence.gpus.ids, True
        reading.because(f"GPUs {reading.gpus} from the label")
    elif evidence.gpus is None:
        named = _named_gpu(evidence)
        inside = next((e.gpus.ids for e in clusters if e.gpus and e.gpus.ids is not None), None)
        if named is not None:
            reading.gpus, reading.own_gpus = GpuSet.of([named]), True
            reading.because(f"GPU {named} from the name")
        elif inside is not None:
            reading.gpus = inside
            reading.because(f"GPUs {inside} from the cluster")
    if reading.layer is None:
        reading.layer = next((e.layer for e in clusters if e.layer is not None), None)
    if evidence.role:
        reading.because(f"role {evidence.role.name} from `{evidence.title or node.name}`")
    return reading


def _named_gpu(evidence: Evidence) -> int | None:
    named = [n for w, n in zip(evidence.name.words, evidence.name.numbers, strict=True) if w in {"gpu", "device"}]
    return named[0] if len(named) == 1 else None


def _distrust_names(readings: list[Reading]) -> None:
    """Take GPUs back that only names give where, in nodes that have both, label and name differ (`gpu16`, GPU: 16-23)."""
    both = [
        (r.evidence.gpus.ids, named)
        for r in readings
        if r.evidence.gpus and r.evidence.gpus.ids and (named := _named_gpu(r.evidence)) is not None
    ]
    # Numbers that count within a stage agree with the labels of the first one.
    if 5 * sum(1 for ids, named in both if ids == GpuSet.of([named])) >= 4 * len(both):
        return
    for reading in readings:
        if reading.own_gpus and reading.evidence.gpus is None:
            reading.gpus, reading.own_gpus = None, False


def _mark_annotations(readings: list[Reading], vocabulary: Vocabulary, graph: Graph) -> None:
    """Tell titles, legends and stage labels from operators; only what no edge touches can be one."""
    connected = {r.evidence.name.family for r in readings if r.node.in_edges or r.node.out_edges}
    samples = _samples(readings)
    titled_sets = {s.start for s in graph.subgraphs if s.name is None and s.own_attributes}
    legends: set[int] = set()
    for subgraph in graph.subgraphs:  # outer ones first
        said = f"{subgraph.name or ''}\n{subgraph.own_attributes.get('label', '')}"
        if "legend" in said.lower() or id(subgraph.parent) in legends:
            legends.add(id(subgraph))
    for reading in readings:
        node, evidence = reading.node, reading.evidence
        text = " ".join(evidence.lines) or node.name
        reading.summary = _is_summary(evidence, node.name, vocabulary)
        if node.in_edges or node.out_edges or reading.states_dims:
            _mark_block(reading, vocabulary)
            continue
        words = [w for w in plain_words(text).split() if w not in vocabulary.annotation_words]
        title = plain_words(evidence.title or node.name).strip()
        in_legend = any(id(subgraph) in legends for subgraph in node.subgraphs)
        titled = any(title == t or title.startswith(t + " ") for t in vocabulary.annotation_titles)
        plain = node.attributes.get("shape", "").lower() in _PLAIN_SHAPES
        declares = (declared := read_degrees(text)) is not None and declared.several_axes
        if declares or _fallen_out(node, titled_sets) or node.index in samples:
            reading.annotation = True
        elif in_legend or titled or (not words and bool(evidence.lines)) or (plain and reading.gpus is None):
            reading.annotation = in_legend or titled or evidence.name.family not in connected
        if reading.annotation:
            reading.because("annotation: connected to nothing, no dimensions, and nothing but words of a title")


_LOOK = {
    "shape",
    "style",
    "color",
    "fillcolor",
    "fontcolor",
    "fontname",
    "fontsize",
    "penwidth",
    "peripheries",
    "class",
}


def _samples(readings: list[Reading]) -> set[int]:
    """Nodes that only show a look: `compute [shape=box]` and `comm [shape=ellipse]`, never joined, in a file of labels."""
    if 2 * sum(1 for r in readings if r.evidence.lines) <= len(readings):
        return set()
    found = [
        r
        for r in readings
        if not (r.evidence.lines or r.evidence.name.numbers or r.node.in_edges or r.node.out_edges)
        and r.kind != "io"
        and (own := r.node.own_attributes)
        and own.keys() <= _LOOK
    ]
    return {r.node.index for r in found} if len(found) > 1 else set()


_LIST = regex(r"\[[^\[\]]*\]")
_NOT_OF_NODES = regex(r"\s*(?:(?:in|out)(?:puts?)?\s*\d*\s*[:=]|gpus?\b|devices?\b)", re.IGNORECASE)


def _is_summary(evidence: Evidence, name: str, vocabulary: Vocabulary) -> bool:
    """Return whether name or label say that the node stands for others; `Output: same as input` speaks of tensors."""
    lines = [name.replace("_", " "), *evidence.lines]
    said = "\n".join(lines).lower()
    if not any(phrase in said for phrase in vocabulary.summary_phrases):
        return False
    said = "\n".join(_LIST.sub("", line) for line in lines if not _NOT_OF_NODES.match(line)).lower()
    return any(phrase in said for phrase in vocabulary.summary_phrases)


def _fallen_out(node: Node, titled_sets: Collection[int] = ()) -> bool:
    """Return whether a node without edges and attributes of its own is a word that a missing quote or keyword made one.

    `style=rounded, filled` leaves a node `filled`, `cluster_0 {` without `subgraph` a node `cluster_0`, and `subgrap`
    one of that name. `titled_sets` are the places of braces without a name that have a label or a look.
    """
    word = node.name in graphviz.styles("node") or node.name.startswith("cluster") or _nearly(node.name.lower())
    if titled_sets and not word and len(node.statements) == 1:
        end = node.statements[0].core_end
        word = any(place in titled_sets for place in range(end, end + 3))
    return word and not any(statement.lists for statement in node.statements)


def _nearly(name: str, keyword: str = "subgraph") -> bool:
    """Return whether one letter more, less or other makes a name the keyword."""
    if abs(len(name) - len(keyword)) > 1:
        return False
    rests = [{word, *(word[:i] + word[i + 1 :] for i in range(len(word)))} for word in (name, keyword)]
    return not rests[0].isdisjoint(rests[1])


def _mark_block(reading: Reading, vocabulary: Vocabulary) -> None:
    """Tell a whole stage or phase drawn as one block from an operator: its title has no word but those of headers."""
    words = set(vocabulary.normalise(reading.evidence.title).split())
    if words & {"stage", "phase", "pipeline"} and words <= vocabulary.annotation_words and not reading.states_dims:
        reading.summary, reading.role = True, None
        reading.because(f"a block that stands for a whole stage or phase: `{reading.evidence.title}`")


def _decide_experts(readings: list[Reading]) -> None:
    """Read `expert_0_3` as a range where the file's whole family chains as ranges do, else as expert 0."""
    families: dict[tuple[str, tuple[int, ...]], list[Reading]] = {}
    for reading in readings:
        if not reading.is_role("expert"):
            continue
        reading.experts = reading.evidence.experts
        name = reading.evidence.name
        if (len(name.numbers) >= 2 and name.words[-2:] == ("expert", "")) or name.words[-2:] == ("experts", ""):
            families.setdefault((name.family, name.numbers[:-2]), []).append(reading)
    for members in families.values():
        pairs = sorted({r.evidence.name.numbers[-2:] for r in members})
        chained = all(two[0] == one[1] + 1 for one, two in itertools.pairwise(pairs))
        if len(pairs) > 1 and chained and all(low < high for low, high in pairs):
            for reading in members:
                reading.experts = (reading.evidence.name.numbers[-2], reading.evidence.name.numbers[-1])


def _decide_phases(readings: list[Reading], graph: Graph, around: dict[int, Evidence]) -> tuple[str, ...]:
    """Return every node its phase; a graph in which only one phase is named has that one, most often "" (none named)."""
    explicit: dict[int, frozenset[str]] = {}
    for reading in readings:
        said = reading.evidence.phases
        if not said:
            said = next((around[id(s)].phases for s in _clusters(reading.node) if around[id(s)].phases), frozenset())
        if said:
            explicit[reading.node.index] = said
    named = Counter(phase for phases in explicit.values() for phase in phases if len(phases) == 1)
    if not named:
        words = set(plain_words(graph.name or "").split())
        only = "decode" if words & {"decode", "decoding"} else "prefill" if "prefill" in words else ""
        for reading in readings:
            reading.phase = only
        return (only,)
    if "decode" not in named:
        for reading in readings:
            reading.phase = "prefill"
        return ("prefill",)
    for reading in readings:
        said = explicit.get(reading.node.index, frozenset())
        reading.phase = next(iter(said)) if len(said) == 1 else None
    unnamed = [r for r in readings if r.phase is None and r.node.index not in explicit]
    by_index = {r.node.index: r for r in readings}
    for reading in unnamed:
        beside = [by_index[e.tail.index] for e in reading.node.in_edges] + [
            by_index[e.head.index] for e in reading.node.out_edges
        ]
        near = {explicit.get(r.node.index) for r in beside}
        # A node that is one of many is of their phase, whatever it is joined to; one alone goes with its neighbours.
        only_decode = not reading.evidence.name.numbers and near == {frozenset({"decode"})}
        reading.phase = "decode" if only_decode else "prefill"
    present = {r.phase for r in readings}
    return tuple(phase for phase in ("prefill", "decode") if phase in present)


def _all_of(readings: list[Reading], phase: str) -> tuple[str, ...]:
    why = f"phase {phase}: the strategy names the file for it"
    for reading in readings:
        reading.phase = phase
        reading.because(why)
    return (phase,)


def _stage_base(readings: list[Reading], around: dict[int, Evidence]) -> int:
    numbers = [e.stage for e in around.values() if e.stage is not None]
    numbers += [r.evidence.stage for r in readings if r.evidence.stage is not None]
    numbers += [n for r in readings if r.evidence.link for n in r.evidence.link]
    return 0 if not numbers or 0 in numbers else 1


def _explicit_stage(reading: Reading, around: dict[int, Evidence], base: int) -> None:
    if reading.evidence.link is not None:
        return
    if reading.evidence.stage is not None:
        reading.stage = reading.evidence.stage - base
        reading.because(f"stage {reading.evidence.stage} from its name or label")
        return
    for subgraph in _clusters(reading.node):
        said = around[id(subgraph)].stage
        if said is not None:
            reading.stage = said - base
            reading.because(f"stage {said} from cluster `{subgraph.name or ''}`")
            return


def _distrust_steps(readings: list[Reading]) -> None:
    """Take stages back that only transfers name and that meet in one layer: steps of a ring, not of the pipeline."""
    staged = [r for r in readings if r.stage is not None]
    if not staged or not all(r.evidence.stage is not None and r.is_role(*_TRANSFERS) for r in staged):
        return
    of_layer: dict[int | None, set[int | None]] = {}
    for reading in staged:
        of_layer.setdefault(reading.layer, set()).add(reading.stage)
    if of_layer.keys() <= {None} or not all(len(stages) > 1 for stages in of_layer.values()):
        return
    for reading in staged:
        reading.stage = None
        reading.because("no pipeline stage: transfers of one layer count their steps so")


def _headers(
    readings: list[Reading], around: dict[int, Evidence], phases: tuple[str, ...]
) -> list[tuple[str, Evidence]]:
    """Collect what stage labels and clusters say, each with the phase it speaks of."""
    found = [(r.phase or phases[0], r.evidence) for r in readings if r.annotation and r.evidence.stage is not None]
    for evidence in around.values():
        if evidence.stage is not None:
            phase = next(iter(evidence.phases)) if len(evidence.phases) == 1 else phases[0]
            found.append((phase if phase in phases else phases[0], evidence))
    return found


def _stated_gpus(
    readings: list[Reading], around: dict[int, Evidence], phases: tuple[str, ...], base: int
) -> dict[tuple[str, int], GpuSet]:
    stated: dict[tuple[str, int], GpuSet] = {}
    for phase, evidence in _headers(readings, around, phases):
        if evidence.gpus and evidence.gpus.ids is not None and evidence.stage is not None:
            stated.setdefault((phase, evidence.stage - base), evidence.gpus.ids)
    return stated


def _stated_layers(
    readings: list[Reading], around: dict[int, Evidence], phases: tuple[str, ...], base: int
) -> dict[tuple[str, int], tuple[int, int]]:
    stated: dict[tuple[str, int], tuple[int, int]] = {}
    for phase, evidence in _headers(readings, around, phases):
        if evidence.layers and evidence.stage is not None:
            stated.setdefault((phase, evidence.stage - base), evidence.layers)
    return stated


def _place_by_gpus(
    reading: Reading,
    ranges: Mapping[tuple[str, int], GpuSet],
    known: dict[tuple[str | None, GpuSet | None], set[int]],
) -> None:
    """Set the stage that alone has all of the node's GPUs; `known` are the fitting stages of the nodes before."""
    if reading.stage is not None or reading.gpus is None or reading.evidence.link or reading.annotation or not ranges:
        return
    fits = known.get((reading.phase, reading.gpus))
    if fits is None:
        fits = {stage for (phase, stage), gpus in ranges.items() if phase == reading.phase and reading.gpus <= gpus}
        if not fits and not any(phase == reading.phase for phase, _ in ranges):
            fits = {stage for (_, stage), gpus in ranges.items() if reading.gpus <= gpus}
        known[reading.phase, reading.gpus] = fits
    if len(fits) == 1:
        reading.stage, reading.placed_by_gpus = next(iter(fits)), True
        reading.because(f"its GPUs {reading.gpus} lie within those of one stage")


def _place_by_layer(
    reading: Reading,
    ranges: Mapping[tuple[str, int], tuple[int, int]],
    known: dict[tuple[str | None, int | None], set[int]],
) -> None:
    """Set the stage that alone has the node's layer; `known` are the fitting stages of the nodes before."""
    if reading.stage is not None or reading.layer is None or reading.annotation or reading.evidence.link:
        return
    fits = known.get((reading.phase, reading.layer))
    if fits is None:
        fits = {
            s for (phase, s), (low, high) in ranges.items() if phase == reading.phase and low <= reading.layer <= high
        }
        known[reading.phase, reading.layer] = fits
    if len(fits) == 1:
        reading.stage = next(iter(fits))
        reading.because(f"layer {reading.layer} lies within those of one stage")


def _units(
    readings: list[Reading],
    phases: tuple[str, ...],
    stated: Mapping[tuple[str, int], GpuSet],
    layers: Mapping[tuple[str, int], tuple[int, int]],
) -> dict[str, dict[int, Unit]]:
    units: dict[str, dict[int, Unit]] = {phase: {} for phase in phases}
    for reading in readings:
        if reading.stage is None or reading.phase is None or reading.stage < 0:
            continue
        key = (reading.phase, reading.stage)
        unit = units[reading.phase].get(reading.stage)
        if unit is None:
            unit = units[reading.phase][reading.stage] = Unit(*key, stated=stated.get(key), layers=layers.get(key))
        if not reading.annotation:
            unit.operators.append(reading)
        elif not _fallen_out(reading.node):
            unit.headers.append(reading)
    return {phase: dict(sorted(found.items())) for phase, found in units.items()}


def _recognise(readings: list[Reading]) -> bool:
    """Return whether the graph speaks of a deployment: roles that mean little elsewhere, GPUs, tensor dimensions, degrees."""
    telling = 0
    for reading in readings:
        evidence = reading.evidence
        sides = evidence.tensors.inputs and evidence.tensors.outputs
        sized = any(len(d.values) > 2 and any(d.keys) for d in evidence.tensors.bare)
        if reading.is_role(*_TELLING) or evidence.gpus is not None or sides or sized:
            telling += 1
    return telling >= 2 and telling * 5 >= len(readings)
