"""Describe defects of the file in words, so that its overview passes the rules that the file fails.

The overview is linted like any file. Each finding leads to one of these changes, which keep the overview correct:
- an edge that skips a stage or leads back is removed, and counted in its block
- GPUs that differ from the strategy are described, together with the expected ones
- incomplete dimensions are described as left open
- a block without an incoming or outgoing edge gets a dashed edge with the label `missing`
"""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING

from dotlint.engine.own_cards import by_code
from dotlint.overview.model import Link, OverviewBlock
from dotlint.overview.text import as_text
from dotlint.text.english import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dotlint.engine.card import Card, Remedy
    from dotlint.engine.finding import Finding
    from dotlint.engine.result import Settings
    from dotlint.overview.model import Frame, Overview

_ROUNDS = 8


def reconcile(overview: Overview, settings: Settings, comments: list[str], fresh: Callable[[str], str]) -> None:
    """Change an overview until it passes with these settings, or no change is left."""
    from dotlint.pipeline.lint_file import lint_file  # noqa: PLC0415 - only needed for an overview
    from dotlint.syntax.source import Source  # noqa: PLC0415

    rules = by_code(settings.cards)
    for _ in range(_ROUNDS):
        found: dict[Remedy | None, list[Finding]] = defaultdict(list)
        for finding in lint_file(Source.from_text(as_text(overview, comments), "overview.dot"), settings).findings:
            found[rules[finding.code].overview_remedy].append(finding)
        # Apply one kind of change at a time, because it may also remove findings of the next kind.
        remedies = (
            (found["order"] and _remove_skips(overview))
            or _reconcile_handoff(overview, found)
            or _connect_ends(overview, sorted([*found["ends"], *found["stage-link"]], key=_where), rules, fresh)
            or _omit_dims(overview, found["dimensions"])
            or (found["layers"] and _describe_layers(overview))
            or _describe_placement(overview, found["placement"])
        )
        if not remedies:
            return


def _where(finding: Finding) -> tuple[int, str]:
    return finding.start, finding.code


def _blocks(overview: Overview) -> list[OverviewBlock]:
    return [block for frame in overview.frames for block in frame.blocks]


def _blocks_of(overview: Overview, finding: Finding) -> list[OverviewBlock]:
    names = set(finding.nodes)
    return [block for block in [*_blocks(overview), *overview.ends] if block.name in names]


def _remove_skips(overview: Overview) -> bool:
    """Remove the links that lead back or skip a block, and count them in the block where they start."""
    position = {block: number for number, block in enumerate(_blocks(overview))}
    removed: dict[OverviewBlock, Counter[str]] = {}
    kept: list[Link] = []
    for link in overview.links:
        ahead = position[link.head] - position[link.tail] if {link.head, link.tail} <= position.keys() else 1
        same = link.head.phase == link.tail.phase
        if ahead == 1 or (ahead > 1 and not same):
            kept.append(link)
            continue
        unit = f"{overview.basis}s" if same else "phases"
        where = f"past the next {overview.basis}" if ahead > 1 else f"back to earlier {unit}"
        removed.setdefault(link.tail, Counter())[where] += link.edges
    overview.links = kept
    for block, numbers in removed.items():
        block.lines += [f"{count(number, 'edge')} {where}" for where, number in numbers.items()]
    return bool(removed)


def _reconcile_handoff(overview: Overview, found: Mapping[Remedy | None, list[Finding]]) -> bool:
    """Draw missing links between phases dashed, and count the links between phases that should not exist."""
    blocks = {block.name: block for block in _blocks(overview)}
    lacking = dict.fromkeys(pair for f in found["edges"] for pair in f.missing_edges)
    pairs = [(blocks[tail], blocks[head]) for tail, head in lacking if tail in blocks and head in blocks]
    frames = {frame.phase: frame for frame in overview.frames}
    if found["handover"] and not pairs and {"prefill", "decode"} <= frames.keys():
        pairs = [(frames["prefill"].blocks[-1], frames["decode"].blocks[0])]
    for tail, head in pairs:
        text = ["KV cache transfer"] if tail.phase != head.phase else []
        overview.links.append(Link(tail, head, [*text, "missing"], missing=True))
    leaks = {frozenset(f.nodes) for f in found["leak"]}
    astray = [x for x in overview.links if {x.tail.name, x.head.name} in leaks and not x.missing]
    for link in astray:
        link.tail.lines.append(f"{count(link.edges, 'edge')} to the other phase")
    overview.links = [link for link in overview.links if link not in astray]
    return bool(astray) or bool(pairs)


def _describe_layers(overview: Overview) -> bool:
    """Describe layers that do not cover the model: a missing stage has unknown layers."""
    changed = False
    for block in _blocks(overview):
        lines = [_depth_text(line) for line in block.lines[1:]]
        changed |= lines != block.lines[1:]
        block.lines[1:] = lines
    return changed


