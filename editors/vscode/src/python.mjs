// The interpreter that is selected in the Python extension, if that is installed.

import * as vscode from "vscode";

/**
 * The part of the Python extension's interface that is used here.
 * @typedef {{
 *   getActiveEnvironmentPath(resource?: vscode.Uri): { path: string },
 *   resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>,
 *   onDidChangeActiveEnvironmentPath: vscode.Event<unknown>,
 * }} Environments
 */

let listens = false;

/**
 * Return the interpreter of the first open folder, and call `changed` whenever another one is selected.
 * @param {() => unknown} changed
 * @param {vscode.OutputChannel} output
 * @returns {Promise<string | undefined>}
 */
export async function activeInterpreter(changed, output) {
  const extension = vscode.extensions.getExtension("ms-python.python");
  if (extension === undefined) {
    return undefined;
  }
  try {
    /** @type {{ environments?: Environments } | undefined} */
    const python = await extension.activate();
    const environments = python?.environments;
    if (environments === undefined) {
      return undefined;
    }
    if (!listens) {
      listens = true;
      environments.onDidChangeActiveEnvironmentPath(changed);
    }
    const selected = environments.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
    return (await environments.resolveEnvironment(selected))?.executable.uri?.fsPath;
  } catch (error) {
    output.appendLine(`The Python extension returned no interpreter: ${error}`);
    return undefined;
  }
}
