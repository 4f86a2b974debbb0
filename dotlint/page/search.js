// Search for a node or a finding: matches at the start come first.

const MATCHES = 40;

function makeSearch(select) {
  const field = first("#search"), list = first("#matches");
  let entries = [], matches = [], active = -1;

  function load(file) {
    entries = file ? [
      ...file.findings.map((finding, number) => ({
        what: { findings: [number] }, kind: finding.severity, head: `${finding.code} ${finding.name}`,
        tail: finding.message, place: `line ${finding.lines[0]}`,
      })),
      ...file.nodes.map((node, number) => ({
        what: { nodes: [number] }, kind: "node", head: node[NAME], tail: node[LABEL],
        place: node[NODE_LINE] ? `line ${node[NODE_LINE]}` : "proposed",
      })),
    ] : [];
    entries.forEach((entry) => (entry.text = `${entry.head}\n${entry.tail}`.toLowerCase()));
    field.value = "";
    close();
  }

  function rank(entry, words) {
    let sum = 0;
    for (const word of words) {
      const place = entry.text.indexOf(word);
      if (place < 0) return Infinity;
      sum += place === 0 ? 0 : /[^a-z0-9]/.test(entry.text[place - 1]) ? 1 : 2;
      if (place >= entry.head.length) sum += 3; // in a label or a message, not in a name
    }
    return sum + entry.head.length / 1000;
  }

  function look() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return close();
    const ranked = entries.map((entry) => [rank(entry, words), entry]).filter(([place]) => place < Infinity);
    ranked.sort((a, b) => a[0] - b[0]);
    matches = ranked.slice(0, MATCHES).map(([, entry]) => entry);
    list.replaceChildren(...matches.map(option));
    if (!matches.length) list.append(make("li", { class: "none" }, "no name, label or message contains this text"));
    else if (ranked.length > MATCHES) list.append(make("li", { class: "none" }, `and ${ranked.length - MATCHES} more`));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    activate(matches.length ? 0 : -1);
    say(counted(ranked.length, "match", "matches"));
  }

  function option(entry, index) {
    return make(
      "li",
      { role: "option", id: `match-${index}`, class: entry.kind, "aria-selected": "false", mousedown: (event) => event.preventDefault(), click: () => take(index) },
      make("b", {}, entry.head), make("span", { class: "tail" }, entry.tail), make("span", { class: "place" }, entry.place),
    );
  }

  function activate(index) {
    all("[role=option]", list).forEach((one, number) => one.setAttribute("aria-selected", number === index));
    active = index;
    if (index < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", `match-${index}`);
    first(`#match-${index}`).scrollIntoView({ block: "nearest" });
  }

  function take(index) {
    const entry = matches[index];
    if (!entry) return;
    close();
    field.blur();
    select(entry.what, "search");
  }

  function close() {
    list.hidden = true;
    matches = [];
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  field.addEventListener("input", look);
  field.addEventListener("focus", look);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") activate(Math.min(matches.length - 1, active + 1));
    else if (event.key === "ArrowUp") activate(Math.max(0, active - 1));
    else if (event.key === "Enter") take(active);
    else if (event.key === "Escape") {
      field.value = "";
      close();
      field.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return { load, focus: () => field.focus() };
}
