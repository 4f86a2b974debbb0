"""Strategy files: the TOML form of a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dotlint.files.reading import read_file, reason
from dotlint.strategy.degrees import MOST_GPUS
from dotlint.strategy.error import StrategyError, did_you_mean, quoted
from dotlint.strategy.fact_values import is_fact, read_facts, toml_type
from dotlint.strategy.gpus import GpuSet
from dotlint.strategy.layout import Layout, parse_flavor, parse_order
from dotlint.strategy.model import PHASE_FACTS, ModelFacts, Pool
from dotlint.strategy.spec import PhaseSpec, misspelled_phase, parse_spec
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Built = TypeVar("Built")

_TABLES: Final = ("strategy", "world", "layout", "pool", "phases", "model")


def load(path: str | Path, build: Callable[..., Built]) -> Built:
    """Read a strategy file and pass its contents to `build`, as `from_table` does.

    Raises `StrategyError`, naming the file and the key, on any mistake in it.
    """
    return from_table(_read(path, "strategy file"), build, where=repr(str(path)), source=str(path))


def load_model(path: str | Path) -> ModelFacts:
    """Read the [model] of a file, which may state a strategy too. Raises `StrategyError` as `load` does."""
    name = repr(str(path))
    table = _read(path, "model file")
    if "model" not in table:
        raise StrategyError(f"model file {name} has no [model]: write layers, heads and the other facts there")
    return read_facts(_table(table, "model", name), name, "model")


def _read(path: str | Path, what: str) -> Mapping[str, Any]:
    path = Path(path)
    name = repr(str(path))
    try:
        return read_toml(read_file(path, piped=True).decode("utf-8"))
    except FileNotFoundError:
        raise StrategyError(f"{what} {name} does not exist") from None
    except IsADirectoryError:
        raise StrategyError(f"{what} {name} is a folder") from None
    except (OSError, ValueError) as error:  # ValueError: NUL in the path, bytes that are not UTF-8, not TOML
        raise StrategyError(f"{what} {name} cannot be read: {printable(reason(error))}") from None


def from_table(table: Mapping[str, Any], build: Callable[..., Built], *, where: str, source: str = "") -> Built:
    """Pass the contents of a parsed table to `build`, which creates a strategy of them; `where` names it in messages.

    Raises `StrategyError` on any mistake in the table.
    """
    _known_keys(table, _TABLES, where, "")
    try:
        return build(
            _phases(table, where, source),
            layout=_layout(_table(table, "layout", where), where) if "layout" in table else None,
            model=read_facts(_table(table, "model", where), where, "model"),
            pool=_pool(_table(table, "pool", where), where),
            source=source,
            world=_world(table, where, ""),
        )
    except StrategyError as error:
        if where in str(error):
            raise
        raise _in_file(where, error) from None


def printable(text: str) -> str:
    """Return `text` without control characters, for a one-line message."""
    return "".join(character if character.isprintable() else " " for character in text)


def _in_file(where: str, error: StrategyError) -> StrategyError:
    message = f"{where}: {error}"
    return StrategyError(
        message, text=error.text, position=error.position, length=error.length, suggestion=error.suggestion
    )


def _known_keys(table: Mapping[str, Any], known: Sequence[str], where: str, prefix: str) -> None:
    for key in table:
        if key not in known:
            remedy, suggestion = did_you_mean(key, known)
            table_name = f"[{prefix}] " if prefix else ""
            raise StrategyError(f"{where}: {table_name}unknown key {quoted(key)}: {remedy}", suggestion=suggestion)


def _table(parent: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise StrategyError(f"{where}: {key} must be a table, not {toml_type(value)}: write it as [{key}]")
    return value


def _text(table: Mapping[str, Any], key: str, where: str, prefix: str, example: str) -> str | None:
    value = table.get(key)
    if value is None or isinstance(value, str):
        return value
    name = f"{prefix}.{key}" if prefix else key
    raise StrategyError(f'{where}: {name} must be a string, not {toml_type(value)}: write it as in {key} = "{example}"')


def _layout(table: Mapping[str, Any], where: str) -> Layout:
    _known_keys(table, ("model", "order", "expert_order", "sp"), where, "layout")
    model = _text(table, "model", where, "layout", "product")
    order = _text(table, "order", where, "layout", "pp,tp,sp,ep")
    expert_order = _text(table, "expert_order", where, "layout", "pp,ep,tp,sp")
    flavor = _text(table, "sp", where, "layout", "ulysses")
    named = Layout.named(model) if model is not None else Layout()
    return Layout(
        named.model,
        named.preset,
        parse_order(order) if order is not None else None,
        parse_order(expert_order, experts=True) if expert_order is not None else None,
        parse_flavor(flavor) if flavor is not None else None,
    )


def _pool(table: Mapping[str, Any], where: str) -> Pool | None:
    _known_keys(table, ("kind",), where, "pool")
    kind = _text(table, "kind", where, "pool", "unified")
    match kind:
        case None | "unified" | "disaggregated":
            return kind
        case _:
            remedy, suggestion = did_you_mean(kind, ("unified", "disaggregated"))
            raise StrategyError(f"{where}: unknown pool.kind {quoted(kind)}: {remedy}", suggestion=suggestion)


def _world(table: Mapping[str, Any], where: str, prefix: str) -> int | None:
    """Return the number of GPUs that a phase is started on, from which its DP follows."""
    value = table.get("world")
    name = f"{prefix}.world" if prefix else "world"
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise StrategyError(f"{where}: {name} must be an integer, not {toml_type(value)}")
    if value is not None and not 1 <= value <= MOST_GPUS:
        raise StrategyError(f"{where}: {name} must be between 1 and {MOST_GPUS}, not {value}")
    return value


def _phases(table: Mapping[str, Any], where: str, source: str) -> tuple[PhaseSpec, ...]:
    """Return the phases of `[phases.NAME]`, or those of a top-level `strategy`."""
    whole = _text(table, "strategy", where, "", "pp4ep4tp2sp2")
    phases = _table(table, "phases", where)
    if whole is not None and phases:
        raise StrategyError(f"{where}: strategy and [phases] both declare phases: remove one of them")
    if whole is not None:
        return parse_spec(whole)
    if not phases:
        raise StrategyError(f'{where}: no phase is declared: write [phases.prefill] and strategy = "pp4ep4tp2sp2"')
    found: list[PhaseSpec] = []
    for name in phases:
        spec = _phase(name, _table(phases, name, where), where, source)
        if any(earlier.name == spec.name for earlier in found):
            raise StrategyError(f"{where}: phase {quoted(name)} is repeated: phase names are case-insensitive")
        found.append(spec)
    return tuple(found)


def _phase(name: str, table: Mapping[str, Any], where: str, source: str) -> PhaseSpec:
    prefix = f"phases.{name if name.isidentifier() else quoted(name)}"
    suggestion = misspelled_phase(name)
    if suggestion is not None:
        message = f"{where}: unknown phase {quoted(name)}: did you mean {suggestion!r}?"
        raise StrategyError(message, suggestion=suggestion)
    facts = {key: value for key, value in table.items() if is_fact(key)}
    rest = {key: value for key, value in table.items() if key not in facts}
    _known_keys(rest, ("strategy", "gpus", "file", "world", *PHASE_FACTS), where, prefix)
    text = _text(table, "strategy", where, prefix, "pp4ep4tp2sp2")
    if text is None:
        raise StrategyError(f'{where}: {prefix} has no strategy: write strategy = "pp4ep4tp2sp2"')
    gpus_text = _text(table, "gpus", where, prefix, "0-63")
    try:
        specs = parse_spec(text)
        gpus = GpuSet.parse(gpus_text) if gpus_text is not None else None
    except StrategyError as error:
        raise _in_file(f"{where}: {prefix}", error) from None
    spec = specs[0]
    if len(specs) > 1 or spec.name is not None:
        raise StrategyError(f"{where}: {prefix}.strategy must not name phases: write only the degrees")
    if gpus is not None and spec.gpus is not None:
        raise StrategyError(f"{where}: {prefix} declares GPUs both in strategy and in gpus: remove one of them")
    file = _text(table, "file", where, prefix, "decode_dag.dot")
    if file is not None and (not file.strip() or "\0" in file):
        raise StrategyError(f'{where}: {prefix}.file must be a file name: write it as in file = "decode_dag.dot"')
    return PhaseSpec(
        name.lower(),
        spec.degrees,
        gpus or spec.gpus,
        spec.start,
        spec.end,
        file,
        source,
        _world(table, where, prefix),
        read_facts(facts, where, prefix, of_phase=True) if facts else None,
    )
