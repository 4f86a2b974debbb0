"""Which statements a comment applies to: those on its line or, if it is alone on the line, the next one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from dotlint.syntax.tree import Block, blocks

if TYPE_CHECKING:
    from dotlint.graph.document import Document
    from dotlint.syntax.tree import Comment

Span = tuple[int, int]


class Lines:
    """The statements of a document by line."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._source = document.source
        self._comments = {comment.start: comment.end for comment in document.comments}
        # Statements without blocks are never nested, so two binary searches find all that touch a line.
        self._plain: list[Span] = []
        self._with_blocks: list[Span] = []
        self._block_spans: list[Span] = []
        for statement in document.tree.statements():
            span = (statement.start, statement.end)
            if isinstance(statement, Block):
                self._block_spans.append(span)
            elif blocks(statement):
                self._with_blocks.append(span)
            else:
                self._plain.append(span)
        self._headers = [(graph.start, graph.statement.open.end) for graph in document.graphs]
        self._starts = [start for start, _ in self._plain]
        self._ends = [end for _, end in self._plain]

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
        everything = (*self._headers, *self._block_spans, *self._with_blocks)
        found = [span for span in everything if span[0] == at]
        index = bisect_right(self._starts, at) - 1
        if index >= 0 and at < self._ends[index]:
            found.append(self._plain[index])
        if not found:
            # Inside the attributes of a chain; a closing brace starts nothing.
            around = [span for span in self._with_blocks if span[0] < at < span[1]]
            found = around[-1:] if self._text[at] != "}" else []
        return [line], found

    def _on(self, first: int, last: int) -> list[Span]:
        """Return the statements that start, end or continue between two offsets."""
        found = self._plain[bisect_right(self._ends, first) : bisect_left(self._starts, last)]
        found += [span for span in self._with_blocks if first <= span[0] < last or first < span[1] <= last]
        found += [span for span in self._headers if span[0] < last and first < span[1]]
        found += [span for span in self._block_spans if first <= span[0] < last]
        if not found:
            found += [span for span in self._block_spans if first < span[1] <= last]
        return found

    def _next(self, at: int) -> int:
        """Return the offset of the next token, past blanks and comments; the end of the text if there is none."""
        text, end = self._text, len(self._text)
        while at < end:
            if text[at].isspace():
                at += 1
            elif at in self._comments:
                at = max(self._comments[at], at + 1)
            else:
                return at
        return end
