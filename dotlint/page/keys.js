// Keyboard shortcuts of the whole page.

function listen(page) {
  const help = first("#help"), single = first("#single-keys");
  const ask = () => help.showModal();
  first("#ask").addEventListener("click", ask);
  first(".close", help).addEventListener("click", () => help.close());
  help.addEventListener("click", (event) => event.target === help && help.close());
  single.checked = stored("single-keys") !== "off";
  single.addEventListener("change", () => store("single-keys", single.checked ? "on" : "off"));

  const keys = {
    "/": () => page.search?.focus(),
    "?": ask,
    d: () => first("#theme").click(),
    j: () => page.file?.findings.move(1, { focus: false }),
    k: () => page.file?.findings.move(-1, { focus: false }),
    l: () => page.file?.turn(),
    1: () => page.visit("findings"),
    2: () => page.visit("picture"),
    3: () => page.visit("text"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const typing = event.target.matches?.("input:not([type=checkbox]), select, textarea");
    if (typing) return;
    if (event.key === "Escape") return page.file?.select(null, "keys");
    if (!single.checked) return;
    if (keys[event.key]) keys[event.key]();
    else if (!page.file?.picture.key(event.key)) return;
    event.preventDefault();
  });
}

// Settings are stored if the browser allows it for a local page.
function stored(name) {
  try {
    return localStorage.getItem(`dotlint-${name}`);
  } catch {
    return null;
  }
}

function store(name, value) {
  try {
    localStorage.setItem(`dotlint-${name}`, value);
  } catch {
    // the setting lasts until the page is closed
  }
}
