// The picture: one view at a time, moved and zoomed with its viewBox, with the selection highlighted.

function makePicture(pane, file, select) {
  const canvas = first(".canvas", pane);
  if (!canvas) return { show() {}, key: () => false, begin() {}, sheets: () => [], shape: () => ({ width: 3, height: 1 }) };
  const chooser = first(".views", pane), back = first(".back", pane), legend = first(".legend", pane);
  const drawings = new Map([[file.views[0].key, first("svg", canvas)]]);
  const last = { reach: reach(file, null), from: "" };
  const camera = makeCamera(canvas, first(".scale", pane));
  const { at, go, fitting, centred, zoom, pan } = camera;
  let view, svg, ground, box, settled = false, placements = false;

  // Elements by node, edge and finding

  function open(key, { keep = false } = {}) {
    view = readView(file.views.find((one) => one.key === key) ?? file.views[0]);
    if (!drawings.has(view.key)) drawings.set(view.key, fromMarkup(view.svg).firstElementChild);
    svg = drawings.get(view.key);
    canvas.replaceChildren(svg);
    camera.aim(svg);
    ground = first(".ground", svg);
    for (const element of all("[data-element]", svg)) view.elements.set(Number(element.dataset.element), element);
    for (const number of view.new) {
      const element = view.elements.get(number);
      if (!element?.classList.contains("proposed")) element?.classList.add("new");
    }
    Object.keys(view.opens).forEach((number) => view.elements.get(Number(number))?.classList.add("opens"));
    box = bounds([ground]);
    chooser.value = view.within ?? view.key;
    back.hidden = !view.within;
    first("span", back).textContent = view.within ? file.views.find((one) => one.key === view.within).title : "";
    showNotes();
    showLegend();
    showPlacements();
    if (!keep) start();
  }

  function readView(data) {
    const view = { ...data, elements: new Map(), ofNode: new Map(data.nodes), ofEdge: new Map(data.edges), about: new Map() };
    const about = (element) => view.about.get(element) ?? view.about.set(element, { nodes: [], edges: [] }).get(element);
    data.nodes.forEach(([node, element]) => about(element).nodes.push(node));
    data.edges.forEach(([edge, element]) => about(element).edges.push(edge));
    return view;
  }

  function showNotes() {
    const notes = view.within ? [`opened: ${view.title}`, ...view.notes] : view.notes;
    first(".notes", pane).replaceChildren(...notes.map((note) => make("p", {}, note)));
  }

  function showLegend() {
    const rows = view.legend.map(([what, text, look]) => make("div", {}, swatch(what, look), text));
    if (first(".new", svg)) rows.push(make("div", {}, swatch("edge", { color: "#1a7f37", penwidth: "2" }), "written by the fixes"));
    if (file.tensors.some(([label]) => label)) {
      const box = make("input", { type: "checkbox", change: () => setPlacements(box.checked) });
      box.checked = placements;
      rows.push(make("label", { class: "toggle" }, box, "placements on edges"));
    }
    legend.replaceChildren(...rows);
    first(".show-legend", pane).hidden = !rows.length;
    legend.classList.toggle("empty", !rows.length);
  }

  function setPlacements(shown) {
    placements = shown;
    showPlacements();
  }

  /** Write on each edge how its tensor is placed, beside the line; edges that are drawn as one must agree. */
  function showPlacements() {
    all(".placement", svg).forEach((text) => text.remove());
    if (!placements || view.after) return;
    for (const [number, { edges }] of view.about) {
      const labels = new Set(edges.map((edge) => file.tensors[file.edges[edge][TENSOR]]?.[0] ?? ""));
      const element = view.elements.get(number), path = element && first("path", element);
      const [label] = labels;
      if (labels.size !== 1 || !label || !path) continue;
      const middle = path.getPointAtLength(path.getTotalLength() / 2);
      const text = makeSvg("text", { class: "placement", x: middle.x + 4, y: middle.y + 3, "font-size": 8 });
      text.textContent = label;
      element.append(text);
    }
  }

  function swatch(what, look) {
    const drawn = makeSvg("svg", { viewBox: "0 0 30 16", width: 30, height: 16, "aria-hidden": true });
    const line = { stroke: look.color ?? "#8c959f", "stroke-width": look.penwidth ?? 1, fill: look.fillcolor ?? "none" };
    if ((look.style ?? "").includes("dashed")) line["stroke-dasharray"] = "4 2";
    if (what === "edge") drawn.append(makeSvg("line", { ...line, x1: 1, y1: 8, x2: 29, y2: 8 }));
    else drawn.append(makeSvg("rect", { ...line, x: 2, y: 2, width: 26, height: 12 }));
    if (look.peripheries) drawn.append(makeSvg("rect", { ...line, fill: "none", x: 4.5, y: 4.5, width: 21, height: 7 }));
    return drawn;
  }

  // Position

  /** The box around elements, in units of the picture. */
  function bounds(elements) {
    let found = null;
    const move = ground.transform.baseVal.consolidate()?.matrix ?? { a: 1, d: 1, e: 0, f: 0 };
    for (const element of elements) {
      const one = element.getBBox();
      if (!one.width && !one.height) continue;
      const left = one.x * move.a + move.e, top = one.y * move.d + move.f;
      const right = left + one.width * move.a, bottom = top + one.height * move.d;
      found ??= { left, top, right, bottom };
      found.left = Math.min(found.left, left);
      found.top = Math.min(found.top, top);
      found.right = Math.max(found.right, right);
      found.bottom = Math.max(found.bottom, bottom);
    }
    return found ?? { left: 0, top: 0, right: 1, bottom: 1 };
  }

  function fit() {
    go(centred(box, Math.max(LEAST, Math.min(fitting(box), NATURAL))));
  }

  /** The scale at which the pane shows the picture across the direction of the graph. */
  const filling = () =>
    view.lies ? (canvas.clientHeight - 48) / (box.bottom - box.top) : (canvas.clientWidth - 48) / (box.right - box.left);

  /** Begin with the whole graph where it can be read, else with its first node, at a scale at which labels can be read. */
  function start() {
    if (!canvas.clientWidth) return;
    const whole = fitting(box);
    if (whole >= READABLE) return go(centred(box, Math.min(whole, NATURAL)), { slowly: false });
    const scale = Math.min(NATURAL, Math.max(READABLE, filling()));
    const width = canvas.clientWidth / scale, height = canvas.clientHeight / scale, margin = 24 / scale;
    const { lies } = view;
    const ends = all(".node", svg).map(middle);
    const from = ends.reduce((one, two) => ((lies ? two.x < one.x : two.y < one.y) ? two : one), ends[0] ?? { x: box.left, y: box.top });
    const along = (middle, least, most, room) =>
      most - least + 2 * margin <= room ? (least + most - room) / 2 : Math.max(least - margin, Math.min(middle - room / 2, most + margin - room));
    const at = {
      x: along(lies ? box.left : from.x, box.left, box.right, width),
      y: along(lies ? from.y : box.top, box.top, box.bottom, height),
    };
    go({ ...at, scale }, { slowly: false });
  }

  /** Choose the first view that can be read as wide as the pane; if there is none, that with the fewest nodes. */
  function settle() {
    if (settled || !canvas.clientWidth) return;
    settled = true;
    const levels = file.views.filter((one) => one.level && one.graph === view.graph);
    const least = levels.reduce((one, two) => (new Set(two.nodes.map((pair) => pair[1])).size < new Set(one.nodes.map((pair) => pair[1])).size ? two : one), levels[0]);
    for (const one of levels) {
      open(one.key, { keep: true });
      if (filling() >= READABLE) return;
    }
    if (least) open(least.key, { keep: true });
  }

  // Selection

  function elementsOf(found) {
    const numbers = new Set();
    if (found.what?.findings && !view.after) {
      found.what.findings.forEach((finding) => (view.findings[finding] ?? []).forEach((number) => numbers.add(number)));
    }
    found.nodes.forEach((node) => view.ofNode.has(node) && numbers.add(view.ofNode.get(node)));
    found.edges.forEach((edge) => view.ofEdge.has(edge) && numbers.add(view.ofEdge.get(edge)));
    return [...numbers].map((number) => view.elements.get(number)).filter(Boolean);
  }

  function has(data, found) {
    const nodes = new Map(data.nodes), edges = new Map(data.edges);
    return [...found.nodes].some((node) => nodes.has(node)) || [...found.edges].some((edge) => edges.has(edge));
  }

  function show(found, from) {
    Object.assign(last, { reach: found, from });
    let chosen = elementsOf(found);
    if (!chosen.length && (found.nodes.size || found.edges.size)) {
      const other = file.views.find((one) => has(one, found));
      if (other) open(other.key, { keep: true });
      chosen = elementsOf(found);
    }
    all(".chosen, .around", svg).forEach((element) => element.classList.remove("chosen", "around"));
    ground.classList.toggle("dimmed", chosen.length > 0);
    chosen.forEach((element) => element.classList.add("chosen"));
    found.around.forEach((edge) => view.elements.get(view.ofEdge.get(edge))?.classList.add("around"));
    inspect(first(".inspector", pane), file, view, found, { select, open: enter });
    if (chosen.length && from !== "picture") look(chosen);
  }

  function look(elements) {
    if (!canvas.clientWidth) return;
    const area = bounds(elements);
    const scale = fitting(area, 40);
    if (scale > 0.5) return go(centred(area, Math.min(scale, NATURAL, Math.max(at.scale, 0.9))));
    if (scale > 0.3) return go(centred(area, scale));
    go(centred(bounds(elements.slice(0, 1)), Math.max(at.scale, 0.8))); // too far apart to be read together: the first
  }

  function pick(element) {
    const number = Number(element.dataset.element), about = view.about.get(number) ?? { nodes: [], edges: [] };
    if (about.nodes.length) select({ nodes: about.nodes }, "picture");
    else if (about.edges.length) select({ edges: about.edges }, "picture");
    else {
      const findings = Object.keys(view.findings).filter((one) => view.findings[one].includes(number));
      if (findings.length) select({ findings: findings.map(Number) }, "picture");
    }
  }

  /** Open what a folded node stands for, in the view that has been drawn for it. */
  function enter(number) {
    const key = view.opens[number];
    if (!key) return false;
    const { nodes } = view.about.get(number);
    open(key);
    show(reach(file, null), "picture");
    look([...new Set(nodes.map((node) => view.elements.get(view.ofNode.get(node))))].filter(Boolean));
    say(`opened ${view.title}`);
    return true;
  }

  function leave() {
    if (view.within) open(view.within);
    show(last.reach, "back");
    return true;
  }

  /** The node that is nearest in a direction, from the selected one or from the middle of the pane. */
  function step(right, down) {
    const now = first(".node.chosen", svg);
    const from = now ? middle(now) : { x: at.x + canvas.clientWidth / at.scale / 2, y: at.y + canvas.clientHeight / at.scale / 2 };
    let best = null, least = Infinity;
    for (const element of all(".node[data-element]", svg)) {
      const to = middle(element), ahead = (to.x - from.x) * right + (to.y - from.y) * down;
      const aside = Math.abs((to.x - from.x) * down) + Math.abs((to.y - from.y) * right);
      if (element === now || ahead <= 1 || ahead + 2 * aside >= least) continue;
      [best, least] = [element, ahead + 2 * aside];
    }
    if (!best) return;
    pick(best);
    const there = middle(best), width = canvas.clientWidth / at.scale, height = canvas.clientHeight / at.scale;
    const inside = there.x > at.x + width * 0.1 && there.x < at.x + width * 0.9 && there.y > at.y + height * 0.1 && there.y < at.y + height * 0.9;
    if (!inside) go({ x: there.x - width / 2, y: there.y - height / 2, scale: at.scale });
  }

  function middle(element) {
    const area = bounds([element]);
    return { x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2 };
  }

  listenToPointers(canvas, camera, { pick, enter, clear: () => select(null, "picture") });

  // Buttons and keys

  const proposals = first(".proposals", pane);
  proposals.addEventListener("change", () => canvas.classList.toggle("without-proposals", !proposals.checked));
  first(".zoom-in", pane).addEventListener("click", () => zoom(1.25));
  first(".zoom-out", pane).addEventListener("click", () => zoom(0.8));
  first(".fit", pane).addEventListener("click", fit);
  back.addEventListener("click", leave);
  chooser.addEventListener("change", () => {
    open(chooser.value);
    show(last.reach, last.reach.what ? "view" : "picture");
  });
  const legendButton = first(".show-legend", pane);
  const setLegend = (shown) => {
    legend.hidden = !shown;
    legendButton.setAttribute("aria-expanded", shown);
  };
  legendButton.addEventListener("click", () => setLegend(legend.hidden));

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const way = arrows[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.shiftKey) step(...way);
    else pan(60 * way[0], 60 * way[1]);
  });

  function nextView() {
    chooser.selectedIndex = (chooser.selectedIndex + 1) % chooser.options.length;
    chooser.dispatchEvent(new Event("change"));
    say(`view: ${view.title}`);
  }

  const keys = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), f: fit, b: leave, v: nextView,
    p: () => proposals.click(),
    t: () => first(".toggle input", legend)?.click(),
    o: () => {
      const chosen = all(".opens.chosen", svg)[0] ?? null;
      if (chosen) enter(Number(chosen.dataset.element));
    },
  };
  function key(name) {
    keys[name]?.();
    return name in keys;
  }

  /** Lay the picture out on sheets of paper: the whole of it, cut across where one sheet would make it too small. */
  function sheets() {
    const width = box.right - box.left + 16, height = box.bottom - box.top + 16, most = width * 1.3;
    const number = Math.max(1, Math.min(8, Math.ceil(height / most)));
    return Array.from({ length: number }, (_, index) => {
      const sheet = svg.cloneNode(true);
      const part = height / number;
      sheet.setAttribute("viewBox", `${box.left - 8} ${box.top - 8 + index * part} ${width} ${part}`);
      all(".chosen, .around", sheet).forEach((element) => element.classList.remove("chosen", "around"));
      first(".ground", sheet).classList.remove("dimmed");
      return sheet;
    });
  }

  let known = [canvas.clientWidth, canvas.clientHeight];
  function resize() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    if (known[0]) pan((known[0] - width) / 2, (known[1] - height) / 2); // what is in the middle stays there
    else {
      settle();
      box = bounds([ground]); // it was hidden: nothing had a size
      start();
      if (last.reach.what) show(last.reach, "view");
    }
    known = [width, height];
  }

  /** Show the beginning, in the layout that the panes have got by now. */
  function begin() {
    settle();
    start();
    known = [canvas.clientWidth, canvas.clientHeight];
  }
  new ResizeObserver(resize).observe(canvas);

  proposals.closest("label").hidden = !file.edges.some((edge) => !edge[EDGE_LINE]);
  open(file.views[0].key);
  if (!narrow.matches) setLegend(true);
  return { show, key, begin, sheets, shape: () => ({ width: box.right - box.left, height: box.bottom - box.top }) };
}
