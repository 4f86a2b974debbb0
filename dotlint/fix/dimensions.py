"""Tensor dimensions copied into labels that lack them, from operators of a kind that agree on theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.facts import read_tensors
from dotlint.deployment.words import plain_words
from dotlint.engine.finding import Edit, Fix
from dotlint.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotlint.deployment.model import Deployment, Reading
    from dotlint.syntax.tree import Attribute

Kind = tuple[str | None, str, str]
_BREAK = regex(r"(\\[nlr]|\r?\n)")
_NUMBERS = regex(r"\d+")


class DimensionCopier:
    """Knows what operators state of their dimensions, by phase, role and words of the title."""

    def __init__(self, deployment: Deployment) -> None:
        self._stated: dict[Kind, list[Reading]] = {}
        for reading in deployment.operators:
            kind = _kind(reading)
            if kind is not None and _whole(reading):
                self._stated.setdefault(kind, []).append(reading)

    def fix(self, lacking: Iterable[Reading]) -> Fix | None:
        """Give the edits for those operators whose dimensions can be told; None where there is none."""
        edits = [edit for reading in lacking if (edit := self._edit(reading))]
        return Fix("unsafe", tuple(edits)) if edits else None

    def _edit(self, reading: Reading) -> Edit | None:
        kind = _kind(reading)
        models = self._stated.get(kind, []) if kind is not None else []
        stated = {_dims(model) for model in models}
        if len(stated) != 1 or reading.evidence.tensors != read_tensors([]):
            return None
        if any("?" in value for side in stated.pop() for value in side):
            return None
        target, source = _label(reading), _label(models[0])
        if target is None or source is None:
            return None
        raw = _with_dims(target.value.raw, source.value.raw)
        return Edit(target.value.start, target.value.end, raw) if raw else None


def _kind(reading: Reading) -> Kind | None:
    if reading.role is None or reading.summary or not reading.evidence.title:
        return None
    return reading.phase, reading.role.name, plain_words(reading.evidence.title)


def _whole(reading: Reading) -> bool:
    return bool(reading.evidence.tensors.inputs and reading.evidence.tensors.outputs)


def _dims(reading: Reading) -> tuple[tuple[str, ...], ...]:
    tensors = reading.evidence.tensors
    return tuple((*dims.keys, *dims.values) for dims in (*tensors.inputs, *tensors.outputs))


def _label(reading: Reading) -> Attribute | None:
    """Give the label where it is one plain text of the node's own statement, no record and no HTML."""
    found = reading.node.attribute("label")
    if found is None or found.value.html or "record" in reading.node.attributes.get("shape", ""):
        return None
    return None if any(len(statement.nodes) > 1 for statement in reading.node.statements) else found


def _with_dims(target: str, source: str) -> str | None:
    """Put the source's lines of dimensions into the target, before what follows them in the source."""
    quoted = target.startswith('"') and target.endswith('"') and '" ' not in target[1:-1]
    if not quoted or not source.startswith('"'):
        return None
    lines, breaks = _split(source[1:-1])
    stating = [i for i, line in enumerate(lines) if _states(line)]
    if not stating or stating != list(range(stating[0], stating[-1] + 1)):
        return None
    own, own_breaks = _split(target[1:-1])
    follower = next((_subject(line) for line in lines[stating[-1] + 1 :] if line.strip()), None)
    at = next(
        (i for i, line in enumerate(own) if i and follower is not None and _subject(line) == follower),
        len(own),
    )
    while (
        at == len(own) and at > 1 and not own[at - 1].strip()
    ):  # a label that ends with a break ends with an empty line
        at -= 1
    put = lines[stating[0] : stating[-1] + 1]
    between = own_breaks[0] if own_breaks else breaks[0] if breaks else "\\n"
    own[at:at] = put
    own_breaks[at - 1 : at - 1] = [between] * len(put)
    return '"' + "".join(line + brk for line, brk in zip(own, [*own_breaks, ""], strict=True)) + '"'


def _split(text: str) -> tuple[list[str], list[str]]:
    pieces = _BREAK.split(text)
    return pieces[::2], pieces[1::2]


def _states(line: str) -> bool:
    tensors = read_tensors([line.strip()])
    return bool(tensors.inputs or tensors.outputs)


def _subject(line: str) -> str:
    """Tell what a line speaks of: `gpu` for `GPU: 0-7 (TP=8)`.

    Where it has no colon that is the whole line without its numbers.
    """
    key, colon, _ = line.partition(":")
    return key.strip().lower() if colon else _NUMBERS.sub("#", line).strip()
