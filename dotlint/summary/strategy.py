"""The sections on the strategy, its GPUs and its stages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dotlint.deployment.infer import infer
from dotlint.deployment.shards import groups, one_layer_each
from dotlint.deployment.unit import phase_unit
from dotlint.strategy.gpus import union
from dotlint.summary.communication import SEQUENCES
from dotlint.summary.ledger import STRATEGY, fact
from dotlint.summary.model import Line, SummarySection
from dotlint.text.english import count, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotlint.deployment.model import Deployment, Stage
    from dotlint.deployment.shards import Group
    from dotlint.engine.finding import Finding
    from dotlint.strategy import GpuSet, Phase
    from dotlint.summary.ledger import Ledger

_SOURCES = {"option": "declared", "configuration": "from the configuration", "file": "as the file declares it"}
EACH_STAGE = "each stage"
_GPU_LINES = (
    "GPUs of stages", "stages apart", "GPUs of shards and expert groups", "ids within range", "pool",
    "names and labels agree",
)  # fmt: skip
_SUMS = (
    ("heads over TP", "tp"),
    ("experts over EP", "ep"),
    ("sequence over SP", "sp"),
    ("layers over PP", "pp"),
)
_ENGINE_LINES = (
    "feed-forward widths over TP", "global batch", "decode context parallelism", "sequence parallelism with experts",
)  # fmt: skip


def strategy_section(ledger: Ledger) -> SummarySection:
    """Check the degrees and GPUs of each phase against the graph and the model."""
    return SummarySection("Parallel strategy", tuple(_strategy(ledger)))


def _strategy(ledger: Ledger) -> Iterator[Line]:
    context = ledger.context
    strategy = context.strategy
    if strategy is None:
        yield Line("undecided", "degrees", "no strategy is declared", STRATEGY)
    for phase in strategy.phases if strategy is not None else ():
        yield from _phase(ledger, phase)
    yield from _drawn(ledger)
    if strategy is None:
        return
    for line, axis in _SUMS:
        if any(phase.degrees.get(axis) > 1 for phase in strategy.phases):
            yield ledger.decided(line)
    yield from ledger.if_decided("rank grids", *_ENGINE_LINES)
    yield ledger.decided("memory of each GPU")


def _of_phase(finding: Finding, phase: str) -> bool:
    """Return whether a finding is about this phase as a whole, or about no unit."""
    return finding.about == phase_unit(phase) or finding.about is None


def _phase(ledger: Ledger, phase: Phase) -> Iterator[Line]:
    degrees = ", ".join(f"{axis.upper()}={degree}" for axis, degree in phase.degrees.to_dict().items())
    name = phase.name or "all phases"
    gpus = f"{count(phase.total, 'GPU')} ({phase.gpus.short()})"
    if phase.assumed:
        text = f"{degrees} on the {gpus} of prefill, assumed because it is not declared"
        yield Line("undecided", name, text, f"its strategy: `--strategy '{phase.name}=...'`")
        return
    source = _SOURCES.get(ledger.context.file.strategy_source or "", "declared")
    own = [f for f in ledger.findings("degrees") if _of_phase(f, phase.name)]
    passed = [item for item in ledger.passed_items("degrees") if item.about == phase_unit(phase.name)]
    # If the file itself declares the strategy, there is no other declaration to compare it with.
    agrees = bool(passed) or ledger.context.file.strategy_source == "file"
    headers = "; ".join(dict.fromkeys(detail for item in passed for detail in item.details))
    text = f"{degrees}: {gpus}, {source}" + (f"; {headers}" if headers else "")
    needs = "a header in the file that declares it"
    yield ledger.decided("degrees", text, subject=name, findings=own, counted=agrees or None, needs=needs)


def _drawn(ledger: Ledger) -> Iterator[Line]:
    """Count the degrees that are drawn, and compare them with the declared ones."""
    deployment, context = ledger.context.deployment, ledger.context
    for name in deployment.phases:
        phase = context.phase(name)
        degrees = phase.degrees.to_dict() if phase is not None else {}
        of = name if len(deployment.phases) > 1 else ""
        drawn = [unit for unit in deployment.units.get(name, {}).values() if unit.operators]
        if drawn:
            yield _figure(ledger, of, "PP", len(drawn), f"{count(len(drawn), 'stage')} drawn", degrees, "stages")
        attention = _usual(len(g.members) for g in _units(deployment, name, "qkv", "query", "attention"))
        if attention > 1:
            text = f"attention is drawn {attention} times in a unit"
            yield _figure(ledger, of, "attention", attention, text, degrees, "shards of attention")
        experts = _units(deployment, name, "expert")
        nodes, sets = _usual(len(g.members) for g in experts), _usual(len(g.gpu_sets) for g in experts if g.placed)
        if nodes > 1:
            text = f"{nodes} nodes of experts in a unit" + (f", on {count(sets, 'set')} of GPUs" if sets > 1 else "")
            number = nodes if nodes == degrees.get("ep") or sets < 2 else sets
            yield _figure(ledger, of, "experts", number, text, degrees, "expert groups")
        split = infer(deployment, {}).phases[deployment.phases.index(name)].degrees.get("sp")
        if split is not None:
            yield _figure(ledger, of, "SP", split.value, split.because, degrees, SEQUENCES)


def _units(deployment: Deployment, phase: str, *roles: str) -> list[Group]:
    """Return the groups of these roles whose nodes certainly are one operator of one layer."""
    return [g for g in groups(deployment, *roles) if g.phase == phase and one_layer_each(deployment, g)]


def _usual(numbers: Iterable[int]) -> int:
    return next((number for number, _ in Counter(numbers).most_common(1)), 0)


def _figure(ledger: Ledger, phase: str, what: str, number: int, text: str, degrees: dict[str, int], line: str) -> Line:
    """Return the line for one number: the declared degrees that it equals, or else the findings of `line`.

    `phase` is empty if there is only one. Sixteen nodes may be sixteen shards or sixteen parts of a sequence; the strategy distinguishes these.
    """
    own = {"PP": "pp", "attention": "tp", "experts": "ep", "SP": "sp"}[what]
    equal = _equal(number, own, degrees)
    declared = ", ".join(f"{axis.upper()}={degrees[axis]}" for axis in equal)
    subject = f"{' and '.join(axis.upper() for axis in equal) or what} as drawn{f' in {phase}' if phase else ''}"
    if equal:
        return ledger.counted(subject, f"{text}, as {declared}", holds=True)
    found = [
        f for f in ledger.findings(line) if _of_phase(f, phase) or (f.about is not None and f.about.phase == phase)
    ]
    if degrees:
        text += f"; the strategy has {own.upper()}={degrees.get(own, 1)}"
    return ledger.counted(subject, text, findings=found, holds=False)


def _equal(number: int, own: str, degrees: dict[str, int]) -> list[str]:
    """Return the axes whose degree, or product of degrees, is a number: the expected axis `own`, or two axes."""
    if degrees.get(own) == number:
        return [own]
    if own in {"pp", "sp"} or degrees.get(own, 1) > number:
        return []
    others = [axis for axis, degree in degrees.items() if degree > 1 and axis not in {own, "pp", "vpp"}]
    if degrees.get(own, 1) == 1:
        return next(([axis] for axis in others if degrees[axis] == number), [])
    return next(([own, axis] for axis in others if degrees[own] * degrees[axis] == number), [])


def stages_section(ledger: Ledger) -> SummarySection | None:
    """List each stage with its GPUs, layers, operators and edges, and check the links between stages."""
    lines = tuple(_stages(ledger))
    return SummarySection("Pipeline stages", lines) if lines else None


def _stages(ledger: Ledger) -> Iterator[Line]:
    deployment = ledger.context.deployment
    units = {phase: {s: u for s, u in some.items() if u.operators} for phase, some in deployment.units.items()}
    if not any(units.values()):
        return
    for name, drawn in units.items():
        if not drawn:
            continue
        phase = ledger.context.phase(name)
        where = name if name and len(deployment.phases) > 1 else "stages"
        declared = phase.stage_count if phase is not None else None
        own = [f for f in ledger.findings("stages") if _of_phase(f, name)]
        text = f"{count(len(drawn), 'stage')} drawn" + (f" of {declared}" if declared is not None else "")
        complete = declared is not None and set(drawn) == set(range(declared))
        needs = STRATEGY if declared is None else None
        yield ledger.decided(
            "stages", text, subject=where, findings=own, counted=complete if declared else None, needs=needs
        )
        for unit in drawn.values():
            yield _stage(ledger, unit)
    yield from _links(ledger, units)
    yield from _layers(ledger)


def _stage(ledger: Ledger, unit: Stage) -> Line:
    deployment = ledger.context.deployment
    title = deployment.unit(unit.phase, unit.stage)
    inside = {r.name for r in unit.operators}
    edges = sum(1 for r in unit.operators for edge in r.node.out_edges if edge.head.name in inside)
    gpus = unit.stated or union(r.gpus for r in unit.operators if r.gpus)
    parts = [f"GPUs {gpus.short()}"] if gpus else ["no GPUs named"]
    layers = unit.layers or _range([r.layer for r in unit.operators if r.layer is not None])
    if layers is not None:
        parts.append(f"layer {layers[0]}" if layers[0] == layers[1] else f"layers {layers[0]}-{layers[1]}")
    parts += [count(len(unit.operators), "operator"), count(edges, "edge") + " inside"]
    return ledger.counted(str(title), ", ".join(parts), findings=ledger.findings(EACH_STAGE, unit=title))


def _range(layers: list[int]) -> tuple[int, int] | None:
    return (min(layers), max(layers)) if layers else None


def _links(ledger: Ledger, units: dict[str, dict[int, Stage]]) -> Iterator[Line]:
    deployment = ledger.context.deployment
    crossing: Counter[tuple[str, int, int]] = Counter()
    for edge in ledger.context.graph.edges:
        one, two = deployment.readings[edge.tail.index], deployment.readings[edge.head.index]
        if one.phase is None or one.phase != two.phase or one.stage is None or two.stage is None:
            continue
        if one.stage != two.stage:
            crossing[one.phase, one.stage, two.stage] += 1
    links = [
        f"{_name(ledger, phase, one)} to {_name(ledger, phase, two)}" + (f" (×{n})" if n > 1 else "")
        for (phase, one, two), n in sorted(crossing.items())
    ]
    if not links and all(len(some) < 2 for some in units.values()):
        return
    text = f"{count(sum(crossing.values()), 'edge')} from stage to stage: {listed(links, 12)}"
    text = text if links else "no edge leads directly from one stage to another"
    needs = STRATEGY if ledger.context.strategy is None else None
    yield ledger.decided("links between stages", text, needs=needs, quote=True)
    if links:
        yield ledger.decided("links are marked", needs=needs)


def _name(ledger: Ledger, phase: str, stage: int) -> str:
    return str(ledger.context.deployment.unit(phase, stage))


def _layers(ledger: Ledger) -> Iterator[Line]:
    deployment = ledger.context.deployment
    named = sorted({r.layer for r in deployment.operators if r.layer is not None})
    for units in deployment.units.values():
        for unit in units.values():
            if unit.layers is not None and unit.layers[1] - unit.layers[0] < 10_000:
                named = sorted({*named, *range(unit.layers[0], unit.layers[1] + 1)})
    if not named:
        return
    whole = len(named) == named[-1] - named[0] + 1
    text = f"{count(len(named), 'layer')} named, {named[0]} to {named[-1]}" + ("" if whole else ", with gaps")
    yield ledger.decided("layers", text, quote=True)
    yield from ledger.if_decided("layers per stage")


def gpus_section(ledger: Ledger) -> SummarySection | None:
    """Count the operators that name GPUs, and check these GPUs against the strategy."""
    lines = tuple(_gpus(ledger))
    return SummarySection("GPU boundaries", lines) if lines else None


def _gpus(ledger: Ledger) -> Iterator[Line]:
    deployment, context = ledger.context.deployment, ledger.context
    operators = [r for r in deployment.operators if r.kind != "io" and not r.summary]
    placed = [r for r in operators if r.gpus]
    if not placed and not ledger.findings("operators on GPUs", "vague words", "GPUs in all", *_GPU_LINES):
        if operators:
            yield fact("operators on GPUs", f"none of {len(operators)} operators names its GPUs")
        return
    text = f"{len(placed)} of {len(operators)} operators name their GPUs, not counting inputs and outputs"
    yield ledger.decided("operators on GPUs", text, counted=len(placed) == len(operators))
    vague = [r.name for r in deployment.operators if r.evidence.gpus is not None and r.evidence.gpus.vague]
    text = f"{count(len(vague), 'label')} such as `all GPUs`: {quoted(vague)}" if vague else "none"
    yield ledger.decided("vague words", text, counted=not vague)
    needs = STRATEGY if context.strategy is None else None
    for name in deployment.phases:
        inside: list[GpuSet] = [r.gpus for r in deployment.operators if r.phase == name and r.gpus]
        phase = context.phase(name)
        if not inside:
            continue
        drawn = union(inside)
        where = f"GPUs of {name}" if name and len(deployment.phases) > 1 else "GPUs in all"
        declared = "" if phase is None else f", the strategy has {phase.total}"
        own = [f for f in ledger.findings("GPUs in all") if _of_phase(f, name)]
        equal = phase is not None and not phase.assumed and len(drawn) == phase.total
        text = f"{len(drawn)} ({drawn.short()}){declared}"
        counted = equal if phase else None
        yield ledger.decided("GPUs in all", text, subject=where, findings=own, counted=counted, needs=needs)
    for line in _GPU_LINES:
        if ledger.has_outcome(line):
            yield ledger.decided(line)
        elif line == _GPU_LINES[0] and needs is not None and any(deployment.units.values()):
            yield ledger.decided(line, needs=needs)
