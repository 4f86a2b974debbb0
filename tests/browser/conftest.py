"""A real browser without a window, and pages to open in it."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dotlint.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
FIXTURES = Path(__file__).parent.parent / "fixtures"


class Opened:
    """A page in the browser, and what it did that no page of ours may: dialogs, console messages, errors, requests."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.forbidden: list[str] = []
        tab.on("dialog", self._dialog)
        tab.on("console", lambda message: self.forbidden.append(f"console {message.type}: {message.text}"))
        tab.on("pageerror", lambda error: self.forbidden.append(f"error {error}"))
        tab.on("request", self._request)

    def _dialog(self, dialog: Any) -> None:
        self.forbidden.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.forbidden.append(f"request {request.url}")

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.tab.locator(selector).all_inner_texts()]

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def lines(self, kind: str = "hit") -> list[int]:
        """The lines of the source that are marked."""
        return [int(line) for line in self.values(f".line.{kind}", "data-line")]

    def values(self, selector: str, attribute: str) -> list[str]:
        found = self.tab.eval_on_selector_all(
            selector, "(all, name) => all.map((e) => e.getAttribute(name))", attribute
        )
        return list(found)

    def chosen(self) -> list[str]:
        """The first lines of the titles of what stands out in the picture."""
        return [title.split("\n")[0] for title in self.tab.locator(".canvas .chosen > title").all_text_contents()]

    def in_sight(self, selector: str) -> bool:
        """Whether the first such element is within its pane and within the window."""
        return bool(
            self.tab.locator(selector).first.evaluate(
                """(element) => {
                  const box = element.getBoundingClientRect();
                  const pane = element.closest('[role=tabpanel], .canvas, .pane').getBoundingClientRect();
                  return box.height > 0 && box.bottom > Math.max(0, pane.top) && box.top < Math.min(innerHeight, pane.bottom);
                }"""
            )
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    missing = "Playwright is not installed: `pip install -e '.[test]'`"
    playwright = pytest.importorskip("playwright.sync_api", reason=missing)
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on the PATH")
    with playwright.sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write the page of a fixture or a text once, and give its path."""
    folder = tmp_path_factory.mktemp("pages")
    known: dict[tuple[str, ...], Path] = {}

    def write(*arguments: str) -> Path:
        if arguments not in known:
            target = folder / f"page{len(known)}.html"
            before = Path.cwd()
            os.chdir(FIXTURES)  # so that suggested commands do not depend on where the checkout is
            try:
                status = main(
                    ["check", *arguments, "-f", "html", "--isolated", "--no-cache", "-o", str(target)],
                    io.BytesIO(), io.StringIO(), io.StringIO(),
                )  # fmt: skip
            finally:
                os.chdir(before)
            assert status in (0, 1)
            known[arguments] = target
        return known[arguments]

    return write


@pytest.fixture
def visit(chromium: Any, made: Callable[..., Path]) -> Iterator[Callable[..., Opened]]:
    """Open the page of some arguments of `dotlint check`; after the test nothing forbidden may have happened."""
    contexts: list[Any] = []
    pages: list[Opened] = []

    def go(*arguments: str, at: str = "", width: int = 1440, **options: Any) -> Opened:
        context = chromium.new_context(
            viewport={"width": width, "height": 900 if width > 800 else 844}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        pages.append(opened)
        opened.tab.goto(made(*arguments).as_uri() + at)
        return opened

    yield go
    for context in contexts:
        context.close()
    assert [what for page in pages for what in page.forbidden] == []
