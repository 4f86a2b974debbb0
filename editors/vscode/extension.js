"use strict";

// Starts `dotlint server` and connects it with the editor; all else is the server's.

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

const INSTALL = "pip install 'dotlint[lsp]'";
const SELECTOR = [{ language: "dot" }];

/** @type {LanguageClient | undefined} */
let client;

async function start() {
  const [command, ...args] = vscode.workspace.getConfiguration("dotlint").get("command", ["dotlint", "server"]);
  const server = { command, args, transport: TransportKind.stdio };
  // Files that change and settings are the server's to ask for; it does.
  client = new LanguageClient("dotlint", "dotlint", server, { documentSelector: SELECTOR });
  try {
    await client.start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const shown = await vscode.window.showErrorMessage(
      `dotlint: \`${command}\` did not start as a language server: ${reason}. ${INSTALL} installs it; ` +
        "the setting dotlint.command says where it is.",
      "Open the Setting",
    );
    if (shown) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "dotlint.command");
    }
  }
}

async function stop() {
  const old = client;
  client = undefined;
  if (old && old.needsStop()) {
    await old.stop();
  }
  if (old) {
    await old.dispose();
  }
}

async function restart() {
  await stop();
  await start();
}

/** @param {vscode.ExtensionContext} context */
async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("dotlint.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) =>
      event.affectsConfiguration("dotlint.command") ? restart() : undefined,
    ),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
