"""The blocks of an overview: stages, layers or GPUs, and the inputs and outputs of the model."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from dotlint.checks.devices.placed import expected_gpus
from dotlint.deployment.axes import ALIASES
from dotlint.deployment.terminals import may_be_input, may_be_output
from dotlint.overview.model import Frame, OverviewBlock
from dotlint.picture.labels import cut, node_lines
from dotlint.strategy.gpus import GpuSet, union
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dotlint.deployment.model import Reading
    from dotlint.deployment.patterns.stage_plan import StagePlan
    from dotlint.deployment.shapes import Dims
    from dotlint.engine.context import GraphContext
    from dotlint.overview.model import Basis

_MAX_IDS = 48  # characters of a list of GPUs
_MAX_SETS = 16  # sets of GPUs with a block each
_MIN_RUN = 3  # equal layers from which on they share a block
_PARTS = (
    ("attention", ("attention", "qkv", "query", "scores")),
    ("MoE", ("expert", "gate", "route")),
    ("MLP", ("mlp", "mlp-up", "mlp-down")),
)


def basis_of(context: GraphContext) -> Basis | None:
    """Return what the blocks are: stages, otherwise layers, otherwise GPUs; None if the file has none of these."""
    deployment = context.deployment
    if any(unit.operators for units in deployment.units.values() for unit in units.values()):
        return "stage"
    if len({r.layer for r in deployment.operators if r.layer is not None}) > 1:
        return "layer"
    if len({r.gpus for r in deployment.operators if r.gpus}) > 1:
        return "GPU"
    return None


def ends_of(context: GraphContext, fresh: Callable[[str], str]) -> list[OverviewBlock]:
    """Return a block for each family of inputs and outputs that have an edge."""
    deployment, wiring = context.deployment, context.wiring
    families: dict[tuple[str | None, str, bool], list[Reading]] = defaultdict(list)
    for reading in deployment.operators:
        ins, outs = wiring.ins[reading.name], wiring.outs[reading.name]
        phase = context.phase(reading.phase)
        stages = phase.stage_count if phase is not None else None
        first = bool(outs) and not ins and may_be_input(deployment, reading)
        last = bool(ins) and not outs and may_be_output(deployment, reading, stages)
        titled = deployment.vocabulary.role(reading.evidence.title)
        if (reading.kind == "io" or (titled is not None and titled.kind == "io")) and (first or last):
            families[reading.phase, reading.evidence.name.family, first].append(reading)
    stated = [d for some in families.values() for d in _first_dims(some[0])]
    # The rules report a mixture of named and unnamed dimensions, which the overview must not have.
    named = any(any(dims.keys) for dims in stated)
    names: dict[str, str] | None = {} if named else None
    return [_end(some, fresh, names, first=first) for (_, _, first), some in families.items()]


def _end(
    some: list[Reading], fresh: Callable[[str], str], names: dict[str, str] | None, *, first: bool
) -> OverviewBlock:
    reading = some[0]
    lines = node_lines(reading.node)
    title = cut(lines[0], 60) + (f" ×{len(some)}" if len(some) > 1 else "")
    tensors = reading.evidence.tensors
    sides = (("Input", tensors.inputs or tensors.bare), ("Output", tensors.outputs or tensors.bare))
    stated = [f"{side}: {cut(_dims_text(dims[0], names), 90)}" for side, dims in sides if dims]
    what = "Output" if first else "Input"
    name = reading.name if len(some) == 1 else fresh(f"{'inputs' if first else 'outputs'}")
    return OverviewBlock(
        name if len(some) > 1 else fresh(name),
        [title, *(stated or [f"{what}: dimensions not stated"])],
        "end",
        members=some,
        phase=reading.phase,
        stage=reading.stage,
    )


def _first_dims(reading: Reading) -> tuple[Dims, ...]:
    tensors = reading.evidence.tensors
    return (*tensors.inputs[:1], *tensors.outputs[:1], *tensors.bare[:1])


def _dims_text(dims: Dims, names: dict[str, str] | None) -> str:
    """Return dimensions with one name for each axis: the first that an input or output of the file uses.

    `names` is None if none of these names its axes.
    """
    if names is None:
        return f"[{dims.text}]"
    if not any(dims.keys):
        return "dimensions without names"
    kinds = [next((group[0] for group in ALIASES if key in group), key) for key in dims.keys]
    unified = [names.setdefault(kind, key) for kind, key in zip(kinds, dims.keys, strict=True)]
    return f"[{', '.join(f'{k}={v}' if k else v for k, v in zip(unified, dims.values, strict=True))}]"


def frames_of(
    context: GraphContext, basis: Basis, ends: Iterable[OverviewBlock], fresh: Callable[[str], str]
) -> list[Frame]:
    """Return the blocks of each phase."""
    taken = {reading.name for block in ends for reading in block.members}
    frames = []
    for phase in context.deployment.phases:
        inside = [r for r in context.deployment.operators if r.phase == phase and r.name not in taken]
        blocks_by = {"stage": _stages, "layer": _layers, "GPU": _gpus}[basis]
        blocks = list(blocks_by(context, phase, inside, fresh))
        if blocks:
            several = len(context.deployment.phases) > 1
            frames.append(Frame(fresh(f"cluster_{phase}") if several else "", phase, _heading(context, phase), blocks))
    return frames


def _heading(context: GraphContext, name: str) -> list[str]:
    phase = context.phase(name)
    title = [f"{name.capitalize()} phase"] if name else []
    if phase is None:
        return title
    if phase.assumed:
        return [*title, "not declared; assumed as for prefill"]
    degrees = ", ".join(f"{axis.upper()}={degree}" for axis, degree in phase.degrees.to_dict().items())
    return [*title, degrees, f"{phase.total} GPUs"] if degrees else title


def _stages(
    context: GraphContext, phase: str, inside: list[Reading], fresh: Callable[[str], str]
) -> Iterator[OverviewBlock]:
    deployment = context.deployment
    names = {reading.name for reading in inside}
    found: dict[int, OverviewBlock] = {}
    for stage, unit in deployment.units.get(phase, {}).items():
        members = [r for r in unit.operators if r.name in names]
        if not members:
            continue
        layers = set(range(unit.layers[0], unit.layers[1] + 1)) if unit.layers else _numbers(members)
        gpus = unit.stated or union(r.gpus for r in unit.operators if r.gpus)
        title = _stage_title(context, phase, stage)
        lines = [title, *_layer_line(layers), *_contents(members)]
        block = OverviewBlock(fresh(_slug(title)), lines, members=members, phase=phase, stage=stage, gpus=gpus)
        block.placement = _gpu_line(gpus)
        found[stage] = block
    drawn = union(r.gpus for block in found.values() for r in block.members if r.gpus)
    for plan in _missing(context, phase):
        title = _stage_title(context, phase, plan.stage)
        # If the other stages overlap with its GPUs, they follow another layout, and its GPUs are unknown.
        placed = _gpu_line(plan.gpus) if plan.gpus and plan.gpus.isdisjoint(drawn) else []
        block = OverviewBlock(fresh(_slug(title)), [title, "missing"], phase=phase, stage=plan.stage, missing=True)
        block.placement = placed
        found.setdefault(plan.stage, block)
    declared = context.phase(phase)
    if declared is not None:
        gpus_by_stage = {stage: block.gpus for stage, block in found.items() if block.gpus}
        for stage, expected in expected_gpus(declared, gpus_by_stage).items():
            found[stage].expected_gpus = expected
    yield from (found[stage] for stage in sorted(found))


def _missing(context: GraphContext, phase: str) -> list[StagePlan]:
    declared = context.phase(phase)
    return list(context.plans.get(phase, ())) if declared is not None else []


def _stage_title(context: GraphContext, phase: str, stage: int) -> str:
    name = f"{phase} stage" if phase and len(context.deployment.phases) > 1 else "stage"
    return f"{name.capitalize()} {context.deployment.stage_number(stage)}"


def _slug(title: str) -> str:
    return title.lower().replace(" ", "_")


def _numbers(members: Iterable[Reading]) -> set[int]:
    return {r.layer for r in members if r.layer is not None}


def _gpu_line(gpus: GpuSet) -> list[str]:
    """Return ids that can be read back; a list that is too long is counted."""
    if not gpus:
        return []
    ids = str(gpus)
    if len(ids) > _MAX_IDS:
        return [f"{len(gpus)} GPUs between {gpus.first} and {gpus.last}"]
    return [f"GPU{'' if len(gpus) == 1 else 's'}: {ids}"]


def _layer_line(layers: set[int]) -> list[str]:
    if not layers:
        return []
    first, last = min(layers), max(layers)
    if first == last:
        return [f"layer {first}"]
    if len(layers) == last - first + 1:
        return [f"layers {first}-{last}"]
    return [f"{len(layers)} layers between {first} and {last}"]


def _contents(members: list[Reading], prefix: str = "") -> list[str]:
    """Describe the content of a block: its parts, its number of operators and edges, and its communication."""
    roles = {r.role.name for r in members if r.role}
    parts = [part for part, names in _PARTS if roles & set(names)]
    inside = {r.name for r in members}
    edges = sum(1 for r in members for edge in r.node.out_edges if edge.head.name in inside)
    kinds = Counter(r.role.name for r in members if r.role and r.role.communicates)
    lines = [" + ".join(parts)] if parts else []
    lines.append(f"{prefix}{count(len(members), 'operator')}, {count(edges, 'edge')}")
    if kinds:
        numbers = [f"{number} {kind}" for kind, number in kinds.most_common()]
        rows = [", ".join(numbers[i : i + 3]) for i in range(0, len(numbers), 3)]
        lines += ",\n".join([f"communication: {rows[0]}", *rows[1:]]).split("\n")
    return lines


def _layers(
    context: GraphContext, phase: str, inside: list[Reading], fresh: Callable[[str], str]
) -> Iterator[OverviewBlock]:
    """Yield a block for each layer, or for each run of layers with equal operators."""
    layers: dict[int, list[Reading]] = defaultdict(list)
    for reading in inside:
        if reading.layer is not None:
            layers[reading.layer].append(reading)
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and layer == runs[-1][-1] + 1 and _role_counts(layers[layer]) == _role_counts(layers[layer - 1]):
            runs[-1].append(layer)
        else:
            runs.append([layer])
    first = f"{phase.capitalize()} transformer" if phase and len(context.deployment.phases) > 1 else "Transformer"
    for run in runs:
        for some in [run] if len(run) >= _MIN_RUN else [[layer] for layer in run]:
            members = [r for layer in some for r in layers[layer]]
            title = f"{first} {_layer_line(set(some))[0]}"
            gpus = union(r.gpus for r in members if r.gpus)
            each = _contents(layers[some[0]], "each: " if len(some) > 1 else "")
            block = OverviewBlock(fresh(_slug(title)), [title, *each], members=members, phase=phase, gpus=gpus)
            block.placement = _gpu_line(gpus)
            yield block


def _role_counts(members: Iterable[Reading]) -> Counter[str]:
    return Counter(r.role.name if r.role else r.evidence.name.family for r in members)


def _gpus(
    context: GraphContext, phase: str, inside: list[Reading], fresh: Callable[[str], str]
) -> Iterator[OverviewBlock]:
    """Yield a block for each set of GPUs that has operators; if there are many, single GPUs with equal ones share it."""
    sets: dict[GpuSet, list[Reading]] = defaultdict(list)
    for reading in inside:
        if reading.gpus:
            sets[reading.gpus].append(reading)
    alike: dict[tuple[object, ...], list[GpuSet]] = defaultdict(list)
    for gpus, members in sets.items():
        same = (
            (len(gpus), *sorted(_role_counts(members).items()))
            if len(sets) > _MAX_SETS and len(gpus) == 1
            else gpus.runs
        )
        alike[same].append(gpus)
    first = f"{phase.capitalize()} work" if phase and len(context.deployment.phases) > 1 else "Work"
    for some in alike.values():
        whole = union(some)
        members = [r for gpus in some for r in sets[gpus]]
        name = str(whole) if len(str(whole)) <= _MAX_IDS else f"{whole.first}_{whole.last}"
        title = f"{first} of {'GPUs alone' if len(some) > 1 else 'a GPU' if len(whole) == 1 else 'GPUs together'}"
        each = _contents(sets[some[0]], "each: " if len(some) > 1 else "")
        block = OverviewBlock(fresh(_slug(f"gpu {name}")), [title, *each], members=members, phase=phase, gpus=whole)
        block.placement = _gpu_line(whole)
        yield block
