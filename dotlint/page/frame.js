// The frame of the page: colors, splitters, the visible pane of a narrow screen, printing.

const THEMES = ["system", "light", "dark"];

function makeTheme() {
  const button = first("#theme");
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.setAttribute("aria-label", `Colors: ${theme}`);
    button.title = `Colors: ${theme}`;
    button.textContent = { system: "◐", light: "☀", dark: "☾" }[theme];
    store("theme", theme);
  };
  const now = () => document.documentElement.dataset.theme ?? "system";
  button.addEventListener("click", () => {
    set(THEMES[(THEMES.indexOf(now()) + 1) % THEMES.length]);
    say(button.title);
  });
  set(THEMES.includes(stored("theme")) ? stored("theme") : "system");
}

/** Let the lines between panes be moved, by pointer and by arrow keys; sizes are shares of the workspace in per cent. */
function makeSplitters(workspace) {
  const shares = { findings: 31, picture: 58, width: 40 };
  for (const splitter of all(".splitter", workspace)) {
    const which = () =>
      splitter.classList.contains("upright") ? "findings" : workspace.dataset.layout === "beside" ? "width" : "picture";
    const set = (share) => {
      const kept = Math.round(Math.max(15, Math.min(which() === "width" ? 84 - shares.findings : 85, share)));
      shares[which()] = kept;
      workspace.style.setProperty(`--${which()}`, `${kept}%`);
      splitter.setAttribute("aria-valuenow", kept);
    };
    splitter.setAttribute("aria-valuenow", shares[which()]);
    splitter.addEventListener("pointerdown", (event) => {
      splitter.setPointerCapture(event.pointerId);
      event.preventDefault();
      splitter.focus();
    });
    splitter.addEventListener("pointermove", (event) => {
      if (!splitter.hasPointerCapture(event.pointerId)) return;
      const frame = workspace.getBoundingClientRect();
      const across = (100 * (event.clientX - frame.left)) / frame.width, down = (100 * (event.clientY - frame.top)) / frame.height;
      set({ findings: across, width: across - shares.findings, picture: down }[which()]);
    });
    splitter.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -2, ArrowUp: -2, ArrowRight: 2, ArrowDown: 2 }[event.key];
      if (!by) return;
      event.preventDefault();
      set(shares[which()] + by);
    });
  }
}

/** Stand the picture above the source or beside it: as was chosen, else as it can be read, else as shows more of it. */
function makeLayout(workspace, shape) {
  const button = first(".layout", workspace), line = first(".splitter.level", workspace);
  const set = (layout) => {
    workspace.dataset.layout = layout;
    line.setAttribute("aria-orientation", layout === "beside" ? "vertical" : "horizontal");
  };
  const { clientWidth: width, clientHeight: height } = workspace;
  const above = Math.min((0.68 * width) / shape.width, (0.46 * height) / shape.height);
  const beside = Math.min((0.4 * width) / shape.width, (0.86 * height) / shape.height);
  const read = (share) => share * width - 48 >= READABLE * shape.width;
  const narrow = read(0.4) || !read(0.68);
  set(stored("layout") ?? (width > 1180 && beside > above && narrow ? "beside" : "above"));
  const turn = () => {
    set(workspace.dataset.layout === "beside" ? "above" : "beside");
    store("layout", workspace.dataset.layout);
  };
  button?.addEventListener("click", turn);
  return turn;
}

/** Show a pane on a narrow screen, where there is room for one. */
function showPane(name) {
  document.body.dataset.pane = name;
  all(".switch button").forEach((button) => button.setAttribute("aria-pressed", button.dataset.pane === name));
}

/** Lay the page out for paper, and take that back: every list unfolded, the picture whole and on sheets. */
function makePrinting(page) {
  let closed = [];
  addEventListener("beforeprint", () => {
    if (!page.file || first(".sheets")) return;
    closed = all("#findings details:not([open])");
    closed.forEach((details) => (details.open = true));
    const sheets = page.file.picture.sheets().map((sheet) => make("div", { class: "sheet" }, sheet));
    first("#picture")?.append(make("div", { class: "sheets" }, ...sheets));
  });
  addEventListener("afterprint", () => {
    closed.forEach((details) => (details.open = false));
    first(".sheets")?.remove();
  });
}
