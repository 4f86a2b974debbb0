"""What the options of one launch state, each with its location."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from dotlint.strategy.degrees import AXES, MOST_GPUS
from dotlint.strategy.error import StrategyError, quoted
from dotlint.strategy.fact_values import LARGEST
from dotlint.strategy.model import MODEL_FACTS
from dotlint.text.nearest import nearest
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlint.strategy.launch.location import Source, SourceSpan
    from dotlint.strategy.launch.table import LaunchOption, LaunchTable

_INTEGER: Final = regex(r"[+-]?[0-9]{1,18}")
_NUMBER: Final = regex(r"[0-9]{0,18}\.?[0-9]{1,18}")
_SIZE: Final = regex(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kKmMgGtT]?)")
_LIST: Final = regex(r"\[?[ ]*[0-9]{1,9}(?:[ ]*[,|][ ]*[0-9]{1,9})*[ ]*\]?")
_SCALES: Final = {"": 1} | {
    letter: base**power
    for power, letters in enumerate(("kK", "mM", "gG", "tT"), 1)
    for letter, base in zip(letters, (1000, 1024), strict=True)
}
_FLAGS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_UNSET: Final = frozenset({"auto", "none", "null", "~", ""})
_OPEN: Final = frozenset({"nodes", "per_node"})  # --world can state what they would
_OF_MACHINE: Final = regex(r"gpu|cpu|auto|xpu|[0-9]{1,9}:[0-9]{1,9}")  # torchrun counts the devices, or waits for nodes
_SIGNED: Final = frozenset({"shard"})  # -1: the rest of the GPUs


class Given(Struct, frozen=True):
    """The value of an option, the option as written, and its location."""

    value: Any
    option: str
    location: SourceSpan


class Options(Struct):
    """The options of one launch: what they state, by axis, fact or setting, and the names of those that were not read.

    `files` are the configuration files that they name, `written` those that the script writes; `undecided` are settings whose value is unknown.
    """

    table: LaunchTable
    location: SourceSpan
    given: dict[str, Given] = field(default_factory=dict)
    not_read: dict[str, None] = field(default_factory=dict)
    files: list[Given] = field(default_factory=list)
    written: dict[str, Source] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - by the kind of the option
        """Return the value of an axis, fact or setting; `default` if no option states it."""
        return self.given[name].value if name in self.given else default

    def mistake(self, name: str, what: str, remedy: str = "") -> StrategyError:
        """Return the error for a value that cannot be; `what` follows the option's name."""
        found = self.given[name]
        return found.location.mistake(f"{found.option} {found.value} {what}", remedy)

    def takes_value(self, name: str) -> bool | None:
        """Return whether an option needs a value; None if it is unknown."""
        found = self.table.option(name)
        return None if found is None else found[0].kind != "flag"

    def state(self, name: str, value: str | None, location: SourceSpan, unknown: str = "") -> None:
        """Add an option; the last of several counts. `unknown` is the part of the value that no text states.

        Raises `StrategyError`, at the option, if its value is missing, unknown, or none that it takes.
        """
        found = self.table.option(name)
        if found is None:
            self.skip(name)
            return
        option, negated = found
        if option.to in _OPEN and (unknown or _OF_MACHINE.fullmatch(value or "")):
            self.not_read[f"{name} (its value {unknown or value} is unknown)"] = None
            self.undecided.add(option.to)
            return
        if option.kind in ("json", "options") and (unknown or "$" in (value or "")):
            self._entries_with_unknown(name, option.kind, value or "", location, unknown or value or "")
            return
        if unknown and option.to in MODEL_FACTS:
            self.not_read[f"{name} (its value {unknown} is unknown)"] = None
            return
        if unknown and option.kind != "flag":
            remedy = "write its value: no command is run, and no variable of the environment is read"
            raise location.mistake(f"{name} is {quoted(unknown)}, which the file does not set", remedy)
        if value is None and option.kind != "flag":
            raise location.mistake(f"{name} has no value", "write one after it")
        if option.kind == "file":
            self.files.append(Given(value, name, location))
            return
        if option.kind in ("json", "options"):
            start = f"{name}." if option.kind == "json" else "--"
            for key, part in _entries(name, value or "", location):
                self.state(start + key, part, location)
            return
        read = _value(option, name, value, location, negated=negated)
        if read is not None:
            self.given[option.to] = Given(read, name, location)
        elif option.kind != "flag" and not option.words:
            self.given.pop(option.to, None)

    def _entries_with_unknown(self, name: str, kind: str, value: str, location: SourceSpan, unknown: str) -> None:
        """Add the entries of a JSON object of which a part is unknown; all of it is, if it cannot be read without."""
        try:
            entries = list(_entries(name, value, location))
        except StrategyError:
            self.not_read[f"{name} (its value {unknown} is unknown)"] = None
            return
        for key, part in entries:
            self.state(f"{name}.{key}" if kind == "json" else f"--{key}", part, location, unknown * (unknown in part))

    def skip(self, name: str) -> None:
        """Record an option that was not read, and the option that it may misspell."""
        near = self.table.nearest(name)
        self.not_read[f"{name} (did you mean {near}?)" if near else name] = None


