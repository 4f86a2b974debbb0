"""Copy statements for another stage: ids, labels, cluster names and comments are renumbered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotlint.deployment.patterns.renumber import ShiftError
from dotlint.deployment.words import parse_name
from dotlint.edits.apply import apply_edits
from dotlint.edits.statement import id_text, references
from dotlint.engine.finding import Edit
from dotlint.syntax.tree import Assignment, AttributedStatement, Block, blocks
from dotlint.text.regex import regex

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from dotlint.deployment.patterns.renumber import Shift
    from dotlint.syntax.tree import Attribute, Comment, Id, Statement

_TEXTS = {
    "label",
    "xlabel",
    "headlabel",
    "taillabel",
    "tooltip",
    "edgetooltip",
    "headtooltip",
    "tailtooltip",
    "comment",
}
_NUMBER = regex(r'"?(\d+)"?')
_STAGE_WORDS = {"stage", "pp", "st"}
_NO_STAGE = {
    "layer",
    "l",
    "lay",
    "lyr",
    "block",
    "gpu",
    "gpus",
    "device",
    "expert",
    "experts",
    "tp",
    "ep",
    "dp",
    "sp",
}


def nested(statement: Statement) -> Iterator[Statement]:
    """Yield a statement and every statement inside it."""
    yield statement
    for block in blocks(statement):
        if block is not statement:
            yield block
        for inner in block.body:
            yield from nested(inner)


def respelled(old: Id, name: str) -> str:
    """Return a name as an id, in quotes if the id that it replaces is in quotes."""
    written = id_text(name)
    return f'"{written}"' if old.quoted and not written.startswith('"') else written


def stage_number_index(name: str, stage: int) -> int | None:
    """Return the index of the number in a cluster's name that is its stage number; None if there is none or several."""
    parsed = parse_name(name)
    fits = [i for i, number in enumerate(parsed.numbers) if number == stage and parsed.words[i] not in _NO_STAGE]
    after_stage_word = [i for i in fits if parsed.words[i] in _STAGE_WORDS]
    return after_stage_word[0] if after_stage_word else fits[0] if len(fits) == 1 else None


def copy_edits(
    statements: Iterable[Statement],
    comments: Sequence[Comment],
    text: str,
    names: Mapping[str, str],
    shift: Shift,
    taken: Container[str | None] = (),
) -> list[Edit]:
    """Return the edits that turn statements and comments into those of another stage; offsets are those of the file.

    `names` maps nodes to their copies; `taken` holds the subgraph names already in use. Raises `ShiftError` if a text
    names something that the other stage does not have.
    """
    edits = [Edit(c.start, c.end, shift.text(text[c.start : c.end])) for c in comments]
    for outer in statements:
        edits += [
            Edit(reference.id.start, reference.id.end, respelled(reference.id, new))
            for reference in references(outer)
            if (new := names.get(reference.id.value)) is not None
        ]
        for statement in nested(outer):
            if isinstance(statement, Block) and statement.id is not None:
                new = shift.name(statement.id.value, stage_number_index(statement.id.value, shift.before))
                while new != statement.id.value and new in taken:
                    new += "_new"
                edits.append(Edit(statement.id.start, statement.id.end, respelled(statement.id, new)))
            if isinstance(statement, AttributedStatement | Assignment):
                edits += [edit for attribute in statement.attributes if (edit := _attribute_edit(attribute, shift))]
    return edits


def _attribute_edit(attribute: Attribute, shift: Shift) -> Edit | None:
    name, raw = attribute.name.value.lower(), attribute.value.raw
    new = raw
    if name in _TEXTS:
        new = shift.text(raw)
    elif name in {"stage", "pp", "pp_stage", "pipeline_stage"} and (match := _NUMBER.fullmatch(raw)):
        new = raw.replace(match[1], str(shift.after)) if int(match[1]) == shift.before else raw
    elif name in {"gpu", "gpus", "gpu_id", "gpu_ids", "device", "devices"}:
        if shift.before != shift.after and not shift.gpus:
            raise ShiftError(f"`{name}={raw}` does not correspond to anything in the other stage")
        line = f"GPU: {raw.strip(chr(34))}"
        moved = shift.text(line).removeprefix("GPU: ")
        new = f'"{moved}"' if raw.startswith('"') else moved
    return Edit(attribute.value.start, attribute.value.end, new) if new != raw else None


def piece(text: str, start: int, end: int, edits: Iterable[Edit]) -> str:
    """Return `text[start:end]` after the edits that lie inside it."""
    inside = [Edit(e.start - start, e.end - start, e.text) for e in edits if start <= e.start and e.end <= end]
    return apply_edits(text[start:end], inside)
