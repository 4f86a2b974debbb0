// Which command starts the server, and why one does not. Nothing here needs an editor, so that Node's test runner can
// run it.

import { spawn } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import path from "node:path";

/**
 * @typedef {{ command: readonly string[], interpreter: readonly string[], logLevel: string }} Settings
 * @typedef {{ folders: readonly string[], trusted: boolean, home: string, env: NodeJS.ProcessEnv }} Surroundings
 * @typedef {{ command: string, args: string[] }} Launch
 */

const LIMIT = 30_000; // milliseconds until a server that does not answer is given up

/**
 * Return the commands to try, in order. A setting rules the others out; `python` is the Python extension's interpreter.
 * @param {Settings} settings
 * @param {string | undefined} python
 * @returns {string[][]}
 */
export function candidates({ command, interpreter, logLevel }, python) {
  const server = ["server", "--log-level", logLevel];
  // `-P` keeps the current folder off Python's path: a linted folder must not be imported from.
  const inside = (/** @type {readonly string[]} */ words) => [...words, "-P", "-m", "dotlint", ...server];
  if (command.length > 0) {
    return [[...command]];
  }
  if (interpreter.length > 0) {
    return [inside(interpreter)];
  }
  return [...(python ? [inside([python])] : []), ["dotlint", ...server]];
}

/**
 * Replace `~` and `${workspaceFolder}`, and find the program. Returns what is wrong in one line if it cannot be run: the
 * program does not exist, or it is in a folder that the user does not trust.
 * @param {readonly string[]} words
 * @param {Surroundings} around
 * @returns {Launch | string}
 */
export function resolve(words, around) {
  const { folders, trusted, home } = around;
  if (!trusted && words.some((word) => word.includes("${workspaceFolder}"))) {
    return "The settings start dotlint from this folder, which is not trusted.";
  }
  const [first = "", ...args] = words.map((word) =>
    word.replace(/^~(?=[\\/]|$)/, () => home).replaceAll("${workspaceFolder}", () => folders[0] ?? home),
  );
  const command = program(first, around);
  if (command === undefined) {
    return `\`${first}\` was not found${path.basename(first) === first ? " on the PATH" : ""}.`;
  }
  if (!trusted && folders.some((folder) => isInside(command, folder))) {
    return `\`${command}\` is in this folder, which is not trusted.`;
  }
  return { command, args };
}

/**
 * Return the absolute path of a program. Relative entries of the PATH are skipped, because they depend on the open
 * folder; so does Windows itself, which searches the current folder first.
 * @param {string} name
 * @param {Surroundings} around
 */
function program(name, { folders, home, env }) {
  const endings = process.platform === "win32" ? ["", ".exe"] : [""];
  const found = /[\\/]/.test(name)
    ? [path.resolve(folders[0] ?? home, name)]
    : (env.PATH ?? env.Path ?? "")
        .split(path.delimiter)
        .filter((folder) => path.isAbsolute(folder))
        .map((folder) => path.join(folder, name));
  return found.flatMap((one) => endings.map((ending) => one + ending)).find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Whether a file is in a folder, by its name or by where links lead.
 * @param {string} file
 * @param {string} folder
 */
function isInside(file, folder) {
  const names = [file, path.join(real(path.dirname(file)), path.basename(file)), real(file)];
  return names.some((name) =>
    [folder, real(folder)].some((root) => {
      const rest = path.relative(root, name);
      return rest.split(path.sep)[0] !== ".." && !path.isAbsolute(rest);
    }),
  );
}

/** @param {string} name */
function real(name) {
  try {
    return realpathSync(name);
  } catch {
    return name; // an open folder need not exist
  }
}

/** The session of an editor that connects and leaves at once. */
const SESSION = [
  { id: 1, method: "initialize", params: { processId: null, rootUri: null, capabilities: {} } },
  { id: 2, method: "shutdown" },
  { method: "exit" },
]
  .map((message) => JSON.stringify({ jsonrpc: "2.0", ...message }))
  .map((text) => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  .join("");

/**
 * Start the server, end it at once, and return why that failed: one line, and all that it wrote to standard error.
 * @param {Launch} launch
 * @param {string} cwd
 * @param {number} limit
 * @returns {Promise<{ reason: string, output: string } | undefined>}
 */
export function trial({ command, args }, cwd, limit = LIMIT) {
  return new Promise((settle) => {
    const server = spawn(command, args, { cwd });
    let output = "";
    const end = (/** @type {string | undefined} */ why) => {
      clearTimeout(timer);
      settle(why === undefined ? undefined : { reason: why, output });
    };
    const timer = setTimeout(() => {
      server.kill("SIGKILL");
      end(`\`${command}\` did not answer as a language server.`);
    }, limit);
    server.stderr.on("data", (chunk) => (output += chunk));
    server.stdout.resume();
    server.stdin.on("error", () => undefined); // it ended before it read everything; its status tells why
    server.on("error", (error) => end(`\`${command}\` does not start: ${error.message}.`));
    server.on("close", (status) => end(status === 0 ? undefined : reason(command, status, output)));
    server.stdin.end(SESSION);
  });
}

/**
 * Return in one line why a server ended with this status.
 * @param {string} command
 * @param {number | null} status
 * @param {string} output
 */
export function reason(command, status, output) {
  if (/No module named '?dotlint\b/.test(output)) {
    return `dotlint is not installed in \`${command}\`.`;
  }
  if (output.includes("dotlint[lsp]")) {
    return `The dotlint of \`${command}\` lacks the extra \`lsp\`, which has the language server.`;
  }
  if (/[Uu]nknown option:? -P/.test(output)) {
    return `\`${command}\` is older than Python 3.11, which dotlint needs.`;
  }
  return `\`${command}\` did not start as a language server (exit status ${status ?? "unknown"}).`;
}
