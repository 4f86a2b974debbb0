"""Nothing points at an address, a package or a tag that does not exist. dotlint itself has none of them yet."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from dotlint import __version__

ROOT = Path(__file__).parents[2]
SEARCHED = (
    "*.md", "*.yml", ".*.yaml", "pyproject.toml", "Dockerfile", ".github/**/*", "docs/**/*.md", "docs/**/*.py",
    "rules/**/*.toml", "dotlint/**/*.py", "dotlint/**/*.toml", "editors/**/*.json", "editors/**/*.md", "editors/**/*.?s",
)  # fmt: skip
EXISTING = (
    "arxiv.org/abs/", "bford.info/cachedir/", "code.visualstudio.com/", "docs.astral.sh/", "docs.github.com/",
    "docs.gitlab.com/", "git-scm.com/docs/", "github.com/NVIDIA/Megatron-LM", "github.com/modelcontextprotocol/",
    "github.com/reviewdog/reviewdog", "graphviz.org", "json-schema.org/draft/", "json.schemastore.org/",
    "microsoft.github.io/", "modelcontextprotocol.io", "pre-commit.com", "registry.npmjs.org/", "semver.org",
    "www.w3.org/",
)  # fmt: skip
# Names that are reserved for examples, and this machine.
EXAMPLES = re.compile(r"(\w+\.)*example(\.org|\.com)?(/|$)|localhost|127\.0\.0\.1|\{")
# What would need a release: a package on an index, a tag, an image, an extension in a marketplace. `dotlint[lsp]` is
# what is missing of an installed dotlint; pip does not ask an index for it.
UNPUBLISHED = re.compile(
    r"""(pipx?|uv\ tool|uv\ pip)\ install\ ['"]?dotlint(?![\w[]) | uvx\ dotlint\b | dotlint/dotlint | rev:\ v\d | dotlint@v\d
    | --install-extension\ dotlint\.""",
    re.VERBOSE,
)


def files() -> list[Path]:
    found = {path for pattern in SEARCHED for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path for path in found if "node_modules" not in path.parts and path.name != "package-lock.json")


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_address_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    hosts = re.findall(r"https?://([\w.{-][^\s\"'`<>)\]]*)", text)
    assert [host for host in hosts if not host.startswith(EXISTING) and not EXAMPLES.match(host)] == []
    assert [found[0] for found in UNPUBLISHED.finditer(text)] == []


def test_versions_agree() -> None:
    extension = json.loads((ROOT / "editors/vscode/package.json").read_text("utf-8"))
    assert extension["version"] == __version__
    for page in sorted((ROOT / "docs").glob("*.md")):
        named = re.findall(r"dotlint-(\d+\.\d+\.\d+)", page.read_text("utf-8"))
        assert set(named) <= {__version__}, page.name


def test_the_image_is_installed_as_the_readme_says() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "pip install --no-cache-dir . " in dockerfile
    assert "    pip install . && dotlint check" in (ROOT / "README.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert list(project["scripts"]) == ["dotlint"]
    assert 'ENTRYPOINT ["dotlint"]' in dockerfile
    given = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert given[0] == "*", "the image gets what the wheel is built of, and nothing else"
    assert all((ROOT / name.removeprefix("!")).exists() for name in given[1:] if name.startswith("!"))
    assert dockerfile.index("USER dotlint") < dockerfile.index("ENTRYPOINT")
