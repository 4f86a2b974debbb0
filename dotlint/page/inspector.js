// The description of the selection below the picture.

function inspect(panel, file, view, found, { select, open }) {
  const { what } = found;
  panel.hidden = !what;
  if (!what) return panel.replaceChildren();
  const parts = what.findings ? ofFindings() : what.nodes ? ofNodes() : what.edges ? ofEdges() : ofLine();
  panel.replaceChildren(...parts.filter(Boolean));

  function ofFindings() {
    const one = file.findings[what.findings[0]];
    const more = what.findings.length > 1 ? ` and ${what.findings.length - 1} more like it` : "";
    return [
      title(`${one.code} ${one.name}`, one.severity),
      make("span", { class: "message" }, ...prose(one.message + more)),
      line(one.lines[0]),
      ...one.related.slice(0, 3).map(([number, message]) => line(number, message)),
      unseen(),
    ];
  }

  function ofNodes() {
    if (what.nodes.length > 1) return ofGroup();
    const node = file.nodes[what.nodes[0]];
    return [
      title(node[NAME]),
      node[LABEL] ? make("span", { class: "message" }, node[LABEL]) : null,
      node[UNDERSTOOD] ? make("span", { class: "aside" }, `read as ${node[UNDERSTOOD]}`) : null,
      node[NODE_LINE] ? line(node[NODE_LINE]) : make("span", { class: "aside" }, "not in the file yet"),
      opener(),
      ...findings(),
      node[TENSORS].length ? make("details", {}, make("summary", {}, "Tensors"), make("pre", {}, node[TENSORS].join("\n"))) : null,
    ];
  }

  function ofGroup() {
    const names = what.nodes.map((number) => file.nodes[number][NAME]);
    return [
      title(counted(names.length, "node")),
      make("span", { class: "message" }, listed(names)),
      opener(),
      ...findings(),
    ];
  }

  function ofEdges() {
    const shown = what.edges.map((number) => file.edges[number]);
    const ends = (edge) => `${file.nodes[edge[TAIL]][NAME]} → ${file.nodes[edge[HEAD]][NAME]}`;
    const proposed = !shown[0][EDGE_LINE];
    return [
      title(shown.length > 1 ? counted(shown.length, "edge") : ends(shown[0])),
      shown.length > 1 ? make("span", { class: "message" }, listed(shown.map(ends), 4)) : null,
      proposed ? make("span", { class: "aside" }, "proposed, not in the file") : line(shown[0][EDGE_LINE]),
      ...findings(),
      tensors(shown),
    ];
  }

  /** What the edges carry, if all carry the same. */
  function tensors(shown) {
    const lines = file.tensors[shown[0][TENSOR]]?.slice(1) ?? [];
    if (!lines.length || shown.some((edge) => edge[TENSOR] !== shown[0][TENSOR])) return null;
    return make("pre", { class: "aside" }, lines.join("\n"));
  }

  function ofLine() {
    const names = [...found.nodes].map((number) => file.nodes[number][NAME]);
    return [title(`line ${what.line}`), make("span", { class: "message" }, listed(names)), ...findings()];
  }

  function title(text, kind = "") {
    return make("strong", { class: kind }, text);
  }

  function line(number, message = "") {
    const label = message ? `line ${number}: ${message}` : `line ${number}`;
    return make("button", { type: "button", class: "link", click: () => select({ line: number }, "inspector") }, ...prose(label));
  }

  function opener() {
    const element = view.ofNode.get(what.nodes[0]);
    const others = (view.about.get(element)?.nodes.length ?? 1) - what.nodes.length;
    if (!(element in view.opens)) return others ? make("span", { class: "aside" }, `drawn as one with ${others} more`) : null;
    return make("button", { type: "button", class: "opener", click: () => open(element) }, "Open");
  }

  function unseen() {
    const folded = [...found.nodes].some((node) => view.about.get(view.ofNode.get(node))?.nodes.length > 1);
    return folded ? make("span", { class: "aside" }, "some of its nodes are drawn folded") : null;
  }

  function findings() {
    const numbers = [...found.findings];
    const shown = numbers.slice(0, 8).map((number) => {
      const one = file.findings[number];
      const go = () => select({ findings: [number] }, "inspector");
      return make("button", { type: "button", class: `tag ${one.severity}`, title: one.message, click: go }, `${one.code} ${one.name}`);
    });
    if (numbers.length > shown.length) shown.push(make("span", { class: "aside" }, `and ${numbers.length - shown.length} more findings`));
    return shown;
  }
}
