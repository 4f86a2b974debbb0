// Which command starts the server, and what is said if it does not start.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { candidates, reason, resolve, trial } from "../src/launch.mjs";

const NONE = { command: [], interpreter: [], logLevel: "warning" };
const SERVER = ["server", "--log-level", "warning"];
const skip = process.platform === "win32" ? "scripts are no programs on Windows" : false;

/**
 * Return a new folder with programs in it.
 * @param {Record<string, string>} scripts
 */
function folderWith(scripts) {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "dotlint-")));
  for (const [name, body] of Object.entries(scripts)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
  }
  return folder;
}

/** @param {Partial<import("../src/launch.mjs").Surroundings>} given */
const around = (given) => ({ folders: [], trusted: true, home: "/home/me", env: {}, ...given });

test("a setting rules the Python extension and the PATH out", () => {
  const python = ["/venv/bin/python", "-P", "-m", "dotlint", ...SERVER];
  assert.deepEqual(candidates(NONE, undefined), [["dotlint", ...SERVER]]);
  assert.deepEqual(candidates(NONE, "/venv/bin/python"), [python, ["dotlint", ...SERVER]]);
  const interpreter = ["py", "-3.12"];
  assert.deepEqual(candidates({ ...NONE, interpreter }, "/venv/bin/python"), [
    ["py", "-3.12", "-P", "-m", "dotlint", ...SERVER],
  ]);
  const command = ["uv", "run", "dotlint", "server"];
  assert.deepEqual(candidates({ ...NONE, command, interpreter }, "/venv/bin/python"), [command]);
});

test("the program is looked up in the absolute folders of the PATH only", { skip }, () => {
  const bin = folderWith({ dotlint: "exit 0" });
  const env = { PATH: [".", "", bin].join(path.delimiter) };
  assert.deepEqual(resolve(["dotlint", "server"], around({ env })), {
    command: path.join(bin, "dotlint"),
    args: ["server"],
  });
  const relative = { PATH: path.relative(process.cwd(), bin) };
  assert.equal(resolve(["dotlint"], around({ env: relative })), "`dotlint` was not found on the PATH.");
});

test("`~`, the open folder and relative paths are resolved", { skip }, () => {
  const folder = folderWith({ "bin/python": "" });
  const command = path.join(folder, "bin/python");
  assert.match(String(resolve(["bin/none"], around({ folders: [folder] }))), /^`bin\/none` was not found\.$/);
  for (const word of ["~/bin/python", "${workspaceFolder}/bin/python", "bin/python"]) {
    assert.deepEqual(resolve([word, "-X", "utf8"], around({ folders: [folder], home: folder })), {
      command,
      args: ["-X", "utf8"],
    });
  }
});

test("nothing in a folder that is not trusted is run", { skip }, () => {
  const folder = folderWith({ "bin/dotlint": "" });
  const outside = folderWith({ dotlint: "" });
  symlinkSync(path.join(folder, "bin/dotlint"), path.join(outside, "linked"));
  symlinkSync(path.join(outside, "dotlint"), path.join(folder, "linked"));
  symlinkSync(folder, path.join(outside, "open"));
  const untrusted = (/** @type {string} */ word, open = folder) =>
    resolve([word], around({ folders: [open], trusted: false, env: { PATH: path.join(folder, "bin") } }));
  for (const word of ["bin/dotlint", "dotlint", path.join(folder, "linked"), path.join(outside, "linked")]) {
    assert.match(String(untrusted(word)), /is in this folder, which is not trusted/, word);
  }
  assert.match(String(untrusted(path.join(folder, "linked"), path.join(outside, "open"))), /not trusted/);
  assert.match(String(untrusted("${workspaceFolder}/bin/dotlint")), /not trusted/);
  const command = path.join(outside, "dotlint");
  assert.deepEqual(untrusted(command), { command, args: [] });
});

test("what is missing is said in one line", { skip }, async () => {
  const answers = {
    fine: "cat > /dev/null",
    "no-dotlint": "echo 'python: No module named dotlint' >&2; exit 1",
    "no-server": "echo \"dotlint: error: the language server needs pygls 2: pip install 'dotlint[lsp]'\" >&2; exit 2",
    "too-old": "echo 'unknown option -P' >&2; exit 2",
    "no-server-at-all": "exit 3",
    slow: "exec sleep 60",
  };
  const folder = folderWith(answers);
  const reasons = await Promise.all(
    Object.keys(answers).map(async (name) => {
      const command = path.join(folder, name);
      const failed = await trial({ command, args: [] }, folder, 5000);
      return failed?.reason.replace(command, name);
    }),
  );
  assert.deepEqual(reasons, [
    undefined,
    "dotlint is not installed in `no-dotlint`.",
    "The dotlint of `no-server` lacks the extra `lsp`, which has the language server.",
    "`too-old` is older than Python 3.11, which dotlint needs.",
    "`no-server-at-all` did not start as a language server (exit status 3).",
    "`slow` did not answer as a language server.",
  ]);
  const gone = await trial({ command: path.join(folder, "gone"), args: [] }, folder);
  assert.match(gone?.reason ?? "", /does not start: .*ENOENT/);
  assert.doesNotMatch(reason("python", 1, "No module named dotlint_other"), /is not installed/);
});
