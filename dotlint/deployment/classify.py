"""Derive the reading of every node from facts: phase, stage, layer, role and GPUs. All decisions are made here."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dotlint.data import graphviz
from dotlint.deployment.devices.decide import decide as decide_devices
from dotlint.deployment.facts import Facts, node_facts, subgraph_facts
from dotlint.deployment.inherited import Inherited
from dotlint.deployment.model import Deployment, Reading, Stage
from dotlint.deployment.numberings.apply import count_layers, set_numbers
from dotlint.deployment.numberings.axes import ancestors, worded_number
from dotlint.deployment.numberings.decide import decide
from dotlint.deployment.recognition import recognize
from dotlint.deployment.roles import settle_roles
from dotlint.deployment.training import set_directions
from dotlint.deployment.whole_boxes import mark_whole_box, stands_for_others
from dotlint.deployment.words import plain_words
from dotlint.strategy.declarations import read_degrees
from dotlint.strategy.gpus import GpuSet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dotlint.deployment.numberings.decision import Decision
    from dotlint.deployment.vocabulary import Vocabulary
    from dotlint.graph.model import Graph, Node, Subgraph

_PLAIN_SHAPES = {"plaintext", "none", "plain", "note"}


def read_deployment(
    graph: Graph,
    vocabulary: Vocabulary,
    expected: Mapping[tuple[str, int], GpuSet] | None = None,
    only_phase: str | None = None,
    *,
    declared: bool = False,
    unstaged: Collection[str] = (),
) -> Deployment:
    """Read a graph as a deployment.

    `expected` has the GPUs of each (phase, 0-based stage) that the declared strategy implies. They only assign stages
    to nodes that the file itself does not assign, so that a file is never bent to its declaration. `only_phase` is
    the phase of every node if the file is declared to contain only that phase; `declared` is whether a strategy is
    declared for the graph, and `unstaged` are the phases that it gives one stage.
    """
    cluster_facts: dict[int, Facts] = {}
    readings = [_own_reading(node, vocabulary, cluster_facts) for node in graph.nodes.values()]
    _set_gpus(readings, cluster_facts, vocabulary)
    _drop_unreliable_gpus(readings, vocabulary)
    settle_roles(readings, vocabulary)
    _mark_annotations(readings, vocabulary, graph)
    _decide_experts(readings)
    set_directions(graph, readings)
    phases = (
        _decide_phases(readings, graph, cluster_facts) if only_phase is None else _set_only_phase(readings, only_phase)
    )
    stages = 1 + max((stage for _, stage in expected or ()), default=0)
    certain = stages > 1 or bool(unstaged)
    decision = decide(graph, readings, cluster_facts, vocabulary, stages if certain else None)
    base = set_numbers(readings, decision)
    headers = _headers(readings, cluster_facts, decision, phases)
    stated = _stated_gpus(headers, base)
    # If the file states the GPUs of one stage, no other stage of the phase gets them from the strategy.
    stated_phases = {phase for phase, _ in stated}
    ranges = {**{key: gpus for key, gpus in (expected or {}).items() if key[0] not in stated_phases}, **stated}
    layer_ranges = _stated_layers(headers, base)
    of_layers: dict[tuple[str | None, int | None], set[int]] = {}
    of_gpus: dict[tuple[str | None, GpuSet | None], set[int]] = {}
    for reading in readings:
        # Stated layers take precedence over GPUs, which may be the mistake.
        _set_stage_by_layer(reading, layer_ranges, of_layers)
        _set_stage_by_gpus(reading, ranges, of_gpus, unstaged)
    count_layers(readings)
    units = _build_units(readings, phases, stated, layer_ranges)
    return Deployment(
        graph=graph,
        vocabulary=vocabulary,
        readings=readings,
        by_name={reading.name: reading for reading in readings},
        phases=phases,
        units=units,
        stage_base=base,
        recognition=recognize(graph, readings, vocabulary, declared=declared),
        layers=_layer_ranges(readings),
        undecided=decision.undecided,
        decision=decision,
        unread_devices=_unread_devices(readings, cluster_facts),
    )


def _unread_devices(readings: list[Reading], cluster_facts: dict[int, Facts]) -> tuple[str, ...]:
    """Return the texts of operators and clusters that name devices in a way that was not understood."""
    every = [*(reading.evidence for reading in readings), *cluster_facts.values()]
    return tuple(dict.fromkeys(e.gpus.unread for e in every if e.gpus and e.gpus.unread is not None))


def _layer_ranges(readings: list[Reading]) -> dict[str | None, tuple[int, int]]:
    """Return the first and last layer of the operators of each phase, counted through all stages."""
    found: dict[str | None, tuple[int, int]] = {}
    for reading in readings:
        layer = reading.layer_index
        if layer is not None and not reading.annotation:
            low, high = found.get(reading.phase, (layer, layer))
            found[reading.phase] = min(low, layer), max(high, layer)
    return found


def _own_reading(node: Node, vocabulary: Vocabulary, cluster_facts: dict[int, Facts]) -> Reading:
    """Derive what needs no other node."""
    for innermost in node.subgraphs:
        for subgraph in ancestors([innermost]):
            if id(subgraph) in cluster_facts:
                break  # and so are those around it
            cluster_facts[id(subgraph)] = subgraph_facts(subgraph, vocabulary)
    evidence = node_facts(node, vocabulary)
    return Reading(node, evidence, evidence.role)


def _set_gpus(readings: list[Reading], cluster_facts: dict[int, Facts], vocabulary: Vocabulary) -> None:
    """Set the GPUs of every node, after the file has decided what ambiguous texts about devices mean."""
    _decide_devices(readings, cluster_facts, vocabulary)

    def gpus_of(subgraph: Subgraph) -> GpuSet | None:
        gpus = cluster_facts[id(subgraph)].gpus
        return gpus.ids if gpus and not gpus.transfer else None

    inherited = Inherited(gpus_of)
    for reading in readings:
        evidence = reading.evidence
        gpus = evidence.gpus
        if gpus and gpus.ids is not None and not gpus.transfer:
            reading.gpus, reading.own_gpus = gpus.ids, True
            reading.because(f"GPUs {reading.gpus} from the label")
        elif gpus is None or gpus.peer:
            named = _gpu_in_name(evidence, vocabulary)
            inside = inherited.of(reading.node.subgraphs)
            if named is not None:
                reading.gpus, reading.own_gpus = GpuSet.of([named]), True
                reading.because(f"GPU {named} from the name")
            elif inside is not None:
                reading.gpus = inside
                reading.because(f"GPUs {inside} from the cluster")
        if evidence.role:
            reading.because(f"role {evidence.role.name} from `{evidence.title or reading.node.name}`")


def _decide_devices(readings: list[Reading], cluster_facts: dict[int, Facts], vocabulary: Vocabulary) -> None:
    """Replace what labels state about devices by what it means in this file."""
    stages = {key: worded_number(evidence, "stage", vocabulary) for key, evidence in cluster_facts.items()}
    inherited = Inherited(lambda subgraph: stages[id(subgraph)])
    stated = [(evidence.gpus, stages[key]) for key, evidence in cluster_facts.items() if evidence.gpus is not None]
    for reading in readings:
        if reading.evidence.gpus is not None:
            own = inherited.of(reading.node.subgraphs)
            stage = worded_number(reading.evidence, "stage", vocabulary) if own is None else own
            stated.append((reading.evidence.gpus, stage))
    changed = decide_devices(stated, len(readings))
    if not changed:
        return
    for reading in readings:
        if (gpus := reading.evidence.gpus) in changed:
            reading.evidence = replace(reading.evidence, gpus=changed[gpus])
    for key, evidence in cluster_facts.items():
        if evidence.gpus in changed:
            cluster_facts[key] = replace(evidence, gpus=changed[evidence.gpus])


def _gpu_in_name(evidence: Facts, vocabulary: Vocabulary) -> int | None:
    words = vocabulary.devices.words.names
    named = [n for w, n in zip(evidence.name.words, evidence.name.numbers, strict=True) if w in words]
    return named[0] if len(named) == 1 else None


def _drop_unreliable_gpus(readings: list[Reading], vocabulary: Vocabulary) -> None:
    """Remove GPUs that only names state, if name and label differ in nodes that have both (`gpu16`, GPU: 16-23)."""
    both = [
        (r.evidence.gpus.ids, named)
        for r in readings
        if r.evidence.gpus and r.evidence.gpus.ids and (named := _gpu_in_name(r.evidence, vocabulary)) is not None
    ]
    # Numbers that count within a stage match the labels of the first stage.
    if 5 * sum(1 for ids, named in both if ids == GpuSet.of([named])) >= 4 * len(both):
        return
    for reading in readings:
        if reading.own_gpus and reading.evidence.gpus is None:
            reading.gpus, reading.own_gpus = None, False


def _mark_annotations(readings: list[Reading], vocabulary: Vocabulary, graph: Graph) -> None:
    """Distinguish titles, legends and stage labels from operators; only a node without edges can be one."""
    connected = {r.evidence.name.family for r in readings if r.node.in_edges or r.node.out_edges}
    samples = _style_samples(readings)
    titled_sets = {s.start for s in graph.subgraphs if s.name is None and s.own_attributes}
    units = {word for word, axes in vocabulary.axes.items() if axes.keys() & {"stage", "replica"}}
    headings = vocabulary.annotation_words | vocabulary.devices.words.names | units
    legends: set[int] = set()
    for subgraph in graph.subgraphs:  # outer ones first
        text = f"{subgraph.name or ''}\n{subgraph.own_attributes.get('label', '')}"
        if "legend" in text.lower() or id(subgraph.parent) in legends:
            legends.add(id(subgraph))
    for reading in readings:
        node, evidence = reading.node, reading.evidence
        text = " ".join(evidence.lines) or node.name
        reading.summary = stands_for_others(evidence, node.name, vocabulary)
        if node.in_edges or node.out_edges or reading.states_dims:
            mark_whole_box(reading, vocabulary)
            continue
        words = [w for w in vocabulary.split(text) if w not in headings]
        title = plain_words(evidence.title or node.name).strip()
        in_legend = any(id(subgraph) in legends for subgraph in node.subgraphs)
        titled = any(title == t or title.startswith(t + " ") for t in vocabulary.annotation_titles)
        plain = node.attributes.get("shape", "").lower() in _PLAIN_SHAPES
        declares = (declared := read_degrees(text)) is not None and declared.several_axes
        if declares or _is_stray_word(node, titled_sets) or node.index in samples:
            reading.annotation = True
        elif in_legend or titled or (not words and bool(evidence.lines)) or (plain and reading.gpus is None):
            heads = in_legend or titled or (plain and not words)
            reading.annotation = heads or evidence.name.family not in connected
        if reading.annotation:
            reading.because("annotation: no edges, no dimensions, and only words of titles")
        else:
            mark_whole_box(reading, vocabulary)


_STYLE_ATTRIBUTES = {
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


def _style_samples(readings: list[Reading]) -> set[int]:
    """Return nodes that only define a style: `compute [shape=box]`, unconnected, in a file whose nodes have labels."""
    if 2 * sum(1 for r in readings if r.evidence.lines) <= len(readings):
        return set()
    found = [
        r
        for r in readings
        if not (r.evidence.lines or r.evidence.name.numbers or r.node.in_edges or r.node.out_edges)
        and r.kind != "io"
        and (own := r.node.own_attributes)
        and own.keys() <= _STYLE_ATTRIBUTES
    ]
    return {r.node.index for r in found} if len(found) > 1 else set()


def _is_stray_word(node: Node, titled_sets: Collection[int] = ()) -> bool:
    """Return whether an unconnected node without attributes is a word left by a missing quote or keyword.

    `style=rounded, filled` leaves a node `filled`; `cluster_0 {` without `subgraph` leaves a node `cluster_0`; a
    misspelled `subgrap` leaves a node of that name. `titled_sets` are the offsets of anonymous braces with a label or
    style.
    """
    word = node.name in graphviz.styles("node") or node.name.startswith("cluster") or _nearly_keyword(node.name.lower())
    if titled_sets and not word and len(node.statements) == 1:
        end = node.statements[0].core_end
        word = any(offset in titled_sets for offset in range(end, end + 3))
    return word and not any(statement.lists for statement in node.statements)


def _nearly_keyword(name: str, keyword: str = "subgraph") -> bool:
    """Return whether a name differs from the keyword by at most one letter."""
    if abs(len(name) - len(keyword)) > 1:
        return False
    deletions = [{word, *(word[:i] + word[i + 1 :] for i in range(len(word)))} for word in (name, keyword)]
    return not deletions[0].isdisjoint(deletions[1])


def _decide_experts(readings: list[Reading]) -> None:
    """Read `expert_0_3` as a range if the numbers of its whole family chain as ranges do, else as expert 0."""
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


def _decide_phases(readings: list[Reading], graph: Graph, cluster_facts: dict[int, Facts]) -> tuple[str, ...]:
    """Set the phase of every node, and return the phases.

    If a graph names only one phase, all nodes have that phase; "" if it names none.
    """
    explicit: dict[int, frozenset[str]] = {}
    inherited = Inherited(lambda subgraph: cluster_facts[id(subgraph)].phases or None)
    for reading in readings:
        stated = reading.evidence.phases
        if not stated:
            stated = inherited.of(reading.node.subgraphs) or frozenset()
        if stated:
            explicit[reading.node.index] = stated
    named = Counter(phase for phases in explicit.values() for phase in phases if len(phases) == 1)
    if not named:
        words = set(plain_words(graph.name or "").split())
        only = "decode" if words & {"decode", "decoding"} else "prefill" if "prefill" in words else ""
        for reading in readings:
            reading.phase = only
        return (only,)
    if "decode" not in named and len(named) == 1:
        (only,) = named
        for reading in readings:
            reading.phase = only
        return (only,)
    for reading in readings:
        stated = explicit.get(reading.node.index, frozenset())
        reading.phase = next(iter(stated)) if len(stated) == 1 else None
    unnamed = [r for r in readings if r.phase is None and r.node.index not in explicit]
    by_index = {r.node.index: r for r in readings}
    if set(named) == {"decode"} and _are_fed(unnamed, explicit):
        for reading in readings:
            reading.phase = "decode"
        return ("decode",)
    first = "prefill" if "prefill" in named or set(named) == {"decode"} else next(iter(named))
    for reading in unnamed:
        neighbors = [by_index[e.tail.index] for e in reading.node.in_edges] + [
            by_index[e.head.index] for e in reading.node.out_edges
        ]
        near = {explicit.get(r.node.index) for r in neighbors}
        # A numbered node has the phase of its family, whatever its edges; a single node that of its neighbors.
        alone = next((one for one in named if near == {frozenset({one})}), None)
        reading.phase = alone if alone and not reading.evidence.name.numbers else first
    present = {r.phase for r in readings}
    return tuple(phase for phase in dict.fromkeys(("prefill", "decode", *named)) if phase in present)


def _are_fed(unnamed: Collection[Reading], named: Collection[int]) -> bool:
    """Return whether nodes of decode feed operators that name no phase and get nothing from them: so these are no prefill."""
    fed = any(e.tail.index in named for r in unnamed if r.kind == "computation" for e in r.node.in_edges)
    return fed and not any(e.head.index in named for r in unnamed for e in r.node.out_edges)


def _set_only_phase(readings: list[Reading], phase: str) -> tuple[str, ...]:
    why = f"phase {phase}: the strategy assigns the file to it"
    for reading in readings:
        reading.phase = phase
        reading.because(why)
    return (phase,)


Header = tuple[str, int, "Facts"]


def _headers(
    readings: list[Reading], cluster_facts: dict[int, Facts], decision: Decision, phases: tuple[str, ...]
) -> list[Header]:
    """Return the phase, the stage as numbered in the file and the facts of every stage label and cluster."""
    found = [
        (r.phase or phases[0], stage, r.evidence)
        for r in readings
        if r.annotation and (stage := decision.number("stage", r.node.index)) is not None
    ]
    of_clusters = decision.of_clusters.get("stage", {})
    for cluster, evidence in cluster_facts.items():
        if cluster in of_clusters:
            phase = next(iter(evidence.phases)) if len(evidence.phases) == 1 else phases[0]
            found.append((phase if phase in phases else phases[0], of_clusters[cluster], evidence))
    return found


def _stated_gpus(headers: list[Header], base: int) -> dict[tuple[str, int], GpuSet]:
    stated: dict[tuple[str, int], GpuSet] = {}
    for phase, stage, evidence in headers:
        if evidence.gpus and evidence.gpus.ids is not None:
            stated.setdefault((phase, stage - base), evidence.gpus.ids)
    return stated


def _stated_layers(headers: list[Header], base: int) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """Return the layers of each stage, several ranges if it is interleaved with others."""
    stated: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for phase, stage, evidence in headers:
        if evidence.layers and evidence.layers not in (known := stated.setdefault((phase, stage - base), [])):
            known.append(evidence.layers)
    return stated


def _set_stage_by_gpus(
    reading: Reading,
    ranges: Mapping[tuple[str, int], GpuSet],
    known: dict[tuple[str | None, GpuSet | None], set[int]],
    unstaged: Collection[str],
) -> None:
    """Set the only stage that has all GPUs of the node; `known` caches the candidates of previous nodes.

    A phase that is in none of the ranges has the stages of the others, unless it is `unstaged`.
    """
    if reading.stage is not None or reading.gpus is None or reading.link or reading.annotation or not ranges:
        return
    fits = known.get((reading.phase, reading.gpus))
    if fits is None:
        fits = {stage for (phase, stage), gpus in ranges.items() if phase == reading.phase and reading.gpus <= gpus}
        if not fits and reading.phase not in unstaged and not any(phase == reading.phase for phase, _ in ranges):
            fits = {stage for (_, stage), gpus in ranges.items() if reading.gpus <= gpus}
        known[reading.phase, reading.gpus] = fits
    if len(fits) == 1:
        reading.stage, reading.stage_from_gpus = next(iter(fits)), True
        reading.because(f"its GPUs {reading.gpus} lie within those of one stage")


def _set_stage_by_layer(
    reading: Reading,
    ranges: Mapping[tuple[str, int], list[tuple[int, int]]],
    known: dict[tuple[str | None, int | None], set[int]],
) -> None:
    """Set the only stage that has the layer of the node; `known` caches the candidates of previous nodes."""
    if reading.stage is not None or reading.layer is None or reading.annotation or reading.link:
        return
    fits = known.get((reading.phase, reading.layer))
    if fits is None:
        fits = {
            s
            for (phase, s), some in ranges.items()
            if phase == reading.phase and any(low <= reading.layer <= high for low, high in some)
        }
        known[reading.phase, reading.layer] = fits
    if len(fits) == 1:
        reading.stage = next(iter(fits))
        reading.because(f"layer {reading.layer} lies within those of one stage")


def _build_units(
    readings: list[Reading],
    phases: tuple[str, ...],
    stated: Mapping[tuple[str, int], GpuSet],
    layers: Mapping[tuple[str, int], list[tuple[int, int]]],
) -> dict[str, dict[int, Stage]]:
    units: dict[str, dict[int, Stage]] = {phase: {} for phase in phases}
    for reading in readings:
        if reading.stage is None or reading.phase is None or reading.stage < 0:
            continue
        key = (reading.phase, reading.stage)
        unit = units[reading.phase].get(reading.stage)
        if unit is None:
            ranges = tuple(layers.get(key, ()))
            unit = units[reading.phase][reading.stage] = Stage(*key, stated=stated.get(key), ranges=ranges)
        if not reading.annotation:
            unit.operators.append(reading)
        elif not _is_stray_word(reading.node):
            unit.headers.append(reading)
    return {phase: dict(sorted(found.items())) for phase, found in units.items()}
