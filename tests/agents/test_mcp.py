"""`dotlint mcp` as a client sees it: over standard input and output, with the client of the SDK."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tomllib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install -e '.[test]'")

from mcp import Client, MCPError, StdioServerParameters
from mcp.types import CallToolResult, ListRootsResult, Root, TextContent

import dotlint
from docs import agent_examples
from tests.cli.command import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mcp.client.session import ClientRequestContext

FIXTURES = Path(__file__).parents[1] / "fixtures"
MODES = ("2026-07-28", "legacy")  # the protocol of today, and that with a handshake


@asynccontextmanager
async def server(*arguments: str, roots: list[str] | None = None, mode: str = "auto") -> AsyncIterator[Client]:
    async def granted(context: ClientRequestContext) -> ListRootsResult:  # noqa: ARG001 - the name is the SDK's
        return ListRootsResult(roots=[Root(uri=uri) for uri in roots or ()])  # type: ignore[arg-type]

    environment = {**os.environ, "PYTHONPATH": str(Path(dotlint.__file__).parents[1])}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "dotlint", "mcp", *arguments], env=environment, cwd="/"
    )
    async with Client(command, list_roots_callback=granted if roots is not None else None, mode=mode) as client:
        yield client


def session(
    body: Callable[[Client], Awaitable[None]], *arguments: str, roots: list[str] | None = None, mode: str = "auto"
) -> None:
    async def talk() -> None:
        async with server(*arguments, roots=roots, mode=mode) as client:
            await body(client)

    agent_examples.finished(talk())


def text_of(result: CallToolResult) -> str:
    (part,) = result.content
    assert isinstance(part, TextContent)
    return part.text


async def call(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    (line,) = text_of(result).splitlines()
    assert "Traceback" not in line
    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    granted = tmp_path / "granted"
    granted.mkdir()
    shutil.copyfile(FIXTURES / "moe_two_phases.dot", granted / "plan.dot")
    shutil.copyfile(FIXTURES / "moe_two_phases.dot", tmp_path / "secret.dot")
    (granted / "link.dot").symlink_to(tmp_path / "secret.dot")
    (granted / "inner.dot").symlink_to(granted / "plan.dot")
    (granted / "dangling.toml").write_text('[phases.prefill]\nstrategy = "pp2"\nfile = "../secret.dot"\n')
    (granted / "model.toml").write_text("[phases.prefill]\nstrategy = 'pp2tp2'\n[model]\nlayers = 8\nheads = 8\n")
    os.mkfifo(granted / "pipe.dot")
    return granted


@pytest.mark.parametrize("mode", MODES)
def test_a_review_ends_clean(tmp_path: Path, mode: str) -> None:
    """Check, fix what is certain, add what the findings name, until nothing has to change."""
    page = agent_examples.PAGE.read_text("utf-8")
    found = re.search(r'^```dot title="plan.dot"\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    assert found is not None
    file = tmp_path / "plan.dot"
    file.write_text(found[1])

    async def review(client: Client) -> None:
        asked = {"path": "plan.dot", "strategy": "pp2tp2"}
        first = await client.call_tool("check", asked)
        assert first.structured_content is not None
        assert (first.structured_content["verdict"], first.structured_content["next"]) == ("incorrect", "fix")
        assert first.structured_content["findings"][0]["edges"] == ["s2_norm -> {s2_mlp_0 s2_mlp_1} -> s2_reduce"]
        assert file.read_text() == found[1]
        fixed = await call(client, "fix", **asked, write=True)
        assert "1 finding fixed (S001); written" in fixed
        remaining = await call(client, "check", **asked)
        assert "`s2_reduce` of stage 2 has no consumer" in remaining
        file.write_text(file.read_text().replace("}\n", "  s2_reduce -> output\n}\n"))
        assert (await call(client, "check", **asked)).splitlines()[-1] == "next: nothing has to change"

    session(review, roots=[tmp_path.as_uri()], mode=mode)


def test_edges_that_check_lists_can_be_pasted(folder: Path) -> None:
    """Pasting all statements of the findings fixes the same as `fix` does."""

    async def paste(client: Client) -> None:
        found = await client.call_tool("check", {"path": "plan.dot", "limit": 100})
        assert found.structured_content is not None
        edges = [edge for one in found.structured_content["findings"] for edge in one.get("edges", ())]
        assert edges
        whole = (folder / "plan.dot").read_text().rstrip().removesuffix("}") + "\n".join((*edges, "}\n"))
        after = await client.call_tool("check", {"text": whole})
        assert after.structured_content is not None
        assert not any(one.get("edges") for one in after.structured_content["findings"])

    session(paste, roots=[folder.as_uri()])


@pytest.mark.parametrize("mode", MODES)
def test_paths_outside_the_roots_are_refused(folder: Path, mode: str) -> None:
    async def reach(client: Client) -> None:
        outside = f"is outside the granted folders ({folder}); pass the text instead"
        for path in ("../secret.dot", str(folder.parent / "secret.dot"), "link.dot", "/etc/passwd", "~/x.dot"):
            assert await refused(client, "check", path=path) == f"{path} {outside}"
        assert await refused(client, "fix", path="link.dot", write=True) == f"link.dot {outside}"
        assert await refused(client, "diff", before="plan.dot", after="link.dot") == f"link.dot {outside}"
        assert "outside" in await refused(client, "strategy", strategy="../x.toml")
        assert "outside" in await refused(client, "strategy", strategy="prefill=vllm:/etc/passwd")
        assert "outside" in await refused(client, "strategy", strategy="pp2", model="/etc")
        assert "secret.dot is outside" in await refused(client, "check", path="plan.dot", strategy="dangling.toml")
        assert await refused(client, "check", path="pipe.dot") == "pipe.dot is not a regular file"
        assert await refused(client, "check", path=".") == ". is a folder; name one file"
        assert "did you mean" in await refused(client, "check", path="plann.dot")
        assert "not a path" in await refused(client, "check", path="a\0b")
        assert (await call(client, "check", path="inner.dot")).startswith("inner.dot: incorrect")
        assert (await call(client, "check", path=str(folder / "plan.dot"))).startswith(str(folder / "plan.dot"))

    session(reach, roots=[folder.as_uri()], mode=mode)


def test_a_root_is_unquoted_once(tmp_path: Path) -> None:
    named = tmp_path / "a%20b c"
    named.mkdir()
    (named / "plan.dot").write_text("digraph { a -> b }\n")

    async def ask(client: Client) -> None:
        assert (await call(client, "check", path="plan.dot")).startswith("plan.dot: correct")

    session(ask, roots=[named.as_uri()])


def test_a_client_without_roots_has_only_texts(folder: Path) -> None:
    async def reach(client: Client) -> None:
        line = await refused(client, "check", path=str(folder / "plan.dot"))
        assert line.endswith("pass the text instead, or start the server with `dotlint mcp --root DIR`")
        text = (folder / "plan.dot").read_text()
        assert (await call(client, "check", text=text, path="plan.dot")).startswith("plan.dot: incorrect")
        assert "write=true needs" in await refused(client, "fix", text=text, write=True)
        document = f"# Plan\n\n```dot\n{text}```\n"
        assert "notes.md:" in await call(client, "check", text=document, path="notes.md")

    session(reach)


def test_folders_of_the_command_line_replace_those_of_the_client(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()

    async def reach(client: Client) -> None:
        assert (await call(client, "check", path="plan.dot")).startswith("plan.dot: incorrect")
        assert "outside" in await refused(client, "check", path=str(other / "x.dot"))

    session(reach, "--root", str(folder), roots=[other.as_uri()])


def test_the_configuration_of_a_file_applies(folder: Path) -> None:
    (folder / "dotlint.toml").write_text('select = ["X"]\n')

    async def reach(client: Client) -> None:
        assert (await call(client, "check", path="plan.dot")).startswith("plan.dot: correct")
        text = (folder / "plan.dot").read_text()
        assert (await call(client, "check", text=text, path="plan.dot")).startswith("plan.dot: correct")
        assert (await call(client, "check", text=text)).startswith("<text>: incorrect")

    session(reach, roots=[folder.as_uri()])


def test_the_model_and_the_gpu_are_declared_as_on_the_command_line(folder: Path) -> None:
    config = {
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    }  # fmt: skip
    for place in (folder, folder.parent):
        (place / "config.json").write_text(json.dumps(config))

    async def ask(client: Client) -> None:
        plan = (await call(client, "new", strategy="tp2")).removeprefix("// ")
        for gpu, fits in (("H100-80GB", True), ("4", False)):
            found = await call(client, "check", text=plan, strategy="tp2", model="config.json", gpu=gpu)
            assert ("M001 error" not in found) is fits
        line = await refused(client, "check", text=plan, strategy="tp2", model="../config.json")
        assert "outside the granted folders" in line

    session(ask, roots=[folder.as_uri()])


def test_every_tool_answers_by_its_schema(folder: Path) -> None:
    text = (folder / "plan.dot").read_text()
    calls: dict[str, tuple[dict[str, Any], str]] = {
        "check": ({"path": "plan.dot", "detail": "full"}, "S001 error plan.dot:"),
        "fix": ({"path": "plan.dot"}, "+++ b/plan.dot"),
        "explain": ({"path": "plan.dot"}, "the graph is a deployment"),
        "rule": ({"name": "missing-stage-edge"}, "S001 missing-stage-edge"),
        "strategy": ({"strategy": ["prefill=pp2", "decode=tp2@2-3"]}, "decode"),
        "new": ({"strategy": "model.toml"}, "digraph deployment {"),
        "diff": ({"before": "plan.dot", "after_text": text + "// more"}, "the deployments are the same"),
    }

    async def use(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == set(calls)
        for name, (arguments, expected) in calls.items():
            tool = tools[name]
            assert tool.description
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is (name != "fix")
            assert tool.annotations.destructive_hint is (name == "fix")
            assert (tool.annotations.idempotent_hint, tool.annotations.open_world_hint) == (True, False)
            assert "access" not in tool.input_schema["properties"]
            result = await client.call_tool(name, arguments)
            assert not result.is_error, text_of(result)
            assert expected in text_of(result), name
            assert tool.output_schema is not None
            jsonschema.validate(result.structured_content, tool.output_schema)
        assert (folder / "plan.dot").read_text() == text

    session(use, roots=[folder.as_uri()])


def test_how_much_is_told_can_be_chosen(folder: Path) -> None:
    async def ask(client: Client) -> None:
        sizes = [len(await call(client, "check", path="plan.dot", detail=x)) for x in ("summary", "normal", "full")]
        assert sizes == sorted(sizes)
        one = await call(client, "check", path="plan.dot", limit=1)
        assert len(re.findall(r"^[A-Z]\d{3} ", one, re.MULTILINE)) == 1
        assert "not listed: " in one
        errors = await call(client, "check", path="plan.dot", severity="error")
        assert " warning plan.dot:" not in errors

    session(ask, roots=[folder.as_uri()])


def test_answers_are_bounded(folder: Path) -> None:
    lines = "".join(f"  n{i} [colour=red, shape=foo{i}];\n" for i in range(2000))
    (folder / "many.dot").write_text(f"digraph {{\n{lines}}}\n")
    (folder / "huge.dot").write_bytes(b" " * 5_000_001)

    async def ask(client: Client) -> None:
        assert len(await call(client, "check", path="many.dot", limit=1000)) < 20_000
        cut = await call(client, "fix", path="many.dot", limit=2000)
        assert len(cut) < 10_000
        assert "more characters; raise `limit`" in cut
        assert "5,000,001 bytes" in await refused(client, "check", path="huge.dot")
        assert "raise `limit`" in await refused(client, "new", strategy="pp8tp8", detail="rank", limit=1000)

    session(ask, roots=[folder.as_uri()])


def test_fix_says_what_it_refused_and_keeps_bytes(folder: Path) -> None:
    before = 'digraph { // caf\udce9\r\n a -> b; a [colour="red"]\r\n}'.encode("utf-8", "surrogateescape")
    (folder / "latin.dot").write_bytes(before)

    async def ask(client: Client) -> None:
        assert "\\udce9" in await call(client, "fix", path="latin.dot")
        assert (folder / "latin.dot").read_bytes() == before
        assert "\nnext: call `fix` with write=true, or" in await call(client, "fix", path="latin.dot")
        assert "1 finding fixed (A001); written" in await call(client, "fix", path="latin.dot", write=True)
        assert (folder / "latin.dot").read_bytes() == before.replace(b"colour", b"color")
        assert "unchanged" in await call(client, "fix", path="latin.dot", write=True)
        whole = await client.call_tool("fix", {"text": "digraph { a [colour=red] }", "output": "text"})
        assert whole.structured_content is not None
        assert whole.structured_content["output"] == "digraph { a [color=red] }"

    session(ask, roots=[folder.as_uri()])


def test_mistakes_are_one_line(folder: Path) -> None:
    async def ask(client: Client) -> None:
        assert await refused(client, "check") == "nothing to read: pass `path` or `text`"
        assert (
            await refused(client, "diff", before_text="digraph {}") == "nothing to read: pass `after` or `after_text`"
        )
        misspelt = await refused(client, "check", path="plan.dot", stategy="pp2")
        assert misspelt == "unknown argument `stategy`; did you mean `strategy`?"
        assert "unknown argument `access`" in await refused(client, "check", access={"folders": ["/"]})
        assert await refused(client, "check", text="digraph {}", limit=0) == (
            "argument `limit`: input should be greater than or equal to 1"
        )
        assert "argument `detail`" in await refused(client, "check", text="digraph {}", detail="much")
        assert "unknown axis 'zz'" in await refused(client, "check", text="digraph {}", strategy="zz9")
        assert "did you mean `S009`" in await refused(client, "rule", name="S9")
        assert "did you mean `prompt`" in await refused(client, "explain", path="plan.dot", node="promtp")
        assert "not a text file" in await refused(client, "check", text="\0\1\2\3" * 100)
        assert await refused(client, "nothing") == "Unknown tool: nothing"

    session(ask, roots=[folder.as_uri()])


def test_resources_and_prompt(folder: Path) -> None:
    async def read(client: Client) -> None:
        async def text(uri: str) -> str:
            (content,) = (await client.read_resource(uri)).contents
            return str(getattr(content, "text", ""))

        listed = {str(one.uri) for one in (await client.list_resources()).resources}
        assert listed == {"dotlint://rules", "dotlint://strategy"}
        codes = re.findall(r"^([A-Z]\d{3}) ", await text("dotlint://rules"), re.MULTILINE)
        assert len(codes) > 100
        assert (await text(f"dotlint://rules/{codes[0]}")).startswith(codes[0])
        group = (await text("dotlint://rules/S")).splitlines()
        assert [line.split()[0] for line in group] == [code for code in codes if code[0] == "S"]
        assert (await text("dotlint://rules/missing-stage-edge")) == await text("dotlint://rules/S001")
        with pytest.raises(MCPError, match="unknown rule"):
            await text("dotlint://rules/Q123")
        language = await text("dotlint://strategy")
        for form in ("pp4ep4tp2sp2", "prefill=pp4ep4tp2sp2; decode=pp4ep4tp2sp1@0-31"):
            assert form in language
            assert "impossible" not in await call(client, "strategy", strategy=form)
        prompt = await client.get_prompt("review", {"path": "plan.dot", "strategy": "pp2"})
        assert 'with strategy "pp2"' in str(prompt.messages[0].content)

    session(read, roots=[folder.as_uri()])


def test_the_strategy_language_is_what_strategies_are_read_by() -> None:
    from dotlint.mcp.resources import strategy  # noqa: PLC0415 - needs the package mcp
    from dotlint.strategy import Strategy  # noqa: PLC0415
    from dotlint.strategy.launch.systems import SYSTEMS  # noqa: PLC0415
    from dotlint.strategy.presets import PRESETS  # noqa: PLC0415
    from dotlint.strategy.spec import AXES  # noqa: PLC0415

    language = strategy()
    assert all(f"`{axis}`" in language for axis in AXES)
    assert all(f"`{preset}`" in language for preset in PRESETS)
    assert all(f"`{system}:" in language for system in SYSTEMS if system != "kubernetes")
    for form in re.findall(r"`((?:pp|PP|TP)\d*[^`]*\d[^`]*)`", language):
        assert Strategy.parse(form)
    (toml,) = re.findall(r"^```toml\n(.*?)^```", language, re.MULTILINE | re.DOTALL)
    assert Strategy.from_table(tomllib.loads(toml), where="the resource").phases


def test_findings_and_fixes_are_those_of_the_command_line(folder: Path) -> None:
    def cause(one: dict[str, Any]) -> tuple[str, int, int, str | None]:
        start = one["range"]["start"]
        fix = one["fix"]["applicability"] if one["fix"] else None
        return one["code"], start["line"], start["column"], fix

    path = str(folder / "plan.dot")
    (entry,) = json.loads(run("check", "-f", "json", "--no-cache", "-s", "pp4ep4tp2sp2", path).out)["files"]
    expected = {cause(one) for one in entry["findings"] if not one["caused_by"]}
    diff = run("check", "--diff", "--unsafe-fixes", "-s", "pp4ep4tp2sp2", path).out

    async def compare(client: Client) -> None:
        given = {"path": path, "strategy": "pp4ep4tp2sp2"}
        found = (await client.call_tool("check", {**given, "limit": 1000})).structured_content
        assert found is not None
        shown = {tuple(one.get(key) for key in ("code", "line", "column", "fix")) for one in found["findings"]}
        assert shown <= expected  # alike findings share an entry
        assert {(one[0], one[3]) for one in shown} == {(one[0], one[3]) for one in expected}
        fixed = (await client.call_tool("fix", {**given, "unsafe": True})).structured_content
        assert fixed is not None
        assert fixed["output"] == diff

    session(compare, roots=[folder.as_uri()])


def test_the_page_shows_what_the_tools_answer() -> None:
    page = agent_examples.PAGE.read_text("utf-8")
    assert agent_examples.rewritten(page) == page, "write it anew: python -m docs.agent_examples"
    settings = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    servers = [server for text in settings for kind in json.loads(text).values() for server in kind.values()]
    (codex,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    servers += tomllib.loads(codex)["mcp_servers"].values()
    commands = [
        one["command"] if isinstance(one["command"], list) else [one["command"], *one["args"]] for one in servers
    ]
    assert len(commands) == 8
    assert all(Path(command[0]).name == "dotlint" and command[1] == "mcp" for command in commands)


def test_without_the_package_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("dotlint.mcp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    found = run("mcp")
    assert found == (2, "", "dotlint: error: the MCP server needs the package mcp 2: pip install 'dotlint[mcp]'\n")
