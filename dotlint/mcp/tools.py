"""The tools. Each is a function whose signature and docstring the SDK shows to the client."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from mcp.server.mcpserver import Resolve
from mcp.types import CallToolResult  # noqa: TC002 - the SDK reads it from the annotations
from pydantic import Field

from dotlint.engine.finding import Severity  # noqa: TC001 - as above
from dotlint.errors import DotlintError
from dotlint.mcp.access import Access
from dotlint.mcp.answers import NEXT, FixAnswer, RefusedFix, TextAnswer, answer, bounded, text_answer
from dotlint.mcp.granted import granted
from dotlint.mcp.inputs import Words, declared, read_input
from dotlint.report.llm import report_lines
from dotlint.report.short_form import Detail, ShortReport, short_report
from dotlint.text.display import one_line
from dotlint.text.english import count

WIDTH = 100

FilePath = Annotated[str | None, Field(description="A DOT file, or a document with DOT inside, in a granted folder.")]
Text = Annotated[str | None, Field(description="DOT text instead of a file; `path` is then only its name.")]
Strategy = Annotated[
    Words,
    Field(
        description="The parallel strategy, e.g. `pp4ep4tp2sp2`, a TOML file, or launch options such as "
        "`vllm:-tp 8 -pp 2`; a list with one per phase. See the resource dotlint://strategy."
    ),
]
Layout = Annotated[
    str | None,
    Field(description="How degrees map to GPUs: product (default), overlay, megatron, vllm, sglang, trtllm, ..."),
]
World = Annotated[int | None, Field(ge=1, le=1 << 18, description="The number of GPUs of a phase; DP follows from it.")]
Model = Annotated[
    str | None, Field(description="A file with facts about the model: Hugging Face's config.json, or a strategy file.")
]
Gpu = Annotated[
    str | None, Field(description="The GPU, e.g. H100-80GB, or its memory in GiB, to check whether the plan fits.")
]
Most = Annotated[int, Field(ge=1000, le=1_000_000, description="The most characters of the output.")]
Granted = Annotated[Access, Resolve(granted)]


def check(
    access: Granted,
    path: FilePath = None,
    text: Text = None,
    strategy: Strategy = None,
    layout: Layout = None,
    world: World = None,
    model: Model = None,
    gpu: Gpu = None,
    severity: Annotated[Severity, Field(description="List only findings of at least this severity.")] = "info",
    limit: Annotated[int, Field(ge=1, le=1000, description="The most findings to list.")] = 20,
    detail: Annotated[
        Detail, Field(description="summary: one line each; normal: with edges to add and help; full: with notes.")
    ] = "normal",
    select: Annotated[Words, Field(description="Run only these rules: codes, prefixes or names.")] = None,
    ignore: Annotated[Words, Field(description="Skip these rules.")] = None,
    preset: Literal["recommended", "strict", "graphviz"] | None = None,
) -> Annotated[CallToolResult, ShortReport]:
    """Find the defects of a Graphviz DOT file, especially one that describes how a model is deployed on GPUs.

    Causes come first, each with the edges to add as DOT statements; findings that follow from them are only counted.
    [fix] and [unsafe fix] mark what `fix` can do. Give the strategy if the file does not state it.
    """
    given = read_input(
        access,
        path,
        text,
        strategy,
        layout=layout,
        world=world,
        model=model,
        gpu=gpu,
        select=select,
        ignore=ignore,
        preset=preset,
    )
    report = short_report(given.lint(), limit=limit, severity=severity, detail=detail)
    report = replace(report, path=given.shown)
    return answer("\n".join((*report_lines(report), f"next: {NEXT[report.next]}")), report)


def fix(
    access: Granted,
    path: FilePath = None,
    text: Text = None,
    strategy: Strategy = None,
    layout: Layout = None,
    world: World = None,
    model: Model = None,
    gpu: Gpu = None,
    unsafe: Annotated[bool, Field(description="Also apply fixes that may change the meaning; review them.")] = False,
    write: Annotated[bool, Field(description="Write the file at `path`; otherwise nothing is written.")] = False,
    output: Annotated[Literal["diff", "text", "none"], Field(description="What to return of the new text.")] = "diff",
    select: Annotated[Words, Field(description="Apply the fixes of only these rules.")] = None,
    limit: Most = 50_000,
) -> Annotated[CallToolResult, FixAnswer]:
    """Fix a DOT file or text, and return the unified diff or the new text, what was refused and what remains.

    Everything outside the fixes is preserved byte for byte. A file is written only with write=true, as a whole or not
    at all.
    """
    from dotlint.files.atomic import write_atomically  # noqa: PLC0415 - most calls fix nothing
    from dotlint.pipeline.fix_files import fix_data  # noqa: PLC0415
    from dotlint.pipeline.fixed import unified_diff  # noqa: PLC0415

    if write and (path is None or text is not None):
        raise DotlintError("write=true needs the `path` of a file, and no `text`")
    given = read_input(access, path, text, strategy, layout=layout, world=world, model=model, gpu=gpu, select=select)
    fixed = fix_data(given.data, given.name, given.settings, unsafe=unsafe)
    fixes = fixed.fixes
    if fixes is None:
        raise DotlintError(f"{given.shown}: {fixed.result.unreadable}")
    if write and fixes.changed and given.file is not None:
        write_atomically(given.file, fixes.data(), expected=given.data)
    applied: dict[str, int] = {}
    for finding in fixes.applied:
        applied[finding.code] = applied.get(finding.code, 0) + 1
    changes = {
        "diff": unified_diff(fixes.given.text, fixes.text, given.shown) if output == "diff" else "",
        "text": fixes.text if output == "text" and fixes.changed else "",
        "none": "",
    }
    report = replace(short_report(fixes.result, limit=10, detail="summary"), path=given.shown)
    # What it could fix is fixed already, and unsafe fixes only if asked to.
    done = report.next == "fix" or (unsafe and report.next == "unsafe")
    found = FixAnswer(
        path=given.shown,
        changed=fixes.changed,
        written=write and fixes.changed,
        applied=applied,
        refused=tuple(RefusedFix(one.finding.code, one.line, one_line(one.reason)) for one in fixes.refused),
        output=bounded(changes[output], limit),
        remaining="\n".join(report_lines(report)),
        next="edit" if done else report.next,
    )
    return answer("\n".join(_fix_lines(found, unwritten=given.file is not None and fixes.changed and not write)), found)


def _fix_lines(found: FixAnswer, *, unwritten: bool) -> list[str]:
    """Return the answer in lines; `unwritten` is whether there is a file that the changes are still to be written to."""
    number = sum((found.applied or {}).values())
    codes = ", ".join(code if times == 1 else f"{times} {code}" for code, times in (found.applied or {}).items())
    state = "written" if found.written else "not written" if found.changed else "unchanged"
    return [
        f"{one_line(found.path)}: {count(number, 'finding')} fixed{f' ({codes})' if codes else ''}; {state}",
        *(f"refused: {one.code} at line {one.line}: {one.reason}" for one in found.refused),
        *([found.output.rstrip("\n")] if found.output else []),
        f"remaining: {found.remaining}",
        f"next: {_write_first(found) if unwritten else NEXT[found.next]}",
    ]


def _write_first(found: FixAnswer) -> str:
    rest = "" if found.next == "done" else f", then {NEXT[found.next]}"
    return f"call `fix` with write=true, or make these changes yourself{rest}"


def explain(
    access: Granted,
    path: FilePath = None,
    text: Text = None,
    node: Annotated[str | None, Field(description="The node to explain; without it, the file is explained.")] = None,
    strategy: Strategy = None,
    layout: Layout = None,
    limit: Most = 20_000,
) -> Annotated[CallToolResult, TextAnswer]:
    """Show what was inferred for a node (role, stage, GPUs, tensors, and the evidence), or how a file was understood."""
    from dotlint.report.inferred import page  # noqa: PLC0415

    given = read_input(access, path, text, strategy, layout=layout)
    result = given.lint_graph()
    result.path = given.shown
    return text_answer(page(result, node, given.shown), limit)


def rule(
    name: Annotated[
        str, Field(description="A code as in a finding, the name of a rule, or the first letters of codes, such as S.")
    ],
) -> Annotated[CallToolResult, TextAnswer]:
    """Explain a rule: what it finds, why that matters, its fix and an example. A prefix lists its rules."""
    from dotlint.engine.own_cards import own_cards  # noqa: PLC0415
    from dotlint.report import cards  # noqa: PLC0415

    return text_answer(cards.pages(name, own_cards(), width=WIDTH), 20_000)


def strategy(
    access: Granted,
    strategy: Strategy,
    layout: Layout = None,
    world: World = None,
    model: Model = None,
    gpu: Gpu = None,
    limit: Most = 20_000,
) -> Annotated[CallToolResult, TextAnswer]:
    """Show what a strategy means: phases, degrees, the GPUs of each stage, shard and expert group, and what is impossible."""
    from dotlint.report import strategy as report  # noqa: PLC0415

    read = declared(access, strategy, layout, world, model, gpu)
    return text_answer(report.as_text(report.described(read), width=WIDTH, color=False), limit)


def new(
    access: Granted,
    strategy: Strategy,
    layout: Layout = None,
    world: World = None,
    model: Model = None,
    detail: Annotated[
        Literal["stage", "layer", "operator", "rank"], Field(description="What one node stands for.")
    ] = "operator",
    style: Literal["reference", "clusters", "plain"] = "reference",
    limit: Most = 50_000,
) -> Annotated[CallToolResult, TextAnswer]:
    """Return the complete DOT graph that a strategy means: stages, shards, experts, collectives, tensor sizes and GPUs."""
    from dotlint.drawing import as_text, draw  # noqa: PLC0415
    from dotlint.drawing.files import phases_to_draw  # noqa: PLC0415

    read = declared(access, strategy, layout, world, model)
    drawing = draw(phases_to_draw(read, None), detail)
    drawn = as_text(drawing, style)
    if len(drawn) > limit:
        size = f"the graph has {len(drawn):,} characters"
        raise DotlintError(f"{size}, more than the limit of {limit:,}; raise `limit`, or draw less with `detail`")
    notes = "".join(f"// {one_line(note, 1000)}\n" for note in drawing.folded)
    return text_answer(notes + drawn, len(notes) + limit)


def diff(
    access: Granted,
    before: Annotated[str | None, Field(description="The file before.")] = None,
    after: Annotated[str | None, Field(description="The file after.")] = None,
    before_text: Annotated[str | None, Field(description="Its text, instead of a file.")] = None,
    after_text: Annotated[str | None, Field(description="Its text, instead of a file.")] = None,
    strategy: Strategy = None,
    layout: Layout = None,
    limit: Most = 20_000,
) -> Annotated[CallToolResult, TextAnswer]:
    """Show what differs between two deployments by meaning, not as texts, and which findings are fixed or new."""
    from dotlint.comparison.compare import compare  # noqa: PLC0415
    from dotlint.report.comparison import text  # noqa: PLC0415
    from dotlint.report.comparison.outline import sketch  # noqa: PLC0415

    results = []
    for path, given, name in ((before, before_text, "<before>"), (after, after_text, "<after>")):
        if path is None and given is None:
            side = name.strip("<>")
            raise DotlintError(f"nothing to read: pass `{side}` or `{side}_text`")
        read = read_input(access, path or name, given, strategy, layout=layout)
        results.append(read.lint_graph())
        results[-1].path = read.shown
    return text_answer(text.render(sketch(compare(results[0], results[1])), width=WIDTH, color=False), limit)
