// Elements of the page: find them, make them, announce text to screen readers.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const first = (selector, root = document) => root.querySelector(selector);

/** Make an element; children that are texts stay texts, whatever they hold. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function makeSvg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// The only place where text becomes elements. dotlint wrote the text, with everything from the file escaped.
const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("dotlint", { createHTML: (markup) => markup })
  : { createHTML: (markup) => markup };

function fromMarkup(markup) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(markup);
  return template.content;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 820px)");

function say(text) {
  first("#status").textContent = text;
}

const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** A sentence whose parts between backquotes are code, as elements. */
function prose(text) {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return [text];
  return parts.map((part, index) => (index % 2 ? make("code", {}, part) : part)).filter((part) => part !== "");
}

/** The first few of many names, and how many are left. */
function listed(names, most = 6) {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** Bring an element into view within its pane, and near the middle where it was out of sight. */
function reveal(element) {
  const pane = element.closest("[role=tabpanel], .pane");
  const box = element.getBoundingClientRect();
  const frame = pane.getBoundingClientRect();
  const above = box.top < frame.top + 40;
  if (above || box.bottom > frame.bottom - 24) {
    element.scrollIntoView({ block: box.height > frame.height * 0.7 ? "start" : "center" });
  }
}
