// When a server is started, stopped and asked for, with a stand-in for the editor.

import assert from "node:assert/strict";
import { build } from "esbuild";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

const skip = process.platform === "win32" ? "scripts are no programs on Windows" : false;
const folder = mkdtempSync(path.join(tmpdir(), "dotlint-"));
const works = script("works", "cat > /dev/null");
const fails = script("fails", "echo 'No module named dotlint' >&2; exit 1");
const bundled = await build({
  entryPoints: ["src/extension.mjs"],
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  plugins: [
    {
      name: "editor",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^vscode(-languageclient\/node)?$/ }, (module) => ({ path: module.path, namespace: "editor" }));
        onLoad({ filter: /.*/, namespace: "editor" }, (module) => ({
          contents: `module.exports = globalThis.editor[${JSON.stringify(module.path)}]`,
        }));
      },
    },
  ],
});
let windows = 0;

/**
 * @param {string} name
 * @param {string} body
 */
function script(name, body) {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** @param {string} languageId */
const file = (languageId, scheme = "file") => ({ languageId, uri: { scheme } });

/**
 * Open a window with these settings and files, and start the extension in it.
 * @param {Record<string, unknown>} settings
 * @param {ReturnType<typeof file>[]} files
 */
async function open(settings, files, { trusted = true, python = /** @type {string | undefined} */ (undefined) } = {}) {
  const seen = { started: /** @type {string[]} */ ([]), running: 0, messages: /** @type {string[]} */ ([]) };
  /** @type {Record<string, (argument?: unknown) => Promise<void>>} */
  const calls = {};
  const event = (/** @type {string} */ name) => (/** @type {() => Promise<void>} */ listener) => (calls[name] = listener);
  class LanguageClient {
    /** @param {{ command: string }} server */
    constructor(_id = "", _name = "", server = { command: "" }) {
      this.command = server.command;
    }
    async start() {
      seen.started.push(path.basename(this.command));
      seen.running += 1;
    }
    needsStop = () => true;
    isRunning = () => true;
    dispose = async () => void (seen.running -= 1);
  }
  const environments = {
    getActiveEnvironmentPath: () => ({ path: python }),
    resolveEnvironment: async () => ({ executable: { uri: { fsPath: python } } }),
    onDidChangeActiveEnvironmentPath: event("python"),
  };
  const vscode = {
    LanguageStatusSeverity: {},
    window: {
      createOutputChannel: () => ({ appendLine: () => undefined, show: () => undefined }),
      showErrorMessage: async (/** @type {string} */ message) => void seen.messages.push(message),
    },
    languages: {
      createLanguageStatusItem: () => ({}),
      match: (/** @type {{ language: string, scheme: string }[]} */ wanted, /** @type {ReturnType<typeof file>} */ one) =>
        wanted.some(({ language, scheme }) => language === one.languageId && scheme === one.uri.scheme),
    },
    commands: {
      registerCommand: (/** @type {string} */ name, /** @type {() => Promise<void>} */ action) => (calls[name] = action),
      executeCommand: async () => undefined,
    },
    workspace: {
      getConfiguration: () => ({
        get: (/** @type {string} */ key, /** @type {unknown} */ preset) => settings[key] ?? preset,
      }),
      isTrusted: trusted,
      textDocuments: files,
      onDidChangeConfiguration: event("settings"),
      onDidGrantWorkspaceTrust: event("trust"),
      onDidOpenTextDocument: event("open"),
    },
    extensions: { getExtension: () => python && { activate: async () => ({ environments }) } },
  };
  const languageClient = { LanguageClient, RevealOutputChannelOn: {} };
  Object.assign(globalThis, { editor: { vscode, "vscode-languageclient/node": languageClient } });
  // A comment makes it another module, with a state of its own.
  const source = `${bundled.outputFiles?.[0]?.text}\n// ${(windows += 1)}`;
  const extension = await import(`data:text/javascript,${encodeURIComponent(source)}`);
  await extension.activate({ subscriptions: [] });
  return { seen, files, settings, close: extension.deactivate, call: (name = "", argument = {}) => calls[name]?.(argument) };
}

test("the server starts with the first file of a linted language", { skip }, async () => {
  const dot = await open({ command: [works] }, [file("dot")]);
  assert.deepEqual(dot.seen.started, ["works"]);
  await dot.close();
  assert.equal(dot.seen.running, 0);

  const { seen, files, call } = await open({ command: [works] }, [file("markdown"), file("dot", "git")]);
  assert.deepEqual(seen.started, []);
  files.push(file("dot"));
  await call("open", file("dot"));
  await call("open", file("dot"));
  assert.deepEqual(seen.started, ["works"]);

  const both = await open({ command: [works], languages: ["dot", "markdown"] }, [file("markdown")]);
  assert.deepEqual(both.seen.started, ["works"]);
});

test("a server that does not start is reported once", { skip }, async () => {
  const { seen, settings, call } = await open({ command: [fails] }, [file("dot")]);
  await call("open", file("dot"));
  assert.deepEqual(seen.messages, [`dotlint is not running. dotlint is not installed in \`${fails}\`.`]);
  settings["command"] = [works];
  await call("settings", { affectsConfiguration: (/** @type {string} */ name) => name === "dotlint.command" });
  assert.deepEqual(seen.started, ["works"]);
});

test("settings of the server itself do not restart it, those of the extension do", { skip }, async () => {
  const { seen, settings, call } = await open({ command: [works] }, [file("dot")]);
  const changed = (/** @type {string} */ setting) =>
    call("settings", { affectsConfiguration: (/** @type {string} */ name) => name === setting });
  await changed("dotlint.strategy");
  assert.equal(seen.started.length, 1);
  settings["enable"] = false;
  await changed("dotlint.enable");
  assert.equal(seen.running, 0);
  settings["enable"] = true;
  await changed("dotlint.enable");
  await Promise.all([call("dotlint.restart"), call("dotlint.restart")]);
  assert.deepEqual([seen.started.length, seen.running], [4, 1]);
});

test("the interpreter of the Python extension is asked for in trusted folders only", { skip }, async () => {
  const trusted = await open({}, [file("dot")], { python: works });
  assert.deepEqual(trusted.seen.started, ["works"]);
  await trusted.call("python");
  assert.equal(trusted.seen.started.length, 2);

  const untrusted = await open({ command: [] }, [file("dot")], { python: works, trusted: false });
  assert(!untrusted.seen.started.includes("works"));
  const asked = await open({ interpreter: [fails] }, [file("dot")], { python: works });
  assert.deepEqual([asked.seen.started, asked.seen.messages.length], [[], 1]);
});
