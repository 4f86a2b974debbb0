// The grammars, with the library that the editor colors with.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const read = (/** @type {string} */ name) => readFile(new URL(`../syntaxes/${name}.tmLanguage.json`, import.meta.url), "utf8");
const wasm = await readFile(createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm"));
await oniguruma.loadWASM(wasm);

/** @type {Record<string, string | undefined>} */
const GRAMMARS = {
  "source.dot": await read("dot"),
  "markdown.dot.codeblock": await read("markdown"),
  // The editor's own is not at hand: only the scope that the fences are injected into.
  "text.html.markdown": JSON.stringify({ scopeName: "text.html.markdown", patterns: [] }),
};
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async (scope) => {
    const source = GRAMMARS[scope];
    return source === undefined ? null : textmate.parseRawGrammar(source, `${scope}.json`);
  },
  getInjections: (scope) => (scope === "text.html.markdown" ? ["markdown.dot.codeblock"] : undefined),
});

/**
 * Return each token of a text that is not blank, with its scopes.
 * @param {string} text
 * @param {string} scope
 */
async function tokens(text, scope = "source.dot") {
  const grammar = await registry.loadGrammar(scope);
  assert(grammar);
  let state = textmate.INITIAL;
  return text.split("\n").flatMap((line) => {
    const read = grammar.tokenizeLine(line, state);
    state = read.ruleStack;
    return read.tokens
      .map((one) => ({ text: line.slice(one.startIndex, one.endIndex).trim(), scopes: one.scopes.slice(1).join(" ") }))
      .filter((one) => one.text !== "");
  });
}

/**
 * Assert the innermost scope of each token, in order; `""` means none.
 * @param {string} text
 * @param {[string, string][]} expected
 */
async function assertTokens(text, expected) {
  const shown = (await tokens(text)).map(({ text, scopes }) => [text, scopes.split(" ").at(-1)?.replace(/\.dot$/, "")]);
  assert.deepEqual(shown, expected);
}