def _entries(name: str, text: str, location: SourceSpan) -> Iterator[tuple[str, str]]:
    """Yield the entries of a JSON object as dotted keys and texts."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise location.mistake(f"{name} must be a JSON object, not {quoted(text)}") from None
    if not isinstance(parsed, dict):
        raise location.mistake(f"{name} must be a JSON object, not {quoted(text)}")
    yield from flattened(parsed)


def flattened(table: dict[str, Any], prefix: str = "", depth: int = 32) -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested tables: dotted key and text, in order; leaves deeper than `depth` are left out."""
    for key, value in table.items():
        if isinstance(value, dict):
            if depth:
                yield from flattened(value, f"{prefix}{key}.", depth - 1)
        else:
            yield f"{prefix}{key}", as_text(value)


def as_text(value: object) -> str:
    """Return a value of JSON, TOML or YAML as it is written on a command line."""
    if isinstance(value, list):
        return ",".join(as_text(each) for each in value if not isinstance(each, list | dict))
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _value(option: LaunchOption, name: str, text: str | None, location: SourceSpan, *, negated: bool) -> Any:  # noqa: ANN401
    """Return the value of an option, by its kind; None if it states nothing."""
    word = (text or "").strip()
    if option.kind == "flag":
        if word.lower() in _UNSET - {""}:
            return None
        on = _FLAGS.get(word.lower(), not word) if text is not None else True
        if text is not None and word.lower() not in _FLAGS:
            raise location.mistake(f"{name} must be true or false, not {quoted(word)}")
        return (on != negated) if option.value is None else option.value if on != negated else None
    if option.words is not None:
        near = nearest(word, option.words, least=0.8) if word not in option.words else None
        if near is not None:
            raise location.mistake(f"{name} is {quoted(word)}", f"did you mean {near}?", near)
        return option.words.get(word)
    if word.lower() in _UNSET and option.to not in AXES:
        return None
    if option.kind == "word":
        return word
    if option.kind == "list":
        if not _LIST.fullmatch(word):
            raise location.mistake(f"{name} must be a list of integers, such as 16,16, not {quoted(word)}")
        return [int(part) for part in word.strip("[] ").replace("|", ",").split(",")]
    if option.kind == "number":
        if not _NUMBER.fullmatch(word):
            raise location.mistake(f"{name} must be a number, not {quoted(word)}")
        return float(word)
    if option.kind == "size":
        match = _SIZE.fullmatch(word)
        if match is None and word != "-1":
            raise location.mistake(f"{name} must be a number such as 8192 or 8k, not {quoted(word)}")
        return None if match is None else int(float(match[1]) * _SCALES[match[2]])
    return _integer(option, name, word, location)


def _integer(option: LaunchOption, name: str, word: str, location: SourceSpan) -> int | None:
    if not _INTEGER.fullmatch(word):
        raise location.mistake(f"{name} must be an integer, not {quoted(word)}")
    number = int(word)
    if option.to in _SIGNED:
        return number
    if number == -1 and option.to not in AXES:
        return None
    least = 1 if option.to in AXES else 0
    most = MOST_GPUS if option.to in AXES else LARGEST
    if not least <= number <= most:
        raise location.mistake(f"{name} must be between {least} and {most}, not {number}")
    return number
