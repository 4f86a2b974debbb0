"""From launch options to the phases of a strategy, with its layout and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec.structs import replace

from dotlint.strategy.degrees import Degrees
from dotlint.strategy.error import StrategyError, quoted
from dotlint.strategy.fact_values import read_facts
from dotlint.strategy.launch.configuration import add_files, configured
from dotlint.strategy.launch.files import read_text
from dotlint.strategy.launch.location import Source, SourceSpan
from dotlint.strategy.launch.manifest import Launch, is_manifest, manifest_launches, script_launches
from dotlint.strategy.launch.meaning import MEANINGS
from dotlint.strategy.launch.script import launches
from dotlint.strategy.launch.systems import ENGINES
from dotlint.strategy.launch.table import table_of
from dotlint.strategy.launch.tree import FORMATS, read_trees
from dotlint.strategy.layout import Layout
from dotlint.strategy.model import MODEL_FACTS, PHASE_FACTS, ModelFacts
from dotlint.strategy.spec import PhaseSpec
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dotlint.strategy.launch.argument import LaunchArgument
    from dotlint.strategy.launch.meaning.meaning import Meaning
    from dotlint.strategy.launch.options import Options

Built = TypeVar("Built")

_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {  # the settings from which an axis or fact follows
    "ep": ("expert_parallel", "ep_is_tp"),
    "dp": ("attention_dp", "dp_attention", "shard", "replicate", "nodes", "per_node", "world"),
    "sp": ("sequence_parallel",),
    "vpp": ("chunk_layers", "pipeline_layout", "schedule"),
    "stage_layers": ("pipeline_layout", "embedding_counts", "loss_counts"),
}
_ORDER: Final = ("prefill", "decode")


def load(
    argument: LaunchArgument,
    build: Callable[..., Built],
    *,
    world: int | None = None,
    model: ModelFacts | None = None,
) -> Built:
    """Pass what launch options mean to `build`, as a strategy file does: phases, layout, facts, pool, notes.

    `world` is the number of GPUs that each phase is started on, `model` the facts that are known otherwise.
    Raises `StrategyError`, at the option, on any mistake.
    """
    model = model or ModelFacts()
    source = Source(argument.file, read_text(argument.file, piped=True)) if argument.file else Source("", argument.text)
    found = _launches(source, argument)
    if len({launch.phase for launch in found}) == 1:
        for launch in found:
            launch.phase = ""  # a server of its own has all phases, whatever its service is called
    notes: list[str] = []
    read: list[tuple[PhaseSpec, ModelFacts, Launch]] = []
    for launch in found:
        options = launch.options
        notes += [note for note in add_files(launch, source) if note not in notes]
        phase = argument.phase or options.get("phase") or launch.phase
        meaning = MEANINGS[launch.engine](options, model, world)
        facts = read_facts(_plain(meaning.facts), source.name or f"the options {quoted(source.text)}", "model")
        spec = _spec(phase, meaning, launch, world)
        same = next(
            (
                one
                for one in read
                if replace(one[0], origins=()) == spec and one[1] == facts and one[2].engine == launch.engine
            ),
            None,
        )
        if same is not None:
            same[2].options.not_read |= options.not_read
            continue
        clash = next((one for one in read if one[0].name == spec.name), None)
        if clash is not None:
            raise _second(options.location, clash[2].options.location, spec.name)
        notes += [note for note in meaning.notes if note not in notes]
        replicas = options.get("replicas", launch.replicas)
        if replicas > 1:
            each = f" of {count(spec.world, 'GPU')} each" if spec.world else ""
            notes.append(f"{spec.name or 'the server'} has {replicas} replicas{each}, of which one is shown")
        read.append((replace(spec, origins=_origins(options, spec, facts)), facts, launch))
    read.sort(key=lambda one: _ORDER.index(one[0].name) if one[0].name in _ORDER else len(_ORDER))
    unread = dict.fromkeys(name for _, _, launch in read for name in launch.options.not_read)
    if unread:
        notes.append(f"not read: {', '.join(unread)}")
    specs, model = _with_facts(read, model, source)
    return build(
        specs,
        layout=_layout(read),
        model=model,
        pool="disaggregated" if {spec.name for spec in specs} >= set(_ORDER) else None,
        source=str(argument),
        world=world,
        notes=tuple(notes),
    )


def _launches(source: Source, argument: LaunchArgument) -> list[Launch]:
    """Return the launches in a source. Raises `StrategyError` if there are none."""
    engine = argument.system if argument.system in ENGINES else None
    if source.name.lower().endswith(FORMATS):
        trees = read_trees(source)
        if engine is None or is_manifest(trees):
            found = manifest_launches(source, trees, engine)
        else:
            found = [launch for tree in trees for launch in configured(tree, engine)]
            found = found or list(script_launches(source, trees, engine))
    elif source.name.endswith(".py"):
        raise StrategyError(f"{source.name} is a Python program: name a command, a script or a configuration file")
    elif engine is None:
        raise StrategyError(f"{argument.system} reads manifests: name a .yaml file, not {quoted(argument.text)}")
    else:
        found = [Launch(engine, options) for options in launches(source, table_of(engine))]
    if found:
        return found
    title = table_of(engine).title if engine else "an engine"
    where = source.name or quoted(source.text)
    unknown = [word.partition("=")[0] for word in source.text.split()[:1000] if word.startswith("--")] if engine else []
    near = next((near for word in unknown if (near := table_of(engine or "").nearest(word))), None)
    remedy = f"did you mean {near}?" if near else f"write them, such as {_example(engine)}"
    raise StrategyError(f"{where}: no launch options of {title} are found: {remedy}", suggestion=near)


def _example(engine: str | None) -> str:
    names = [option.names.split()[0] for option in table_of(engine or "vllm").options if option.to == "tp"]
    return f"{names[0]} 8"


def _spec(phase: str, meaning: Meaning, launch: Launch, world: int | None) -> PhaseSpec:
    degrees = Degrees.of(meaning.degrees or {"tp": 1})
    size = world or meaning.world or launch.gpus
    if size is not None and "dp" not in degrees.named and meaning.world is None:
        degrees = degrees.with_axis("dp", 1)  # a server of one replica: other GPUs are not used
    return PhaseSpec(phase or None, degrees, world=size)


def _origins(options: Options, spec: PhaseSpec, facts: ModelFacts) -> tuple[tuple[str, str], ...]:
    """Return where each degree and fact is stated: the location and the option."""
    found: list[tuple[str, str]] = []
    for stated in (*spec.degrees.to_dict(), *facts.to_dict()):
        names = (stated, *_SETTINGS.get(stated, ()))
        given = next((options.given[name] for name in names if name in options.given), None)
        if given is not None:
            found.append((stated, f"{given.location}: {given.option}" if given.location.source.name else given.option))
    return tuple(found)


def _second(second: SourceSpan, first: SourceSpan, name: str | None) -> StrategyError:
    """Return the error for two different launches of one phase."""
    title = f"of phase {name!r}" if name else "without a phase"
    remedy = "name one file or command for each phase, such as -s prefill=vllm:a.sh -s decode=vllm:b.sh"
    return second.mistake(f"a second launch {title} differs from that at {first}", remedy)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


def _layout(read: Sequence[tuple[PhaseSpec, ModelFacts, Launch]]) -> Layout:
    engines = dict.fromkeys(launch.engine for _, _, launch in read)
    if len(engines) > 1:
        titles = " and ".join(table_of(engine).title for engine in engines)
        location = read[-1][2].options.location
        raise location.mistake(f"the phases run in {titles}: read each alone", "a strategy has one layout")
    return Layout.named(table_of(next(iter(engines))).preset)


def _with_facts(
    read: Sequence[tuple[PhaseSpec, ModelFacts, Launch]], model: ModelFacts, source: Source
) -> tuple[tuple[PhaseSpec, ...], ModelFacts]:
    """Return the phases with their own facts, and the facts of all: those of one phase alone are facts of the model."""
    if len(read) == 1 and read[0][0].name is None:
        return (read[0][0],), model.with_own(read[0][1])
    specs: list[PhaseSpec] = []
    for spec, facts, launch in read:
        own = {name: value for name, value in facts.to_dict().items() if name in PHASE_FACTS}
        for name in MODEL_FACTS:
            value, known = getattr(facts, name), getattr(model, name)
            if value is None or name in own:
                continue
            if known is not None and known != value and specs:
                where = launch.options.given[name].location if name in launch.options.given else source.at(0, 1)
                raise where.mistake(f"{name} is {value} here and {known} in another phase")
            model = replace(model, **{name: value})
        specs.append(replace(spec, facts=ModelFacts(**own) if own else None))
    return tuple(specs), model
