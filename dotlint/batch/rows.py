"""Lint one row: from a DOT text to the values of the result columns, as MessagePack."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dotlint.config.rules import read_strategy
from dotlint.engine.select import chosen
from dotlint.errors import DotlintError
from dotlint.files.discovery import refuse_binary
from dotlint.pipeline.fix_text import fix_text
from dotlint.pipeline.lint_file import lint_file
from dotlint.pipeline.processes import mishap
from dotlint.report.as_json import file_dict
from dotlint.syntax.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlint.batch.options import RowOptions
    from dotlint.engine.result import FileResult, Settings

_STRATEGIES = 1024  # read and kept, if each row has its own


class Row(Struct, array_like=True):
    """The input of a row: the text, the name of its file, and the strategy if the row states its own."""

    text: str | bytes | None
    name: str = "<row>"
    strategy: str | None = None


def row_linter(options: RowOptions) -> Callable[[Row], bytes]:
    """Return the function that lints a row; the bytes are those of a dict with the values of the result columns.

    Raises `DotlintError` if the options are wrong. The function raises only `MemoryError`: what is wrong with a row is
    its `error`.
    """
    settings = options.settings()
    chosen(settings.cards, settings.selection)  # reports an unknown rule

    @lru_cache(_STRATEGIES)
    def with_strategy(strategy: str) -> Settings:
        read = read_strategy((strategy,), options.layout, options.world, options.model, options.gpu)
        return replace(settings, strategy=read, strategy_source="option")

    def lint_row(row: Row) -> bytes:
        try:
            own = with_strategy(row.strategy) if row.strategy else settings
            return _encoded(_linted(row, own, options))
        except DotlintError as error:
            return failed(str(error))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a bad row never fails a batch
            return failed(mishap(error))

    return lint_row


def failed(error: str, verdict: str | None = None) -> bytes:
    """Return the values of a row that could not be handled."""
    return _encoded({"verdict": verdict, "error": error})


def _linted(row: Row, settings: Settings, options: RowOptions) -> dict[str, Any]:
    if row.text is None:
        return {"verdict": None, "error": "the row has no DOT text"}
    if isinstance(row.text, bytes):
        try:
            refuse_binary(row.text)
        except DotlintError as error:
            return {"verdict": "unreadable", "error": str(error)}
        source = Source.from_bytes(row.text, row.name)
    else:
        source = Source.from_text(row.text, row.name)
    values = _values(lint_file(source, settings))
    if options.fix is not None:
        fixed = fix_text(source, settings, unsafe=options.fix == "unsafe")
        values["fixed"] = fixed.data() if isinstance(row.text, bytes) else fixed.text
    return values


def _values(result: FileResult) -> dict[str, Any]:
    if result.unreadable is not None:
        return {"verdict": "unreadable", "error": result.unreadable}
    entry = file_dict(result)
    counts = result.counts()
    return {
        "verdict": entry["verdict"],
        "errors": counts["error"],
        "warnings": counts["warning"],
        "infos": counts["info"],
        "consequences": sum(1 for finding in result.findings if finding.caused_by),
        "fixable": sum(1 for finding in result.findings if finding.fixable and not finding.caused_by),
        "rules": dict(Counter(finding.code for finding in result.findings)),
        "findings": entry["findings"],
        "flow": entry["flow"],
        "error": result.troubles[0] if result.troubles else None,
    }


def _encoded(values: dict[str, Any]) -> bytes:
    try:
        return msgspec.msgpack.encode(values, enc_hook=str)
    except UnicodeEncodeError:  # a lone surrogate, which stands for a byte of the text that is not UTF-8
        return msgspec.msgpack.encode(_escaped(values))


def _escaped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    r"""Return a value with the bytes that are not UTF-8 as escapes such as `\xff`."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {_escaped(key): _escaped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    return value
