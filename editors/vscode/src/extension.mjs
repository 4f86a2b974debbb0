// Starts `dotlint server` and connects it with the editor; all else is the server's.

import { homedir } from "node:os";
import * as vscode from "vscode";
import { LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import { candidates, resolve, trial } from "./launch.mjs";
import { activeInterpreter } from "./python.mjs";

// Not the sides of a diff, which have schemes of their own.
const SCHEMES = ["file", "untitled", "vscode-vfs"];
const OWN = ["enable", "languages", "command", "interpreter", "logLevel"].map((name) => `dotlint.${name}`);

/** @type {vscode.OutputChannel} */
let output;
/** @type {vscode.LanguageStatusItem} */
let status;
/** @type {LanguageClient | undefined} */
let client;
let tried = false; // a server that does not start is not tried again with each file that is opened
/** @type {Promise<void>} */
let queue = Promise.resolve();

/** @param {vscode.ExtensionContext} context */
export function activate(context) {
  output = vscode.window.createOutputChannel("dotlint");
  status = vscode.languages.createLanguageStatusItem("dotlint", selector());
  status.name = "dotlint";
  status.command = { title: "Show Output", command: "dotlint.showOutput" };
  context.subscriptions.push(
    output,
    status,
    vscode.commands.registerCommand("dotlint.showOutput", () => output.show()),
    vscode.commands.registerCommand("dotlint.restart", restart),
    vscode.commands.registerCommand("dotlint.fixAllInFile", fixAll),
    vscode.workspace.onDidChangeConfiguration((event) =>
      OWN.some((name) => event.affectsConfiguration(name)) ? restart() : undefined,
    ),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidOpenTextDocument((document) =>
      !tried && vscode.languages.match(selector(), document) ? inTurn(start) : undefined,
    ),
  );
  return inTurn(start);
}

export function deactivate() {
  return inTurn(stop);
}

/**
 * Run after everything that was asked for before, so that two servers never run at a time.
 * @param {() => Promise<void>} action
 */
function inTurn(action) {
  queue = queue.then(action).catch((error) => output.appendLine(String(error)));
  return queue;
}

function restart() {
  return inTurn(async () => {
    await stop();
    await start();
  });
}

async function stop() {
  const old = client;
  client = undefined;
  tried = false;
  if (old?.needsStop()) {
    await old.dispose();
  }
}

async function start() {
  const settings = vscode.workspace.getConfiguration("dotlint");
  status.selector = selector();
  if (!settings.get("enable", true)) {
    show(vscode.LanguageStatusSeverity.Information, "off", "dotlint.enable is false");
    return;
  }
  if (tried || !vscode.workspace.textDocuments.some((one) => vscode.languages.match(selector(), one))) {
    return;
  }
  tried = true;
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === "file")
    .map((folder) => folder.uri.fsPath);
  const trusted = vscode.workspace.isTrusted;
  // The current folder of the server decides nothing but what a command such as `uv run` makes of it.
  const cwd = (trusted && folders[0]) || homedir();
  const launch = await choose(settings, { folders, trusted, home: homedir(), env: process.env }, cwd);
  if (typeof launch === "string") {
    show(vscode.LanguageStatusSeverity.Error, "not running", launch);
    void offerHelp(launch);
    return;
  }
  const line = [launch.command, ...launch.args].join(" ");
  output.appendLine(`Starting ${line}`);
  client = new LanguageClient(
    "dotlint",
    "dotlint",
    { ...launch, options: { cwd } },
    {
      // Files that change and settings are the server's to ask for; it does.
      documentSelector: selector(),
      outputChannel: output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    },
  );
  await client.start();
  const version = client.initializeResult?.serverInfo?.version ?? "";
  show(vscode.LanguageStatusSeverity.Information, version, line);
}

/**
 * Return the first command that starts a server, or why there is none: why the first did not.
 * @param {vscode.WorkspaceConfiguration} settings
 * @param {import("./launch.mjs").Surroundings} around
 * @param {string} cwd
 */
async function choose(settings, around, cwd) {
  const own = {
    command: settings.get("command", /** @type {string[]} */ ([])),
    interpreter: settings.get("interpreter", /** @type {string[]} */ ([])),
    logLevel: settings.get("logLevel", "warning"),
  };
  const asked = own.command.length + own.interpreter.length > 0;
  // The active interpreter may be one of the folder's own, `.venv` for example.
  const python = asked || !around.trusted ? undefined : await activeInterpreter(restart, output);
  /** @type {string[]} */
  const reasons = [];
  for (const words of candidates(own, python)) {
    const launch = resolve(words, around);
    const failed = typeof launch === "string" ? { reason: launch, output: "" } : await trial(launch, cwd);
    if (typeof launch !== "string" && failed === undefined) {
      return launch;
    }
    output.appendLine(`${words.join(" ")}: ${failed?.reason}\n${failed?.output}`.trimEnd());
    reasons.push(failed?.reason ?? "");
  }
  return reasons[0] ?? "";
}

/** @param {string} why */
async function offerHelp(why) {
  const install = "How to Install";
  const open = "Open Settings";
  const log = "Show Output";
  const chosen = await vscode.window.showErrorMessage(`dotlint is not running. ${why}`, install, open, log);
  if (chosen === install) {
    await vscode.commands.executeCommand("workbench.action.openWalkthrough", "dotlint.dotlint#start", false);
  } else if (chosen === open) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "dotlint.interpreter");
  } else if (chosen === log) {
    output.show();
  }
}

function fixAll() {
  return vscode.commands.executeCommand("editor.action.codeAction", { kind: "source.fixAll.dotlint", apply: "first" });
}

function selector() {
  const languages = vscode.workspace.getConfiguration("dotlint").get("languages", ["dot"]);
  return languages.flatMap((language) => SCHEMES.map((scheme) => ({ language, scheme })));
}

/**
 * @param {vscode.LanguageStatusSeverity} severity
 * @param {string} text
 * @param {string} detail
 */
function show(severity, text, detail) {
  void vscode.commands.executeCommand("setContext", "dotlint.running", client?.isRunning() ?? false);
  status.severity = severity;
  status.text = `dotlint ${text}`.trim();
  status.detail = detail;
}
