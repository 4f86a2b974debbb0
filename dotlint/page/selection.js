// The selection and the related findings, nodes, edges and lines. All these relations are computed here.

const NAME = 0, LABEL = 1, UNDERSTOOD = 2, NODE_LINE = 3, TENSORS = 4; // of a node
const TAIL = 0, HEAD = 1, EDGE_LINE = 2, TENSOR = 3; // of an edge; line 0: it is proposed

/** A file's data with the ways that lead back: from nodes, edges and lines to findings, from lines to nodes. */
function readFile(data) {
  const file = { ...data, findingsOf: new Map(), proposedBy: new Map(), edgesOf: new Map(), atLine: new Map() };
  const add = (map, key, value) => (map.has(key) ? map.get(key).push(value) : map.set(key, [value]));
  data.nodes.forEach((node, number) => node[NODE_LINE] && add(file.atLine, node[NODE_LINE], { node: number }));
  data.edges.forEach((edge, number) => {
    if (edge[EDGE_LINE]) add(file.atLine, edge[EDGE_LINE], { edge: number });
    add(file.edgesOf, edge[TAIL], number);
    if (edge[HEAD] !== edge[TAIL]) add(file.edgesOf, edge[HEAD], number);
  });
  data.findings.forEach((finding, number) => {
    for (const node of finding.nodes) add(file.findingsOf, node, number);
    for (const edge of finding.edges) add(file.proposedBy, edge, number);
    add(file.atLine, finding.lines[0], { finding: number });
  });
  return file;
}

/**
 * Everything that a selection speaks of. `what` has one of: findings, nodes, edges (numbers), line.
 * Gives sets of findings, nodes and edges; `around`, edges that only touch it; `lines`, those that are meant, and
 * `related`, those that explain; and the address that names it.
 */
function reach(file, what) {
  const found = {
    what, findings: new Set(), nodes: new Set(), edges: new Set(), around: new Set(), lines: [], related: [], address: "",
  };
  if (!what) return found;
  for (const number of what.findings ?? []) {
    const finding = file.findings[number];
    found.findings.add(number);
    finding.nodes.forEach((node) => found.nodes.add(node));
    finding.edges.forEach((edge) => found.edges.add(edge));
    found.lines.push(finding.lines[0]);
    finding.related.forEach(([line]) => found.related.push(line));
  }
  for (const number of what.nodes ?? []) addNode(file, found, number, true);
  for (const number of what.edges ?? []) addEdge(file, found, number);
  if (what.line) addLine(file, found, what.line);
  found.lines = [...new Set(found.lines)].filter((line) => line > 0).sort((a, b) => a - b);
  found.related = [...new Set(found.related)].filter((line) => line > 0 && !found.lines.includes(line));
  found.address = address(file, what);
  return found;
}

function addNode(file, found, number, withEdges) {
  found.nodes.add(number);
  found.lines.push(file.nodes[number][NODE_LINE]);
  (file.findingsOf.get(number) ?? []).forEach((finding) => found.findings.add(finding));
  if (!withEdges) return;
  for (const edge of file.edgesOf.get(number) ?? []) {
    found.around.add(edge);
    found.related.push(file.edges[edge][EDGE_LINE]);
  }
}

function addEdge(file, found, number) {
  const edge = file.edges[number];
  found.edges.add(number);
  found.nodes.add(edge[TAIL]).add(edge[HEAD]);
  (file.proposedBy.get(number) ?? []).forEach((finding) => found.findings.add(finding));
  if (edge[EDGE_LINE]) {
    found.lines.push(edge[EDGE_LINE]);
    for (const one of file.atLine.get(edge[EDGE_LINE]) ?? []) if ("finding" in one) found.findings.add(one.finding);
  } else {
    found.related.push(file.nodes[edge[TAIL]][NODE_LINE], file.nodes[edge[HEAD]][NODE_LINE]);
  }
}

function addLine(file, found, line) {
  for (const one of file.atLine.get(line) ?? []) {
    if ("node" in one) addNode(file, found, one.node, false);
    else if ("edge" in one) addEdge(file, found, one.edge);
    else found.findings.add(one.finding);
  }
  found.lines = [line];
  found.related = [];
}

function address(file, what) {
  const only = (numbers) => numbers?.length === 1;
  if (what.findings?.length) return `finding=${what.findings[0] + 1}`;
  if (only(what.nodes)) return `node=${encodeURIComponent(file.nodes[what.nodes[0]][NAME])}`;
  if (only(what.edges)) {
    const ends = [TAIL, HEAD].map((end) => file.nodes[file.edges[what.edges[0]][end]][NAME]);
    return `edge=${ends.map(encodeURIComponent).join(",")}`;
  }
  return what.line ? `line=${what.line}` : "";
}

/** The selection that an address names, null where it names none of this file. `asked` has its parts as written. */
function addressed(file, asked) {
  const named = (name) => file.nodes.findIndex((node) => node[NAME] === decoded(name));
  if (asked.has("finding")) {
    const number = Number(asked.get("finding")) - 1;
    return number in file.findings ? { findings: [number] } : null;
  }
  if (asked.has("node")) {
    const number = named(asked.get("node"));
    return number < 0 ? null : { nodes: [number] };
  }
  if (asked.has("edge")) {
    const [tail, head] = asked.get("edge").split(",").map(named); // a comma in a name is written %2C
    const number = file.edges.findIndex((edge) => edge[TAIL] === tail && edge[HEAD] === head);
    return number < 0 ? null : { edges: [number] };
  }
  const line = Number(asked.get("line"));
  return Number.isInteger(line) && line > 0 ? { line } : null;
}

/** The parts of the address in the browser: `#file=a.dot&line=3`. */
function asked() {
  const parts = location.hash.slice(1).split("&").map((part) => part.split("="));
  return new Map(parts.filter((part) => part.length === 2));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
