"""The requests that show something: hovers, completions, symbols, tokens, folds, colors and hints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from dotlint.server import semantic_tokens, symbols
from dotlint.server.completion import complete, documented
from dotlint.server.document_colors import document_colors, presentations
from dotlint.server.folding import folding_ranges
from dotlint.server.hover import hover
from dotlint.server.inlay_hints import inlay_hints as hints_in
from dotlint.server.open_file import TokensAnswer
from dotlint.server.request_context import refuse_outdated, text_position
from dotlint.server.workspace_symbols import matching, open_symbols

if TYPE_CHECKING:
    from dotlint.server.app import DotlintServer
    from dotlint.server.open_file import OpenFile


async def hover_at(ls: DotlintServer, params: types.HoverParams) -> types.Hover | None:
    """Return what was inferred for the node there, and the rules of the findings there."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else hover(file, text_position(params.position), markdown=ls.client.markdown)


async def completion(ls: DotlintServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Return the completions there."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else complete(file, text_position(params.position))


async def resolve_completion(ls: DotlintServer, item: types.CompletionItem) -> types.CompletionItem:
    """Add the documentation of a completion that was selected."""
    file = ls.files.get(str(item.data.get("uri"))) if isinstance(item.data, dict) else None
    return documented(item, file.rules if file is not None else {}, markdown=ls.client.markdown)


async def document_symbols(
    ls: DotlintServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol] | list[types.SymbolInformation] | None:
    """Return the outline: phases, stages and layers of a deployment, otherwise clusters."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    snapshot, report = await ls.files.report(file)
    if ls.client.nested_symbols:
        return symbols.nested(snapshot.text, report.symbols)
    return list(symbols.flat(file.uri, snapshot.text, report.symbols))


async def workspace_symbols(ls: DotlintServer, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation]:
    """Return the matching symbols of all open texts and of the files in the workspace folders."""
    await ls.ready.wait()
    scopes = ls.files.scopes
    assert scopes is not None
    from_disk = await ls.disk_symbols.symbols(scopes.folders, ls.client.encoding)
    files = ls.files.all()
    open_ = {file.path for file in files}
    symbols = [symbol for file in files for symbol in open_symbols(file)]
    symbols += [symbol for path, some in from_disk.items() if path not in open_ for symbol in some]
    return matching(symbols, params.query)


async def tokens_full(ls: DotlintServer, params: types.SemanticTokensParams) -> types.SemanticTokens | None:
    """Return the semantic tokens of a text."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else _answer(file, await _tokens(ls, file))


async def tokens_delta(
    ls: DotlintServer, params: types.SemanticTokensDeltaParams
) -> types.SemanticTokens | types.SemanticTokensDelta | None:
    """Return the difference of the semantic tokens to the last answer, or all if that is not known."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    before = file.tokens
    data = await _tokens(ls, file)
    found = _answer(file, data)
    if before is None or before.id != params.previous_result_id:
        return found
    return types.SemanticTokensDelta(semantic_tokens.edits_between(before.data, data), found.result_id)


async def tokens_range(ls: DotlintServer, params: types.SemanticTokensRangeParams) -> types.SemanticTokens | None:
    """Return the semantic tokens in a range."""
    file = ls.files.get(params.text_document.uri)
    return None if file is None else types.SemanticTokens(await _tokens(ls, file, params.range))


async def _tokens(ls: DotlintServer, file: OpenFile, range_: types.Range | None = None) -> list[int]:
    """Return the tokens of the current text as soon as it is parsed, with the styles that were inferred last."""
    asked = file.text
    if file.last is None:
        await ls.files.understood(file)
    snapshot, parsed = await ls.files.parsed(file)
    refuse_outdated(snapshot, asked)
    if range_ is None:
        return semantic_tokens.tokens(snapshot.text, parsed, file.styles)
    first, last = (snapshot.text.offset(text_position(end)) for end in (range_.start, range_.end))
    return semantic_tokens.tokens(snapshot.text, parsed, file.styles, first, last)


def _answer(file: OpenFile, data: list[int]) -> types.SemanticTokens:
    number = int(file.tokens.id) + 1 if file.tokens is not None else 1
    file.tokens = TokensAnswer(str(number), data, file.styles)
    return types.SemanticTokens(data, result_id=str(number))


async def folding(ls: DotlintServer, params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
    """Return the folding ranges of a text."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    asked = file.text
    snapshot, report = await ls.files.report(file)
    refuse_outdated(snapshot, asked)
    assert snapshot.parsed is not None
    return folding_ranges(snapshot.text, snapshot.parsed.folds, report.symbols)


async def colors(ls: DotlintServer, params: types.DocumentColorParams) -> list[types.ColorInformation]:
    """Return the colors of a text."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return []
    asked = file.text
    snapshot, parsed = await ls.files.parsed(file)
    refuse_outdated(snapshot, asked)
    return document_colors(snapshot.text, parsed.colors)


async def color_presentations(
    ls: DotlintServer, params: types.ColorPresentationParams
) -> list[types.ColorPresentation]:
    """Return the ways to write a color that was picked."""
    file = ls.files.get(params.text_document.uri)
    return [] if file is None else presentations(file, params.range, params.color)


async def inlay_hints(ls: DotlintServer, params: types.InlayHintParams) -> list[types.InlayHint] | None:
    """Return the tensors along the edges in a range, unless the settings turn them off."""
    file = ls.files.get(params.text_document.uri)
    if file is None:
        return None
    asked = file.text
    snapshot = await ls.files.understood(file)
    refuse_outdated(snapshot, asked)
    if snapshot.understood is None or ls.files.scopes is None or not ls.files.scopes.of(file.path).inlay_hints:
        return []
    return hints_in(snapshot.text, snapshot.understood.hints, params.range)
