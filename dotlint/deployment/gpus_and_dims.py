"""Read GPUs and tensor dimensions from labels.

These readers decide nothing: each returns what the text states, or None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dotlint.strategy.gpus import GpuSet
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

_IDS = r"\d+(?:\s*(?:-|–|to|\.\.\.?|…)\s*\d+)?"
_LIST = rf"{_IDS}(?:\s*(?:,|&|\+|and|or)\s*(?:gpus?[\s_-]?)?{_IDS})*"
# `GPU: 0-15`, `GPUs [0,1,2,3]`, `Device 3`, `gpu_7`; never `8 GPUs`, which is a count.
GPU_IDS = regex(
    rf"(?<!(?-i:[A-Za-z]))(?:gpus?|devices?)(?:\s*(?:ids?|ranks?))?\s*(?:[:=#_-]|\bon\b)?\s*[\[({{]?\s*"
    rf"(?P<ids>{_LIST})(?![\d.]*(?-i:[A-Za-z%]))\s*[\])}}]?",
    re.IGNORECASE,
)
_GPU_KEY = regex(r"(?<!(?-i:[A-Za-z]))(?:gpus?|devices?)\b\s*[:=]?\s*(?P<rest>.*)", re.IGNORECASE)
_SUM = regex(r"(\d+)\s*\+\s*(\d+)")  # `GPU: [128+0-128+7]`: a base and an offset
# `GPU: TP=8 across 0-7`: words between the key and the ids.
_IDS_AT_END = regex(
    rf"\b(?:gpus?|devices?)\b.{{0,200}}?\b(?:across|over|on)\s+(?P<ids>{_IDS})\s*$",
    re.IGNORECASE,
    needs=("across", "over", "on"),
)
_TRANSFER = regex(r"->|→|↔|=>|⇒", needs=("->", "→", "↔", "=>", "⇒"))
_COUNT = regex(
    r"(?<![\d\-,:=\[])(?<!–)\b(?P<count>\d+)\s*(?:x\s*)?(?:gpus?|devices?)\b(?!\s*[:=\[]?\s*\d)", re.IGNORECASE
)
_VAGUE = regex(r"\b(?:all|shared|replicated|each|every|multiple|various|distributed|any|some|across)\b", re.IGNORECASE)
# `Each GPU: [4096, 1024]` and `experts per GPU: 4` state what a GPU holds, not which one it is.
_SHARE = regex(r"\b(?:each|every|per)[\s_-]+$", re.IGNORECASE, needs=("each", "every", "per"))
_GROUPWISE = regex(r"\b(?:gpus?|devices?)\s*[:=]\s*per\b", re.IGNORECASE)  # `GPUs: per TP pair`
_PLACEHOLDER = regex(r"[{$%]\w*|gpu_?[ijkn]\b", re.IGNORECASE)
_HOST = regex(r"\b(?:cpu|host|n/?a|none)\b", re.IGNORECASE)


class Gpus(Struct, frozen=True):
    """The GPUs a text states: `ids` (global or local ranks, as written), or `vague` words, or a mere count.

    `transfer` is whether the ids are the two ends of a transfer (`GPU 0 -> GPU 1`), not a group; `host` is whether it
    states CPU or N/A.
    """

    ids: GpuSet | None = None
    vague: str | None = None
    count: int | None = None
    host: bool = False
    transfer: bool = False


def _read_ids(text: str) -> list[int] | None:
    ids: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*(?:-|–|to|\.\.\.?|…)\s*(\d+))?", text):
        low, high = int(first), int(last) if last else int(first)
        if high < low or high - low > 1_000_000 or high > 10_000_000:
            return None
        ids.extend(range(low, high + 1))
    return ids


def _is_count(line: str, match: re.Match[str]) -> bool:
    """Return whether the number before `gpus` is a count, as in `16 GPUs 4 Head Groups`."""
    before, after = line[max(0, match.start() - 30) : match.start()], line[match.end("ids") :][:30]
    return (
        match["ids"].isdigit()
        and match[0][:4].lower() == "gpus"
        and re.search(r"(?<!stage )(?<!layer )\b\d+\s+$", before, re.IGNORECASE) is not None
        and re.match(r"\s+[A-Za-z]{3,}", after) is not None
    )


class _LineGpus(Struct, frozen=True):
    """The GPUs a single line states."""

    ids: tuple[int, ...] = ()
    vague: str | None = None
    count: int | None = None
    host: bool = False
    transfer: bool = False


def read_gpus(lines: Sequence[str]) -> Gpus | None:
    """Return the GPUs that the lines of a label state; None if they mention none."""
    found_in_lines = [found for line in lines if (found := _gpus_of_line(line)) is not None]
    if not found_in_lines:
        return None
    ids = tuple(number for one in found_in_lines for number in one.ids)
    vague = next((one.vague for one in reversed(found_in_lines) if one.vague is not None), None)
    count = next((one.count for one in reversed(found_in_lines) if one.count is not None), None)
    host, transfer = any(one.host for one in found_in_lines), any(one.transfer for one in found_in_lines)
    if ids:
        return Gpus(ids=_gpu_set(ids), transfer=transfer, vague=vague, count=count)
    if vague or count is not None or host:
        return Gpus(vague=vague, count=count, host=host, transfer=transfer)
    return None


@lru_cache(maxsize=16384)
def _gpu_set(ids: tuple[int, ...]) -> GpuSet:
    return GpuSet.of(ids)


@lru_cache(maxsize=16384)  # lines of labels repeat: a thousand nodes may share eight lines with GPUs
def _gpus_of_line(line: str) -> _LineGpus | None:
    lower = line.lower()
    if "gpu" not in lower and "device" not in lower:
        return None
    transfer = _TRANSFER.search(line) is not None
    if "+" in line:
        line = _SUM.sub(lambda m: str(int(m[1]) + int(m[2])), line)
    ids: list[int] = []
    matched = False
    for match in GPU_IDS.finditer(line):
        if _SHARE.search(line, max(0, match.start() - 30), match.start()):
            matched = True
            continue
        found = _read_ids(match["ids"])
        if found is not None and not _is_count(line, match):
            ids.extend(found)
            matched = True
    if matched:
        return _LineGpus(tuple(ids), transfer=transfer)
    at_end = _IDS_AT_END.search(line)
    if at_end and (found := _read_ids(at_end["ids"])) is not None:
        return _LineGpus(tuple(found), transfer=transfer)
    counted = _COUNT.search(line)
    if counted:
        return _LineGpus(count=int(counted["count"]), transfer=transfer)
    key = _GPU_KEY.match(line) or (_GPU_KEY.search(line) if len(line.split()) <= 4 else None)
    if key is not None and _HOST.search(key["rest"]):
        return _LineGpus(host=True, transfer=transfer)
    if key is not None and (_VAGUE.search(line) or _PLACEHOLDER.search(line) or _GROUPWISE.search(line)):
        return _LineGpus(vague=line.strip(), transfer=transfer)
    return _LineGpus(transfer=transfer) if transfer else None


_SIDE = regex(
    r"(?P<side>\b(?:in(?:put)?|out(?:put)?)(?:\s*(?:dim(?:ension)?s?|shape))?\s*\d*)\s*[:=]\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_BRACKET = regex(r"[\[(](?P<inside>[^\[\]()]*)[\])]")
_ARROW = regex(r"\]\s*(?:->|→)\s*\[")
_PAIR = regex(r"(?P<key>[A-Za-z_][\w ]*?)\s*[=:]\s*(?P<value>[^,;=\s\]]+)")


class Dims(Struct, frozen=True):
    """The dimensions of a tensor: `keys` in order ("" if unnamed) with `values` as written; `text` is the whole.

    `sizes` has an int for each value that is a number, and None for any other.
    """

    text: str
    keys: tuple[str, ...]
    values: tuple[str, ...]
    sizes: tuple[int | None, ...]

    def size(self, *keys: str) -> int | None:
        """Return the size of the first axis with one of these names; None if there is none or it is not a number."""
        for key, size in zip(self.keys, self.sizes, strict=True):
            if key in keys:
                return size
        return None


class Tensors(Struct, frozen=True):
    """Input and output dimensions that a label states; an empty side is not stated."""

    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = field(default=())  # bracketed dimensions with neither Input nor Output


@lru_cache(maxsize=4096)
def read_dims(text: str) -> Dims | None:
    """Parse `[batch=4, seq=1024]` or `[4, 1024, 512]`; None if it is not a list of dimensions."""
    keys: list[str] = []
    values: list[str] = []
    sizes: list[int | None] = []
    for part in text.split(","):
        word = part.strip()
        if not word:
            continue
        pair = _PAIR.fullmatch(word)
        key, value = (pair["key"].strip().lower(), pair["value"]) if pair else ("", word)
        if not pair and not re.fullmatch(r"[\w?*/.×x ~]+", value):
            return None
        keys.append(key)
        values.append(value)
        sizes.append(int(value) if value.isdigit() and len(value) < 16 else None)
    if not values:
        return None
    return Dims(text.strip(), tuple(keys), tuple(values), tuple(sizes))


def read_tensors(lines: Sequence[str]) -> Tensors:
    """Return the `Input:` and `Output:` dimensions of the lines of a label, and bare `[...] -> [...]` ones."""
    inputs: tuple[Dims, ...] = ()
    outputs: tuple[Dims, ...] = ()
    bare: tuple[Dims, ...] = ()
    for line in lines:
        found = _tensors_of_line(line)
        if found is None:
            continue
        if isinstance(found, str):
            outputs += inputs
            continue
        inputs += found.inputs
        outputs += found.outputs
        bare += found.bare
    return Tensors(inputs, outputs, bare) if inputs or outputs or bare else _NONE


_NONE = Tensors()
_SAME: Literal["same as the input"] = "same as the input"


@lru_cache(maxsize=16384)
def _tensors_of_line(line: str) -> Tensors | Literal["same as the input"] | None:
    if "[" not in line and "(" not in line and "=" not in line and ":" not in line:
        return None
    side = _SIDE.match(line) if line[:1] in "iIoO" else None
    if side is not None:
        rest = side["rest"]
        found = tuple(dims for group in _BRACKET.finditer(rest) if (dims := read_dims(group["inside"])))
        if not found and "=" in rest and (dims := read_dims(rest)):
            found = (dims,)
        inward = side["side"].lower().startswith("in")
        if not found and not inward and re.match(r"same\b", rest.strip(), re.IGNORECASE):
            return _SAME
        return Tensors(inputs=found) if inward else Tensors(outputs=found)
    if _GPU_KEY.match(line) is not None:
        return None
    found = tuple(
        dims for group in _BRACKET.finditer(line) if (dims := read_dims(group["inside"])) and len(dims.values) > 1
    )
    if len(found) == 2 and _ARROW.search(line):
        return Tensors(found[:1], found[1:])
    return Tensors(bare=found) if found else None
