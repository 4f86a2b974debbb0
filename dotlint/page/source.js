// The source and the diffs. The style sheet makes the browser skip chunks of lines that are not visible.

const PAGE = 20;

function makeSource(pane, file, select) {
  const code = first(".code", pane), tabs = all("[role=tab]", pane);
  const lineAt = (number) => first(`.line[data-line="${number}"]`, code);
  const count = all(".chunk", code).reduce((lines, chunk) => lines + chunk.childElementCount, 0);
  let active = 1;

  function choose(tab, { focus = false } = {}) {
    for (const one of tabs) {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
      first(`#${one.getAttribute("aria-controls")}`, pane).hidden = one !== tab;
    }
    if (focus) tab.focus();
  }

  first("[role=tablist]", pane).addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
  });
  first("[role=tablist]", pane).addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(tabs[(tabs.indexOf(event.target) + by + tabs.length) % tabs.length], { focus: true });
  });

  code.addEventListener("click", (event) => {
    if (String(getSelection())) return; // who selects text to copy it does not mean to select a place
    const node = event.target.closest("[data-node]"), mark = event.target.closest("u[data-findings]");
    const line = event.target.closest(".line");
    if (line) activate(Number(line.dataset.line), { scroll: false });
    if (node) select({ nodes: [Number(node.dataset.node)] }, "source");
    else if (mark) select({ findings: mark.dataset.findings.split(" ").map(Number) }, "source");
    else if (line) select({ line: Number(line.dataset.line) }, "source");
  });
  pane.addEventListener("click", (event) => {
    const change = event.target.closest(".change[data-line]");
    if (change && !String(getSelection())) select({ line: Number(change.dataset.line) }, "fixes");
  });

  code.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -count, End: count }[event.key];
    if (by) activate(Math.max(1, Math.min(count, active + by)));
    else if (event.key === "Enter" || event.key === " ") select({ line: active }, "source");
    else return;
    event.preventDefault();
  });
  code.addEventListener("focus", () => activate(active, { scroll: false }));

  function activate(number, { scroll = true } = {}) {
    const before = first(".active", code), line = lineAt(number);
    if (!line) return;
    before?.classList.remove("active");
    before?.removeAttribute("id");
    active = number;
    line.classList.add("active");
    line.id = "active-line";
    code.setAttribute("aria-activedescendant", line.id);
    if (scroll) line.scrollIntoView({ block: "nearest" });
  }

  function show(found, from) {
    for (const line of all(".line.hit, .line.related", code)) {
      line.classList.remove("hit", "related");
      line.removeAttribute("aria-selected");
    }
    all("b.named", code).forEach((name) => name.classList.remove("named"));
    for (const number of found.lines) {
      const line = lineAt(number);
      line?.classList.add("hit");
      line?.setAttribute("aria-selected", "true");
    }
    found.related.slice(0, 500).forEach((number) => lineAt(number)?.classList.add("related"));
    if (found.what?.nodes?.length === 1) {
      all(`b[data-node="${found.what.nodes[0]}"]`, code).forEach((name) => name.classList.add("named"));
    }
    const top = found.lines[0] ?? found.related[0];
    if (!top || from === "source") return;
    if (from !== "fixes") choose(tabs[0]);
    activate(top, { scroll: false });
    scrollTo(top);
  }

  /** Lines that were never in sight have no height yet: a second look is right where the first was near. */
  function scrollTo(number, times = 3) {
    const line = lineAt(number);
    if (!line || code.offsetParent === null) return;
    reveal(line);
    if (times > 1) requestAnimationFrame(() => scrollTo(number, times - 1));
  }

  return { show, again: () => scrollTo(active) };
}
