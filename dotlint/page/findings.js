// The list of findings: Tab reaches one row, the arrow keys move between rows.

function makeFindings(pane, file, select) {
  const rows = all("button.row", pane);
  const numbersOf = new Map(rows.map((row) => [row, row.dataset.findings.split(" ").map(Number)]));
  const chips = all(".chip", pane);
  const seen = () => rows.filter((row) => row.offsetParent !== null);
  if (rows.length) rows[0].tabIndex = 0;

  function choose(row, { focus = true } = {}) {
    if (!row) return;
    rows.forEach((one) => (one.tabIndex = one === row ? 0 : -1));
    if (focus) row.focus({ preventScroll: true });
    reveal(row);
    select({ findings: numbersOf.get(row) }, "findings");
  }

  function move(by, { focus = true } = {}) {
    const there = seen();
    const now = there.findIndex((row) => row.tabIndex === 0);
    const pressed = there.some((row) => row.getAttribute("aria-pressed") === "true");
    choose(there[Math.max(0, Math.min(there.length - 1, pressed || focus ? now + by : now))], { focus });
  }

  pane.addEventListener("click", (event) => {
    const node = event.target.closest("[data-node]"), row = event.target.closest("button.row");
    const copy = event.target.closest(".copy"), chip = event.target.closest(".chip");
    if (copy) copyText(copy);
    else if (chip) filter(chip);
    else if (node) select({ nodes: [Number(node.dataset.node)] }, "findings");
    else if (row) choose(row);
  });
  pane.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("button.row") || event.ctrlKey || event.metaKey || event.altKey) return;
    const there = seen();
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Home") choose(there[0]);
    else if (event.key === "End") choose(there[there.length - 1]);
    else return;
    event.preventDefault();
  });

  function filter(chip) {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    const off = new Set(chips.filter((one) => one.getAttribute("aria-pressed") !== "true").map((one) => one.dataset.kind));
    for (const entry of all(".entry", pane)) {
      const kinds = ["error", "warning", "info"].find((kind) => entry.classList.contains(kind));
      entry.hidden = off.has(entry.classList.contains("consequence") ? "consequence" : kinds);
    }
    for (const group of all(".group", pane)) group.hidden = all(".entry", group).every((entry) => entry.hidden);
    const there = seen();
    if (there.length && !there.some((row) => row.tabIndex === 0)) there[0].tabIndex = 0;
  }

  async function copyText(button) {
    const text = `${first("pre", button.parentElement).textContent}\n`;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = make("textarea", { class: "visually-hidden" }); // where a page from a disk has no clipboard
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "Copied";
    say("copied");
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }

  function show(found, from) {
    const direct = Boolean(found.what?.findings);
    let shown = null;
    for (const row of rows) {
      const hit = numbersOf.get(row).some((number) => found.findings.has(number));
      row.setAttribute("aria-pressed", hit && direct);
      row.classList.toggle("about", hit && !direct);
      if (hit) shown ??= row;
    }
    if (!shown || from === "findings") return;
    if (shown.closest(".entry").hidden) chips.filter((chip) => chip.getAttribute("aria-pressed") !== "true").forEach(filter);
    rows.forEach((row) => (row.tabIndex = row === shown ? 0 : -1));
    if (pane.offsetParent !== null) reveal(shown);
  }

  return { show, move };
}