def _depth_text(line: str) -> str:
    first, _, rest = line.partition(" ")
    return f"depth: {rest} as drawn" if first in {"layer", "layers"} else line


def _describe_placement(overview: Overview, found: list[Finding]) -> bool:
    """Describe GPUs that differ from the strategy, or between two labels."""
    changed = False
    for finding in found:
        named = [block for block in _blocks_of(overview, finding) if block.placement]
        # A wrong total concerns all blocks of its phase.
        inside = [block for block in _blocks(overview) if _phase(finding) == block.phase and block.placement]
        for block in named or inside or _blocks(overview):
            text = _placement_text(block)
            if block.placement and block.placement != text:
                block.placement = text
                changed = True
    return changed


def _phase(finding: Finding) -> str | None:
    """Return the phase that a finding is about, if it is about the whole phase."""
    return finding.about.whole_phase if finding.about is not None else None


def _placement_text(block: OverviewBlock) -> list[str]:
    if not block.gpus:
        return []
    drawn = f"placement: drawn on {block.gpus.short()}"
    differs = block.expected_gpus and block.expected_gpus != block.gpus
    return [f"{drawn}, declared {block.expected_gpus.short()}" if differs else drawn]


def _omit_dims(overview: Overview, found: list[Finding]) -> bool:
    """Omit the dimensions of inputs and outputs if they are incomplete or inconsistent."""
    changed = False
    for finding in found:
        for block in _blocks_of(overview, finding) or overview.ends:
            lines = [_without_dims(line) if block.look == "end" else line for line in block.lines]
            changed |= lines != block.lines
            block.lines = lines
    return changed


def _without_dims(line: str) -> str:
    side, colon, dims = line.partition(": ")
    return f"{side}: dimensions left open" if colon and dims.startswith("[") else line


def _connect_ends(
    overview: Overview, found: list[Finding], rules: Mapping[str, Card], fresh: Callable[[str], str]
) -> bool:
    """Draw the missing links to and from a block, or the blocks of a phase, dashed."""
    links: list[Link] = []
    for finding in found:
        named = [block for block in _blocks_of(overview, finding) if block.look == "block"]
        if rules[finding.code].concerns == "unit" or not named:
            frames = [
                f for f in overview.frames if finding.about is None or _phase(finding) == f.phase
            ] or overview.frames
            named = [block for frame in frames for block in frame.blocks]
        for block in named:
            links += _connect(overview, block, fresh, before=True)
            links += _connect(overview, block, fresh, before=False)
    return bool(links)


def _connect(overview: Overview, block: OverviewBlock, fresh: Callable[[str], str], *, before: bool) -> Iterator[Link]:
    """Draw the missing link before or after a block, and yield it."""
    near, far = (attrgetter("head"), attrgetter("tail")) if before else (attrgetter("tail"), attrgetter("head"))
    if any(near(link) is block for link in overview.links):
        return
    both = next((link for link in overview.links if far(link) is block and link.back), None)
    if both is not None:
        yield _split_directions(overview, both)
        return
    frame, index = _position(overview, block)
    index += -1 if before else 1
    if overview.basis != "GPU" and 0 <= index < len(frame.blocks):
        other = frame.blocks[index]
    else:
        end = next(
            (e for e in overview.ends if _is_end_of(e, block) and any(far(link) is e for link in overview.links)), None
        )
        other = end or _end(overview, frame, "Input" if before else "Output", fresh)
    yield _add(overview, other, block) if before else _add(overview, block, other)


def _split_directions(overview: Overview, both: Link) -> Link:
    """Replace a link in both directions by two links, and return the new one."""
    forward, back = both.edges - both.back, both.back
    both.lines, both.edges, both.back = [f"{count(forward, 'edge')} forward"], forward, 0
    link = Link(both.head, both.tail, [f"{count(back, 'edge')} back"], edges=back)
    overview.links.append(link)
    return link


def _is_end_of(end: OverviewBlock, block: OverviewBlock) -> bool:
    return end.phase in {None, block.phase}


def _position(overview: Overview, block: OverviewBlock) -> tuple[Frame, int]:
    return next((frame, frame.blocks.index(block)) for frame in overview.frames if block in frame.blocks)


def _end(overview: Overview, frame: Frame, what: str, fresh: Callable[[str], str]) -> OverviewBlock:
    title = f"{frame.phase.capitalize()} {what.lower()}" if frame.name else what
    side = "Output" if what == "Input" else "Input"
    lines = [title, f"{side}: dimensions not stated", "missing"]
    end = OverviewBlock(fresh(title.lower().replace(" ", "_")), lines, "end", phase=frame.phase, missing=True)
    overview.ends.append(end)
    return end


def _add(overview: Overview, tail: OverviewBlock, head: OverviewBlock) -> Link:
    link = Link(tail, head, ["missing"], missing=True)
    overview.links.append(link)
    return link
