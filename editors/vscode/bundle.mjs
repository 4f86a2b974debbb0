// Bundles the extension, and collects the licenses of what the bundle contains.

import { build } from "esbuild";
import { readFile, readdir, writeFile } from "node:fs/promises";

const { metafile } = await build({
  entryPoints: ["src/extension.mjs"],
  outfile: "dist/extension.js",
  bundle: true,
  minify: true,
  metafile: true,
  platform: "node",
  target: "node18",
  format: "cjs",
  external: ["vscode"],
});
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => file.match(/.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []),
);
const notices = [...packages].sort().map(async (folder) => {
  const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined) {
    throw new Error(`${folder} has no license file`);
  }
  return `${name} ${version}\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`;
});
await writeFile("dist/licenses.txt", (await Promise.all(notices)).join("\n----\n\n"));
