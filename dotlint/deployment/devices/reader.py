"""Read the devices that labels state. The reader decides nothing: it returns what the text states, or None."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from dotlint.deployment.devices.mentions import mentions
from dotlint.strategy.gpus import GpuSet
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.deployment.devices.coordinates import Coordinates
    from dotlint.deployment.devices.mentions import Mention
    from dotlint.deployment.devices.words import DeviceWords

_ARROW: Final = regex(r"->|→|↔|=>|⇒", needs=("->", "→", "↔", "=>", "⇒"))
# `GPU: TP=8 across 0-7`: words between the key and the ids.
_IDS_AT_END: Final = regex(
    r"\b(?:across|over|on|each\s+shard)\s+(?P<ids>\d+(?:\s*(?:-|–|to|\.\.\.?|…)\s*\d+)?)\s*$",
    re.IGNORECASE,
    needs=("across", "over", "on", "each"),
)
_VAGUE: Final = regex(
    r"\b(?:all|shared|replicated|each|every|multiple|various|distributed|any|some|across)\b|全部|所有|tous\b|alle\b",
    re.IGNORECASE,
)
# `All Device Outputs`: what is on devices, not the devices.
_ON_DEVICES: Final = regex(
    r"\s+(?:in|out)puts?\b|\s+(?:results?|tensors?|tokens?|states?|partials?|activations?|gradients?)\b", re.IGNORECASE
)
_GROUPWISE: Final = regex(r"[:=]\s*per\b", re.IGNORECASE)  # `GPUs: per TP pair`
_PLACEHOLDER: Final = regex(r"[{$%]\w*|gpu_?[ijkn]\b", re.IGNORECASE)
_HOST: Final = regex(r"\b(?:cpu|host|n/?a|none)\b", re.IGNORECASE)


class Gpus(Struct, frozen=True):
    """The GPUs a text states: `ids` (global or local ranks, as written), or `vague` words, or a mere count.

    `transfer` is whether the ids are the ends of a transfer (`GPU 0 -> GPU 1`), not a group, and `peer` whether they
    are only its other end (`Send to GPU 1`); `host` is whether it states CPU or N/A. `unread` is a text that names
    devices in a way that was not understood. `coordinates` are devices that only the whole file can number; `ids` are then
    what the text means by itself, if anything.
    """

    ids: GpuSet | None = None
    vague: str | None = None
    count: int | None = None
    host: bool = False
    transfer: bool = False
    peer: bool = False
    unread: str | None = None
    coordinates: tuple[Coordinates, ...] = ()


# `GPUs 0-1000000` is read each time it occurs: a process that reads many files must not keep thousands of such lines.
_MOST_KEPT = 512


class _LineDevices(Struct, frozen=True):
    """The devices that a single line states; `ends` are those of a transfer."""

    ids: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    vague: str | None = None
    count: int | None = None
    host: bool = False
    transfer: bool = False
    unread: str | None = None
    coordinates: tuple[Coordinates, ...] = ()


class DeviceReader:
    """Reads the devices that lines of text state, by the device words of a vocabulary."""

    def __init__(self, words: DeviceWords) -> None:
        self.words = words
        # Lines of labels repeat: a thousand nodes may share eight lines with GPUs.
        self._line = lru_cache(maxsize=16384)(self._read_line)

    def read(self, lines: Sequence[str]) -> Gpus | None:
        """Return the devices that the lines of a label state; None if they mention none."""
        found = [one for line in lines if (one := self._line(line)) is not None]
        if not found:
            return None
        if sum(len(one.ids) + len(one.ends) for one in found) > _MOST_KEPT:
            self._line.cache_clear()
            return _of_lines.__wrapped__(tuple(found))
        return _of_lines(tuple(found))

    def spans(self, line: str) -> list[Mention]:
        """Return the mentions of a line that name devices by ids which can be rewritten in place."""
        if not self.words.may_be_in(line):
            return []
        return [one for one in mentions(line, self.words) if one.sure and one.ids and one.simple]

    def _read_line(self, line: str) -> _LineDevices | None:
        if not self.words.may_be_in(line):
            return None
        found = list(mentions(line, self.words))
        if not found:
            return None
        sure = [one for one in found if one.sure]
        transfer = bool(sure) and _ARROW.search(line) is not None
        own = tuple(number for one in sure if not one.peer for number in one.ids)
        ends = tuple(number for one in sure if one.peer for number in one.ids)
        coordinates = tuple(one.coordinates for one in found if one.coordinates is not None and not one.peer)
        if own or ends or coordinates:
            if own and ends and any(one.peer and _joined(line, found, one) for one in sure):
                own, ends = (), own + ends
            return _LineDevices(own, ends, transfer=transfer, coordinates=coordinates)
        if any(one.share for one in found):
            return _LineDevices()
        return self._without_ids(line, sure, transfer=transfer) if sure else None

    def _without_ids(self, line: str, sure: list[Mention], *, transfer: bool) -> _LineDevices | None:
        key = sure[0]
        at_end = _IDS_AT_END.search(line, key.end)
        if at_end is not None and (ids := self._ids(at_end["ids"])):
            return _LineDevices(ids, transfer=transfer)
        counted = next((one.count for one in sure if one.count is not None), None)
        if counted is not None:
            return _LineDevices(count=counted, transfer=transfer)
        first = key.at == 0 or len(line.split()) <= 4
        rest = line[key.end :]
        if first and _HOST.search(rest):
            return _LineDevices(host=True, transfer=transfer)
        if key.at and _ON_DEVICES.match(rest):
            return None
        if first and (_VAGUE.search(line) or _GROUPWISE.search(line) or (_PLACEHOLDER.search(line) and not transfer)):
            return _LineDevices(vague=line.strip(), transfer=transfer)
        if key.keyed and key.at == 0 and rest.strip():
            return _LineDevices(unread=line.strip(), transfer=transfer)
        return _LineDevices(transfer=transfer) if transfer else None

    def _ids(self, text: str) -> tuple[int, ...]:
        word = min(self.words.names)
        return next((one.ids for one in mentions(f"{word}: {text}", self.words)), ())


def _joined(line: str, found: list[Mention], end: Mention) -> bool:
    """Return whether only `to` stands between an end and the mention before it: `GPUs 0-7 to GPUs 8-15`."""
    before = found[found.index(end) - 1] if found.index(end) else None
    return before is not None and line[before.end : end.at].strip().lower() in {"to", "to all", "and to"}


@lru_cache(maxsize=16384)
def _of_lines(found: tuple[_LineDevices, ...]) -> Gpus | None:
    """Return the devices that lines state together."""
    ids = tuple(number for one in found for number in one.ids)
    ends = tuple(number for one in found for number in one.ends)
    vague = next((one.vague for one in reversed(found) if one.vague is not None), None)
    counted = next((one.count for one in reversed(found) if one.count is not None), None)
    unread = next((one.unread for one in found if one.unread is not None), None)
    host, transfer = any(one.host for one in found), any(one.transfer for one in found)
    coordinates = tuple(dict.fromkeys(each for one in found for each in one.coordinates))
    if ids:  # where a label has the word GPU, its rank is something else
        coordinates = tuple(each for each in coordinates if each.sure)
    if ids or ends:
        return Gpus(
            ids=_gpu_set(ids or ends) if len(ids or ends) <= _MOST_KEPT else GpuSet.of(ids or ends),
            transfer=transfer or not ids,
            peer=not ids and not transfer and len(set(ends)) == 1,
            vague=vague,
            count=counted,
            coordinates=coordinates,
        )
    stated = vague or counted is not None or host or unread
    if stated and not any(each.sure for each in coordinates):
        coordinates = ()
    if stated or coordinates:
        return Gpus(vague=vague, count=counted, host=host, transfer=transfer, unread=unread, coordinates=coordinates)
    return None


@lru_cache(maxsize=16384)
def _gpu_set(ids: tuple[int, ...]) -> GpuSet:
    return GpuSet.of(ids)
