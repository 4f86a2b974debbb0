"""Which statements a comment applies to: those on its line or, if it is alone on the line, the next one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from dotlint.suppressions.intervals import Intervals
from dotlint.syntax.tree import Block, blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlint.graph.document import Document
    from dotlint.suppressions.intervals import Span
    from dotlint.syntax.tree import Comment


class Lines:
    """The statements of a document by line."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._source = document.source
        self._comments = {comment.start: comment.end for comment in document.comments}
        self._after: dict[int, int] = {}
        # Statements without blocks are never nested, so two binary searches find all that touch a line.
        plain: list[Span] = []
        with_blocks: list[Span] = []
        block_spans: list[Span] = []
        for statement in document.tree.statements():
            span = (statement.start, statement.end)
            kind = block_spans if isinstance(statement, Block) else with_blocks if blocks(statement) else plain
            kind.append(span)
        self._plain = _Ordered(plain)
        self._with_blocks, self._around = (
            _Ordered(with_blocks),
            Intervals(sorted(with_blocks, key=lambda span: (span[0], -span[1]))),
        )
        self._block_spans = _Ordered(block_spans)
        self._headers = _Ordered([(graph.start, graph.statement.open.end) for graph in document.graphs])

    def covered(self, comment: Comment) -> tuple[list[Span], list[Span]]:
        """Return the lines and the statements that a comment applies to.

        The lines are for syntax errors, which may be outside of every statement. A subgraph is one statement with
        everything in it; the header of a graph covers findings located at the header.
        """
        first = self._source.line_start(self._source.position(comment.start).line)
        last = self._line_end(max(comment.end - 1, comment.start))
        if self._next(first) >= comment.start:
            following = self._next(comment.end)
            if following >= last:
                return self._following(following)
            first = comment.start
        return [(first, last)], self._on(first, last)

    def _line_end(self, offset: int) -> int:
        return self._source.line_start(self._source.position(offset).line + 1)

    def _following(self, at: int) -> tuple[list[Span], list[Span]]:
        """Return the line of an offset and the statement that starts there, else the one around it."""
        if at >= len(self._text):
            return [], []
        line = (self._source.line_start(self._source.position(at).line), self._line_end(at))
        found = [
            span
            for spans in (self._headers, self._block_spans, self._with_blocks)
            for span in spans.starting(at, at + 1)
        ]
        index = bisect_right(self._plain.starts, at) - 1
        if index >= 0 and at < self._plain.spans[index][1]:
            found.append(self._plain.spans[index])
        if not found:
            # Inside the attributes of a chain; a closing brace starts nothing.
            around = (self._around.spans[i] for i in self._around.around(at))
            innermost = next((span for span in around if span[0] < at), None)
            found = [innermost] if innermost and self._text[at] != "}" else []
        return [line], found

    def _on(self, first: int, last: int) -> list[Span]:
        """Return the statements that start, end or continue between two offsets."""
        found = [
            *self._plain.touching(first, last),
            *self._with_blocks.starting(first, last),
            *(span for span in self._with_blocks.ending(first, last) if span[0] < first),
            *self._headers.touching(first, last),
            *self._block_spans.starting(first, last),
        ]
        return found or self._block_spans.ending(first, last)

    def _next(self, at: int) -> int:
        """Return the offset of the next token, past blanks and comments; the end of the text if there is none."""
        text, end, passed = self._text, len(self._text), []
        while at < end:
            if text[at].isspace():
                at += 1
            elif at in self._after:
                at = self._after[at]
                break
            elif at in self._comments:
                passed.append(at)
                at = max(self._comments[at], at + 1)
            else:
                break
        self._after.update(dict.fromkeys(passed, at))  # a block of comments is read once
        return at


class _Ordered:
    """Spans by their starts, and by their ends."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = sorted(spans)
        self.starts = [start for start, _ in self.spans]
        self._by_end = sorted(spans, key=lambda span: span[1])
        self._ends = [end for _, end in self._by_end]

    def starting(self, first: int, last: int) -> list[Span]:
        """Return the spans that start from `first` to before `last`."""
        return self.spans[bisect_left(self.starts, first) : bisect_left(self.starts, last)]

    def ending(self, first: int, last: int) -> list[Span]:
        """Return the spans that end after `first` and not after `last`."""
        return self._by_end[bisect_right(self._ends, first) : bisect_right(self._ends, last)]

    def touching(self, first: int, last: int) -> list[Span]:
        """Return the spans with a part between two offsets; none of all contains another."""
        return self.spans[bisect_right(self._ends, first) : bisect_left(self.starts, last)]
