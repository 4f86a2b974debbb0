"""Say in words what cannot be drawn without being wrong, so that an overview passes the rules that its file breaks.

An overview is linted as any file is. Where the rules speak of it, one of four things is done, each of which leaves it
true: an edge that goes past a stage or back is counted in its block; GPUs that are not the strategy's become a remark
with both; sizes that are left open are called so; a block that nothing leads to or from gets a dashed edge, `missing`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING

from dotlint.checks.grouping import count
from dotlint.engine.own_cards import by_code
from dotlint.overview.model import Block, Link
from dotlint.overview.text import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dotlint.engine.card import Card, Remedy
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import Settings
    from dotlint.overview.model import Frame, Overview

_ROUNDS = 8


def settle(made: Overview, settings: Settings, comments: list[str], fresh: Callable[[str], str]) -> None:
    """Change an overview until it passes under these settings, or until nothing more can be said otherwise."""
    from dotlint.pipeline.lint_file import lint_file  # noqa: PLC0415 - only to look at what was written
    from dotlint.syntax.source import Source  # noqa: PLC0415

    rules = by_code(settings.cards)
    for _ in range(_ROUNDS):
        found: dict[Remedy | None, list[Finding]] = defaultdict(list)
        for finding in lint_file(Source.from_text(as_text(made, comments), "overview.dot"), settings).findings:
            found[rules[finding.code].overview_remedy].append(finding)
        # One kind at a time: a remedy may be the remedy of the next kind too.
        remedies = (
            (found["order"] and _in_order(made))
            or _passed_on(made, found)
            or _joined(made, sorted([*found["ends"], *found["stage-link"]], key=_where), rules, fresh)
            or _stated(made, found["dimensions"])
            or (found["layers"] and _deep(made))
            or _placed(made, found["placement"])
        )
        if not remedies:
            return


def _where(finding: Finding) -> tuple[int, str]:
    return finding.start, finding.code


def _blocks(made: Overview) -> list[Block]:
    return [block for frame in made.frames for block in frame.blocks]


def _named(made: Overview, finding: Finding) -> list[Block]:
    names = set(finding.nodes)
    return [block for block in [*_blocks(made), *made.ends] if block.name in names]


def _in_order(made: Overview) -> bool:
    """Take out the links that go back or past the next block, and count them in the block that they start from."""
    place = {block: number for number, block in enumerate(_blocks(made))}
    said: dict[Block, Counter[str]] = {}
    kept: list[Link] = []
    for link in made.links:
        ahead = place[link.head] - place[link.tail] if link.head in place and link.tail in place else 1
        same = link.head.phase == link.tail.phase
        if ahead == 1 or (ahead > 1 and not same):
            kept.append(link)
            continue
        unit = f"{made.basis}s" if same else "phases"
        where = f"past the next {made.basis}" if ahead > 1 else f"back to earlier {unit}"
        said.setdefault(link.tail, Counter())[where] += link.edges
    made.links = kept
    for block, numbers in said.items():
        block.lines += [f"{count(number, 'edge')} {where}" for where, number in numbers.items()]
    return bool(said)


def _passed_on(made: Overview, found: Mapping[Remedy | None, list[Finding]]) -> bool:
    """Settle what leads from phase to phase: what is missing of it is dashed, what should not be there is counted."""
    blocks = {block.name: block for block in _blocks(made)}
    lacking = dict.fromkeys(pair for f in found["edges"] for pair in f.missing_edges)
    pairs = [(blocks[tail], blocks[head]) for tail, head in lacking if tail in blocks and head in blocks]
    frames = {frame.phase: frame for frame in made.frames}
    if found["handover"] and not pairs and {"prefill", "decode"} <= frames.keys():
        pairs = [(frames["prefill"].blocks[-1], frames["decode"].blocks[0])]
    for tail, head in pairs:
        text = ["KV cache transfer"] if tail.phase != head.phase else []
        made.links.append(Link(tail, head, [*text, "missing"], missing=True))
    leaks = {frozenset(f.nodes) for f in found["leak"]}
    astray = [x for x in made.links if {x.tail.name, x.head.name} in leaks and not x.missing]
    for link in astray:
        link.tail.lines.append(f"{count(link.edges, 'edge')} to the other phase")
    made.links = [link for link in made.links if link not in astray]
    return bool(astray) or bool(pairs)


def _deep(made: Overview) -> bool:
    """Make a remark of layers that do not cover the model: a stage that is missing has some, nobody knows which."""
    changed = False
    for block in _blocks(made):
        lines = [_remark_of_layers(line) for line in block.lines[1:]]
        changed |= lines != block.lines[1:]
        block.lines[1:] = lines
    return changed


def _remark_of_layers(line: str) -> str:
    first, _, rest = line.partition(" ")
    return f"depth: {rest} as drawn" if first in {"layer", "layers"} else line


def _placed(made: Overview, found: list[Finding]) -> bool:
    """Make a remark of GPUs that are not those of the strategy, or that are not the same by two labels."""
    changed = False
    for finding in found:
        named = [block for block in _named(made, finding) if block.placement]
        # A total is wrong through what all the blocks of its phase say.
        inside = [block for block in _blocks(made) if _phase(finding) == block.phase and block.placement]
        for block in named or inside or _blocks(made):
            remark = _remark(block)
            if block.placement and block.placement != remark:
                block.placement = remark
                changed = True
    return changed


def _phase(finding: Finding) -> str | None:
    """Return the phase that a finding is about as a whole."""
    return finding.about.whole_phase if finding.about is not None else None


def _remark(block: Block) -> list[str]:
    if not block.gpus:
        return []
    drawn = f"placement: drawn on {block.gpus.short()}"
    return [f"{drawn}, declared {block.due.short()}" if block.due and block.due != block.gpus else drawn]


def _stated(made: Overview, found: list[Finding]) -> bool:
    """Leave out the dimensions of inputs and outputs that are not whole or do not agree."""
    changed = False
    for finding in found:
        for block in _named(made, finding) or made.ends:
            lines = [_open(line) if block.look == "end" else line for line in block.lines]
            changed |= lines != block.lines
            block.lines = lines
    return changed


def _open(line: str) -> str:
    side, colon, dims = line.partition(": ")
    return f"{side}: dimensions left open" if colon and dims.startswith("[") else line


def _joined(made: Overview, found: list[Finding], rules: Mapping[str, Card], fresh: Callable[[str], str]) -> bool:
    """Draw what is missing before and after a block, or before and after the blocks of a phase, dashed."""
    links: list[Link] = []
    for finding in found:
        named = [block for block in _named(made, finding) if block.look == "block"]
        if rules[finding.code].concerns == "unit" or not named:
            frames = [f for f in made.frames if finding.about is None or _phase(finding) == f.phase] or made.frames
            named = [block for frame in frames for block in frame.blocks]
        for block in named:
            links += _beside(made, block, fresh, before=True)
            links += _beside(made, block, fresh, before=False)
    return bool(links)


def _beside(made: Overview, block: Block, fresh: Callable[[str], str], *, before: bool) -> Iterator[Link]:
    """Draw what is missing before a block, or behind it."""
    near, far = (attrgetter("head"), attrgetter("tail")) if before else (attrgetter("tail"), attrgetter("head"))
    if any(near(link) is block for link in made.links):
        return
    both = next((link for link in made.links if far(link) is block and link.back), None)
    if both is not None:
        yield _apart(made, both)
        return
    frame, place = _place(made, block)
    place += -1 if before else 1
    if made.basis != "GPU" and 0 <= place < len(frame.blocks):
        other = frame.blocks[place]
    else:
        end = next((e for e in made.ends if _of(e, block) and any(far(link) is e for link in made.links)), None)
        other = end or _end(made, frame, "Input" if before else "Output", fresh)
    yield _add(made, other, block) if before else _add(made, block, other)


def _apart(made: Overview, both: Link) -> Link:
    """Draw the edges both ways as two links."""
    there, back = both.edges - both.back, both.back
    both.lines, both.edges, both.back = [f"{count(there, 'edge')} there"], there, 0
    link = Link(both.head, both.tail, [f"{count(back, 'edge')} back"], edges=back)
    made.links.append(link)
    return link


def _of(end: Block, block: Block) -> bool:
    return end.phase in {None, block.phase}


def _place(made: Overview, block: Block) -> tuple[Frame, int]:
    return next((frame, frame.blocks.index(block)) for frame in made.frames if block in frame.blocks)


def _end(made: Overview, frame: Frame, what: str, fresh: Callable[[str], str]) -> Block:
    title = f"{frame.phase.capitalize()} {what.lower()}" if frame.name else what
    side = "Output" if what == "Input" else "Input"
    lines = [title, f"{side}: dimensions not stated", "missing"]
    end = Block(fresh(title.lower().replace(" ", "_")), lines, "end", phase=frame.phase, missing=True)
    made.ends.append(end)
    return end


def _add(made: Overview, tail: Block, head: Block) -> Link:
    link = Link(tail, head, ["missing"], missing=True)
    made.links.append(link)
    return link
