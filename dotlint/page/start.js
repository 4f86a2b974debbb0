// The page: one file, or an index of several files, one of which can be open.

const page = { file: null, search: null, visit };
const blocks = all("script.file");
const index = first("#index"), place = first("#part");

function openFile(data) {
  const workspace = first(".workspace", place);
  if (!workspace) return null; // it could not be read: there is nothing to select
  const file = readFile(data);
  const select = (what, from) => {
    const found = reach(file, what);
    for (const pane of panes) pane.show(found, from);
    remember(data, found.address);
    all(".switch button").forEach((button) => button.classList.toggle("has", Boolean(what)));
    if (what && from !== "address") say(first(".inspector", workspace)?.textContent ?? found.address);
  };
  const findings = makeFindings(first("#findings", workspace), file, select);
  const picture = makePicture(first("#picture", workspace), file, select);
  const source = makeSource(first("#text", workspace), file, select);
  const panes = [findings, picture, source];
  const turn = makeLayout(workspace, picture.shape());
  picture.begin();
  makeSplitters(workspace);
  return { data: file, findings, picture, source, select, turn };
}

/** Write what is selected into the address, so that it can be sent to somebody. */
function remember(data, address) {
  const parts = [index ? `file=${encodeURIComponent(data.path)}` : "", address].filter(Boolean);
  const hash = parts.length ? `#${parts.join("&")}` : location.pathname + location.search;
  try {
    history.replaceState(null, "", hash);
  } catch {
    // a page without an address cannot store the selection in it
  }
}

/** Follow the address: open the file that it names, select what it names in it. */
function follow() {
  const parts = asked();
  if (index) {
    const path = parts.has("file") ? decoded(parts.get("file")) : null;
    const block = path === null ? null : blocks.find((one) => JSON.parse(one.textContent).path === path);
    if (!block) return close();
    if (page.path !== path) mount(JSON.parse(block.textContent));
  }
  const what = page.file && addressed(page.file.data, parts);
  if (what) page.file.select(what, "address");
}

function mount(data) {
  place.replaceChildren(fromMarkup(data.markup));
  index.hidden = true;
  place.hidden = false;
  page.path = data.path;
  show(data);
}

function show(data) {
  page.file = openFile(data);
  page.search.load(page.file?.data ?? null);
  if (!index) return;
  first("h1").textContent = data.path.split("/").pop();
  first("h1").title = data.path;
  document.title = `${data.path} · dotlint`;
  first(".top > .up").hidden = false;
  setVerdict(...(data.verdict ?? ["unreadable", "unreadable"]));
  setBars(Boolean(page.file));
  showPane("findings");
  scrollTo(0, 0);
}

function close() {
  if (!page.path) return;
  page.file = page.path = null;
  place.replaceChildren();
  place.hidden = true;
  index.hidden = false;
  first("h1").textContent = "";
  document.title = "dotlint";
  first(".top > .up").hidden = true;
  setVerdict("", "");
  setBars(false);
}

function setVerdict(kind, verdict) {
  const pill = first(".top > .pill");
  pill.className = `pill ${kind}`;
  pill.textContent = verdict;
}

function setBars(shown) {
  for (const bar of [".skip", ".search", ".switch"]) first(bar).hidden = !shown;
}

/** Go to a pane, and on a narrow screen show it. */
function visit(name) {
  const pane = first(`#${name}`);
  if (!pane) return;
  showPane(name);
  const inside = { findings: "button.row[tabindex='0']", picture: ".canvas", text: "[role=tabpanel]:not([hidden]) .code" }[name];
  (first(inside, pane) ?? pane).focus({ preventScroll: true });
  if (name === "text") page.file?.source.again();
}

showPane("findings");
makeTheme();
makePrinting(page);
page.search = makeSearch((what, from) => page.file?.select(what, from));
listen(page);
all(".switch button").forEach((button) => button.addEventListener("click", () => visit(button.dataset.pane)));
all(".skip a").forEach((link) =>
  link.addEventListener("click", (event) => {
    event.preventDefault();
    visit(link.hash.slice(1));
  }),
);
if (index) {
  makeIndex(index);
  first(".top > .up")?.addEventListener("click", () => {
    history.pushState(null, "", location.pathname + location.search);
    close();
    first("tbody a", index)?.focus();
  });
} else {
  show(JSON.parse(blocks[0].textContent));
}
addEventListener("hashchange", follow);
addEventListener("popstate", follow);
follow();
