"""Strategy files: the TOML form of a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dotlint.strategy.error import StrategyError, did_you_mean, shown
from dotlint.strategy.gpus import GpuSet
from dotlint.strategy.layout import Layout, parse_flavour, parse_order
from dotlint.strategy.model import MODEL_FACTS, ModelFacts
from dotlint.strategy.phases import Pool, Strategy, build
from dotlint.strategy.spec import PhaseSpec, parse_spec
from dotlint.text.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TABLES: Final = ("strategy", "layout", "pool", "phases", "model")
_LARGEST: Final = 1 << 62


def load(path: str | Path) -> Strategy:
    """Read a strategy file. StrategyError, naming the file and the key, on any mistake in it."""
    path = Path(path)
    name = repr(str(path))
    try:
        table = read_toml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StrategyError(f"strategy file {name} does not exist") from None
    except IsADirectoryError:
        raise StrategyError(f"strategy file {name} is a folder") from None
    except (OSError, ValueError) as error:  # ValueError: NUL in the path, bytes that are not UTF-8, not TOML
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StrategyError(f"strategy file {name} cannot be read: {shown_line(reason)}") from None
    return from_table(table, where=name, source=str(path))


def from_table(table: Mapping[str, Any], *, where: str, source: str = "") -> Strategy:
    """Make a strategy of a parsed table; `where` names it in messages. StrategyError on any mistake in it."""
    _known_keys(table, _TABLES, where, "")
    try:
        return build(
            _phases(table, where, source),
            layout=_layout(_table(table, "layout", where), where),
            model=_model(_table(table, "model", where), where),
            pool=_pool(_table(table, "pool", where), where),
            source=source,
        )
    except StrategyError as error:
        if where in str(error):
            raise
        raise _within(where, error) from None


def shown_line(text: str) -> str:
    """`text` without control characters, for one line of a message."""
    return "".join(character if character.isprintable() else " " for character in text)


def _within(where: str, error: StrategyError) -> StrategyError:
    message = f"{where}: {error}"
    return StrategyError(
        message, text=error.text, position=error.position, length=error.length, suggestion=error.suggestion
    )


def _known_keys(table: Mapping[str, Any], known: Sequence[str], where: str, prefix: str) -> None:
    for key in table:
        if key not in known:
            remedy, suggestion = did_you_mean(key, known)
            place = f"[{prefix}] " if prefix else ""
            raise StrategyError(f"{where}: {place}unknown key {shown(key)}: {remedy}", suggestion=suggestion)


def _table(parent: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise StrategyError(f"{where}: {key} is a table, not {_kind(value)}: write it as [{key}]")
    return value


def _text(table: Mapping[str, Any], key: str, where: str, prefix: str, example: str) -> str | None:
    value = table.get(key)
    if value is None or isinstance(value, str):
        return value
    name = f"{prefix}.{key}" if prefix else key
    raise StrategyError(f'{where}: {name} is text, not {_kind(value)}: write it such as {key} = "{example}"')


def _kind(value: object) -> str:
    names = {
        bool: "a truth value",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date")


def _layout(table: Mapping[str, Any], where: str) -> Layout:
    _known_keys(table, ("model", "order", "expert_order", "sp"), where, "layout")
    model = _text(table, "model", where, "layout", "product")
    order = _text(table, "order", where, "layout", "pp,tp,sp,ep")
    expert_order = _text(table, "expert_order", where, "layout", "pp,ep,tp,sp")
    flavour = _text(table, "sp", where, "layout", "ulysses")
    named = Layout.named(model) if model is not None else Layout()
    return Layout(
        named.model,
        named.preset,
        parse_order(order) if order is not None else None,
        parse_order(expert_order, experts=True) if expert_order is not None else None,
        parse_flavour(flavour) if flavour is not None else None,
    )


def _pool(table: Mapping[str, Any], where: str) -> Pool | None:
    _known_keys(table, ("kind",), where, "pool")
    kind = _text(table, "kind", where, "pool", "unified")
    match kind:
        case None | "unified" | "disaggregated":
            return kind
        case _:
            remedy, suggestion = did_you_mean(kind, ("unified", "disaggregated"))
            raise StrategyError(f"{where}: unknown pool.kind {shown(kind)}: {remedy}", suggestion=suggestion)


def _model(table: Mapping[str, Any], where: str) -> ModelFacts:
    _known_keys(table, MODEL_FACTS, where, "model")
    for key, value in table.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise StrategyError(f"{where}: model.{key} is a whole number, not {_kind(value)}")
        if not 1 <= value <= _LARGEST:
            raise StrategyError(f"{where}: model.{key} is {value}: it is at least 1 and at most {_LARGEST}")
    return ModelFacts(**table)


def _phases(table: Mapping[str, Any], where: str, source: str) -> tuple[PhaseSpec, ...]:
    """Return the phases of `[phases.NAME]`, or those of a top-level `strategy`."""
    whole = _text(table, "strategy", where, "", "pp4ep4tp2sp2")
    phases = _table(table, "phases", where)
    if whole is not None and phases:
        raise StrategyError(f"{where}: strategy and [phases] both declare phases: leave one of them out")
    if whole is not None:
        return parse_spec(whole)
    if not phases:
        raise StrategyError(f'{where}: no phase is declared: write [phases.prefill] and strategy = "pp4ep4tp2sp2"')
    found: list[PhaseSpec] = []
    for name in phases:
        spec = _phase(name, _table(phases, name, where), where, source)
        if any(earlier.name == spec.name for earlier in found):
            raise StrategyError(f"{where}: phase {shown(name)} is repeated: case makes no difference")
        found.append(spec)
    return tuple(found)


def _phase(name: str, table: Mapping[str, Any], where: str, source: str) -> PhaseSpec:
    prefix = f"phases.{name if name.isidentifier() else shown(name)}"
    _known_keys(table, ("strategy", "gpus", "file"), where, prefix)
    text = _text(table, "strategy", where, prefix, "pp4ep4tp2sp2")
    if text is None:
        raise StrategyError(f'{where}: {prefix} has no strategy: write strategy = "pp4ep4tp2sp2"')
    gpus_text = _text(table, "gpus", where, prefix, "0-63")
    try:
        specs = parse_spec(text)
        gpus = GpuSet.parse(gpus_text) if gpus_text is not None else None
    except StrategyError as error:
        raise _within(f"{where}: {prefix}", error) from None
    spec = specs[0]
    if len(specs) > 1 or spec.name is not None:
        raise StrategyError(f"{where}: {prefix}.strategy names phases of its own: write the degrees alone")
    if gpus is not None and spec.gpus is not None:
        raise StrategyError(f"{where}: {prefix} has its GPUs twice, in strategy and in gpus: leave one out")
    file = _text(table, "file", where, prefix, "decode_dag.dot")
    if file is not None and (not file.strip() or "\0" in file):
        raise StrategyError(f'{where}: {prefix}.file names no file: write it such as file = "decode_dag.dot"')
    return PhaseSpec(name.lower(), spec.degrees, gpus or spec.gpus, spec.start, spec.end, file, source)
