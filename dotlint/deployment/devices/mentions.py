"""Find the expressions of devices in a line: a word, what separates it from the ids, and the ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from dotlint.deployment.devices.coordinates import AXES, Coordinates, read_coordinates
from dotlint.deployment.devices.tokens import Cursor, Token, id_list, point, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotlint.deployment.devices.words import DeviceWords

_NUMBERED: Final = frozenset(
    {"stage", "layer", "group", "replica", "expert", "block", "shard", "pool", "phase", "rank", "partition"}
)
_ID_WORDS: Final = ("id", "ids", "rank", "ranks", "index", "idx", "no", "number", "号", "编号")
_SEPARATORS: Final = (":", "：", "=", "#", "_", "-", "on")
_SHARES: Final = frozenset({"each", "every", "per"})
_ENDS: Final = frozenset(
    {"from", "to", "between", "into", "src", "dst", "source", "destination", "target", "next", "previous", "prev"}
)
_PLACED: Final = frozenset({"mapped", "assigned", "placed", "pinned", "bound", "allocated", "deployed", "local"})
_MOVING: Final = frozenset({"send", "sends", "recv", "receive", "transfer", "copy", "move", "forward", "p2p", "from"})
_QUALIFIERS: Final = AXES | {
    "pipeline",
    "tensor",
    "expert",
    "data",
    "sequence",
    "context",
    "local",
    "stage",
    "of",
    "ring",
}
_OPENING: Final = frozenset("[({（【")
_CLOSING: Final = frozenset("])}）】")
_BRACKETS: Final = _OPENING | _CLOSING
_NUMBER_OF: Final = frozenset({"num", "n", "number", "total", "count"})
_UNITS: Final = frozenset({"gb", "gib", "mb", "mib", "tb", "tflops", "ms", "gbps"})


class Mention(Struct, frozen=True):
    """One mention of devices: the ids or coordinates that it states, and the span of the ids in the line.

    `at` and `end` are the offsets of the whole mention, from its word on. `sure` is whether the word always means a
    device, `keyed` whether a colon or equals sign follows it; `count` is the number of devices that stands before it,
    `peer` whether it is the other end of a transfer, and `share` whether it states what each device holds.
    """

    at: int
    end: int
    span: tuple[int, int]
    sure: bool
    keyed: bool
    ids: tuple[int, ...] = ()
    coordinates: Coordinates | None = None
    count: int | None = None
    peer: bool = False
    share: bool = False
    simple: bool = False


def mentions(line: str, words: DeviceWords) -> Iterator[Mention]:
    """Yield the mentions of devices in a line, in order."""
    found = tokens(line)
    moving = any(token.text in _MOVING for token in found)
    index, last = 0, -1
    while index < len(found):
        mention, index, last = _mention(found, index, last, words, moving)
        if mention is None:
            continue
        if mention.coordinates is not None:
            written = replace(mention.coordinates, text=line[mention.at : mention.end])
            mention = replace(mention, coordinates=written)
        yield mention


def _mention(
    found: list[Token], index: int, last: int, words: DeviceWords, moving: bool
) -> tuple[Mention | None, int, int]:
    """Read the mention that starts at a token; return it with the next token, and the last token of an expression."""
    word = found[index]
    sure = word.kind == "word" and words.named(word.text) is not None
    if not sure and not (word.kind == "word" and _may_be_device(found, index, words)):
        return None, index + 1, last
    cursor = Cursor(found, index + 1)
    _skip_id_words(cursor)
    keyed = _skip_separators(cursor)
    if (nested := cursor.peek()) is not None and keyed and words.named(nested.text):  # `GPU: gpu_0`, `GPU: GPUs 0-7`
        cursor.at += 1
        _skip_separators(cursor)
    start = cursor.at
    before = _before(found, index)
    if before is not None and before.text in _SHARES:
        return Mention(word.at, word.end, (word.end, word.end), sure, keyed, share=True), start, last
    repeated = (words.names if sure else words.unsure) - words.plurals
    opening = cursor.peek()
    pair = None
    if opening is not None and opening.at == word.end and word.text not in words.plurals:
        pair = point(cursor)
        cursor.at = start
    many = word.text in words.plurals or not word.text.isascii()
    ids = id_list(cursor, repeated, to=not moving, many=many or keyed)
    simple = ids is not None
    while ids is not None and (arrow := cursor.peek()) is not None and arrow.kind == "arrow":
        here = cursor.at
        cursor.at += 1
        more = id_list(cursor, repeated)
        if more is None:
            cursor.at = here
            break
        ids, simple = ids + more, False
    coordinates = None if ids is not None else read_coordinates(cursor) if keyed else None
    if ids is None and coordinates is None:
        end = found[cursor.at - 1].end
        return Mention(word.at, end, (end, end), sure, keyed, count=_count(found, index)), max(start, index + 1), last
    stop = cursor.at
    inner = found[start:stop]
    text_end = inner[-1].end
    if ids is not None and inner[0].text in _OPENING and inner[-1].text in _CLOSING:
        inner = inner[1:-1]
    span = inner[0].at, inner[-1].end
    simple = simple and not any(t.text in _BRACKETS or t.text.startswith("0x") for t in inner)
    if ids is not None and len(ids) == 1 and _states_number(found, index, before):
        return Mention(word.at, word.end, (word.end, word.end), sure, keyed, count=ids[0]), stop, last
    if ids is not None and (keyed or many) and len(ids) == 1 and _counts_things(found, stop):
        return Mention(word.at, word.end, (word.end, word.end), sure, keyed, share=True), stop, last
    number = _count(found, index)
    if ids is not None and many and number is not None and len(ids) != number and _is_count(found, index, len(ids)):
        return Mention(word.at, word.end, (word.end, word.end), sure, keyed, count=number), stop, last
    if ids is not None and (host := _host(found, index, words)) is not None:
        coordinates = Coordinates(("host", "device"), tuple((host, number) for number in ids))
    elif pair is not None:
        coordinates = Coordinates(("",) * len(pair), (pair,))
    elif ids is not None and not sure:
        coordinates = Coordinates((word.text.removesuffix("s"),), tuple((number,) for number in ids), sure=False)
    return (
        Mention(
            word.at,
            text_end,
            span,
            sure,
            keyed,
            tuple(ids or ()),
            coordinates,
            peer=_is_peer(found, index, before, ids or (), last),
            simple=simple,
        ),
        stop,
        stop - 1,
    )


def _skip_id_words(cursor: Cursor) -> None:
    while True:
        here = cursor.at
        cursor.accept("_", "-")
        if cursor.accept(*_ID_WORDS) is None:
            cursor.at = here
            return


def _skip_separators(cursor: Cursor) -> bool:
    """Go past what stands between a word and its ids; return whether a colon or equals sign does."""
    keyed = False
    for _ in range(2):
        token = cursor.accept(*_SEPARATORS)
        if token is None:
            break
        keyed = keyed or token.text in ":：="
    return keyed


def _may_be_device(found: list[Token], index: int, words: DeviceWords) -> bool:
    """Return whether the word at a token may name a device: `rank 3`, and neither `TP rank 3` nor `keys of rank 3`."""
    word, before = found[index], _before(found, index)
    following = found[index + 1] if index + 1 < len(found) else None
    if word.text not in words.unsure or following is None:
        return False
    if len(word.text) == 1 and (following.at != word.end or following.kind != "number"):
        return False
    return before is None or before.text not in _QUALIFIERS | _ENDS


def _before(found: Sequence[Token], index: int) -> Token | None:
    """Return the word before a token, past brackets, colons and `the`."""
    at = index - 1
    while at >= 0 and found[at].text in {"(", "[", "_", ":", "：", "-", "the", "=", "all"}:
        at -= 1
    return found[at] if at >= 0 else None


def _count(found: Sequence[Token], index: int) -> int | None:
    """Return the number of devices that stands before the word at a token, as in `8 GPUs` and `8 x GPU`."""
    at = index - 1
    if at > 0 and found[at].text in {"x", "×", "*"}:
        at -= 1
    if at < 0 or found[at].kind != "number":
        return None
    before = found[at - 1] if at else None
    glued = before is not None and before.end == found[at].at
    if before is not None and glued and before.kind != "arrow" and before.text not in {"(", "[", "/", "~", "≈"}:
        return None
    return found[at].value


def _is_count(found: Sequence[Token], index: int, ids: int) -> bool:
    """Return whether the number before `GPUs` counts them although ids may follow: `128 GPUs: 64 EP groups`."""
    at = index - 1 if found[index - 1].kind == "number" else index - 2
    before = found[at - 1] if at else None
    if before is None or before.kind != "word":
        return True
    return ids == 1 and before.text not in _NUMBERED


def _states_number(found: Sequence[Token], index: int, before: Token | None) -> bool:
    """Return whether the number after a word is how many there are: `num_gpus=8`, `#GPUs: 8`, `number of GPUs: 8`."""
    if index and found[index - 1].text == "#":
        return True
    if before is not None and before.text == "of" and found.index(before):
        return found[found.index(before) - 1].text in _NUMBER_OF
    return before is not None and before.text in _NUMBER_OF


def _counts_things(found: Sequence[Token], stop: int) -> bool:
    """Return whether the word after a number names what it counts: `4 heads`, `80 GB`; `heads 0-3` are others."""
    after = found[stop] if stop < len(found) else None
    beyond = found[stop + 1] if stop + 1 < len(found) else None
    if after is None or after.kind != "word" or (beyond is not None and beyond.kind == "number"):
        return False
    return after.text in _UNITS or (len(after.text) > 3 and after.text.endswith("s") and not after.text.endswith("ss"))


def _is_peer(found: Sequence[Token], index: int, before: Token | None, ids: Sequence[int], last: int) -> bool:
    """Return whether a mention is an end of a transfer: `From: GPUs 0-3`, `Send to GPU 1`, `GPUs 0-1 to GPUs 2-3`."""
    if index and found[index - 1].text in {"×", "*", "⊗"} and (index < 2 or found[index - 2].kind != "number"):
        return True  # `Q×Device 1 KV`: what comes from there
    if before is None or before.text not in _ENDS:
        return False
    at = next(i for i in range(index - 1, -1, -1) if found[i] is before)
    if at and found[at - 1].text in _PLACED:
        return False
    return len(ids) == 1 or at == 0 or at - 1 == last


def _host(found: Sequence[Token], index: int, words: DeviceWords) -> int | None:
    """Return the number of the host that stands before the word at a token: `node1/gpu3`, `Node 0 (GPUs 0-7)`."""
    at = index - 1
    while at >= 0 and index - at <= 2 and found[at].text in {"/", ":", ".", ",", "(", "-", "_", "·"}:
        at -= 1
    if at < 1 or found[at].kind != "number":
        return None
    name = at - 1 if found[at - 1].text not in {"_", "#", "-", ":"} else at - 2
    return found[at].value if name >= 0 and found[name].text in words.hosts else None
