"""Fill the site during its build: pages of rules and of the repository, references made from the code, outputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parents[1]))  # mkdocs loads this file from anywhere

from docs.generate import commands, configuration, engines, library, outputs, repository, rules

if TYPE_CHECKING:
    from mkdocs.structure.files import Files

_GENERATED = {
    "commands": commands.reference,
    "configuration": configuration.reference,
    "library": library.library,
    "plugins": library.plugins,
    **engines.GENERATED,
}


def on_config(config: Any) -> Any:  # noqa: ANN401 - mkdocs defines the type
    """Put the rules into the navigation, and the maintainers' pages that mkdocs.yml does not list."""
    top = {name: pages for entry in config["nav"] for name, pages in entry.items()}
    top["Rules"][:] = rules.navigation()
    maintaining = next(entry["Maintaining"] for entry in top["Project"] if "Maintaining" in entry)
    listed = {path for entry in maintaining for path in entry.values()}
    docs = Path(config["docs_dir"])
    pages = [path.relative_to(docs).as_posix() for path in sorted((docs / "maintain").rglob("*.md"))]
    maintaining += [page for page in pages if page not in listed and "/decisions/" not in page]
    maintaining.append({"Decisions": [page for page in pages if "/decisions/" in page]})
    return config


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - mkdocs defines the type
    """Add the pages of the rules and of the repository."""
    for path, text in (*rules.pages(), *((name, repository.page(name)) for name in repository.PAGES)):
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 - mkdocs defines the type
    """Replace the comments that ask for something generated."""
    for name, make in _GENERATED.items():
        mark = f"<!-- generated: {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, make())
    return outputs.with_outputs(markdown)