/** @type {Record<string, [string, [string, string][]]>} */
const SNIPPETS = {
  "header, edges and ports": [
    "strict digraph Plan {\n a:out:ne -> \"b\":w -- größe; }",
    [
      ["strict", "storage.modifier.strict"],
      ["digraph", "storage.type.graph"],
      ["Plan", "entity.name.type.graph"],
      ["{", "punctuation.section.block.begin"],
      ["a", "variable.other.node"],
      [":", "punctuation.separator.port"],
      ["out", "variable.other.port"],
      [":", "punctuation.separator.port"],
      ["ne", "constant.language.compass"],
      ["->", "keyword.operator.edge.directed"],
      ['"', "punctuation.definition.string.begin"],
      ["b", "string.quoted.double"],
      ['"', "punctuation.definition.string.end"],
      [":", "punctuation.separator.port"],
      ["w", "constant.language.compass"],
      ["--", "keyword.operator.edge.undirected"],
      ["größe", "variable.other.node"],
      [";", "punctuation.terminator.statement"],
      ["}", "punctuation.section.block.end"],
    ],
  ],
  "keywords in any case, and names that begin like them": [
    "NODE [shape=box] edge_1 subgraph cluster_0 { graph [rank=same] }",
    [
      ["NODE", "keyword.other.defaults"],
      ["[", "punctuation.definition.attributes.begin"],
      ["shape", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["box", "string.unquoted"],
      ["]", "punctuation.definition.attributes.end"],
      ["edge_1", "variable.other.node"],
      ["subgraph", "storage.type.graph"],
      ["cluster_0", "entity.name.type.graph"],
      ["{", "punctuation.section.block.begin"],
      ["graph", "keyword.other.defaults"],
      ["[", "punctuation.definition.attributes.begin"],
      ["rank", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["same", "string.unquoted"],
      ["]", "punctuation.definition.attributes.end"],
      ["}", "punctuation.section.block.end"],
    ],
  ],
  "numerals, booleans and assignments of the graph": [
    "rankdir = LR\nx [width=-.5, penwidth=2. ; fixedsize=True]",
    [
      ["rankdir", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["LR", "variable.other.node"],
      ["x", "variable.other.node"],
      ["[", "punctuation.definition.attributes.begin"],
      ["width", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["-.5", "constant.numeric"],
      [",", "punctuation.separator"],
      ["penwidth", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["2.", "constant.numeric"],
      [";", "punctuation.separator"],
      ["fixedsize", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["True", "constant.language.boolean"],
      ["]", "punctuation.definition.attributes.end"],
    ],
  ],
  "strings over lines, with escapes and entities, joined": [
    '"a\\N // b\n&amp;" + "c"',
    [
      ['"', "punctuation.definition.string.begin"],
      ["a", "string.quoted.double"],
      ["\\N", "constant.character.escape"],
      ["// b", "string.quoted.double"],
      ["&amp;", "constant.character.entity"],
      ['"', "punctuation.definition.string.end"],
      ["+", "keyword.operator.concatenation"],
      ['"', "punctuation.definition.string.begin"],
      ["c", "string.quoted.double"],
      ['"', "punctuation.definition.string.end"],
    ],
  ],
  "HTML-like labels end at their own bracket": [
    '<<b border="1&lt;">x</b><!-- c --><br/>>]',
    [
      ["<", "punctuation.definition.html-label.begin"],
      ["<", "punctuation.definition.tag.begin"],
      ["b", "entity.name.tag"],
      ["border", "entity.other.attribute-name"],
      ["=", "punctuation.separator.key-value"],
      ['"1', "string.quoted.double.html"],
      ["&lt;", "constant.character.entity"],
      ['"', "string.quoted.double.html"],
      [">", "punctuation.definition.tag.end"],
      ["x", "meta.embedded.html-label"],
      ["</", "punctuation.definition.tag.begin"],
      ["b", "entity.name.tag"],
      [">", "punctuation.definition.tag.end"],
      ["<!--", "comment.block.html"],
      ["c --", "comment.block.html"],
      [">", "comment.block.html"],
      ["<", "punctuation.definition.tag.begin"],
      ["br", "entity.name.tag"],
      ["/>", "punctuation.definition.tag.end"],
      [">", "punctuation.definition.html-label.end"],
      ["]", ""],
    ],
  ],
  "comments for dotlint": [
    "// dotlint: ignore[S001, edge-cycle] drawn elsewhere\n# dotlint: strategy=pp4tp2 layout=megatron\n/* dotlint:ignore-file */ a",
    [
      ["//", "punctuation.definition.comment"],
      ["dotlint", "keyword.other.dotlint"],
      [":", "punctuation.separator.dotlint"],
      ["ignore", "keyword.control.suppression"],
      ["[", "punctuation.definition.rules.begin"],
      ["S001", "constant.other.rule"],
      [",", "comment.line.double-slash"],
      ["edge-cycle", "constant.other.rule"],
      ["]", "punctuation.definition.rules.end"],
      ["drawn elsewhere", "comment.line.double-slash"],
      ["#", "punctuation.definition.comment"],
      ["dotlint", "keyword.other.dotlint"],
      [":", "punctuation.separator.dotlint"],
      ["strategy", "keyword.control.strategy"],
      ["=", "keyword.operator.assignment"],
      ["pp4tp2", "constant.other.strategy"],
      ["layout", "keyword.control.layout"],
      ["=", "keyword.operator.assignment"],
      ["megatron", "constant.other.layout"],
      ["/*", "punctuation.definition.comment"],
      ["dotlint", "keyword.other.dotlint"],
      [":", "punctuation.separator.dotlint"],
      ["ignore-file", "keyword.control.suppression"],
      ["*/", "punctuation.definition.comment"],
      ["a", "variable.other.node"],
    ],
  ],
  "an unclosed attribute list ends at the next brace": [
    "a [color=red\n} b",
    [
      ["a", "variable.other.node"],
      ["[", "punctuation.definition.attributes.begin"],
      ["color", "entity.other.attribute-name"],
      ["=", "keyword.operator.assignment"],
      ["red", "string.unquoted"],
      ["}", "punctuation.section.block.end"],
      ["b", "variable.other.node"],
    ],
  ],
};

for (const [name, [text, expected]] of Object.entries(SNIPPETS)) {
  test(name, () => assertTokens(text, expected));
}

test("fences in Markdown are DOT up to their end", async () => {
  for (const info of ["dot", "graphviz", "gv title", "{graphviz} name"]) {
    const found = await tokens(`text\n\`\`\`${info}\na -> b\n\`\`\`\na -> b`, "text.html.markdown");
    const edges = found.filter(({ scopes }) => scopes.includes("meta.embedded.block.dot"));
    assert.deepEqual(edges.map(({ text }) => text), ["a", "->", "b"], info);
  }
  const others = await tokens("```dotenv\na -> b\n```", "text.html.markdown");
  assert(others.every(({ scopes }) => !scopes.includes("source.dot") && !scopes.includes("meta.embedded")));
});
